package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type diffCmd struct {
	A        string `arg:"" name:"a" help:"A run (last, last~1, the first digits of its id) or a params file."`
	B        string `arg:"" name:"b" help:"The other one."`
	ExitCode bool   `help:"Exit with code 3 if they differ."`
	JSON     bool   `name:"json" help:"Write JSON."`
}

const diffHelp = `last is the last run that ran something, last~1 the one before; runs lists them.
A run that had nothing to do leaves no trace. Of a params file, the results that
the store has now are compared.

Examples:
    landscape-pipe diff last~1 last
    landscape-pipe diff params.toml params.ci.toml
`

// Run implements the verb.
func (c *diffCmd) Run(ctx context.Context, a *app, g *globals) error {
	left, err := g.side(ctx, a, c.A)
	if err != nil {
		return err
	}
	right, err := g.side(ctx, a, c.B)
	if err != nil {
		return err
	}
	store, err := g.openStore()
	if err != nil {
		return err
	}
	defer store.Close()
	found, err := baseline.Diff(ctx, store, left, right)
	if err != nil {
		return err
	}
	if c.JSON {
		err = a.json(found)
	} else {
		err = diffSections(found).Text(a.stdout, a.out, true)
	}
	if err == nil && c.ExitCode && !found.Same() {
		err = &differenceError{"they differ"}
	}
	return err
}

// side finds what an argument names: a file, or a run.
func (g *globals) side(ctx context.Context, a *app, name string) (side baseline.Side, err error) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		other := *g
		other.Params = name
		w, plan, err := other.plan(ctx, a, nil, pipeline.Options{})
		if err != nil {
			return side, err
		}
		defer w.close()
		needed, cached := plan.Count()
		return baseline.Side{Title: name, Params: w.params.Lines(), Stages: plan.Keys(), Lacks: needed - cached}, nil
	}
	store, err := g.openStore()
	if err != nil {
		return side, err
	}
	defer store.Close()
	run, err := findRun(store, name)
	if err != nil {
		return side, err
	}
	keys, err := run.Stages(ctx, store)
	if err != nil {
		return side, err
	}
	if keys == nil {
		return side, advised(fmt.Errorf("run %s left no snapshot: it was killed, is still running, or gc removed it", run.ID.String()[:12]),
			"landscape-pipe runs shows the others")
	}
	title := fmt.Sprintf("run %s, %s", run.ID.String()[:12], run.Started.Format(time.DateTime))
	return baseline.Side{Title: title, Params: run.Params, Stages: keys}, nil
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

// diffSections puts the difference into words.
func diffSections(d *baseline.Difference) term.Report {
	params := term.Section{Title: "params", Line: "the same"}
	if n := len(d.Params); n > 0 {
		params.Line = term.Count(n, "value") + " changed"
	}
	for _, p := range d.Params {
		params.Rows = append(params.Rows, term.Row{Class: "params", Name: p.Name,
			Lines: []string{fmt.Sprintf("%s  %s → %s", p.Name, cmp.Or(p.A, "not there"), cmp.Or(p.B, "not there"))}})
	}
	stages := term.Section{Title: "stages", Line: fmt.Sprintf("%d with the same key, %d with another", d.Stages.Same, d.Stages.Other)}
	if d.Stages.OnlyA+d.Stages.OnlyB > 0 {
		stages.Line += fmt.Sprintf("; %d only in a, %d only in b", d.Stages.OnlyA, d.Stages.OnlyB)
	}
	if len(d.Lacking) > 0 {
		stages.Rows = []term.Row{{Class: "stages", Lines: d.Lacking}}
	}
	metrics := term.Section{Title: "metrics", Head: []string{"metric", "differ", "largest", "a", "b", "of"}, Right: []int{1, 2, 3, 4}}
	for _, m := range d.Tables {
		if m.Differ > 0 {
			metrics.Rows = append(metrics.Rows, term.Row{Class: m.Table, Name: m.Metric, Cells: []string{m.Table + " " + m.Metric,
				fmt.Sprintf("%d/%d", m.Differ, m.Rows), percent(m.Relative), optional(m.A), optional(m.B), m.Row}})
		}
	}
	switch {
	case len(d.Tables) == 0:
		metrics.Line = "no table has results on both sides"
	case len(metrics.Rows) == 0:
		metrics.Line = fmt.Sprintf("all %d equal", len(d.Tables))
	default:
		metrics.Line = fmt.Sprintf("%d of %d differ (largest relative difference)", len(metrics.Rows), len(d.Tables))
	}
	curves := term.Section{Title: "curves", Line: fmt.Sprintf("%d of %d differ", d.Curves.Differ, d.Curves.Compared)}
	if c := d.Curves; c.Stage != "" {
		curves.Line += fmt.Sprintf(", at most by %s at k=%d of %s", percent(c.Relative), c.K, c.Stage)
	}
	return term.Report{{Title: "a", Line: d.A}, {Title: "b", Line: d.B}, params, stages, metrics, curves}
}
