package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/dagviz"
)

type statusCmd struct {
	selection
	Why      bool `help:"List the stages that will run, with the fields of their keys that changed."`
	All      bool `short:"a" help:"List every stage, also those that are cached."`
	Names    bool `help:"List what can be a target, one name per line, for scripts: kinds and exported files; with targets or --all, stages." xor:"form"`
	Times    bool `help:"List how long the stages took when they last ran, by kind and each." xor:"form"`
	ExitCode bool `help:"Exit with code 3 if a stage is not up to date."`
	JSON     bool `name:"json" help:"Write JSON: an object with the counts and every stage." xor:"form"`
}

const statusHelp = `Without targets: one row per kind of stage, the labels by which groups are
named, and the exported files. With targets: one row per stage that is not up to
date, among those that the targets name and what they read.

A stage that reads the result of one that will run depends on it: if that
result is unchanged, the stage need not run.

Examples:
    landscape-pipe status
    landscape-pipe status 'train[h=16]' --all
    landscape-pipe status --why --set train.learning_rate=0.002
    landscape-pipe status --times train
`

// Run implements the verb.
func (c *statusCmd) Run(ctx context.Context, a *app, g *globals) error {
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{Targets: c.Targets})
	if err != nil {
		return err
	}
	defer w.close()
	switch {
	case c.Names:
		err = c.names(a.stdout, w, plan)
	case c.Times:
		err = printTimes(a, plan)
	case c.JSON:
		var v statusValue
		if v, err = newStatusValue(plan, c.Why); err == nil {
			err = a.json(v)
		}
	case len(c.Targets) > 0 || c.All || c.Why:
		err = printStages(a, plan, c.All, c.Why)
	default:
		err = printKinds(a, w, plan)
	}
	if needed, cached := plan.Count(); err == nil && c.ExitCode && cached < needed {
		err = &differenceError{fmt.Sprintf("%s not up to date", term.Count(needed-cached, "stage"))}
	}
	return err
}

// names writes what can be a target. Kinds and files need no quotes in a shell;
// stages have brackets.
func (c *statusCmd) names(w io.Writer, ws *workspace, plan *pipeline.Plan) error {
	out := bufio.NewWriter(w)
	if len(c.Targets) > 0 {
		for _, t := range c.Targets {
			stages, err := ws.match(t)
			if err != nil {
				return err
			}
			for _, s := range stages {
				fmt.Fprintln(out, s)
			}
		}
		return out.Flush()
	}
	var kinds, files []string
	for _, s := range plan.Steps() {
		if !slices.Contains(kinds, s.Stage.Kind()) {
			kinds = append(kinds, s.Stage.Kind())
		}
		files = slices.AppendSeq(files, maps.Values(s.Stage.Exports()))
	}
	slices.Sort(files)
	for _, name := range append(kinds, files...) {
		fmt.Fprintln(out, name)
	}
	for _, s := range plan.Steps() {
		if c.All {
			fmt.Fprintln(out, s.Stage)
		}
	}
	return out.Flush()
}

func paintState(style term.Style, s pipeline.State, text string) string {
	switch s {
	case pipeline.StateRun:
		return style.Warn(text)
	case pipeline.StateDepends:
		return style.Dim(text)
	}
	return style.Good(text)
}

// printKinds writes one row per kind, the exported files and a summary.
func printKinds(a *app, w *workspace, plan *pipeline.Plan) error {
	out := bufio.NewWriter(a.stdout)
	steps := plan.Steps()
	estimate := newEstimate(w.store, plan, 0)
	model := dagviz.Collapse(steps)
	t := term.Table{Head: []string{"kind", "stages", "state", "estimate"}, Right: []int{1}}
	for _, n := range model.Nodes {
		t.Rows = append(t.Rows, []string{n.Title, fmt.Sprint(n.Count.Total()), n.Count.Brief(), estimate.kindText(n.Title)})
	}
	t.Paint = func(row, column int, text string) string {
		if column == 2 {
			return paintState(a.out, model.Nodes[row].Count.State(), text)
		}
		return text
	}
	if err := t.Text(out, a.out); err != nil {
		return err
	}
	if axes := model.Labels(); len(axes) > 0 {
		fmt.Fprintf(out, "\n%s\n", a.out.Bold("labels"))
		for _, axis := range axes {
			fmt.Fprintln(out, axis)
		}
	}
	files := term.Table{Paint: func(_, column int, text string) string {
		if column > 0 {
			return text
		}
		return map[string]func(string) string{"cached": a.out.Good, "run": a.out.Warn, "depends": a.out.Dim}[strings.TrimSpace(text)](text)
	}}
	for _, s := range steps {
		if exports := s.Stage.Exports(); len(exports) > 0 {
			files.Rows = append(files.Rows, []string{s.State.String(), strings.Join(groupByStem(slices.Sorted(maps.Values(exports))), " ")})
		}
	}
	if len(files.Rows) > 0 {
		fmt.Fprintf(out, "\n%s\n", a.out.Bold("files"))
		if err := files.Text(out, a.out); err != nil {
			return err
		}
	}
	text := planSummary(steps)
	if left, ok := estimate.left(&board{}, time.Now()); ok && len(estimate.pending) > 0 {
		text += "; about " + guess(left) + " in all"
	}
	text += needs(steps, w.params.Data.Objects)
	fmt.Fprintf(out, "\n%s\n", text)
	return out.Flush()
}

// groupByStem cuts off what a file's name shares with the one before it, up to
// the suffix: figures/a.pdf .png .svg.
func groupByStem(files []string) []string {
	texts := make([]string, len(files))
	for i, f := range files {
		texts[i] = f
		stem := strings.TrimSuffix(f, path.Ext(f))
		if i > 0 && strings.TrimSuffix(files[i-1], path.Ext(files[i-1])) == stem {
			texts[i] = path.Ext(f)
		}
	}
	return texts
}

// printStages writes one row per stage and a summary: of the stages that are not
// up to date, or of all; with why, the fields that changed below each.
func printStages(a *app, plan *pipeline.Plan, all, why bool) error {
	out := bufio.NewWriter(a.stdout)
	steps := plan.Steps()
	with := comparands{}
	width := 0
	for _, s := range steps {
		if s.State != pipeline.StateCached || all {
			width = max(width, term.Width(s.Stage.Name()))
		}
	}
	for _, s := range steps {
		if s.State == pipeline.StateCached && !all {
			continue
		}
		reason, fields := s.Reason, []string(nil)
		if why && s.State == pipeline.StateDepends || s.State == pipeline.StateRun {
			e, err := plan.Explain(s.Stage)
			if err != nil {
				return err
			}
			if !e.Before.Key.IsZero() {
				with.add(e.Before)
				if why {
					fields = pipeline.Changes(e.Fields)
				}
			}
			if len(fields) > 0 && s.State == pipeline.StateRun {
				reason = "" // the fields say it all
			}
		}
		line := paintState(a.out, s.State, term.Pad(s.State.String(), 7)) + "  " + term.Pad(s.Stage.Name(), width) + "  " + reason
		fmt.Fprintln(out, strings.TrimRight(line, " "))
		for _, f := range fields {
			fmt.Fprintf(out, "           %s\n", f)
		}
	}
	if len(with) > 0 {
		fmt.Fprintf(out, "compared with %s\n", with)
	}
	fmt.Fprintln(out, planSummary(steps))
	return out.Flush()
}

// comparands counts with what stages are compared.
type comparands map[string]int

func (c comparands) add(b pipeline.Before) {
	what := "the nearest key on record"
	if !b.Nearest {
		what = newExplainBefore(b).String()
	}
	c[what]++
}

// String lists them: "run 1f0c9a3e0b1d (ci) of 2026-01-02 03:04:05 (2 stages)".
func (c comparands) String() string {
	var texts []string
	for _, what := range slices.Sorted(maps.Keys(c)) {
		texts = append(texts, fmt.Sprintf("%s (%s)", what, term.Count(c[what], "stage")))
	}
	return strings.Join(texts, ", ")
}

func planSummary(steps []pipeline.Step) string {
	count := dagviz.Tally(steps)
	cached, run, depends := count.Cached, count.Run, count.Depends
	if run+depends == 0 {
		return fmt.Sprintf("up to date: %s cached", term.Count(cached, "stage"))
	}
	text := fmt.Sprintf("%s to run", term.Count(run, "stage"))
	if depends > 0 {
		text += fmt.Sprintf(", %d depending on these", depends)
	}
	return text + fmt.Sprintf(", %d cached", cached)
}

// statusValue is a plan in JSON.
type statusValue struct {
	Cached  int          `json:"cached"`
	Run     int          `json:"to_run"`
	Depends int          `json:"depends"`
	Stages  []stageValue `json:"stages"`
	Kinds   kindTimes    `json:"kinds"` // how long the cached stages took
}

type stageValue struct {
	Name    string            `json:"stage"`
	Kind    string            `json:"kind"`
	Labels  map[string]string `json:"labels,omitempty"`
	State   string            `json:"state"` // cached, run or depends
	Key     string            `json:"key,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Waits   []string          `json:"waits,omitempty"`
	Changed []explainField    `json:"fields,omitempty"`          // that differ
	Elapsed float64           `json:"elapsed_seconds,omitempty"` // of a cached stage, when it ran
	Exports map[string]string `json:"exports,omitempty"`
}

// newStatusValue lists every stage; why adds the fields that changed.
func newStatusValue(plan *pipeline.Plan, why bool) (statusValue, error) {
	steps := plan.Steps()
	count := dagviz.Tally(steps)
	v := statusValue{Cached: count.Cached, Run: count.Run, Depends: count.Depends, Stages: []stageValue{}, Kinds: kindTimes{}}
	for _, s := range steps {
		value := stageValue{Name: s.Stage.Name(), Kind: s.Stage.Kind(), State: s.State.String(), Reason: s.Reason, Exports: s.Stage.Exports()}
		if !s.Key.IsZero() {
			value.Key = s.Key.String()
		}
		if r, ok := plan.Record(s.Stage); ok && s.State == pipeline.StateCached {
			value.Elapsed = r.Elapsed.Seconds()
			v.Kinds.add(s.Stage, r.Elapsed)
		}
		for _, l := range s.Stage.Labels() {
			if value.Labels == nil {
				value.Labels = make(map[string]string)
			}
			value.Labels[l.Key] = l.Value
		}
		for _, w := range s.Waits {
			value.Waits = append(value.Waits, w.Name())
		}
		if why {
			e, err := plan.Explain(s.Stage)
			if err != nil {
				return v, err
			}
			for _, f := range e.Fields {
				if f.Changed && !e.Before.Key.IsZero() {
					value.Changed = append(value.Changed, newExplainField(f, true))
				}
			}
		}
		v.Stages = append(v.Stages, value)
	}
	return v, nil
}

type runsCmd struct {
	JSON bool `name:"json" help:"Write JSON: an array of runs."`
}

const runsHelp = `The last run comes first. diff takes a run by its name (last, last~1) or by the
first digits of its id. A run that had nothing to do leaves no trace.
`

// Run implements the verb.
func (c *runsCmd) Run(_ context.Context, a *app, g *globals) error {
	store, err := g.openStore()
	if err != nil {
		return err
	}
	defer store.Close()
	runs, err := pipeline.Runs(store)
	if err != nil {
		return err
	}
	slices.Reverse(runs)
	if c.JSON {
		values := make([]runValue, len(runs))
		for i, r := range runs {
			values[i] = newRunValue(r)
		}
		return a.json(values)
	}
	if len(runs) == 0 {
		fmt.Fprintf(a.stderr, "%s has no run yet\n", g.storeDir())
		return nil
	}
	t := term.Table{Head: []string{"name", "run", "started", "took", "ran", "failed", "command"}, Right: []int{3, 4, 5}}
	for i, r := range runs {
		took, ran, failed := "–", "–", "–" // it is still running, or was killed
		if !r.Ended.IsZero() {
			took, ran, failed = term.Duration(max(0, r.Ended.Sub(r.Started))), fmt.Sprint(r.Ran), fmt.Sprint(r.Failed)
		}
		var words []string
		for i, w := range r.Command {
			if i == 0 {
				w = w[strings.LastIndexAny(w, `/\`)+1:]
			}
			words = append(words, shellWord(w))
		}
		t.Rows = append(t.Rows, []string{runName(i), r.ID.String()[:12], r.Started.Format(time.DateTime), took, ran, failed, term.CleanLine(strings.Join(words, " "))})
	}
	return t.Text(a.stdout, a.out)
}

// runValue is a run in JSON.
type runValue struct {
	Run     string            `json:"run"` // its name, "" for the default one
	ID      pipeline.RunID    `json:"run_id"`
	Note    string            `json:"note,omitempty"`
	Params  map[string]string `json:"params,omitempty"`
	Command []string          `json:"command"`
	Started time.Time         `json:"started"`
	Ended   time.Time         `json:"ended,omitzero"` // zero if it is still running or was killed
	Elapsed float64           `json:"elapsed_seconds,omitempty"`
	Ran     int               `json:"ran"`
	Failed  int               `json:"failed"`
	Host    string            `json:"host"`
	OS      string            `json:"os"`
	Arch    string            `json:"arch"`
	CPU     string            `json:"cpu,omitempty"`
	Cores   int               `json:"cores"`
	Go      string            `json:"go"`
	Module  string            `json:"module"`
	Version string            `json:"version"`
}

func newRunValue(r pipeline.Run) runValue {
	v := runValue{Run: r.Name, ID: r.ID, Note: r.Note, Params: r.Params, Command: r.Command, Started: r.Started, Ended: r.Ended, Ran: r.Ran, Failed: r.Failed,
		Host: r.Host, OS: r.OS, Arch: r.Arch, CPU: r.CPU, Cores: r.Cores, Go: r.Go, Module: r.Module, Version: r.Version}
	if !r.Ended.IsZero() {
		v.Elapsed = max(0, r.Ended.Sub(r.Started)).Seconds()
	}
	return v
}
