package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type verifyCmd struct {
	selection
	Hash   bool       `help:"Read every object of the store and compare its SHA-256."`
	Repair bool       `help:"Like --hash; then put what is damaged in quarantine and rebuild it, and only it."`
	Rerun  rerunCount `help:"Run stages again on the inputs on record, all or with --rerun=N a sample of N, and compare bits. Keeps nothing."`
	Jobs   int        `short:"j" placeholder:"N" help:"Cores to use (default: all that the process may use)."`
	Quiet  bool       `short:"q" help:"Show no progress."`
	JSON   bool       `name:"json" help:"Write JSON."`
}

const verifyHelp = `Without flags: every row is read, every object has its size, and every record
finds its objects. Damage is only reported, with exit code 3. With --repair the
exit code is also 3 if something was wrong and is whole now. What the current
params do not name cannot be rebuilt here: a run with its params does that. With
targets, only these stages and those that they read run again.

Examples:
    landscape-pipe verify --hash              is the store intact?
    landscape-pipe verify --rerun=10          a sample, one of each kind first
    landscape-pipe verify --rerun 'train[h=16]'
`

// rerunCount is the value of --rerun: a flag that may have a number.
type rerunCount struct {
	set bool
	n   int // -1 for all
}

// IsBool lets the flag stand without a value.
func (r *rerunCount) IsBool() bool { return true }

// Decode implements [kong.MapperValue].
func (r *rerunCount) Decode(ctx *kong.DecodeContext) error {
	r.set, r.n = true, -1
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	text := fmt.Sprint(ctx.Scan.Pop().Value)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a number of stages: want 1 or more", text)
	}
	r.n = n
	return nil
}

// Run implements the verb.
func (c *verifyCmd) Run(ctx context.Context, a *app, g *globals) error {
	w, plan, err := g.planStore(ctx, a, c.Set, pipeline.Options{Targets: c.Targets})
	if err != nil {
		return err
	}
	defer w.close()
	found, err := plan.Examine(ctx, c.Hash || c.Repair)
	if err != nil {
		return err
	}
	report := &verifyReport{Hashed: c.Hash || c.Repair, Faults: found.Faults, found: found}
	if c.Repair && len(found.Faults) > 0 {
		if err := report.repair(ctx, a, w, c); err != nil {
			return err
		}
	}
	var failed error // of stages that ran again
	if c.Rerun.set {
		if plan, err = w.plan(pipeline.Options{Targets: c.Targets}); err != nil {
			return err
		}
		if needed, cached := plan.Count(); cached < needed {
			a.warn("%d of %s not up to date: there is nothing to compare these with", needed-cached, term.Count(needed, "stage"))
		}
		report.Rerun, failed = w.rerun(ctx, a, plan, c)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	failure := errors.Join(report.difference(), failed)
	report.OK = failure == nil
	report.Objects, report.Bytes, report.Rows, report.Records = report.found.Store.Objects, report.found.Store.Bytes, report.found.Store.Rows, report.found.Records.Records
	if c.JSON {
		err = a.json(report)
	} else {
		err = report.sections().Text(a.stdout, a.out, true)
	}
	return errors.Join(err, failure)
}

// verifyReport is what verify found. Its exported fields are its form in JSON.
type verifyReport struct {
	OK       bool             `json:"ok"`
	Hashed   bool             `json:"hashed"`
	Objects  int              `json:"objects"`
	Bytes    int64            `json:"bytes"`
	Rows     int              `json:"rows"`
	Records  int              `json:"records"`
	Faults   []pipeline.Fault `json:"faults"`
	Repaired []string         `json:"repaired,omitempty"` // stages that were rebuilt
	Rerun    *baseline.Rerun  `json:"rerun,omitempty"`

	found *pipeline.Examination // after the repair, if there was one
	fixed bool                  // there was a repair
}

// repair rebuilds what is lost, and looks again.
func (v *verifyReport) repair(ctx context.Context, a *app, w *workspace, c *verifyCmd) error {
	rebuilt, err := v.found.Repair(ctx, w.graph, w.store, func(p *pipeline.Plan) error {
		_, err := w.execute(ctx, a, p, running{Jobs: c.Jobs, Quiet: c.Quiet, Progress: "auto"}, pipeline.RunOptions{KeepGoing: true})
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range rebuilt {
		v.Repaired = append(v.Repaired, s.Name())
	}
	if err := w.mendRows(ctx, a); err != nil {
		return err
	}
	plan, err := w.plan(pipeline.Options{})
	if err != nil {
		return err
	}
	v.fixed = true
	v.found, err = plan.Examine(ctx, true)
	return err
}

// mendRows rewrites the intact rows of the store if some are damaged. That needs
// exclusive access: while others use the store, nothing is lost by leaving it for
// another time.
func (w *workspace) mendRows(ctx context.Context, a *app) error {
	damage, err := w.store.Damage()
	if err != nil || len(damage) == 0 {
		return err
	}
	busy := (*cas.BusyError)(nil)
	switch _, err := w.store.GC(ctx, cas.GCOptions{}); {
	case errors.As(err, &busy):
		a.warn("%s in the index rows of the store stays for now: %v", term.Count(len(damage), "damaged place"), err)
	case err != nil:
		return err
	default:
		a.warn("%s in the index rows of the store: in quarantine, and intact rows rewritten", term.Count(len(damage), "damaged place"))
	}
	return nil
}

// rerun runs a sample again on the inputs on record and compares bits. The error
// joins those of stages that could not run.
func (w *workspace) rerun(ctx context.Context, a *app, plan *pipeline.Plan, c *verifyCmd) (*baseline.Rerun, error) {
	stages := plan.Sample(c.Rerun.n)
	if len(stages) == 0 {
		return &baseline.Rerun{Diverged: []baseline.Divergence{}}, nil // nil stages would not compare but run
	}
	r := newReporter(a, "auto", c.Quiet, false, newEstimate(w.store, plan, c.Jobs))
	defer r.close()
	done, err := runPlan(ctx, plan, pipeline.RunOptions{Jobs: c.Jobs, Events: r.event, Compare: stages})
	report := baseline.NewRerun(ctx, w.store, done, len(stages))
	var failed []error
	if err != nil {
		for _, e := range flatten(err) {
			report.Errors = append(report.Errors, e.Error())
			if damaged := (*cas.DamagedError)(nil); errors.As(e, &damaged) || errors.Is(e, cas.ErrNotFound) {
				e = advised(&differenceError{e.Error()}, repairHint)
			}
			failed = append(failed, e)
		}
	}
	return report, errors.Join(failed...)
}

// difference is the error of what was found, nil for nothing.
func (v *verifyReport) difference() error {
	faults, left := term.Count(len(v.Faults), "fault"), len(v.found.Faults)
	switch {
	case v.fixed && left == 0:
		return &differenceError{fmt.Sprintf("the store was damaged and is whole now: %s, %s rebuilt", faults, term.Count(len(v.Repaired), "stage"))}
	case v.fixed:
		return advised(&differenceError{fmt.Sprintf("the store is damaged: %d of %s left", left, faults)},
			"repro with the params of these results rebuilds them; gc removes what nothing needs")
	case len(v.Faults) > 0:
		return advised(&differenceError{"the store is damaged: " + faults}, repairHint)
	case v.Rerun != nil && len(v.Rerun.Diverged) > 0:
		return &differenceError{fmt.Sprintf("%s with bytes other than on record, %s first", term.Count(len(v.Rerun.Diverged), "output"), v.Rerun.Diverged[0].Stage)}
	}
	return nil
}

// repairHint is what to do about damage.
const repairHint = "landscape-pipe verify --repair rebuilds what is damaged or missing"

// sections puts what verify found into words.
func (v *verifyReport) sections() term.Report {
	how := "their sizes are right (--hash reads them)"
	if v.Hashed {
		how = "every digest was compared"
	}
	st, records := v.found.Store, v.found.Records
	sections := term.Report{
		{Title: "objects", Line: fmt.Sprintf("%d, %s on disk; %s", v.Objects, term.Bytes(v.Bytes), how)},
		{Title: "records", Line: fmt.Sprintf("%d, %s; %d rows in %s", v.Records, term.Count(len(records.Faults), "lost output"), v.Rows, term.Count(st.Segments, "segment"))},
	}
	if n := len(records.Unexplained); n > 0 {
		sections = append(sections, term.Section{Line: fmt.Sprintf("%d without a manifest: explain cannot tell what made them", n)})
	}
	if st.Temporaries+st.Quarantined > 0 || st.TornBytes > 0 || len(st.Unknown) > 0 {
		sections = append(sections, term.Section{Title: "left", Line: fmt.Sprintf("%s, %d in quarantine, %s of commits that did not end, %s (gc removes what is not needed)",
			term.Count(st.Temporaries, "temporary file"), st.Quarantined, term.Bytes(st.TornBytes), term.Count(len(st.Unknown), "unknown file"))})
	}
	if len(v.Faults) > 0 {
		faults := term.Section{Title: "faults", Verdict: term.Failed, Line: fmt.Sprint(len(v.Faults))}
		for _, f := range v.Faults {
			text := f.Fault
			if !f.Digest.IsZero() {
				text += " " + f.Digest.Short() + ", " + f.What
			}
			text += ": " + f.Reason
			if f.Path != "" {
				text += " (" + f.Path + ")"
			}
			faults.Rows = append(faults.Rows, term.Row{Class: f.Fault, Name: f.What, Lines: []string{text}})
		}
		sections = append(sections, faults)
	}
	if len(v.Repaired) > 0 {
		sections = append(sections, term.Section{Title: "rebuilt", Verdict: term.Passed, Line: term.Count(len(v.Repaired), "stage"),
			Rows: []term.Row{{Class: "rebuilt", Lines: v.Repaired}}})
	}
	if v.Rerun != nil {
		sections = append(sections, rerunSections(v.Rerun)...)
	}
	return sections
}

// rerunSections says how many stages ran again and what differs, the first
// divergent stage first.
func rerunSections(r *baseline.Rerun) term.Report {
	stages := r.Stages()
	s := term.Section{Title: "rerun", Verdict: term.Judge(len(stages)+len(r.Errors) == 0), Line: term.Count(r.Replayed, "stage") + " run again: the same bits"}
	switch {
	case r.Of == 0:
		s.Line = "nothing to run again"
	case len(stages) > 0:
		s.Line = fmt.Sprintf("%s run again: %d with other bits", term.Count(r.Replayed, "stage"), len(stages))
	case len(r.Errors) > 0:
		s.Line += fmt.Sprintf("; %d could not be run", len(r.Errors))
	}
	if len(stages) == 0 {
		return term.Report{s}
	}
	cause := term.Section{Title: "cause", Verdict: term.Failed, Line: "first divergent stage: " + stages[0]}
	var lines []string
	for _, d := range r.Diverged {
		if d.Stage != stages[0] {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %s, on record %s", d.Output, d.Have.Short(), d.Want.Short()))
		if d.First != nil {
			lines = append(lines, fmt.Sprintf("  first difference: %s", d.First))
		}
	}
	if len(stages) > 1 {
		lines = append(lines, "also divergent: "+joined(stages[1:]))
	}
	lines = append(lines, "each stage had the inputs on record: it is not a function of its key, or this machine or build gives different results")
	cause.Rows = []term.Row{{Class: "rerun", Name: stages[0], Lines: lines}}
	return term.Report{s, cause}
}
