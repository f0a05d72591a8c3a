package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type verifyCmd struct {
	selection
	Hash  bool       `help:"Read every object of the store and compare its SHA-256."`
	Rerun rerunCount `help:"Run stages again on the inputs on record, all or with --rerun=N a sample of N, and compare bits. Keeps nothing."`
	Jobs  int        `short:"j" placeholder:"N" help:"Cores to use (default: all that the process may)."`
	Quiet bool       `short:"q" help:"Show no progress."`
	JSON  bool       `name:"json" help:"Write JSON."`
}

const verifyHelp = `Without flags: every row is read, every object has its size, and every record
finds its objects. Damage is only reported: repro --hash sets a damaged object
aside and makes it again. With targets, only these and what they read run again.

Examples:
    landscape-pipe verify --hash              is the store sound?
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
		return fmt.Errorf("%q is no number of stages: want 1 or more", text)
	}
	r.n = n
	return nil
}

// Run implements the verb.
func (c *verifyCmd) Run(ctx context.Context, a *app, g *globals) error {
	return runVerify(ctx, a, g, c)
}

func runVerify(ctx context.Context, a *app, g *globals, c *verifyCmd) error {
	w, err := g.open(a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	plan, err := w.plan(pipeline.Options{Targets: c.Targets})
	if err != nil {
		return err
	}
	report := &verifyReport{names: w.digestNames(plan)}
	if report.store, err = w.store.Verify(ctx, c.Hash); err != nil {
		return err
	}
	if report.records, err = pipeline.CheckRecords(ctx, w.store); err != nil {
		return err
	}
	report.hash = c.Hash
	if c.Rerun.set {
		if err := report.rerun(ctx, a, w, plan, c); err != nil {
			return err
		}
	}
	if c.JSON {
		err = a.json(report.json())
	} else {
		report.print(a)
	}
	if err == nil {
		err = report.difference()
	}
	return err
}

// verifyReport is what verify found.
type verifyReport struct {
	store   *cas.VerifyReport
	hash    bool
	records *pipeline.Integrity
	replay  *replayReport         // nil without --rerun
	names   map[cas.Digest]string // what the current params call an object
}

func (v *verifyReport) rerun(ctx context.Context, a *app, w *workspace, plan *pipeline.Plan, c *verifyCmd) error {
	steps := plan.Steps()
	if needed, cached := plan.Count(); cached < needed {
		a.warn("%d of %s not up to date: there is nothing to compare these with", needed-cached, term.Count(needed, "stage"))
	}
	r := newReporter(a, "auto", c.Quiet, false, newEstimate(w.store, plan, c.Jobs))
	defer r.close()
	var err error
	v.replay, err = w.replay(ctx, plan, sample(steps, c.Rerun.n), r, c.Jobs)
	return err
}

// digestNames names the outputs that the current params know.
func (w *workspace) digestNames(plan *pipeline.Plan) map[cas.Digest]string {
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

// name says what an object is.
func (v *verifyReport) name(d cas.Digest) string {
	if name := v.names[d]; name != "" {
		return name
	}
	for _, f := range v.records.Faults {
		if f.Digest == d && f.Kind != "" {
			return fmt.Sprintf("%s of a %s with other params", f.Output, f.Kind)
		}
	}
	return "of no stage with these params"
}

// faults lists what is damaged or missing, each once.
func (v *verifyReport) faults() []faultValue {
	list := []faultValue{}
	seen := make(map[cas.Digest]bool)
	for _, d := range v.store.Damaged {
		reason := d.Reason
		if d.Offset > 0 {
			reason += fmt.Sprintf(", at byte %d", d.Offset)
		}
		seen[d.Digest] = true
		list = append(list, faultValue{Kind: "damaged", Digest: d.Digest.String(), Of: v.name(d.Digest), Reason: reason, Path: d.Path})
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
		list = append(list, faultValue{Kind: kind, Digest: f.Digest.String(), Of: v.name(f.Digest), Reason: reason})
	}
	for _, d := range v.store.RowDamage {
		reason := d.Reason
		if reason == "" {
			reason = fmt.Sprintf("%d bytes at %d hold no sound row", d.Bytes, d.Offset)
		}
		list = append(list, faultValue{Kind: "rows", Reason: reason, Path: d.Path})
	}
	return list
}

// faultValue is damage in JSON.
type faultValue struct {
	Kind   string `json:"kind"` // damaged, missing or rows
	Digest string `json:"digest,omitempty"`
	Of     string `json:"of,omitempty"`
	Reason string `json:"reason"`
	Path   string `json:"path,omitempty"`
}

func (v *verifyReport) print(a *app) {
	line := func(head, format string, args ...any) {
		fmt.Fprintf(a.stdout, "%s  %s\n", a.out.Bold(term.Pad(head, 8)), fmt.Sprintf(format, args...))
	}
	s := v.store
	how := "their sizes are right (--hash reads them)"
	if v.hash {
		how = "every digest was compared"
	}
	line("objects", "%d, %s on disk; %s", s.Objects, term.Bytes(s.Bytes), how)
	line("records", "%d, %s; %d rows in %s", v.records.Records, term.Count(len(v.records.Faults), "lost output"), s.Rows, term.Count(s.Segments, "segment"))
	if n := len(v.records.Unexplained); n > 0 {
		line("", "%d without a manifest: explain cannot tell what made them", n)
	}
	if s.Temporaries+s.Quarantined > 0 || s.TornBytes > 0 || len(s.Unknown) > 0 {
		line("left", "%s, %d set aside, %s of commits that did not end, %s (gc removes what is not needed)",
			term.Count(s.Temporaries, "temporary file"), s.Quarantined, term.Bytes(s.TornBytes), term.Count(len(s.Unknown), "unknown file"))
	}
	for _, f := range v.faults() {
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
	if v.replay != nil {
		v.replay.print(a.stdout, a.out)
	}
}

// difference is the error of what was found, nil for nothing.
func (v *verifyReport) difference() error {
	if n := len(v.faults()); n > 0 {
		return advised(&differenceError{fmt.Sprintf("the store is damaged: %s", term.Count(n, "fault"))},
			"landscape-pipe repro --hash mends that, and makes again what the current params need; a run with other params what it needs")
	}
	if v.replay == nil {
		return nil
	}
	return errors.Join(v.replay.difference(), v.replay.failure)
}

func (v *verifyReport) json() any {
	return struct {
		OK      bool          `json:"ok"`
		Hashed  bool          `json:"hashed"`
		Objects int           `json:"objects"`
		Bytes   int64         `json:"bytes"`
		Rows    int           `json:"rows"`
		Records int           `json:"records"`
		Faults  []faultValue  `json:"faults"`
		Rerun   *replayReport `json:"rerun,omitempty"`
	}{v.difference() == nil, v.hash, v.store.Objects, v.store.Bytes, v.store.Rows, v.records.Records, v.faults(), v.replay}
}
