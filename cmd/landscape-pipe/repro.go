package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type reproCmd struct {
	selection
	Jobs       int    `short:"j" placeholder:"N" help:"Cores to use (default: all that the process may)."`
	Force      bool   `help:"Run the targets even if their results are cached."`
	Single     bool   `help:"Run the targets alone, not what they read."`
	Downstream bool   `help:"Run what reads the targets, too."`
	KeepGoing  bool   `short:"k" help:"After a failure, run what does not need the failed stage."`
	Retries    int    `placeholder:"N" help:"Run a stage that failed up to N times more. Every attempt leaves its log."`
	Hash       bool   `help:"First read every result in the store, and mend or make again what is damaged or missing."`
	Verify     bool   `help:"Afterwards run again what ran, and compare bits."`
	DryRun     bool   `short:"n" help:"Only say what would run, and why."`
	UpdateLock bool   `help:"Take the results as those to expect from now on, into lock.json."`
	Quiet      bool   `short:"q" help:"Say nothing but warnings and errors." xor:"volume"`
	Verbose    bool   `short:"v" help:"Say also what the stages log, and why they run." xor:"volume"`
	Progress   string `enum:"auto,live,plain,json" default:"auto" help:"How to show progress: auto, live, plain or json (default: ${default})."`
	JSON       bool   `name:"json" help:"Write the summary as JSON."`
}

const reproHelp = `What is up to date is not read: damage in the store shows when something needs
it, and then the stage that made it runs again. --hash looks for it at once.

A run with other params than the default ones exports into runs/NAME in the
artifacts folder: NAME is ci for params.ci.toml; with --set, the begin of the
digest of the params is added.

With --progress=json, standard error has one object a line, with the fields
"time", "event" (planned, started, progress, log, finished, cached, failed,
skipped, waiting, damaged, diverged, retried) and, where they apply, "stage", "kind",
"key", "done", "total", "cached", "workers", "elapsed" (seconds), "text",
"error" and "because".

Examples:
    landscape-pipe repro                               everything
    landscape-pipe repro figures/mnist_direct_hidden_size.svg
    landscape-pipe repro 'train[h=16,num_layers=5]' --force     these networks again
    landscape-pipe repro --set train.learning_rate=0.002
`

// Run implements the verb.
func (c *reproCmd) Run(ctx context.Context, a *app, g *globals) error { return runRepro(ctx, a, g, c) }

func runRepro(ctx context.Context, a *app, g *globals, c *reproCmd) error {
	if c.Jobs < 0 {
		return usage(fmt.Errorf("--jobs=%d: want a number of cores, or 0 for all", c.Jobs), "")
	}
	if c.Retries < 0 {
		return usage(fmt.Errorf("--retries=%d: want how often a stage may be run again", c.Retries), "")
	}
	a.keepGoing = c.KeepGoing
	w, err := g.open(a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	plan, err := w.plan(pipeline.Options{Targets: c.Targets, Force: c.Force, Single: c.Single, Downstream: c.Downstream})
	if err != nil {
		return err
	}
	if c.Hash {
		if _, err := plan.Verify(ctx); err != nil {
			return err
		}
		if !c.DryRun {
			if err := w.mendRows(ctx, a); err != nil {
				return err
			}
		}
	}
	if c.DryRun {
		return planPrinter{a: a, w: w, plan: plan, json: c.JSON, all: c.Verbose}.print()
	}
	before := outdated(plan)
	summary, runErr := c.execute(ctx, a, w, plan)
	report := &outcome{run: w.run, plan: plan, summary: summary, exports: w.exports, lock: w.lockFile(), asked: len(c.Targets) > 0}

	// What is up to date is exported and compared even if something failed.
	// After an interrupt nothing more is done: whoever interrupts wants an end.
	if ctx.Err() == nil {
		written, err := exportAll(ctx, plan, w.exports, func() error {
			_, err := c.execute(ctx, a, w, plan)
			return err
		})
		report.written = written
		if err != nil && runErr == nil {
			runErr = fmt.Errorf("exporting to %s: %w", w.exports, err)
		}
		if err := report.compare(w, c.UpdateLock && runErr == nil); err != nil {
			runErr = errors.Join(runErr, err)
		}
	}
	if ctx.Err() != nil {
		runErr = interrupted(ctx, summary)
		report.stopped = true
	}
	if c.Verify && ctx.Err() == nil {
		if report.replay, err = c.replay(ctx, a, w, plan, before); err != nil {
			runErr = errors.Join(runErr, err)
		} else {
			runErr = errors.Join(runErr, report.replay.difference(), report.replay.failure)
		}
	}
	report.elapsed = time.Since(a.started)
	if err := report.print(a, c.Quiet, c.JSON, runErr); err != nil {
		return errors.Join(runErr, fmt.Errorf("writing the summary: %w", err))
	}
	return runErr
}

// mendRows writes the sound rows of the store anew where some are damaged. The
// store must be alone for that: while others use it, nothing is lost by
// leaving it for another time.
func (w *workspace) mendRows(ctx context.Context, a *app) error {
	damage, err := w.store.Damage()
	if err != nil || len(damage) == 0 {
		return err
	}
	busy := (*cas.BusyError)(nil)
	switch _, err := w.store.GC(ctx, cas.GCOptions{}); {
	case errors.As(err, &busy):
		a.warn("%s in the rows of the store stays for now: %v", term.Count(len(damage), "damaged place"), err)
	case err != nil:
		return err
	default:
		a.warn("%s in the rows of the store: set aside, and the sound rows written anew", term.Count(len(damage), "damaged place"))
	}
	return nil
}

// execute runs the plan and shows its progress meanwhile.
func (c *reproCmd) execute(ctx context.Context, a *app, w *workspace, plan *pipeline.Plan) (*pipeline.Summary, error) {
	r := newReporter(a, c.Progress, c.Quiet, c.Verbose, newEstimate(w.store, plan, c.Jobs))
	defer r.close()
	return plan.Run(ctx, pipeline.RunOptions{
		Jobs:        c.Jobs,
		KeepGoing:   c.KeepGoing,
		Retries:     c.Retries,
		MemoryLimit: memoryLimit(os.ReadFile),
		Name:        w.run,
		Params:      paramLines(w.params),
		Events:      r.event,
	})
}

// outdated are the stages that are to be run, or may be.
func outdated(plan *pipeline.Plan) []*pipeline.Stage {
	var stages []*pipeline.Stage
	for _, step := range plan.Steps() {
		if step.State != pipeline.StateCached {
			stages = append(stages, step.Stage)
		}
	}
	return stages
}

// replay runs again what the run has brought up to date.
func (c *reproCmd) replay(ctx context.Context, a *app, w *workspace, plan *pipeline.Plan, stages []*pipeline.Stage) (*replayReport, error) {
	now := make(map[*pipeline.Stage]bool)
	for _, step := range plan.Steps() {
		now[step.Stage] = step.State == pipeline.StateCached
	}
	stages = slices.DeleteFunc(stages, func(s *pipeline.Stage) bool { return !now[s] })
	r := newReporter(a, c.Progress, c.Quiet, c.Verbose, newEstimate(w.store, plan, c.Jobs))
	defer r.close()
	return w.replay(ctx, plan, stages, r, c.Jobs)
}

// interrupted says what an interrupted run leaves behind.
func interrupted(ctx context.Context, s *pipeline.Summary) error {
	cause := context.Cause(ctx)
	kept := "nothing had finished"
	if s.Ran > 0 {
		kept = term.Count(s.Ran, "stage") + " finished and kept"
	}
	return advised(fmt.Errorf("%w: %s, %d of %d left after %s", cause, kept,
		s.Unrun+s.Failed+s.Skipped, s.Cached+s.Ran+s.Failed+s.Skipped+s.Unrun, term.Duration(s.Elapsed)),
		"the same command goes on from here")
}
