package main

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

// markdown writes the report for the summary page of a CI run or an issue.
func (r *checkReport) markdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	verdict := "passed"
	if !r.OK {
		verdict = "**failed**"
	}
	fmt.Fprintf(out, "## Regression check: %s\n\n", verdict)
	if r.Variant {
		fmt.Fprintf(out, "- run: %s\n", r.variantText())
	}
	if len(r.Stale) > 0 {
		fmt.Fprintf(out, "- stages: %d of %d not up to date\n", len(r.Stale), r.Stages)
	}
	fmt.Fprintf(out, "- digests: %s\n- metrics: %s\n- curves: %s\n", r.digestText(), r.metricText(), r.curveText())
	for _, file := range r.Updated {
		fmt.Fprintf(out, "- updated: `%s`\n", file)
	}
	if len(r.Causes) > 0 {
		fmt.Fprint(out, "\n### First divergent stage\n\n")
		for _, c := range r.Causes {
			fmt.Fprintf(out, "- `%s` (%s)", c.Stage, strings.Join(c.Outputs, ", "))
			if len(c.Same) > 0 {
				fmt.Fprintf(out, " and %d more of its kind", len(c.Same))
			}
			fmt.Fprintf(out, "; %d downstream follow\n", c.Follows)
			for _, f := range c.Changed {
				fmt.Fprintf(out, "  - %s\n", term.Markdown(f))
			}
			if c.Why != "" {
				fmt.Fprintf(out, "  - %s\n", c.Why)
			}
		}
	}
	stale := r.Stale
	if !r.all { // stages that only depend on these are left out
		stale = slices.DeleteFunc(slices.Clone(stale), func(s staleValue) bool { return s.State != "run" })
		stale = stale[:min(len(stale), maxListed)]
	}
	if len(stale) > 0 {
		fmt.Fprint(out, "\n### Not up to date\n\n")
		for _, s := range stale {
			reason := s.Reason
			if len(s.Changed) > 0 {
				reason = strings.Join(s.Changed, ", ")
			}
			fmt.Fprintf(out, "- `%s`: %s\n", s.Stage, term.Markdown(reason))
		}
	}
	if len(r.Differences) > 0 {
		fmt.Fprint(out, "\n### Results that differ\n\n")
		for i, d := range r.Differences {
			if i == maxListed && !r.all {
				fmt.Fprintf(out, "- and %d more\n", len(r.Differences)-i)
				break
			}
			fmt.Fprintf(out, "- %s\n", term.Markdown(d.String()))
		}
	}
	if shown := r.shownMetrics(); len(shown) > 0 {
		fmt.Fprint(out, "\n### Metrics\n\n")
		_ = metricTable(shown).Markdown(out)
	}
	if len(r.Curves) > 0 {
		fmt.Fprint(out, "\n### Curves: ours divided by the paper's\n\n")
		_ = r.curveTable().Markdown(out)
	}
	return out.Flush()
}

// The parts of JUnit's XML that CI systems read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	s.Cases = append(s.Cases, c)
}

// junit writes one test case per stage, metric and curve.
func (r *checkReport) junit(w io.Writer) error {
	suites := junitSuites{Name: "landscape-pipe check", Suites: []junitSuite{r.junitStages(), r.junitMetrics(), r.junitCurves()}}
	for _, s := range suites.Suites {
		suites.Tests += s.Tests
		suites.Failures += s.Failures
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suites); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *checkReport) junitStages() junitSuite {
	suite := junitSuite{Name: "digests"}
	failures := make(map[string][]string)
	why := make(map[string]string)
	var gone []string // of stages that are not in the graph
	for _, s := range r.Stale {
		failures[s.Stage] = append(failures[s.Stage], "not up to date: "+s.Reason)
		why[s.Stage] = strings.Join(s.Changed, "\n")
	}
	for _, d := range r.Differences {
		if _, ok := r.named[d.Stage]; !ok && failures[d.Stage] == nil {
			gone = append(gone, d.Stage)
		}
		failures[d.Stage] = append(failures[d.Stage], d.String())
	}
	for _, c := range r.Causes {
		why[c.Stage] = "first divergent stage\n" + strings.Join(c.Changed, "\n") + c.Why
	}
	if !r.Expected {
		suite.add(junitCase{Class: "lock", Name: r.Lock, Failure: &junitFailure{Message: "the file is missing"}})
	}
	for _, name := range append(r.order, gone...) {
		c := junitCase{Class: r.named[name], Name: name}
		if f := failures[name]; f != nil {
			c.Failure = &junitFailure{Message: f[0], Text: strings.TrimSpace(strings.Join(f, "\n") + "\n" + why[name])}
		}
		suite.add(c)
	}
	return suite
}

func (r *checkReport) junitMetrics() junitSuite {
	suite := junitSuite{Name: "metrics"}
	for _, m := range r.Metrics {
		c := junitCase{Class: m.Table + "." + m.Metric, Name: m.Row}
		text := fmt.Sprintf("value %s, expected %s, distance %s, tolerance %s",
			optional(m.Value), optional(m.Expected), number(m.Distance), number(m.Tolerance))
		if m.OK {
			c.Output = text
		} else {
			c.Failure = &junitFailure{Message: text}
		}
		suite.add(c)
	}
	return suite
}

func (r *checkReport) junitCurves() junitSuite {
	suite := junitSuite{Name: "curves"}
	for _, c := range r.Curves {
		suite.add(junitCase{
			Class: c.Dataset + "." + c.Figure, Name: fmt.Sprintf("h=%d,l=%d", c.HiddenSize, c.NumLayers),
			Output: fmt.Sprintf("ours/published: median %s, worst %s at k=%d", factor(c.Median), factor(c.Worst), c.WorstK),
		})
	}
	return suite
}
