package term

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Report is what a verb found, part by part.
type Report []Section

// Section is one part of a report.
type Section struct {
	Title   string
	Verdict Verdict
	Line    string // the result in one sentence
	Head    []string
	Right   []int // as in [Table]
	Rows    []Row
}

// Verdict says whether a section is judged, and how.
type Verdict int

// The verdicts.
const (
	Unjudged Verdict = iota
	Passed
	Failed
)

// Judge returns [Passed] or [Failed].
func Judge(ok bool) Verdict {
	if ok {
		return Passed
	}
	return Failed
}

// Row is one thing that a section looked at: a row of its table if the section has
// a head, some lines otherwise. Of the rows that are as they should be, text and
// Markdown show only those of tables, and only if all are asked for.
type Row struct {
	Class, Name string // of the test case in JUnit
	OK          bool
	Minor       bool // follows from other rows: shown only if all are asked for
	Cells       []string
	Lines       []string
}

// maxLines is how many lines of a section are written, up to the end of a row,
// unless all are asked for.
const maxLines = 20

// shown returns the rows to write, and how many more there are.
func (s Section) shown(all bool) (rows []Row, more int) {
	lines := 0
	for _, r := range s.Rows {
		switch {
		case all && (s.Head != nil || !r.OK), !r.OK && !r.Minor && lines < maxLines:
			rows = append(rows, r)
			lines += max(1, len(r.Lines))
		case !r.OK && !r.Minor:
			more++
		}
	}
	return rows, more
}

// table is the table of rows of a section with a head.
func (s Section) table(rows []Row) Table {
	t := Table{Head: s.Head, Right: s.Right}
	for _, r := range rows {
		t.Rows = append(t.Rows, r.Cells)
	}
	return t
}

// Text writes the report for a terminal.
func (r Report) Text(w io.Writer, style Style, all bool) error {
	const indent = "          "
	out := bufio.NewWriter(w)
	for _, s := range r {
		paint := map[Verdict]func(string) string{Passed: style.Good, Failed: style.Bad, Unjudged: func(text string) string { return text }}[s.Verdict]
		fmt.Fprintf(out, "%s  %s\n", style.Bold(Pad(s.Title, len(indent)-2)), paint(s.Line))
		rows, more := s.shown(all)
		if s.Head != nil && len(rows) > 0 {
			fmt.Fprintln(out)
			if err := s.table(rows).Text(out, style); err != nil {
				return err
			}
		} else {
			for _, row := range rows {
				for _, line := range row.Lines {
					fmt.Fprintf(out, "%s%s\n", indent, line)
				}
			}
		}
		if more > 0 {
			fmt.Fprintf(out, "%sand %d more\n", indent, more)
		}
		if s.Head != nil && len(rows) > 0 {
			fmt.Fprintln(out)
		}
	}
	return out.Flush()
}

// Markdown writes the report for the summary page of a CI run or an issue.
func (r Report) Markdown(w io.Writer, title string, all bool) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "## %s\n\n", title)
	for _, s := range r {
		fmt.Fprintf(out, "- %s: %s\n", s.Title, Markdown(s.Line))
	}
	for _, s := range r {
		rows, more := s.shown(all)
		if len(rows) == 0 {
			continue
		}
		first, size := utf8.DecodeRuneInString(s.Title)
		fmt.Fprintf(out, "\n### %c%s\n\n", unicode.ToUpper(first), s.Title[size:])
		if s.Head != nil {
			if err := s.table(rows).Markdown(out); err != nil {
				return err
			}
		} else {
			for _, row := range rows {
				for _, line := range row.Lines {
					fmt.Fprintf(out, "- %s\n", Markdown(line))
				}
			}
		}
		if more > 0 {
			fmt.Fprintf(out, "\nand %d more\n", more)
		}
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

// JUnit writes the report as JUnit XML, for CI systems: one suite per section that
// has rows, one test case per row.
func (r Report) JUnit(w io.Writer, name string) error {
	suites := junitSuites{Name: name}
	for _, s := range r {
		if len(s.Rows) == 0 {
			continue
		}
		suite := junitSuite{Name: s.Title, Tests: len(s.Rows)}
		for _, row := range s.Rows {
			c := junitCase{Class: row.Class, Name: row.Name}
			text := s.text(row)
			if row.OK {
				c.Output = text
			} else {
				message, _, _ := strings.Cut(text, "\n")
				c.Failure = &junitFailure{Message: message, Text: text}
				suite.Failures++
			}
			suite.Cases = append(suite.Cases, c)
		}
		suites.Tests += suite.Tests
		suites.Failures += suite.Failures
		suites.Suites = append(suites.Suites, suite)
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

// text is what a row says in words: its lines, or its numbers with their heads.
func (s Section) text(r Row) string {
	if s.Head == nil {
		return strings.Join(r.Lines, "\n")
	}
	var parts []string
	for _, column := range s.Right {
		if r.Cells[column] != "" {
			parts = append(parts, s.Head[column]+" "+r.Cells[column])
		}
	}
	return strings.Join(parts, ", ")
}
