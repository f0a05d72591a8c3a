package stages

import (
	"strings"
	"unicode/utf8"
)

// span is a range of bytes in the text of a source.
type span struct{ start, end int }

// source is a text that params are read from: the file or one override.
type source struct {
	name     string
	text     string
	order    int // 0 for the file, 1 for the first override
	override bool
}

// at makes a problem of what stands at s.
func (src *source) at(s span, text, hint string) Problem {
	start := max(0, min(s.start, len(src.text)))
	for start > 0 && start < len(src.text) && !utf8.RuneStart(src.text[start]) {
		start-- // the decoder counts bytes, and not always whole characters
	}
	lineStart := strings.LastIndexByte(src.text[:start], '\n') + 1
	lineEnd := len(src.text)
	if i := strings.IndexByte(src.text[start:], '\n'); i >= 0 {
		lineEnd = start + i
	}
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

// show returns the text at s for a message, cut where it is long.
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
