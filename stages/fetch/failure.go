package fetch

import (
	"fmt"
	"slices"
	"strings"
)

// SourceError says that no source has the files. Its text names each source
// that was tried, why it failed, and what people can do.
type SourceError struct {
	Dataset Dataset
	Missing []string  // names of the files that no source had
	Tried   []Attempt // in order
	Offline bool
}

// Attempt is one source that failed to deliver one file, or, if File is
// empty, was out of reach as a whole.
type Attempt struct {
	Source, File string
	Err          error
}

// String returns the source, the file if it concerns only that, and the cause.
func (a Attempt) String() string {
	if a.File == "" {
		return fmt.Sprintf("%s: %v", a.Source, a.Err)
	}
	return fmt.Sprintf("%s: %s: %v", a.Source, a.File, a.Err)
}

// Error has several lines: what is missing, one line per source, and what to do.
func (e *SourceError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "data set %s: no source has %s:\n", e.Dataset.Name, strings.Join(e.Missing, " and "))
	for _, a := range e.Tried {
		if a.File == "" || slices.Contains(e.Missing, a.File) {
			fmt.Fprintf(&b, "  %v\n", a)
		}
	}
	b.WriteString("to continue, do one of the following:")
	for _, advice := range e.Advice() {
		b.WriteString("\n  - " + advice)
	}
	return b.String()
}

// Unwrap returns the causes.
func (e *SourceError) Unwrap() []error {
	causes := make([]error, len(e.Tried))
	for i, a := range e.Tried {
		causes[i] = a.Err
	}
	return causes
}

// Advice returns the ways to continue, one sentence each.
func (e *SourceError) Advice() []string {
	var advice []string
	d := e.Dataset
	if e.Offline {
		advice = append(advice, "run again without --offline")
	}
	files := d.Labels.Name + ".gz and " + d.Images.Name + ".gz"
	if len(d.Mirrors) > 0 {
		files += " from " + d.Mirrors[0]
	}
	advice = append(advice, fmt.Sprintf("get %s, put them into FOLDER/%s and run again with --data FOLDER (or LANDSCAPE_DATA=FOLDER)", files, d.Name))
	if d.Hint != "" {
		advice = append(advice, d.Hint)
	}
	if d.Module != nil {
		advice = append(advice, fmt.Sprintf("with the go command installed and GOPROXY set to a module proxy in reach: go mod download %s, then run again", d.Module))
	}
	return advice
}
