package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type reproCmd struct {
	selection
	Jobs       int    `short:"j" placeholder:"N" help:"Cores to use (default: all that the process may)."`
	Force      bool   `help:"Run the targets even if their results are cached."`
	Single     bool   `help:"Run the targets alone, not what they read."`
	Downstream bool   `help:"Run what reads the targets, too."`
	KeepGoing  bool   `short:"k" help:"After a failure, run what does not need the failed stage."`
	DryRun     bool   `short:"n" help:"Only say what would run, and why."`
	UpdateLock bool   `help:"Take the results as those to expect from now on, into lock.json."`
	Quiet      bool   `short:"q" help:"Say nothing but warnings and errors." xor:"volume"`
	Verbose    bool   `short:"v" help:"Say also what the stages log, and why they run." xor:"volume"`
	Progress   string `enum:"auto,live,plain,json" default:"auto" help:"How to show progress: auto, live, plain or json (default: ${default})."`
	JSON       bool   `name:"json" help:"Write the summary as JSON."`
}

const reproHelp = `A run with other params than the default ones exports into runs/NAME in the
artifacts folder: NAME is ci for params.ci.toml; with --set, the begin of the
digest of the params is added.

With --progress=json, standard error has one object a line, with the fields
"time", "event" (planned, started, progress, log, finished, cached, failed,
skipped, waiting, damaged, diverged) and, where they apply, "stage", "kind",
"key", "done", "total", "cached", "workers", "elapsed" (seconds), "text",
"error" and "because".

Examples:
    landscape-pipe repro                               everything
    landscape-pipe repro figures/mnist_direct_hidden_size.svg
    landscape-pipe repro 'train[h=16,l=5]' --force     these networks again
    landscape-pipe repro --set train.learning_rate=0.002
`

// Run implements the verb.
func (c *reproCmd) Run(ctx context.Context, a *app, g *globals) error { return runRepro(ctx, a, g, c) }

func runRepro(ctx context.Context, a *app, g *globals, c *reproCmd) error {
	if c.Jobs < 0 {
		return usage(fmt.Errorf("--jobs=%d: want a number of cores, or 0 for all", c.Jobs), "")
	}
	w, err := g.open(a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	plan, err := w.plan(pipeline.Options{Targets: c.Targets, Force: c.Force, Single: c.Single, Downstream: c.Downstream})
	if err != nil {
		return err
	}
	if c.DryRun {
		return planPrinter{a: a, plan: plan, json: c.JSON, all: c.Verbose}.print()
	}
	summary, runErr := c.execute(ctx, a, w, plan)
	report := &outcome{run: w.run, plan: plan, summary: summary, exports: w.exports, lock: w.lockFile(), asked: len(c.Targets) > 0}

	// What is up to date is exported and compared even if something failed.
	// After an interrupt nothing more is done: whoever interrupts wants an end.
	if ctx.Err() == nil {
		var exportErr error
		if report.written, exportErr = plan.Export(ctx, w.exports); exportErr != nil && runErr == nil {
			runErr = fmt.Errorf("exporting to %s: %w", w.exports, exportErr)
		}
		if err := report.compare(c.UpdateLock && runErr == nil); err != nil {
			runErr = errors.Join(runErr, err)
		}
	}
	if ctx.Err() != nil {
		runErr = interrupted(ctx, summary)
		report.stopped = true
	}
	report.elapsed = time.Since(a.started)
	if err := report.print(a, c.Quiet, c.JSON, runErr); err != nil {
		return errors.Join(runErr, fmt.Errorf("writing the summary: %w", err))
	}
	return runErr
}

// execute runs the plan and shows its progress meanwhile.
func (c *reproCmd) execute(ctx context.Context, a *app, w *workspace, plan *pipeline.Plan) (*pipeline.Summary, error) {
	r := newReporter(a, c.Progress, c.Quiet, c.Verbose, newEstimate(w.store, plan, c.Jobs))
	defer r.close()
	return plan.Run(ctx, pipeline.RunOptions{
		Jobs:        c.Jobs,
		KeepGoing:   c.KeepGoing,
		MemoryLimit: memoryLimit(os.ReadFile),
		Events:      r.event,
	})
}

// interrupted says what an interrupted run leaves behind.
func interrupted(ctx context.Context, s *pipeline.Summary) error {
	cause := context.Cause(ctx)
	kept := "nothing had finished"
	if s.Ran > 0 {
		kept = plural(s.Ran, "stage") + " finished and kept"
	}
	return advised(fmt.Errorf("%w: %s, %d of %d left after %s", cause, kept,
		s.Unrun+s.Failed+s.Skipped, s.Cached+s.Ran+s.Failed+s.Skipped+s.Unrun, term.Duration(s.Elapsed)),
		"the same command goes on from here")
}
