package term

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// numbered are n rows that are not as they should be, one line each.
func numbered(n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{Class: "c", Name: fmt.Sprint(i), Lines: []string{fmt.Sprintf("row %d", i)}}
	}
	return rows
}

var testReport = Report{
	{Title: "digests", Verdict: Failed, Line: "3 results, 1 differs", Rows: []Row{
		{Class: "train", Name: "train[a]", OK: true},
		{Class: "train", Name: "train[b]", Lines: []string{"train[b]: weights", "train[b]: history"}},
		{Class: "losses", Name: "losses[b]", Minor: true, Lines: []string{"losses[b]"}},
	}},
	{Title: "metrics", Verdict: Failed, Line: "2 values", Head: []string{"metric", "value"}, Right: []int{1}, Rows: []Row{
		{Class: "mad", Name: "b", Cells: []string{"mad", "12"}},
		{Class: "mad", Name: "a", OK: true, Cells: []string{"loss|x", "3"}},
	}},
	{Title: "curves", Line: "none"},
}

func TestReportText(t *testing.T) {
	for all, want := range map[bool]string{
		false: `digests   3 results, 1 differs
          train[b]: weights
          train[b]: history
metrics   2 values

metric  value
mad        12

curves    none
`,
		true: `digests   3 results, 1 differs
          train[b]: weights
          train[b]: history
          losses[b]
metrics   2 values

metric  value
mad        12
loss|x      3

curves    none
`,
	} {
		var b strings.Builder
		if err := testReport.Text(&b, Style{}, all); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("all %v: %s", all, diff)
		}
	}
	var b strings.Builder
	if err := (Report{{Title: "many", Rows: numbered(maxLines + 5)}}).Text(&b, Style{}, false); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(b.String()), "\n"); len(lines) != maxLines+2 || strings.TrimSpace(lines[maxLines+1]) != "and 5 more" {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}

func TestReportMarkdown(t *testing.T) {
	var b strings.Builder
	if err := testReport.Markdown(&b, "Check", true); err != nil {
		t.Fatal(err)
	}
	want := `## Check

- digests: 3 results, 1 differs
- metrics: 2 values
- curves: none

### Digests

- train\[b]: weights
- train\[b]: history
- losses\[b]

### Metrics

| metric | value |
|---|---|
| mad | 12 |
| loss\|x | 3 |
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestReportJUnit: every row is a test case, and the counts add up.
func TestReportJUnit(t *testing.T) {
	var b strings.Builder
	if err := testReport.JUnit(&b, "check"); err != nil {
		t.Fatal(err)
	}
	var have junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &have); err != nil {
		t.Fatal(err)
	}
	have.XMLName = xml.Name{}
	want := junitSuites{Name: "check", Tests: 5, Failures: 3, Suites: []junitSuite{
		{Name: "digests", Tests: 3, Failures: 2, Cases: []junitCase{
			{Class: "train", Name: "train[a]"},
			{Class: "train", Name: "train[b]", Failure: &junitFailure{"train[b]: weights", "train[b]: weights\ntrain[b]: history"}},
			{Class: "losses", Name: "losses[b]", Failure: &junitFailure{"losses[b]", "losses[b]"}},
		}},
		{Name: "metrics", Tests: 2, Failures: 1, Cases: []junitCase{
			{Class: "mad", Name: "b", Failure: &junitFailure{"value 12", "value 12"}},
			{Class: "mad", Name: "a", Output: "value 3"},
		}},
	}}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}
