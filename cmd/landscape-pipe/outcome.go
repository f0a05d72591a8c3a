package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// outcome is what repro has to say in the end.
type outcome struct {
	run     string // name, "" for the default run
	plan    *pipeline.Plan
	summary *pipeline.Summary
	exports string   // folder
	written []string // of the exports, those that changed
	asked   bool     // for some targets only
	stopped bool     // by a signal, before anything was exported
	elapsed time.Duration
	replay  *replayReport // nil without --verify

	lock        string // file
	expected    bool   // there is one
	updated     bool
	differences []pipeline.Difference
}

// compare holds the results against lock.json, and takes them over if asked.
func (o *outcome) compare(w *workspace, update bool) error {
	baseline, err := pipeline.LoadLockfile(o.lock)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		baseline = pipeline.NewLockfile()
	case err != nil:
		return err
	default:
		o.expected = true
	}
	graph := o.plan.Graph()
	o.differences = baseline.Compare(o.summary.Results())
	if o.asked || o.summary.Failed+o.summary.Skipped+o.summary.Unrun > 0 {
		// Results that were not asked for, or not made, are not missing.
		o.differences = slices.DeleteFunc(o.differences, func(d pipeline.Difference) bool { return d.Kind == pipeline.Missing })
	}
	if !update {
		return nil
	}
	before := baseline.Encode()
	if !o.asked {
		baseline.Retain(graph)
	}
	baseline.Update(graph, o.summary.Results())
	baseline.MadeWith(graph, paramLines(w.params), !o.asked)
	if o.expected && bytes.Equal(before, baseline.Encode()) {
		return nil
	}
	if err := baseline.Save(o.lock); err != nil {
		return fmt.Errorf("updating %s: %w", o.lock, err)
	}
	o.updated = true
	return nil
}

// idle reports whether there was nothing to do at all.
func (o *outcome) idle(failure error) bool {
	s := o.summary
	return failure == nil && s.Ran+s.Failed+s.Skipped+s.Unrun == 0 && len(o.written) == 0 && !o.updated
}

// print writes the summary, and warnings about results that differ.
func (o *outcome) print(a *app, quiet, asJSON bool, failure error) error {
	for _, d := range o.summary.Diverged {
		a.warn("%s ran twice with the same key and made other bytes in %s (first %s, now %s): it is not deterministic",
			d.Stage, d.Output, d.Have.Short(), d.Got.Short())
	}
	if !o.updated {
		o.warnDifferences(a)
	}
	switch {
	case asJSON:
		return a.json(o.json(failure))
	case quiet || o.stopped:
		return nil
	case o.idle(failure):
		_, err := fmt.Fprintf(a.stdout, "nothing to do: %s cached, %s\n", term.Count(o.summary.Cached, "stage"), term.Duration(o.elapsed))
		return err
	case failure != nil && o.summary.Ran+len(o.written) == 0:
		return nil
	}
	lines := [][2]string{{"ran", o.counts()}}
	lines = append(lines, o.skips()...)
	lines = append(lines, o.places()...)
	if text := o.baseline(); text != "" {
		lines = append(lines, [2]string{"baseline", text})
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(a.stdout, "%s  %s\n", a.out.Bold(term.Pad(l[0], 8)), l[1]); err != nil {
			return err
		}
	}
	if o.replay != nil {
		o.replay.print(a.stdout, a.out)
	}
	return nil
}

func (o *outcome) counts() string {
	s := o.summary
	text := "nothing"
	if s.Ran > 0 {
		text = term.Count(s.Ran, "stage") + " in " + term.Duration(o.elapsed)
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

// skips lists exactly what was not run, and because of what.
func (o *outcome) skips() [][2]string {
	type group struct {
		because string
		stages  []string
	}
	var groups []group
	for _, s := range o.summary.Skips {
		var why []string
		for _, b := range s.Because {
			why = append(why, b.Name())
		}
		because := strings.Join(why, ", ")
		i := slices.IndexFunc(groups, func(g group) bool { return g.because == because })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{because: because})
		}
		groups[i].stages = append(groups[i].stages, s.Stage.Name())
	}
	var lines [][2]string
	for _, g := range groups {
		lines = append(lines, [2]string{"skipped", fmt.Sprintf("%s because of %s:", term.Count(len(g.stages), "stage"), g.because)})
		for _, s := range g.stages {
			lines = append(lines, [2]string{"", "  " + s})
		}
	}
	return lines
}

// places says where the exported files lie, a line a folder.
func (o *outcome) places() [][2]string {
	files := make(map[string][]string) // by first folder
	for _, step := range o.plan.Steps() {
		if _, ok := o.summary.Results()[step.Stage.Name()]; !ok {
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
	var lines [][2]string
	for _, folder := range slices.Sorted(maps.Keys(files)) {
		list := files[folder]
		slices.Sort(list)
		changed := 0
		for _, f := range list {
			if slices.Contains(o.written, f) {
				changed++
			}
		}
		state := "unchanged"
		if changed > 0 {
			state = fmt.Sprintf("%d written", changed)
		}
		where := filepath.Join(o.exports, filepath.FromSlash(folder))
		if len(list) == 1 {
			where = filepath.Join(o.exports, filepath.FromSlash(list[0]))
			if changed > 0 {
				state = "written"
			}
		} else {
			state = term.Count(len(list), "file") + ", " + state
		}
		lines = append(lines, [2]string{cmp.Or(folder, "files"), where + " (" + state + ")"})
	}
	return lines
}

func (o *outcome) baseline() string {
	switch {
	case o.updated:
		return fmt.Sprintf("%s updated: %s", o.lock, o.tally())
	case !o.expected && o.run != "":
		return ""
	case !o.expected:
		return fmt.Sprintf("%s is missing: nothing to compare with; repro --update-lock writes it", o.lock)
	case len(o.differences) > 0:
		return fmt.Sprintf("%s: %s", o.lock, o.tally())
	}
	return fmt.Sprintf("%s: all %s as expected", o.lock, term.Count(o.results(), "result"))
}

func (o *outcome) results() int {
	n := 0
	for _, outputs := range o.summary.Results() {
		n += len(outputs)
	}
	return n
}

func (o *outcome) tally() string {
	count := make(map[pipeline.DifferenceKind]int)
	for _, d := range o.differences {
		count[d.Kind]++
	}
	return fmt.Sprintf("%d changed, %d new, %d gone", count[pipeline.Changed], count[pipeline.New], count[pipeline.Missing])
}

// warnDifferences lists what differs from lock.json. repro only warns: check
// is the verb that fails.
func (o *outcome) warnDifferences(a *app) {
	const most = 5
	if !o.expected || len(o.differences) == 0 {
		return
	}
	a.warn("results differ from %s: %s", o.lock, o.tally())
	for i, d := range o.differences {
		if i == most {
			fmt.Fprintf(a.stderr, "  and %d more\n", len(o.differences)-most)
			break
		}
		fmt.Fprintf(a.stderr, "  %s\n", d)
	}
	fmt.Fprintln(a.stderr, "  check says what changed; repro --update-lock takes the results over if they are right")
}

// json is the form of the summary for programs.
func (o *outcome) json(failure error) any {
	type failed struct {
		Stage string `json:"stage"`
		Error string `json:"error"`
	}
	type skipped struct {
		Stage   string   `json:"stage"`
		Because []string `json:"because"`
	}
	v := struct {
		Cached   int      `json:"cached"`
		Ran      int      `json:"ran"`
		Failed   int      `json:"failed"`
		Skipped  int      `json:"skipped"`
		Unrun    int      `json:"unrun"`
		Elapsed  float64  `json:"elapsed"` // seconds
		Run      string   `json:"run"`     // "" for the default run
		Exports  string   `json:"exports"`
		Written  []string `json:"written"`
		Failures []failed `json:"failures"`
		Baseline struct {
			File        string                `json:"file"`
			Exists      bool                  `json:"exists"`
			Updated     bool                  `json:"updated"`
			Differences []pipeline.Difference `json:"differences"`
		} `json:"baseline"`
		Skips []skipped     `json:"skips"`
		Rerun *replayReport `json:"rerun,omitempty"` // with --verify
		Error string        `json:"error,omitempty"`
	}{
		Skips: []skipped{}, Rerun: o.replay,
		Cached: o.summary.Cached, Ran: o.summary.Ran, Failed: o.summary.Failed, Skipped: o.summary.Skipped, Unrun: o.summary.Unrun,
		Elapsed: o.elapsed.Seconds(), Run: o.run, Exports: o.exports, Written: append([]string{}, o.written...), Failures: []failed{},
	}
	for _, f := range o.summary.Failures {
		v.Failures = append(v.Failures, failed{f.Stage.Name(), f.Err.Error()})
	}
	for _, s := range o.summary.Skips {
		j := skipped{Stage: s.Stage.Name()}
		for _, b := range s.Because {
			j.Because = append(j.Because, b.Name())
		}
		v.Skips = append(v.Skips, j)
	}
	v.Baseline.File, v.Baseline.Exists, v.Baseline.Updated = o.lock, o.expected || o.updated, o.updated
	v.Baseline.Differences = []pipeline.Difference{}
	if o.expected {
		v.Baseline.Differences = append(v.Baseline.Differences, o.differences...)
	}
	if failure != nil {
		v.Error = failure.Error()
	}
	return v
}
