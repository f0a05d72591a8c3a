package term

import (
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean replaces what could control a terminal (control characters, escape
// sequences, marks of writing direction) or is not UTF-8 in text that comes
// from outside.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// CleanLine is [Clean] for text that must stay on its line, as a name: it replaces
// line breaks and tabs, too, so that no name can pass for a line of the output.
func CleanLine(text string) string {
	return strings.NewReplacer("\n", "\ufffd", "\t", "\ufffd").Replace(Clean(text))
}

// NewCleaner returns a writer that passes text on to w after [Clean], except for
// the colours of a [Style] if it colours.
func NewCleaner(w io.Writer, style Style) io.Writer {
	c := &cleaner{w: w}
	if style.on {
		c.keep = append(c.keep, endColour)
		for _, code := range []string{bold, dim, red, green, yellow, cyan} {
			c.keep = append(c.keep, "\x1b["+code+"m")
		}
	}
	return c
}

type cleaner struct {
	w    io.Writer
	keep []string // sequences
	rest string   // the start of a character or sequence whose end was not written yet
}

func (c *cleaner) Write(b []byte) (int, error) {
	text := c.rest + string(b)
	c.rest = ""
	var clean strings.Builder
	for text != "" {
		if text[0] == '\x1b' {
			if i := slices.IndexFunc(c.keep, func(s string) bool { return strings.HasPrefix(text, s) }); i >= 0 {
				clean.WriteString(c.keep[i])
				text = text[len(c.keep[i]):]
				continue
			}
			if slices.ContainsFunc(c.keep, func(s string) bool { return strings.HasPrefix(s, text) }) {
				c.rest = text
				break
			}
		} else if !utf8.FullRuneInString(text) {
			c.rest = text
			break
		}
		_, n := utf8.DecodeRuneInString(text)
		clean.WriteString(Clean(text[:n]))
		text = text[n:]
	}
	if _, err := c.w.Write([]byte(clean.String())); err != nil {
		return 0, err
	}
	return len(b), nil
}
