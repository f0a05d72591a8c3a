package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one mistake in a file or its overrides, with its place.
type Problem struct {
	File   string // as it was named, or "--set #1" for the first override
	Line   int    // from 1; 0 if the mistake has no place (something is missing)
	Column int    // from 1, counted in characters
	Width  int    // characters that are wrong, at least 1
	Source string // the line itself
	Text   string // what is wrong
	Hint   string // what to do: the allowed range, the nearest known name; may be empty

	order int // of the source: 0 for the file, 1 for the first override
}

// String renders the problem as compilers do: file:line:column and what is
// wrong, then the line, then a caret below the mistake and the hint.
//
//	params.toml:12:10: train.epochs is -1
//	   12 | epochs = -1
//	      |          ^^ allowed: 1 to 10000
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(printable(p.File))
	if p.Line > 0 && p.order == 0 {
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
	if p.order > 0 {
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

// Error is all that is wrong with a file and its overrides, sorted by place.
type Error struct {
	Problems []Problem
}

// maxShown bounds how many problems Error renders.
const maxShown = 50

// Error renders the problems one after the other, at most maxShown of them.
func (e *Error) Error() string {
	var texts []string
	for _, p := range e.Problems[:min(len(e.Problems), maxShown)] {
		texts = append(texts, p.String())
	}
	if more := len(e.Problems) - maxShown; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "\n")
}

// sortProblems orders problems by place; those of one place keep their order.
func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// span is a range of bytes in the text of a source.
type span struct{ start, end int }

// source is a text that values are read from: the file or one override.
type source struct {
	name  string
	text  string
	order int // 0 for the file, 1 for the first override
}

func (src *source) isOverride() bool { return src.order > 0 }

// at makes a problem of the text at s.
func (src *source) at(s span, text, hint string) Problem {
	start := max(0, min(s.start, len(src.text)))
	for start > 0 && start < len(src.text) && !utf8.RuneStart(src.text[start]) {
		start-- // the decoder counts bytes, and not always whole characters
	}
	lineStart := strings.LastIndexByte(src.text[:start], '\n') + 1
	lineEnd := start + lineLength(src.text[start:])
	end := max(start, min(s.end, lineEnd))
	for end < lineEnd && !utf8.RuneStart(src.text[end]) {
		end++
	}
	return Problem{
		File:   src.name,
		Line:   strings.Count(src.text[:start], "\n") + 1,
		Column: utf8.RuneCountInString(src.text[lineStart:start]) + 1,
		Width:  max(1, utf8.RuneCountInString(src.text[start:end])),
		Source: strings.TrimRight(src.text[lineStart:lineEnd], "\r"),
		Text:   text,
		Hint:   hint,
		order:  src.order,
	}
}

// show returns the text at s for a message, shortened if it is long.
func (src *source) show(s span) string {
	text, _, cut := strings.Cut(src.text[s.start:s.end], "\n")
	text = strings.TrimRight(text, "\r \t")
	if utf8.RuneCountInString(text) > 40 {
		text, cut = string([]rune(text)[:37]), true
	}
	if cut {
		text += "..."
	}
	return printable(text)
}

// printable replaces control characters: a file must not be able to control a
// terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// clip makes a name or message from outside fit for one line.
func clip(name string) string {
	if name == "" {
		return `""`
	}
	shown, _, _ := window([]rune(name), 0, 0)
	return shown
}

// lineWidth is how many characters of a source line are shown: a list of a
// thousand values must not push its own caret off the screen.
const lineWidth = 100

// window cuts out of a line the part around the mistake, which begins at
// column at (from 0) and has the given width. It returns that part, the blanks
// before the carets (a tab stays a tab, so that both lines align), and the
// width that is visible.
func window(line []rune, at, width int) (shown, before string, visible int) {
	line = []rune(printable(string(line)))
	at = max(0, min(at, len(line)))
	head, tail := "", ""
	if len(line) > lineWidth {
		start := max(0, min(at-lineWidth/3, len(line)-lineWidth))
		end := min(len(line), start+lineWidth)
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
