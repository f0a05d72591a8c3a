package main

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type exportCmd struct {
	Dir string `arg:"" optional:"" help:"Where to (default: where repro exports to)."`
	overrides
	JSON bool `name:"json" help:"Write JSON."`
}

const exportHelp = `Copies figures and results out of the store, and runs nothing. Files that are
already right are left alone. What is out of date is not exported, and the exit
code is 1.
`

// Run implements the verb.
func (c *exportCmd) Run(ctx context.Context, a *app, g *globals) error {
	if err := wantFolder("the argument", c.Dir); err != nil {
		return err
	}
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{})
	if err != nil {
		return err
	}
	defer w.close()
	dir := c.Dir
	if dir == "" {
		dir = w.exports
	}
	stale := []baseline.Stale{}
	var names []string // of these
	files := 0
	for _, step := range plan.Steps() {
		n := len(step.Stage.Exports())
		files += n
		if n > 0 && step.State != pipeline.StateCached {
			files -= n
			names = append(names, step.Stage.Name())
			stale = append(stale, baseline.Stale{Stage: step.Stage.Name(), State: step.State.String(), Reason: step.Reason})
		}
	}
	written, err := exportCached(ctx, plan, dir)
	if err != nil {
		return err
	}
	if c.JSON {
		err = a.json(exportValue{dir, files, append([]string{}, written...), stale})
	} else {
		_, err = fmt.Fprintf(a.stdout, "%s in %s, %d written\n", term.Count(files, "file"), dir, len(written))
	}
	if err == nil && len(stale) > 0 {
		err = advised(fmt.Errorf("not exported because out of date: %s", joined(names)), "landscape-pipe repro runs what is missing")
	}
	return err
}

// exportValue is what export did, in JSON.
type exportValue struct {
	Dir     string           `json:"folder"`
	Files   int              `json:"files"`
	Written []string         `json:"written"`
	Stale   []baseline.Stale `json:"stale"`
}

// exportCached exports what is up to date and runs nothing: what the store has lost
// is an error.
func exportCached(ctx context.Context, plan *pipeline.Plan, dir string) (written []string, err error) {
	written, lost, err := plan.Export(ctx, dir)
	if err == nil && len(lost) > 0 {
		err = advised(fmt.Errorf("exporting output %s of stage %s: %w", lost[0].Output, lost[0].Stage, lost[0].Err), repairHint)
	}
	return written, err
}

// exportAll exports the results of a plan. It runs the plan again to rebuild
// what the store has lost of them. That ends: it is an error of the run to
// lose again what it has rebuilt.
func exportAll(ctx context.Context, plan *pipeline.Plan, dir string, run func() error) (written []string, err error) {
	for {
		more, lost, err := plan.Export(ctx, dir)
		written = append(written, more...)
		if err != nil || len(lost) == 0 {
			return written, err
		}
		if err := run(); err != nil {
			return written, err
		}
	}
}
