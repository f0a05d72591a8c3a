package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type checkCmd struct {
	overrides
	Update    bool `help:"Accept the current results as the expected ones, and say what changed."`
	AsDefault bool `name:"as-default" help:"With --update: make the params of this run those of the default run, and write its figures and results into the artifacts folder."`
	All       bool `short:"a" help:"List every metric and curve, not only what differs."`
	JSON      bool `name:"json" help:"Write JSON." xor:"form"`
	Junit     bool `name:"junit" help:"Write JUnit XML, for CI." xor:"form"`
	Markdown  bool `name:"markdown" help:"Write Markdown." xor:"form"`
}

const checkHelp = `Compares the results in the store, and runs nothing:

    digests   of every output with lock.json, bit by bit
    metrics   of the tables with those in expected/: value, tolerance, distance
    curves    with the paper's: ours divided by the published one, which is
              reported and not judged

lock.json and expected/ lie in the artifacts folder, those of a run with other
params in its folder below runs. The file tolerances.toml beside them may say how
far metrics may be off. A run without a lock.json, because its params file was
edited or by --set, is compared with that of the run without the edit.

Where results differ, the first divergent stage is named, with the params, code
or inputs that changed since the last run that gave the expected result or, if
the store has no such run, since lock.json was written.
`

// Run implements the verb.
func (c *checkCmd) Run(ctx context.Context, a *app, g *globals) error {
	if c.AsDefault && !c.Update {
		return usage(errors.New("--as-default is for --update"), "landscape-pipe check --update --as-default")
	}
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{})
	if err != nil {
		return err
	}
	defer w.close()
	if c.AsDefault {
		w.run, w.exports, w.base = "", g.Artifacts, ""
	}
	run := baseline.Run{Name: w.run, Folder: w.exports, Base: w.base, Params: w.params.Lines(), Plan: plan, Store: w.store}
	found, err := baseline.Check(ctx, run)
	if err != nil {
		return err
	}
	if c.Update {
		if err := c.update(ctx, found, run); err != nil {
			return err
		}
	}
	switch sections := checkSections(plan, found); {
	case c.JSON:
		err = a.json(found)
	case c.Junit:
		err = sections.JUnit(a.raw, "landscape-pipe check")
	case c.Markdown:
		title := "Regression check: **failed**"
		if found.OK {
			title = "Regression check: passed"
		}
		err = sections.Markdown(a.stdout, title, c.All)
	default:
		err = sections.Text(a.stdout, a.out, c.All)
	}
	if err == nil && !found.OK {
		err = checkFailure(found)
	}
	return err
}

// update accepts the results as the expected ones, unless some are missing.
func (c *checkCmd) update(ctx context.Context, found *baseline.Report, run baseline.Run) error {
	if n := len(found.Stale); n > 0 {
		return advised(fmt.Errorf("%s not up to date: nothing was written", term.Count(n, "stage")), "run landscape-pipe repro first")
	}
	if err := found.Update(ctx, run); err != nil || !c.AsDefault {
		return err
	}
	written, err := exportCached(ctx, run.Plan, run.Folder)
	for _, file := range written {
		found.Updated = append(found.Updated, filepath.Join(run.Folder, filepath.FromSlash(file)))
	}
	return err
}

// checkFailure says what is wrong in one line.
func checkFailure(r *baseline.Report) error {
	switch {
	case !r.Exists:
		return advised(&differenceError{r.Digests.String()},
			"landscape-pipe check --update writes it")
	case len(r.Stale) > 0:
		return advised(&differenceError{fmt.Sprintf("%s not up to date", term.Count(len(r.Stale), "stage"))},
			"landscape-pipe repro brings the results up to date")
	}
	var parts []string
	switch n := len(r.Differences); {
	case n == 1:
		parts = append(parts, "1 result differs")
	case n > 1:
		parts = append(parts, fmt.Sprintf("%d results differ", n))
	}
	if n := r.Outside(); n > 0 {
		parts = append(parts, term.Count(n, "metric")+" outside the tolerance")
	}
	return advised(&differenceError{strings.Join(parts, ", ")}, "landscape-pipe check --update accepts the new results")
}

// checkSections puts what check found into words.
func checkSections(plan *pipeline.Plan, r *baseline.Report) term.Report {
	var sections term.Report
	if r.Variant {
		sections = append(sections, term.Section{Title: "run", Verdict: term.Passed,
			Line: fmt.Sprintf("%s has no %s of its own and is compared with %s", r.Run, baseline.LockName, r.Lock)})
	}
	if len(r.Stale) > 0 {
		sections = append(sections, staleSection(plan, r))
	}
	sections = append(sections, digestSection(plan, r))
	for i, c := range r.Causes {
		sections = append(sections, causeSection(c, i == 0))
	}
	sections = append(sections, metricSection(r), curveSection(r))
	for _, file := range r.Updated {
		sections = append(sections, term.Section{Title: "updated", Line: file})
	}
	return sections
}

// staleSection has one row per stage that is not up to date.
func staleSection(plan *pipeline.Plan, r *baseline.Report) term.Section {
	s := term.Section{Title: "stages", Verdict: term.Failed,
		Line: fmt.Sprintf("%d of %s not up to date", len(r.Stale), term.Count(r.Stages, "stage"))}
	for _, stale := range r.Stale {
		reason := stale.Reason
		if len(stale.Changed) > 0 {
			reason = strings.Join(stale.Changed, ", ")
		}
		s.Rows = append(s.Rows, term.Row{
			Class: plan.Graph().Stage(stale.Stage).Kind(), Name: stale.Stage, Lines: []string{stale.Stage + "  " + reason},
			Minor: stale.State != pipeline.StateRun.String(),
		})
	}
	return s
}

// digestSection has one row per stage that is up to date or whose results are
// gone.
func digestSection(plan *pipeline.Plan, r *baseline.Report) term.Section {
	s := term.Section{Title: "digests", Verdict: term.Judge(len(r.Updated) > 0 || r.Exists && len(r.Differences) == 0), Line: digestLine(r)}
	if !r.Exists {
		s.Rows = append(s.Rows, term.Row{Class: "lock", Name: r.Lock, OK: len(r.Updated) > 0})
	}
	at := make(map[string]int) // stage → row
	for _, step := range plan.Steps() {
		if step.State == pipeline.StateCached {
			at[step.Stage.Name()] = len(s.Rows)
			s.Rows = append(s.Rows, term.Row{Class: step.Stage.Kind(), Name: step.Stage.Name(), OK: true})
		}
	}
	for _, d := range r.Differences {
		i, ok := at[d.Stage]
		if !ok {
			i = len(s.Rows)
			at[d.Stage] = i
			kind, _, _ := strings.Cut(d.Stage, "[")
			s.Rows = append(s.Rows, term.Row{Class: kind, Name: d.Stage})
		}
		s.Rows[i].OK = false
		s.Rows[i].Lines = append(s.Rows[i].Lines, d.String())
	}
	return s
}

func digestLine(r *baseline.Report) string {
	if !r.Exists && len(r.Updated) > 0 {
		return term.Count(r.Results, "result") + ", nothing was expected of them before"
	}
	return r.Digests.String()
}

func causeSection(c pipeline.Cause, first bool) term.Section {
	head := "also divergent"
	if first {
		head = "first divergent stage"
	}
	lines := slices.Clone(c.Changed)
	if c.Why != "" {
		lines = append(lines, c.Why)
	}
	if len(c.Same) > 0 {
		lines = append(lines, fmt.Sprintf("the same holds for %s: %s", term.Count(len(c.Same), "further stage"), joined(c.Same)))
	}
	if c.Follows > 0 {
		lines = append(lines, fmt.Sprintf("%s downstream differ because of this", term.Count(c.Follows, "stage")))
	}
	switch {
	case !c.Run.IsZero():
		lines = append(lines, fmt.Sprintf("as expected in run %s of %s", c.Run.String()[:12], c.When.Format(time.DateTime)))
	case len(c.Changed) > 0:
		lines = append(lines, "since the expected results were accepted; no run in this store gave them")
	}
	return term.Section{Title: "cause", Verdict: term.Failed, Line: fmt.Sprintf("%s: %s (%s)", head, c.Stage, strings.Join(c.Outputs, ", ")),
		Rows: []term.Row{{Class: head, Name: c.Stage, Lines: lines}}}
}

// metricSection has one row per metric, the farthest off first.
func metricSection(r *baseline.Report) term.Section {
	s := term.Section{
		Title: "metrics", Verdict: term.Judge(len(r.Updated) > 0 || r.Outside() == 0), Line: metricLine(r),
		Head: []string{"metric", "of", "expected", "value", "distance", "tolerance", ""}, Right: []int{2, 3, 4, 5},
	}
	metrics := slices.Clone(r.Metrics)
	slices.SortStableFunc(metrics, func(a, b baseline.MetricResult) int {
		switch x, y := a.Share(), b.Share(); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	for _, m := range metrics {
		mark := ""
		if !m.OK {
			mark = "outside"
		}
		s.Rows = append(s.Rows, term.Row{Class: m.Table + "." + m.Metric, Name: m.Row, OK: m.OK, Cells: []string{
			m.Metric, m.Table + " " + m.Row, optional(m.Expected), optional(m.Value), number(m.Distance), number(m.Tolerance), mark,
		}})
	}
	return s
}

func metricLine(r *baseline.Report) string {
	switch {
	case !r.Judged && len(r.Updated) > 0:
		return term.Count(r.Values, "value") + ", nothing was expected of them before"
	case !r.Judged:
		return fmt.Sprintf("%s, and no expected ones to compare with (check --update writes them beside %s)", term.Count(r.Values, "value"), r.Lock)
	case len(r.Metrics) == 0:
		return "none, no table is up to date"
	}
	within, moved := 0, 0
	worst, share := baseline.MetricResult{}, -1.0
	for _, m := range r.Metrics {
		if !m.OK {
			continue
		}
		within++
		if m.Distance > 0 {
			moved++
		}
		if s := m.Share(); s > share && !math.IsInf(s, 0) {
			share, worst = s, m
		}
	}
	text := fmt.Sprintf("%s, %d within tolerance", term.Count(len(r.Metrics), "value"), within)
	if n := len(r.Metrics) - within; n > 0 {
		text += fmt.Sprintf(", %d outside", n)
	}
	switch {
	case within == len(r.Metrics) && moved == 0:
		text += ", all exactly as expected"
	case moved > 0:
		text += fmt.Sprintf("; %d differ, the most by %s of its tolerance (%s of %s)", moved, percent(share), worst.Metric, worst.Row)
	}
	return text
}

// curveSection has one row per curve of ours that the paper shows, too.
func curveSection(r *baseline.Report) term.Section {
	s := term.Section{Title: "curves", Verdict: term.Passed, Line: "none of the paper's is among the results"}
	if len(r.Curves) == 0 {
		return s
	}
	s.Head = []string{"ours/paper's", "h", "num_layers"}
	for _, p := range r.Curves[0].Factors {
		s.Head = append(s.Head, fmt.Sprintf("k=%d", p.K))
	}
	s.Head = append(s.Head, "median", "worst", "at k")
	for i := 1; i < len(s.Head); i++ {
		s.Right = append(s.Right, i)
	}
	low, high, zero := math.Inf(1), 0.0, 0
	for _, c := range r.Curves {
		cells := []string{c.Dataset + " " + c.Figure, fmt.Sprint(c.HiddenSize), fmt.Sprint(c.NumLayers)}
		for _, p := range c.Factors {
			cells = append(cells, factor(p.Factor))
		}
		cells = append(cells, factor(c.Median), factor(c.Worst), "")
		if c.WorstK > 0 {
			cells[len(cells)-1] = fmt.Sprint(c.WorstK)
		}
		s.Rows = append(s.Rows, term.Row{
			Class: c.Dataset + "." + c.Figure, Name: fmt.Sprintf("h=%d,num_layers=%d", c.HiddenSize, c.NumLayers), OK: true, Cells: cells,
		})
		if c.Median == nil {
			zero++
		} else {
			low, high = min(low, *c.Median), max(high, *c.Median)
		}
	}
	s.Line = fmt.Sprintf("%s beside the paper's", term.Count(len(r.Curves), "curve"))
	if high > 0 {
		s.Line += fmt.Sprintf(": ours/published between %.3g and %.3g (medians over k)", low, high)
	}
	if zero > 0 {
		s.Line += fmt.Sprintf("; %d of ours zero everywhere, the network is dead", zero)
	}
	return s
}

func factor(v *float64) string {
	if v == nil {
		return "0"
	}
	return fmt.Sprintf("%.3g", *v)
}

func optional(v *float64) string {
	if v == nil {
		return "–"
	}
	return number(*v)
}

// number writes a value so that people can compare it.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }

// percent writes a part of 1 with two digits: "34 %", "0.0021 %", "100 %".
func percent(v float64) string {
	if v *= 100; v >= 99.5 && v < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64) + " %"
	}
	return strconv.FormatFloat(v, 'g', 2, 64) + " %"
}
