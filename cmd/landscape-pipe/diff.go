package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
)

type diffCmd struct {
	A        string `arg:"" name:"a" help:"A run (last, last~1, the first digits of its id) or a params file."`
	B        string `arg:"" name:"b" help:"The other one."`
	ExitCode bool   `help:"Exit with code 3 if they differ."`
	JSON     bool   `name:"json" help:"Write JSON."`
}

const diffHelp = `A run that had nothing to do leaves no trace: last is the last one that ran
something, last~1 the one before; runs lists them. For a params file, its present results in the
store are compared.

Examples:
    landscape-pipe diff last~1 last
    landscape-pipe diff params.toml params.ci.toml
`

// Run implements the verb.
func (c *diffCmd) Run(ctx context.Context, a *app, g *globals) error {
	left, err := g.comparand(ctx, a, c.A)
	if err != nil {
		return err
	}
	right, err := g.comparand(ctx, a, c.B)
	if err != nil {
		return err
	}
	store, err := g.openStore()
	if err != nil {
		return err
	}
	defer store.Close()
	report, err := compareSides(ctx, store, left, right)
	if err != nil {
		return err
	}
	if c.JSON {
		err = a.json(report)
	} else {
		report.print(a)
	}
	if err == nil && c.ExitCode && !report.same() {
		err = &differenceError{"they differ"}
	}
	return err
}

// comparand is one of the two that are compared.
type comparand struct {
	title  string
	params map[string]string
	stages map[string]pipeline.Key // that have results
	lacks  int                     // stages that have none, of a params file
}

// comparand finds what an argument names: a file, or a run.
func (g *globals) comparand(ctx context.Context, a *app, name string) (*comparand, error) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		other := *g
		other.Params = name
		w, err := other.open(ctx, a, nil)
		if err != nil {
			return nil, err
		}
		defer w.close()
		plan, err := w.plan(pipeline.Options{})
		if err != nil {
			return nil, err
		}
		needed, cached := plan.Count()
		return &comparand{title: name, params: w.params.Lines(), stages: plan.Keys(), lacks: needed - cached}, nil
	}
	store, err := g.openStore()
	if err != nil {
		return nil, err
	}
	defer store.Close()
	run, err := findRun(store, name)
	if err != nil {
		return nil, err
	}
	keys, err := run.Stages(ctx, store)
	if err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, advised(fmt.Errorf("run %s left no snapshot: it was killed, is still running, or gc removed it", run.ID.String()[:12]),
			"landscape-pipe runs shows the others")
	}
	title := fmt.Sprintf("run %s, %s", run.ID.String()[:12], run.Started.Format(time.DateTime))
	return &comparand{title: title, params: run.Params, stages: keys}, nil
}

// findRun finds a run by "last", "last~N" or the first digits of its id.
func findRun(st *cas.Store, name string) (pipeline.Run, error) {
	runs, err := pipeline.Runs(st)
	if err != nil {
		return pipeline.Run{}, err
	}
	hint := "name a params file, or a run as landscape-pipe runs shows them: last, last~1, the first digits of an id"
	if back, ok := strings.CutPrefix(name, "last"); ok {
		n := 0
		if back != "" {
			digits, ok := strings.CutPrefix(back, "~")
			if n, err = strconv.Atoi(digits); !ok || err != nil || n < 0 {
				return pipeline.Run{}, usage(fmt.Errorf("%q matches no run", name), hint)
			}
		}
		if n >= len(runs) {
			return pipeline.Run{}, usage(fmt.Errorf("%q: the store has %s", name, term.Count(len(runs), "run")), hint)
		}
		return runs[len(runs)-1-n], nil
	}
	var found []pipeline.Run
	for _, r := range runs {
		if len(name) >= 4 && strings.HasPrefix(r.ID.String(), name) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		return pipeline.Run{}, usage(fmt.Errorf("%q is not a file, and matches %s", name, term.Count(len(found), "run")), hint)
	}
	return found[0], nil
}

// diffReport is how two sides differ.
type diffReport struct {
	A      string        `json:"a"`
	B      string        `json:"b"`
	Params []diffParam   `json:"params"`
	Stages diffStages    `json:"stages"`
	Tables []diffMetrics `json:"metrics"`
	Curves diffCurves    `json:"curves"`

	Lacking []string `json:"lacking,omitempty"` // what could not be compared, in words
}

type diffParam struct {
	Name string `json:"name"`
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
}

type diffStages struct {
	Same  int `json:"same"`  // with the same key
	Other int `json:"other"` // with another key
	OnlyA int `json:"only_a"`
	OnlyB int `json:"only_b"`
}

// diffMetrics is one metric of a table over all its rows.
type diffMetrics struct {
	Table    string   `json:"table"`
	Metric   string   `json:"metric"`
	Rows     int      `json:"rows"` // in both
	Differ   int      `json:"differ"`
	Relative float64  `json:"relative"` // largest |a−b| / max(|a|, |b|)
	Row      string   `json:"row,omitempty"`
	A        *float64 `json:"a,omitempty"`
	B        *float64 `json:"b,omitempty"`
}

type diffCurves struct {
	Compared int     `json:"compared"`
	Differ   int     `json:"differ"`
	Relative float64 `json:"relative"` // largest, as for metrics, of the moving averages
	Stage    string  `json:"stage,omitempty"`
	K        int     `json:"k,omitempty"`
}

func (r *diffReport) same() bool {
	return len(r.Params) == 0 && r.Stages.Other+r.Stages.OnlyA+r.Stages.OnlyB == 0
}

func compareSides(ctx context.Context, st *cas.Store, a, b *comparand) (*diffReport, error) {
	r := &diffReport{A: a.title, B: b.title, Params: []diffParam{}, Tables: []diffMetrics{}}
	for _, s := range []*comparand{a, b} {
		if s.lacks > 0 {
			r.Lacking = append(r.Lacking, fmt.Sprintf("%s of %s without a result in this store: repro runs them", term.Count(s.lacks, "stage"), s.title))
		}
	}
	names := maps.Clone(a.params)
	maps.Copy(names, b.params)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a.params[name] != b.params[name] {
			r.Params = append(r.Params, diffParam{name, a.params[name], b.params[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.stages)) {
		other, ok := b.stages[name]
		switch {
		case !ok:
			r.Stages.OnlyA++
			continue
		case other == a.stages[name]:
			r.Stages.Same++
		default:
			r.Stages.Other++
		}
		if err := r.compareStage(ctx, st, name, a.stages[name], other); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name := range b.stages {
		if _, ok := a.stages[name]; !ok {
			r.Stages.OnlyB++
		}
	}
	return r, nil
}

// compareStage compares the tables and curves that a stage made on either
// side.
func (r *diffReport) compareStage(ctx context.Context, st *cas.Store, name string, a, b pipeline.Key) error {
	kind, _, _ := strings.Cut(name, "[")
	if kind != tablesKind && kind != "differences" {
		return nil
	}
	left, ok, err := pipeline.LookupRecord(st, a)
	if err != nil || !ok {
		return err
	}
	right, ok, err := pipeline.LookupRecord(st, b)
	if err != nil || !ok {
		return err
	}
	for _, x := range left.Outputs {
		for _, y := range right.Outputs {
			switch {
			case x.Name != y.Name:
			case kind == tablesKind:
				table := strings.TrimSuffix(strings.TrimPrefix(name, tablesKind+"["), "]")
				err = r.compareTable(ctx, st, table, x.Digest, y.Digest)
			case x.Name == differences.Curve:
				err = r.compareCurve(ctx, st, name, x.Digest, y.Digest)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *diffReport) compareTable(ctx context.Context, st *cas.Store, table string, a, b cas.Digest) error {
	left, err := readTable(ctx, st, table, a)
	if err != nil {
		return err
	}
	right, err := readTable(ctx, st, table, b)
	if err != nil {
		return err
	}
	other := make(map[[2]string]float64, len(right))
	for _, m := range right {
		other[[2]string{m.Row, m.Name}] = m.Value
	}
	at := make(map[string]int)
	for _, m := range left {
		value, ok := other[[2]string{m.Row, m.Name}]
		if !ok {
			continue
		}
		i, ok := at[m.Name]
		if !ok {
			i = len(r.Tables)
			at[m.Name] = i
			r.Tables = append(r.Tables, diffMetrics{Table: table, Metric: m.Name})
		}
		d := &r.Tables[i]
		d.Rows++
		if m.Value == value || m.Value != m.Value && value != value {
			continue
		}
		d.Differ++
		if far := relative(m.Value, value); far > d.Relative || d.Differ == 1 {
			d.Relative, d.Row, d.A, d.B = far, m.Row, finite(m.Value), finite(value)
		}
	}
	return nil
}

// relative is how far two numbers are apart, as a part of the larger one.
func relative(a, b float64) float64 {
	d := math.Abs(a-b) / max(math.Abs(a), math.Abs(b))
	if math.IsNaN(d) || math.IsInf(d, 0) {
		return 1
	}
	return d
}

func (r *diffReport) compareCurve(ctx context.Context, st *cas.Store, stage string, a, b cas.Digest) error {
	r.Curves.Compared++
	if a == b {
		return nil
	}
	var rows [2][]float64
	for i, d := range []cas.Digest{a, b} {
		content, err := st.Get(ctx, d)
		if err != nil {
			return fmt.Errorf("reading the curve: %w", err)
		}
		if rows[i], err = curveOf(content, curveRow); err != nil {
			return err
		}
	}
	r.Curves.Differ++
	for i := range min(len(rows[0]), len(rows[1])) {
		if rows[0][i] == rows[1][i] {
			continue
		}
		if far := relative(rows[0][i], rows[1][i]); far > r.Curves.Relative {
			r.Curves.Relative, r.Curves.Stage, r.Curves.K = far, stage, i+1
		}
	}
	return nil
}

func (r *diffReport) print(a *app) {
	head := func(text string) string { return a.out.Bold(term.Pad(text, 7)) }
	fmt.Fprintf(a.stdout, "%s  %s\n%s  %s\n", head("a"), r.A, head("b"), r.B)
	if len(r.Params) == 0 {
		fmt.Fprintf(a.stdout, "%s  the same\n", head("params"))
	}
	for i, p := range r.Params {
		text := "params"
		if i > 0 {
			text = ""
		}
		fmt.Fprintf(a.stdout, "%s  %s  %s → %s\n", head(text), p.Name, missing(p.A), a.out.Warn(missing(p.B)))
	}
	text := fmt.Sprintf("%d with the same key, %d with another", r.Stages.Same, r.Stages.Other)
	if r.Stages.OnlyA+r.Stages.OnlyB > 0 {
		text += fmt.Sprintf("; %d only in a, %d only in b", r.Stages.OnlyA, r.Stages.OnlyB)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", head("stages"), text)
	for _, s := range r.Lacking {
		fmt.Fprintf(a.stdout, "%s  %s\n", head(""), s)
	}
	differ := 0
	t := term.Table{Head: []string{"metric", "differ", "largest", "a", "b", "of"}, Right: []int{1, 2, 3, 4}}
	for _, m := range r.Tables {
		if m.Differ > 0 {
			differ++
			t.Rows = append(t.Rows, []string{m.Table + " " + m.Metric, fmt.Sprintf("%d/%d", m.Differ, m.Rows),
				percent(m.Relative), optional(m.A), optional(m.B), m.Row})
		}
	}
	switch {
	case len(r.Tables) == 0:
		fmt.Fprintf(a.stdout, "%s  no table has results on both sides\n", head("metrics"))
	case differ == 0:
		fmt.Fprintf(a.stdout, "%s  all %d equal\n", head("metrics"), len(r.Tables))
	default:
		fmt.Fprintf(a.stdout, "%s  %d of %d differ (largest relative difference)\n\n", head("metrics"), differ, len(r.Tables))
		_ = t.Text(a.stdout, a.out)
		fmt.Fprintln(a.stdout)
	}
	c := r.Curves
	text = fmt.Sprintf("%d of %d differ", c.Differ, c.Compared)
	if c.Stage != "" {
		text += fmt.Sprintf(", at most by %s at k=%d of %s", percent(c.Relative), c.K, c.Stage)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", head("curves"), text)
}

func missing(text string) string {
	if text == "" {
		return "not there"
	}
	return text
}

// percent writes a part of 1 with two digits: "34 %", "0.0021 %", "100 %".
func percent(v float64) string {
	if v *= 100; v >= 99.5 && v < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64) + " %"
	}
	return strconv.FormatFloat(v, 'g', 2, 64) + " %"
}
