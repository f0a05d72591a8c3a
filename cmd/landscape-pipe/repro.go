package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type reproCmd struct {
	selection
	Force      bool   `help:"Run the targets even if their results are cached."`
	Downstream bool   `help:"Run what reads the targets, too."`
	KeepGoing  bool   `short:"k" help:"After a failure, run what does not need the failed stage."`
	Retries    int    `placeholder:"N" help:"Run a stage that failed up to N more times. Every attempt leaves its log."`
	DryRun     bool   `short:"n" help:"Only print what would run, and why."`
	Check      bool   `help:"Exit with code 3 if results differ from lock.json, or there is none."`
	Trace      string `placeholder:"FILE" help:"Write when each stage ran, in Chrome's trace event format, which ui.perfetto.dev shows."`
	running
	JSON bool `name:"json" help:"Write the summary as JSON."`
}

// running are the flags of the verbs that run stages and show their progress.
type running struct {
	Jobs     int    `short:"j" placeholder:"N" help:"Cores to use (default: all that the process may use)."`
	Quiet    bool   `short:"q" help:"Print only warnings and errors beside the result." xor:"volume"`
	Verbose  bool   `short:"v" help:"Also print stage logs and why stages run." xor:"volume"`
	Progress string `enum:"auto,live,plain,json" default:"auto" help:"How to show progress: auto, live, plain or json (default: ${default})."`
}

// Validate is called by the parser.
func (r *running) Validate() error {
	if r.Jobs < 0 {
		return fmt.Errorf("--jobs=%d: want a number of cores, or 0 for all", r.Jobs)
	}
	return nil
}

const reproHelp = `Results that are up to date are not read: damage in the store shows when a stage
needs them, and then the stage that made them runs again. verify --repair looks
for damage at once.

Where -k cannot fetch a data set, the run goes on without the experiments on it, as
with --without: tables, claims and figures show the others, and experiments with
in_place_of run. The exit code is 1, and the errors say how to get the data.

A run with params other than the default ones exports into runs/NAME in the
artifacts folder: NAME is ci for params.ci.toml; with --set, the first digits of
the digest of the params are added.

Results that differ from lock.json are named, and the exit code stays 0; with
--check it is 3.

With --progress=json, standard error has one object per line, with the fields
"time", "event" (planned, started, progress, log, finished, cached, failed,
skipped, waiting, damaged, diverged, retried) and, where they apply, "stage", "kind",
"key", "done", "total", "cached", "workers", "elapsed_seconds", "text",
"error" and "because".

Examples:
    landscape-pipe repro                               everything
    landscape-pipe repro figures/mnist_direct_hidden_size.svg
    landscape-pipe repro 'train[h=16,num_layers=5]' --force     these networks again
    landscape-pipe repro --set train.learning_rate=0.002
`

// Run implements the verb.
func (c *reproCmd) Run(ctx context.Context, a *app, g *globals) error {
	if c.Retries < 0 {
		return usage(fmt.Errorf("--retries=%d: want how often a stage may run again", c.Retries), "")
	}
	if c.DryRun && c.Trace != "" {
		return usage(errors.New("-n runs nothing, so --trace has nothing to write"), "leave out one of the two")
	}
	if c.DryRun && c.Check {
		return usage(errors.New("-n runs nothing, so --check has nothing to compare"), "landscape-pipe check compares the results of earlier runs")
	}
	if info, err := os.Stat(c.Trace); err == nil && info.IsDir() {
		return usage(fmt.Errorf("--trace: %s is a folder", c.Trace), "name a file")
	}
	a.keepGoing = c.KeepGoing
	want := pipeline.Options{Targets: c.Targets, Force: c.Force, Downstream: c.Downstream}
	w, plan, err := g.plan(ctx, a, c.Set, want)
	if err != nil {
		return err
	}
	defer func() { w.close() }()
	switch {
	case c.DryRun && c.JSON:
		v, err := newStatusValue(plan, false)
		return errors.Join(err, a.json(v))
	case c.DryRun && (len(c.Targets) > 0 || c.Verbose):
		return printStages(a, plan, c.Verbose, false)
	case c.DryRun:
		return printKinds(a, w, plan)
	}
	o := pipeline.RunOptions{KeepGoing: c.KeepGoing, Retries: c.Retries}
	var times kindTimes
	var traced trace
	watch := func(e pipeline.Event) {
		times.event(e)
		traced.event(e)
	}
	done, runErr := w.execute(ctx, a, plan, c.running, o, watch)
	var missing []*missingData
	for c.KeepGoing && len(c.Targets) == 0 && ctx.Err() == nil {
		m := g.missing(w, done)
		if m == nil {
			break
		}
		missing = append(missing, m)
		fmt.Fprintf(a.stderr, "%s %s cannot be fetched; the run goes on without\n", a.err.Bold("note:"), strings.Join(m.datasets, " and "))
		g, want.Force = m.rest, false // what had to run has run
		rest, restPlan, err := g.plan(ctx, a, c.Set, want)
		if err != nil {
			return errors.Join(runErr, err)
		}
		w.close()
		w, plan = rest, restPlan
		done, err = w.execute(ctx, a, plan, c.running, o, watch)
		runErr = errors.Join(runErr, err)
	}
	s := newSummary(w, plan, done)
	s.add(missing)
	// What is up to date is exported and compared even if something failed. After
	// an interrupt nothing more is done: an interrupted user wants to stop now.
	if ctx.Err() == nil {
		written, err := exportAll(ctx, plan, w.exports, func() error {
			_, err := w.execute(ctx, a, plan, c.running, o, watch)
			return err
		})
		if s.Written = append(s.Written, written...); err != nil && runErr == nil {
			runErr = fmt.Errorf("exporting to %s: %w", w.exports, err)
		}
		runErr = errors.Join(runErr, s.compare(len(c.Targets) > 0))
	}
	if ctx.Err() != nil {
		runErr = interrupted(ctx, done)
	}
	s.Elapsed, s.Kinds = time.Since(a.started).Seconds(), append(s.Kinds, times...)
	if c.Trace != "" {
		runErr = errors.Join(runErr, writeTrace(c.Trace, &traced))
	}
	if runErr == nil && c.Check {
		runErr = s.difference()
	}
	if runErr != nil {
		s.Error = runErr.Error()
	}
	s.warn(a)
	switch {
	case c.JSON:
		err = a.json(s)
	case !c.Quiet && ctx.Err() == nil:
		err = s.print(a)
	}
	if err != nil {
		err = fmt.Errorf("writing the summary: %w", err)
	}
	return errors.Join(runErr, err)
}

// writeTrace writes a trace even of a run that was interrupted.
func writeTrace(path string, t *trace) error {
	var text bytes.Buffer
	err := t.write(&text)
	if err == nil {
		err = files.Write(context.Background(), path, text.Bytes())
	}
	if err != nil {
		return fmt.Errorf("writing the trace: %w", err)
	}
	return nil
}

// execute runs a plan and shows its progress. watch, if there is one, gets the
// events too.
func (w *workspace) execute(ctx context.Context, a *app, plan *pipeline.Plan, f running, o pipeline.RunOptions, watch ...func(pipeline.Event)) (*pipeline.Summary, error) {
	r := newReporter(a, f.Progress, f.Quiet, f.Verbose, newEstimate(w.store, plan, f.Jobs))
	defer r.close()
	o.Jobs, o.Events = f.Jobs, func(e pipeline.Event) {
		r.event(e)
		for _, w := range watch {
			w(e)
		}
	}
	o.Name, o.Params = w.run, w.params.Lines()
	return runPlan(ctx, plan, o)
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
		"the same command continues from here")
}

// summary is the end of a run. Its exported fields are its form in JSON.
type summary struct {
	Cached   int              `json:"cached"`
	Ran      int              `json:"ran"`
	Failed   int              `json:"failed"`
	Skipped  int              `json:"skipped"`
	Unrun    int              `json:"unrun"`
	Elapsed  float64          `json:"elapsed_seconds"`
	Run      string           `json:"run"`     // name, "" for the default run
	Exports  string           `json:"folder"`  // of the files that were written
	Written  []string         `json:"written"` // exports that changed
	Failures []failureValue   `json:"failures"`
	Baseline baseline.Digests `json:"baseline"`
	Skips    []skipValue      `json:"skips"`
	Missing  []string         `json:"missing"` // data sets without which the run went on
	Kinds    kindTimes        `json:"kinds"`   // how long the stages took that ran
	Error    string           `json:"error,omitempty"`

	plan *pipeline.Plan
	done *pipeline.Summary
}

type failureValue struct {
	Stage string `json:"stage"`
	Error string `json:"error"`
}

type skipValue struct {
	Stage   string   `json:"stage"`
	Because []string `json:"because"`
}

func newSummary(w *workspace, plan *pipeline.Plan, done *pipeline.Summary) *summary {
	s := &summary{
		Cached: done.Cached, Ran: done.Ran, Failed: done.Failed, Skipped: done.Skipped, Unrun: done.Unrun,
		Run: w.run, Exports: w.exports, Written: []string{}, Failures: []failureValue{}, Skips: []skipValue{}, Missing: []string{}, Kinds: kindTimes{},
		Baseline: baseline.Digests{File: w.lockFile(), Differences: []pipeline.Difference{}}, plan: plan, done: done,
	}
	for _, f := range done.Failures {
		s.Failures = append(s.Failures, failureValue{f.Stage.Name(), f.Err.Error()})
	}
	for _, skipped := range done.Skips {
		v := skipValue{Stage: skipped.Stage.Name()}
		for _, b := range skipped.Because {
			v.Because = append(v.Because, b.Name())
		}
		s.Skips = append(s.Skips, v)
	}
	return s
}

// compare compares the results with lock.json. Results that were not asked for, or
// not made, are not missing.
func (s *summary) compare(asked bool) error {
	complete := !asked && s.Failed+s.Skipped+s.Unrun == 0
	var err error
	s.Baseline, err = baseline.CompareDigests(s.Exports, s.done.Results(), func(string) bool { return complete })
	return err
}

// difference is the error of --check, nil if the results are as expected.
func (s *summary) difference() error {
	if s.Baseline.Exists && len(s.Baseline.Differences) == 0 {
		return nil
	}
	return &differenceError{s.Baseline.String()}
}

// warn lists results that are not deterministic, or differ from lock.json. Without
// --check, repro only warns: check is the verb that fails.
func (s *summary) warn(a *app) {
	for _, d := range s.done.Diverged {
		a.warn("%s produced different %s under the same key (first %s, now %s): it is not deterministic",
			d.Stage, d.Output, d.Have.Short(), d.Got.Short())
	}
	const most = 5
	if len(s.Baseline.Differences) == 0 {
		return
	}
	a.warn("results differ: %s", s.Baseline)
	for i, d := range s.Baseline.Differences {
		if i == most {
			fmt.Fprintf(a.stderr, "  and %d more\n", len(s.Baseline.Differences)-most)
			break
		}
		fmt.Fprintf(a.stderr, "  %s\n", d)
	}
	fmt.Fprintln(a.stderr, "  check says what changed; check --update accepts the new results")
}

// print writes the summary for people.
func (s *summary) print(a *app) error {
	switch {
	case s.Error == "" && s.Ran+s.Failed+s.Skipped+s.Unrun+len(s.Written) == 0:
		_, err := fmt.Fprintf(a.stdout, "nothing to do: %s cached, %s\n", term.Count(s.Cached, "stage"), secondsText(s.Elapsed))
		return err
	case s.Error != "" && s.Ran+len(s.Written) == 0:
		return nil
	}
	t := term.Table{Rows: [][]string{{"ran", s.counts()}}, Paint: paintFirst(a.out)}
	if len(s.Missing) > 0 {
		t.Rows = append(t.Rows, []string{"missing", strings.Join(s.Missing, ", ") + ": the errors say how to get it; --without names it for other verbs"})
	}
	t.Rows = append(t.Rows, s.skips()...)
	t.Rows = append(t.Rows, s.places()...)
	if text := s.baseline(); text != "" {
		t.Rows = append(t.Rows, []string{"baseline", text})
	}
	err := t.Text(a.stdout, a.out)
	if err == nil && s.Ran > 1 {
		times := s.Kinds.table()
		if _, err = fmt.Fprintln(a.stdout); err == nil {
			err = times.Text(a.stdout, a.out)
		}
	}
	return err
}

// paintFirst makes the first column bold.
func paintFirst(style term.Style) func(int, int, string) string {
	return func(_, column int, text string) string {
		if column == 0 {
			return style.Bold(text)
		}
		return text
	}
}

func (s *summary) counts() string {
	text := "nothing"
	if s.Ran > 0 {
		text = term.Count(s.Ran, "stage") + " in " + secondsText(s.Elapsed)
	}
	for _, c := range []struct {
		n    int
		what string
	}{{s.Cached, "cached"}, {s.Failed, "failed"}, {s.Skipped, "skipped"}, {s.Unrun, "not run"}} {
		if c.n > 0 {
			text += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	return text
}

// skips lists what was not run, by the stages because of which it was not.
func (s *summary) skips() [][]string {
	var order []string
	stages := make(map[string][]string)
	for _, skipped := range s.Skips {
		because := strings.Join(skipped.Because, ", ")
		if stages[because] == nil {
			order = append(order, because)
		}
		stages[because] = append(stages[because], skipped.Stage)
	}
	var rows [][]string
	for _, because := range order {
		rows = append(rows, []string{"skipped", fmt.Sprintf("%s because of %s:", term.Count(len(stages[because]), "stage"), because)})
		for _, name := range stages[because] {
			rows = append(rows, []string{"", "  " + name})
		}
	}
	return rows
}

// places says where the exported files lie, one row per folder.
func (s *summary) places() [][]string {
	files := make(map[string][]string) // by first folder
	results := s.done.Results()
	for _, step := range s.plan.Steps() {
		if _, ok := results[step.Stage.Name()]; !ok {
			continue
		}
		for _, file := range step.Stage.Exports() {
			folder, _, below := strings.Cut(file, "/")
			if !below {
				folder = ""
			}
			files[folder] = append(files[folder], file)
		}
	}
	var rows [][]string
	for _, folder := range slices.Sorted(maps.Keys(files)) {
		list := files[folder]
		changed := 0
		for _, f := range list {
			if slices.Contains(s.Written, f) {
				changed++
			}
		}
		where, state := filepath.Join(s.Exports, filepath.FromSlash(folder)), "unchanged"
		if changed > 0 {
			state = fmt.Sprintf("%d written", changed)
		}
		if state = term.Count(len(list), "file") + ", " + state; len(list) == 1 {
			where, state = filepath.Join(s.Exports, filepath.FromSlash(list[0])), "unchanged"
			if changed > 0 {
				state = "written"
			}
		}
		rows = append(rows, []string{cmp.Or(folder, "files"), where + " (" + state + ")"})
	}
	return rows
}

// baseline says how many results are as expected; a run with other params need
// not have expected ones.
func (s *summary) baseline() string {
	switch {
	case !s.Baseline.Exists && s.Run != "":
		return ""
	case !s.Baseline.Exists:
		return s.Baseline.String() + "; check --update writes it"
	}
	return s.Baseline.String()
}
