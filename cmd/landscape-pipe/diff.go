package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

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

const diffHelp = `A run that had nothing to do leaves no trace: last is the last one that ran
something, last~1 the one before; runs lists them. Of a params file, what
its results are now is compared, as far as they are in the store.

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

// side is one of the two that are compared.
type side struct {
	title  string
	params map[string]string
	stages map[string]pipeline.Key // that have results
	lacks  int                     // stages that have none, of a params file
}

// side finds what an argument names: a file, or a run.
func (g *globals) side(ctx context.Context, a *app, name string) (*side, error) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		other := *g
		other.Params = name
		w, err := other.open(a, nil)
		if err != nil {
			return nil, err
		}
		defer w.close()
		plan, err := w.plan(pipeline.Options{})
		if err != nil {
			return nil, err
		}
		needed, cached := plan.Count()
		return &side{title: name, params: paramLines(w.params), stages: plan.Keys(), lacks: needed - cached}, nil
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
	return &side{title: title, params: run.Params, stages: keys}, nil
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
