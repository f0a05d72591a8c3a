package baseline

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
)

// Side is one of two runs that are compared.
type Side struct {
	Title  string
	Params map[string]string
	Stages map[string]pipeline.Key // of the stages that have results
	Lacks  int                     // stages that have none
}

// Difference is how two runs differ. Its fields are its form in JSON.
type Difference struct {
	A      string         `json:"a"`
	B      string         `json:"b"`
	Params []ParamChange  `json:"param_changes"`
	Stages StageCounts    `json:"stage_counts"`
	Tables []MetricChange `json:"metric_changes"`
	Curves CurveChange    `json:"curve_changes"`

	Lacking []string `json:"lacking,omitempty"` // what could not be compared, in words
}

// ParamChange is a param with different values; "" for a side that lacks it.
type ParamChange struct {
	Name string `json:"param"`
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
}

// StageCounts counts stages by how their keys compare.
type StageCounts struct {
	Same  int `json:"same_key"`  // with the same key
	Other int `json:"other_key"` // with another key
	OnlyA int `json:"only_a"`
	OnlyB int `json:"only_b"`
}

// MetricChange is one metric of a table over all its rows.
type MetricChange struct {
	Table    string   `json:"table"`
	Metric   string   `json:"metric"`
	Rows     int      `json:"rows"` // in both
	Differ   int      `json:"differ"`
	Relative float64  `json:"relative"` // largest |a−b| / max(|a|, |b|)
	Row      string   `json:"row,omitempty"`
	A        *float64 `json:"value_a,omitempty"`
	B        *float64 `json:"value_b,omitempty"`
}

// CurveChange is how the moving averages of the loss differences compare.
type CurveChange struct {
	Compared int     `json:"compared"`
	Differ   int     `json:"differ"`
	Relative float64 `json:"relative"` // largest, as for metrics
	Stage    string  `json:"stage,omitempty"`
	K        int     `json:"k,omitempty"`
}

// Same reports whether params and keys are the same.
func (d *Difference) Same() bool {
	return len(d.Params) == 0 && d.Stages.Other+d.Stages.OnlyA+d.Stages.OnlyB == 0
}

// Diff compares two runs whose results are in a store.
func Diff(ctx context.Context, st *cas.Store, a, b Side) (*Difference, error) {
	r := &Difference{A: a.Title, B: b.Title, Params: []ParamChange{}, Tables: []MetricChange{}}
	for _, s := range []Side{a, b} {
		if s.Lacks > 0 {
			r.Lacking = append(r.Lacking, fmt.Sprintf("%s of %s without a result in this store: repro runs them", term.Count(s.Lacks, "stage"), s.Title))
		}
	}
	names := maps.Clone(a.Params)
	maps.Copy(names, b.Params)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a.Params[name] != b.Params[name] {
			r.Params = append(r.Params, ParamChange{name, a.Params[name], b.Params[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Stages)) {
		other, ok := b.Stages[name]
		switch {
		case !ok:
			r.Stages.OnlyA++
			continue
		case other == a.Stages[name]:
			r.Stages.Same++
		default:
			r.Stages.Other++
		}
		if err := r.compareStage(ctx, st, name, a.Stages[name], other); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name := range b.Stages {
		if _, ok := a.Stages[name]; !ok {
			r.Stages.OnlyB++
		}
	}
	return r, nil
}

// compareStage compares the tables and curves that a stage made on either
// side.
func (d *Difference) compareStage(ctx context.Context, st *cas.Store, name string, a, b pipeline.Key) error {
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
				err = d.compareTable(ctx, st, table, x.Digest, y.Digest)
			case x.Name == differences.Curve:
				err = d.compareCurve(ctx, st, name, x.Digest, y.Digest)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Difference) compareTable(ctx context.Context, st *cas.Store, table string, a, b cas.Digest) error {
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
			i = len(d.Tables)
			at[m.Name] = i
			d.Tables = append(d.Tables, MetricChange{Table: table, Metric: m.Name})
		}
		c := &d.Tables[i]
		c.Rows++
		if m.Value == value || m.Value != m.Value && value != value {
			continue
		}
		c.Differ++
		if far := relative(m.Value, value); far > c.Relative || c.Differ == 1 {
			c.Relative, c.Row, c.A, c.B = far, m.Row, finite(m.Value), finite(value)
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

func (d *Difference) compareCurve(ctx context.Context, st *cas.Store, stage string, a, b cas.Digest) error {
	d.Curves.Compared++
	if a == b {
		return nil
	}
	var rows [2][]float64
	for i, digest := range []cas.Digest{a, b} {
		content, err := st.Get(ctx, digest)
		if err != nil {
			return fmt.Errorf("reading the curve: %w", err)
		}
		if rows[i], err = curveOf(content, curveRow); err != nil {
			return err
		}
	}
	d.Curves.Differ++
	for i := range min(len(rows[0]), len(rows[1])) {
		if rows[0][i] == rows[1][i] {
			continue
		}
		if far := relative(rows[0][i], rows[1][i]); far > d.Curves.Relative {
			d.Curves.Relative, d.Curves.Stage, d.Curves.K = far, stage, i+1
		}
	}
	return nil
}
