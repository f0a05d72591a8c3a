package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/landscape-pipe/landscape-pipe/internal/bitdiff"
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
exit code is 3, too, if something was wrong and is whole now. What the current
params do not name cannot be rebuilt here: a run with its params does that. With
targets, only these and what they read run again.

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
	report := &verifyReport{Hashed: c.Hash || c.Repair, Faults: []faultValue{}}
	if err := report.look(ctx, w, plan); err != nil {
		return err
	}
	if c.Repair && len(report.Faults) > 0 {
		if err := report.repair(ctx, a, w, c); err != nil {
			return err
		}
	}
	if c.Rerun.set {
		if plan, err = w.plan(pipeline.Options{Targets: c.Targets}); err != nil {
			return err
		}
		if needed, cached := plan.Count(); cached < needed {
			a.warn("%d of %s not up to date: there is nothing to compare these with", needed-cached, term.Count(needed, "stage"))
		}
		if report.Rerun, err = w.rerun(ctx, a, plan, c); err != nil {
			return err
		}
	}
	failure := report.failure()
	report.OK = failure == nil
	if c.JSON {
		err = a.json(report)
	} else {
		err = report.print(a)
	}
	return errors.Join(err, failure)
}

// verifyReport is what verify found. Its exported fields are its form in JSON.
type verifyReport struct {
	OK       bool         `json:"ok"`
	Hashed   bool         `json:"hashed"`
	Objects  int          `json:"objects"`
	Bytes    int64        `json:"bytes"`
	Rows     int          `json:"rows"`
	Records  int          `json:"records"`
	Faults   []faultValue `json:"faults"`
	Repaired []string     `json:"repaired,omitempty"` // stages that were rebuilt
	Rerun    *rerunReport `json:"rerun,omitempty"`

	store   *cas.VerifyReport
	records *pipeline.Integrity
	left    []faultValue // after the repair
	fixed   bool         // --repair was asked for and there was something to do
}

// faultValue is damage.
type faultValue struct {
	Kind   string `json:"kind"` // damaged, missing or rows
	Digest string `json:"digest,omitempty"`
	Of     string `json:"of,omitempty"`
	Reason string `json:"reason"`
	Path   string `json:"path,omitempty"`
}

// look reads the store and lists what is damaged or missing, each once.
func (v *verifyReport) look(ctx context.Context, w *workspace, plan *pipeline.Plan) error {
	var err error
	if v.store, err = w.store.Verify(ctx, v.Hashed); err != nil {
		return err
	}
	if v.records, err = pipeline.CheckRecords(ctx, w.store); err != nil {
		return err
	}
	v.Objects, v.Bytes, v.Rows, v.Records = v.store.Objects, v.store.Bytes, v.store.Rows, v.records.Records
	v.Faults = []faultValue{}
	names := digestNames(plan)
	name := func(d cas.Digest) string {
		if name := names[d]; name != "" {
			return name
		}
		for _, f := range v.records.Faults {
			if f.Digest == d && f.Kind != "" {
				return fmt.Sprintf("%s of a %s with other params", f.Output, f.Kind)
			}
		}
		return "of no stage with these params"
	}
	seen := make(map[cas.Digest]bool)
	for _, d := range v.store.Damaged {
		seen[d.Digest] = true
		reason := d.Reason
		if d.Offset > 0 {
			reason += fmt.Sprintf(", at byte %d", d.Offset)
		}
		v.Faults = append(v.Faults, faultValue{Kind: "damaged", Digest: d.Digest.String(), Of: name(d.Digest), Reason: reason, Path: d.Path})
	}
	for _, f := range v.records.Faults {
		if seen[f.Digest] {
			continue
		}
		seen[f.Digest] = true
		kind, reason := "damaged", f.Err.Error()
		if errors.Is(f.Err, cas.ErrNotFound) {
			kind, reason = "missing", "a record names it, and it is not in the store"
		}
		v.Faults = append(v.Faults, faultValue{Kind: kind, Digest: f.Digest.String(), Of: name(f.Digest), Reason: reason})
	}
	for _, d := range v.store.RowDamage {
		reason := d.Reason
		if reason == "" {
			reason = fmt.Sprintf("%d bytes at %d hold no intact row", d.Bytes, d.Offset)
		}
		v.Faults = append(v.Faults, faultValue{Kind: "rows", Reason: reason, Path: d.Path})
	}
	return nil
}

// digestNames names the outputs that the current params know.
func digestNames(plan *pipeline.Plan) map[cas.Digest]string {
	names := make(map[cas.Digest]string)
	for _, step := range plan.Steps() {
		for _, output := range step.Stage.Outputs() {
			if d, _, ok := plan.Output(step.Stage, output); ok && names[d] == "" {
				names[d] = output + " of " + step.Stage.Name()
			}
		}
	}
	return names
}

// repair puts what is damaged in quarantine, rebuilds what the current params
// name of it, and looks again.
func (v *verifyReport) repair(ctx context.Context, a *app, w *workspace, c *verifyCmd) error {
	plan, err := w.plan(pipeline.Options{})
	if err != nil {
		return err
	}
	lost, err := plan.Verify(ctx)
	if err != nil {
		return err
	}
	found := v.Faults
	if len(lost) > 0 {
		targets := make([]string, len(lost))
		for i, s := range lost {
			targets[i] = s.Name()
		}
		// Only these stages: others that are not up to date are left to repro.
		if plan, err = w.plan(pipeline.Options{Targets: targets}); err != nil {
			return err
		}
		if _, err = plan.Verify(ctx); err != nil {
			return err
		}
		if _, err := w.execute(ctx, a, plan, running{Jobs: c.Jobs, Quiet: c.Quiet, Progress: "auto"}, pipeline.RunOptions{KeepGoing: true}); err != nil {
			return err
		}
		v.Repaired = targets
	}
	for _, d := range v.store.Damaged {
		if err := w.store.Quarantine(ctx, d.Digest); err != nil {
			return err
		}
	}
	if err := w.mendRows(ctx, a); err != nil {
		return err
	}
	if err := v.look(ctx, w, plan); err != nil {
		return err
	}
	v.Faults, v.left, v.fixed = found, v.Faults, true
	return nil
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

// failure is the error of what was found, nil for nothing.
func (v *verifyReport) failure() error {
	switch {
	case v.fixed && len(v.left) == 0:
		return &differenceError{fmt.Sprintf("the store was damaged and is whole now: %s, %s rebuilt", term.Count(len(v.Faults), "fault"), term.Count(len(v.Repaired), "stage"))}
	case v.fixed:
		return advised(&differenceError{fmt.Sprintf("the store is damaged: %d of %s left", len(v.left), term.Count(len(v.Faults), "fault"))},
			"repro with the params of these results rebuilds them; gc lets go of what nothing needs")
	case len(v.Faults) > 0:
		return advised(&differenceError{fmt.Sprintf("the store is damaged: %s", term.Count(len(v.Faults), "fault"))}, repairHint)
	case v.Rerun == nil:
		return nil
	}
	return v.Rerun.difference()
}

// repairHint is what to do about damage.
const repairHint = "landscape-pipe verify --repair rebuilds what is damaged or missing"

func (v *verifyReport) print(a *app) error {
	how := "their sizes are right (--hash reads them)"
	if v.Hashed {
		how = "every digest was compared"
	}
	t := term.Table{Paint: paintFirst(a.out), Rows: [][]string{
		{"objects", fmt.Sprintf("%d, %s on disk; %s", v.Objects, term.Bytes(v.Bytes), how)},
		{"records", fmt.Sprintf("%d, %s; %d rows in %s", v.Records, term.Count(len(v.records.Faults), "lost output"), v.Rows, term.Count(v.store.Segments, "segment"))},
	}}
	if n := len(v.records.Unexplained); n > 0 {
		t.Rows = append(t.Rows, []string{"", fmt.Sprintf("%d without a manifest: explain cannot tell what made them", n)})
	}
	if s := v.store; s.Temporaries+s.Quarantined > 0 || s.TornBytes > 0 || len(s.Unknown) > 0 {
		t.Rows = append(t.Rows, []string{"left", fmt.Sprintf("%s, %d in quarantine, %s of commits that did not end, %s (gc removes what is not needed)",
			term.Count(s.Temporaries, "temporary file"), s.Quarantined, term.Bytes(s.TornBytes), term.Count(len(s.Unknown), "unknown file"))})
	}
	if err := t.Text(a.stdout, a.out); err != nil {
		return err
	}
	for _, f := range v.Faults {
		what := f.Kind
		if f.Digest != "" {
			what += " " + short(f.Digest) + ", " + f.Of
		}
		text := what + ": " + f.Reason
		if f.Path != "" {
			text += " (" + f.Path + ")"
		}
		fmt.Fprintf(a.stdout, "%s %s\n", a.out.Bad("fault:"), text)
	}
	for _, name := range v.Repaired {
		fmt.Fprintf(a.stdout, "%s %s\n", a.out.Good("rebuilt:"), name)
	}
	if v.Rerun != nil {
		v.Rerun.print(a)
	}
	return nil
}

// rerunReport is what came of running stages again. Its exported fields are its
// form in JSON.
type rerunReport struct {
	Replayed int               `json:"replayed"`
	Of       int               `json:"of"` // stages that could have been
	Elapsed  float64           `json:"elapsed"`
	Diverged []divergenceValue `json:"diverged"` // in topological order
	Failed   []string          `json:"failed,omitempty"`

	failure error
}

// divergenceValue is an output that came out with other bytes.
type divergenceValue struct {
	Stage  string              `json:"stage"`
	Output string              `json:"output"`
	Want   string              `json:"want"`
	Have   string              `json:"have"`
	First  *bitdiff.Difference `json:"first,omitempty"` // nil where the bytes on record are lost
}

// rerun runs a sample again on the inputs on record and compares bits.
func (w *workspace) rerun(ctx context.Context, a *app, plan *pipeline.Plan, c *verifyCmd) (*rerunReport, error) {
	r := newReporter(a, "auto", c.Quiet, false, newEstimate(w.store, plan, c.Jobs))
	defer r.close()
	stages := sample(plan.Steps(), c.Rerun.n)
	if len(stages) == 0 {
		return &rerunReport{Diverged: []divergenceValue{}}, nil // nil stages would not compare but run
	}
	sum, err := runPlan(ctx, plan, pipeline.RunOptions{Jobs: c.Jobs, Events: r.event, Compare: stages})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	report := &rerunReport{Replayed: sum.Ran, Of: len(stages), Diverged: []divergenceValue{}}
	if err != nil {
		for _, e := range flatten(err) {
			report.Failed = append(report.Failed, e.Error())
			if damaged := (*cas.DamagedError)(nil); errors.As(e, &damaged) || errors.Is(e, cas.ErrNotFound) {
				e = advised(&differenceError{e.Error()}, repairHint)
			}
			report.failure = errors.Join(report.failure, e)
		}
	}
	for _, compared := range sum.Compared {
		report.Elapsed += compared.Elapsed.Seconds()
		for _, o := range compared.Differ {
			d := divergenceValue{Stage: compared.Stage.Name(), Output: o.Name, Want: o.Want.String(), Have: o.Have.String()}
			if want, err := w.store.Get(ctx, o.Want); err == nil {
				d.First = new(bitdiff.First(want, o.Content))
			}
			report.Diverged = append(report.Diverged, d)
		}
	}
	return report, nil
}

// sample draws n of the stages that are up to date, in topological order, one
// of each kind first, so that a small sample sees every function. n < 0 means
// all.
func sample(steps []pipeline.Step, n int) []*pipeline.Stage {
	all := []*pipeline.Stage{}
	for _, s := range steps {
		if s.State == pipeline.StateCached {
			all = append(all, s.Stage)
		}
	}
	if n < 0 || n >= len(all) {
		return all
	}
	first := make(map[string]bool)
	var kinds, rest []int
	for _, i := range rand.Perm(len(all)) {
		if k := all[i].Kind(); !first[k] {
			first[k] = true
			kinds = append(kinds, i)
		} else {
			rest = append(rest, i)
		}
	}
	chosen := append(kinds, rest...)[:n]
	slices.Sort(chosen)
	stages := make([]*pipeline.Stage, n)
	for i, at := range chosen {
		stages[i] = all[at]
	}
	return stages
}

// print writes the outcome, the first divergent stage first.
func (r *rerunReport) print(a *app) {
	text := fmt.Sprintf("%s run again: the same bits", term.Count(r.Replayed, "stage"))
	var stages []string
	for _, d := range r.Diverged {
		if !slices.Contains(stages, d.Stage) {
			stages = append(stages, d.Stage)
		}
	}
	switch {
	case r.Of == 0:
		text = "nothing to run again"
	case len(stages) > 0:
		text = fmt.Sprintf("%s run again: %s", term.Count(r.Replayed, "stage"), a.out.Bad(fmt.Sprintf("%d with other bits", len(stages))))
	case len(r.Failed) > 0:
		text += fmt.Sprintf("; %d could not be run", len(r.Failed))
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", a.out.Bold(term.Pad("rerun", 7)), text)
	if len(stages) == 0 {
		return
	}
	fmt.Fprintf(a.stdout, "%s %s\n", a.out.Bad("first divergent stage:"), stages[0])
	for _, d := range r.Diverged {
		if d.Stage != stages[0] {
			continue
		}
		fmt.Fprintf(a.stdout, "  %s: %s, on record %s\n", d.Output, short(d.Have), short(d.Want))
		if d.First != nil {
			fmt.Fprintf(a.stdout, "    first difference: %s\n", d.First)
		}
	}
	for i, s := range stages[1:] {
		if i == 20 {
			fmt.Fprintf(a.stdout, "and %d more\n", len(stages)-1-i)
			break
		}
		fmt.Fprintf(a.stdout, "also divergent: %s\n", s)
	}
	fmt.Fprintln(a.stdout, "Each stage had the inputs on record: it is not a function of its key, or this machine or build gives different results.")
}

// difference is the error of stages that failed or diverged, nil if none did.
func (r *rerunReport) difference() error {
	if len(r.Diverged) == 0 {
		return r.failure
	}
	return errors.Join(&differenceError{fmt.Sprintf("%s with bytes other than on record, %s first", term.Count(len(r.Diverged), "output"), r.Diverged[0].Stage)}, r.failure)
}
