package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// maxListed is how many lines of one sort check writes without --all.
const maxListed = 20

// text writes the report for people.
func (r *checkReport) text(w io.Writer, style term.Style) error {
	out := bufio.NewWriter(w)
	verdict := func(ok bool, text string) string {
		if ok {
			return style.Good(text)
		}
		return style.Bad(text)
	}
	line := func(head string, ok bool, text string) {
		fmt.Fprintf(out, "%s  %s\n", style.Bold(term.Pad(head, 8)), verdict(ok, text))
	}
	updated := len(r.Updated) > 0
	if r.Variant {
		line("run", true, r.variantText())
	}
	if len(r.Stale) > 0 {
		line("stages", false, fmt.Sprintf("%d of %s not up to date", len(r.Stale), term.Count(r.Stages, "stage")))
		r.staleText(out, style)
	}
	line("digests", updated || r.Expected && len(r.Differences) == 0, r.digestText())
	for i, d := range r.Differences {
		if i == maxListed && !r.all {
			fmt.Fprintf(out, "          and %d more\n", len(r.Differences)-i)
			break
		}
		fmt.Fprintf(out, "          %s\n", d)
	}
	for i, c := range r.Causes {
		printCause(&c, out, style, i == 0)
	}
	line("metrics", updated || len(r.outside()) == 0, r.metricText())
	if shown := r.shownMetrics(); len(shown) > 0 {
		fmt.Fprintln(out)
		_ = metricTable(shown).Text(out, style)
		fmt.Fprintln(out)
	}
	line("curves", true, r.curveText())
	if r.all && len(r.Curves) > 0 {
		fmt.Fprintln(out)
		_ = r.curveTable().Text(out, style)
	}
	for _, file := range r.Updated {
		fmt.Fprintf(out, "%s  %s\n", style.Bold("updated "), file)
	}
	return out.Flush()
}

func (r *checkReport) staleText(out io.Writer, style term.Style) {
	shown := 0
	for _, s := range r.Stale {
		if s.State != "run" && !r.all {
			continue
		}
		if shown++; shown > maxListed && !r.all {
			fmt.Fprintln(out, "          …")
			return
		}
		reason := s.Reason
		if len(s.Changed) > 0 {
			reason = strings.Join(s.Changed, ", ")
		}
		fmt.Fprintf(out, "          %s  %s\n", s.Stage, style.Warn(reason))
	}
}

// variantText says with what a run is compared that has no lock file.
func (r *checkReport) variantText() string {
	return fmt.Sprintf("%s has no %s of its own and is compared with %s", r.Run, lockName, r.Lock)
}

func (r *checkReport) digestText() string {
	switch {
	case !r.Expected && len(r.Updated) == 0:
		return r.Lock + " is missing: nothing to compare with"
	case !r.Expected:
		return term.Count(r.Results, "result") + ", nothing was expected of them before"
	}
	count := make(map[pipeline.DifferenceKind]int)
	for _, d := range r.Differences {
		count[d.Kind]++
	}
	text := fmt.Sprintf("%s, %d as %s expects", term.Count(r.Results, "result"),
		r.Results-count["changed"]-count["new"]-r.Unknown, r.Lock)
	for _, kind := range []pipeline.DifferenceKind{pipeline.Changed, pipeline.New, pipeline.Missing} {
		if count[kind] > 0 {
			text += fmt.Sprintf(", %d %s", count[kind], kind)
		}
	}
	if r.Unknown > 0 {
		text += fmt.Sprintf(", %d not known for this platform", r.Unknown)
	}
	return text
}

func printCause(c *pipeline.Cause, out io.Writer, style term.Style, first bool) {
	head := "also divergent:"
	if first {
		head = "first divergent stage:"
	}
	fmt.Fprintf(out, "%s %s (%s)\n", style.Bad(head), c.Stage, strings.Join(c.Outputs, ", "))
	for _, field := range c.Changed {
		fmt.Fprintf(out, "          %s\n", style.Warn(field))
	}
	if c.Why != "" {
		fmt.Fprintf(out, "          %s\n", c.Why)
	}
	if len(c.Same) > 0 {
		fmt.Fprintf(out, "          the same holds for %s: %s\n", term.Count(len(c.Same), "further stage"), joined(c.Same))
	}
	if c.Follows > 0 {
		fmt.Fprintf(out, "          %s downstream differ because of this\n", term.Count(c.Follows, "stage"))
	}
	switch {
	case c.Run.IsZero() && len(c.Changed) > 0:
		fmt.Fprintf(out, "          %s\n", style.Dim("since the expected results were accepted; no run in this store gave them"))
	case !c.Run.IsZero():
		fmt.Fprintf(out, "          %s\n", style.Dim(fmt.Sprintf("as expected in run %s of %s", c.Run.String()[:12], c.When.Format(time.DateTime))))
	}
}

func (r *checkReport) metricText() string {
	switch {
	case !r.Judged && len(r.Updated) > 0:
		return term.Count(len(r.metrics), "value") + ", nothing was expected of them before"
	case !r.Judged:
		return fmt.Sprintf("%s, and no %s to compare with (check --update writes them)", term.Count(len(r.metrics), "value"), filepath.Join(filepath.Dir(r.Lock), expectedName))
	}
	if len(r.Metrics) == 0 {
		return "none, no table is up to date"
	}
	within, moved := 0, 0
	worst := metricResult{}
	share := -1.0
	for _, m := range r.Metrics {
		if m.OK {
			within++
			if m.Distance > 0 {
				moved++
			}
			if s := m.share(); s > share && !math.IsInf(s, 0) {
				share, worst = s, m
			}
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
		text += fmt.Sprintf("; %d moved, at most by %s of what is allowed (%s of %s)", moved, percent(share), worst.Metric, worst.Row)
	}
	return text
}

// shownMetrics are those outside their tolerance first, with --all every one.
func (r *checkReport) shownMetrics() []metricResult {
	shown := r.outside()
	if r.all {
		shown = slices.Clone(r.Metrics)
	}
	slices.SortStableFunc(shown, func(a, b metricResult) int {
		switch x, y := a.share(), b.share(); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	if !r.all && len(shown) > maxListed {
		shown = shown[:maxListed]
	}
	return shown
}

func metricTable(metrics []metricResult) term.Table {
	t := term.Table{Head: []string{"metric", "of", "expected", "value", "distance", "tolerance", ""}, Right: []int{2, 3, 4, 5}}
	for _, m := range metrics {
		mark := ""
		if !m.OK {
			mark = "outside"
		}
		t.Rows = append(t.Rows, []string{
			m.Metric, m.Table + " " + m.Row, optional(m.Expected), optional(m.Value), number(m.Distance), number(m.Tolerance), mark,
		})
	}
	return t
}

func optional(v *float64) string {
	if v == nil {
		return "–"
	}
	return number(*v)
}

func (r *checkReport) curveText() string {
	if len(r.Curves) == 0 {
		return "none of the paper's is among the results"
	}
	low, high, zero := math.Inf(1), 0.0, 0
	for _, c := range r.Curves {
		if c.Median == nil {
			zero++
			continue
		}
		low, high = min(low, *c.Median), max(high, *c.Median)
	}
	text := fmt.Sprintf("%s beside the paper's", term.Count(len(r.Curves), "curve"))
	if high > 0 {
		text += fmt.Sprintf(": ours/published between %.3g and %.3g (medians over k)", low, high)
	}
	if zero > 0 {
		text += fmt.Sprintf("; %d of ours zero everywhere, the network is dead", zero)
	}
	return text
}

func (r *checkReport) curveTable() term.Table {
	t := term.Table{Head: []string{"ours/paper's", "h", "l"}, Right: []int{1, 2, 3, 4, 5, 6, 7, 8, 9}}
	for _, p := range r.Curves[0].Factors {
		t.Head = append(t.Head, fmt.Sprintf("k=%d", p.K))
	}
	t.Head = append(t.Head, "median", "worst", "at k")
	for _, c := range r.Curves {
		row := []string{c.Dataset + " " + c.Figure, fmt.Sprint(c.HiddenSize), fmt.Sprint(c.NumLayers)}
		for _, p := range c.Factors {
			row = append(row, factor(p.Factor))
		}
		row = append(row, factor(c.Median), factor(c.Worst), "")
		if c.WorstK > 0 {
			row[len(row)-1] = fmt.Sprint(c.WorstK)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func factor(v *float64) string {
	if v == nil {
		return "0"
	}
	return fmt.Sprintf("%.3g", *v)
}
