package main

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type exportCmd struct {
	Dir string `arg:"" optional:"" help:"Where to (default: where repro exports to)."`
	overrides
	JSON bool `name:"json" help:"Write JSON."`
}

const exportHelp = `Copies figures and results out of the store, and runs nothing. Files that are
right already are left alone. What is not up to date is not exported, and makes
the exit code 1.
`

// Run implements the verb.
func (c *exportCmd) Run(ctx context.Context, a *app, g *globals) error {
	return runExport(ctx, a, g, c)
}

func runExport(ctx context.Context, a *app, g *globals, c *exportCmd) error {
	w, err := g.open(a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	plan, err := w.plan(pipeline.Options{})
	if err != nil {
		return err
	}
	dir := c.Dir
	if dir == "" {
		dir = w.exports
	}
	var stale []string
	files := 0
	for _, step := range plan.Steps() {
		n := len(step.Stage.Exports())
		files += n
		if n > 0 && step.State != pipeline.StateCached {
			files -= n
			stale = append(stale, step.Stage.Name())
		}
	}
	written, err := plan.CopyExports(ctx, dir)
	if err != nil {
		return err
	}
	if c.JSON {
		err = a.json(struct {
			Dir     string   `json:"dir"`
			Files   int      `json:"files"`
			Written []string `json:"written"`
			Stale   []string `json:"stale"` // stages
		}{dir, files, append([]string{}, written...), append([]string{}, stale...)})
	} else {
		_, err = fmt.Fprintf(a.stdout, "%s in %s, %d written\n", term.Count(files, "file"), dir, len(written))
	}
	if err == nil && len(stale) > 0 {
		err = advised(fmt.Errorf("not exported, for not up to date: %s", joined(stale)), "landscape-pipe repro runs what is missing")
	}
	return err
}
