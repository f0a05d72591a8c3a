package stages

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Problem is one mistake in the params, with the place where it stands.
type Problem struct {
	File   string // the file as it was named, or "--set #1" for the first override
	Line   int    // from 1; 0 where the mistake stands in no one place (something is missing)
	Column int    // from 1, counted in characters
	Width  int    // characters that are wrong, at least 1
	Source string // the line itself
	Text   string // what is wrong
	Hint   string // what to do: the allowed range, the nearest known name; may be empty

	order int // of the file among the file and its overrides
}

// String renders the problem as compilers do: file:line:column and what is
// wrong, then the line, then a caret below what is meant and the hint.
//
//	params.toml:12:10: train.epochs is -1
//	   12 | epochs = -1
//	      |          ^^ allowed: 1 to 10000
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 && !isOverrideName(p.File) {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	b.WriteString(p.Text)
	if p.Line == 0 {
		if p.Hint != "" {
			b.WriteString("; ")
			b.WriteString(p.Hint)
		}
		return b.String()
	}
	gutter := fmt.Sprintf("%5d | ", p.Line)
	if isOverrideName(p.File) {
		gutter = "      | "
	}
	line, before, width := window([]rune(p.Source), p.Column-1, p.Width)
	b.WriteString("\n" + gutter + line)
	b.WriteString("\n      | " + before + strings.Repeat("^", width))
	if p.Hint != "" {
		b.WriteString(" " + p.Hint)
	}
	return b.String()
}

// printable replaces control characters: a params file must not be able to
// steer a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// lineRoom is how many characters of a source line are shown: a list of a
// thousand seeds must not push its own caret off the screen.
const lineRoom = 100

// window cuts the part of a line that holds the mistake at column at (from
// 0) of the given width. It returns that part, the blanks that go before the
// carets (a tab stays a tab, so that both lines align), and the width that is
// visible.
func window(line []rune, at, width int) (shown, before string, visible int) {
	line = []rune(printable(string(line)))
	at = max(0, min(at, len(line)))
	head, tail := "", ""
	if len(line) > lineRoom {
		start := max(0, min(at-lineRoom/3, len(line)-lineRoom))
		end := min(len(line), start+lineRoom)
		if start > 0 {
			head = "..."
		}
		if end < len(line) {
			tail = "..."
		}
		line, at = line[start:end], at-start
	}
	var blank strings.Builder
	blank.WriteString(strings.Repeat(" ", len(head)))
	for _, r := range line[:at] {
		if r == '\t' {
			blank.WriteByte('\t')
		} else {
			blank.WriteByte(' ')
		}
	}
	visible = max(1, min(width, len(line)-at))
	return head + string(line) + tail, blank.String(), visible
}

// ParamsError is all that is wrong with a params file and its overrides, in
// the order in which it stands there.
type ParamsError struct {
	Problems []Problem
}

// Error renders every problem, one after the other.
func (e *ParamsError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// sortProblems orders problems by place; those of one place keep their order.
func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

func overrideName(i int) string { return fmt.Sprintf("--set #%d", i+1) }

func isOverrideName(name string) bool { return strings.HasPrefix(name, "--set #") }
