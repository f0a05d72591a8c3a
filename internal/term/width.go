package term

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Width returns how many columns text takes on a terminal. Escape sequences
// that set colours take none; tabs and control characters are not expected.
func Width(text string) int {
	columns := 0
	for len(text) > 0 {
		if n := escape(text); n > 0 {
			text = text[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		columns += runeWidth(r)
		text = text[n:]
	}
	return columns
}

// Truncate cuts text to at most width columns. Where something is cut off, an
// ellipsis ends it. Escape sequences are kept, also after the cut, so that no
// colour leaks.
func Truncate(text string, width int) string {
	if Width(text) <= width {
		return text
	}
	if width <= 0 {
		return ""
	}
	var b strings.Builder
	column, cut := 0, false
	for len(text) > 0 {
		if n := escape(text); n > 0 {
			b.WriteString(text[:n])
			text = text[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		if w := runeWidth(r); !cut && column+w > width-1 {
			b.WriteRune('…')
			cut = true
		} else if !cut {
			b.WriteString(text[:n])
			column += w
		}
		text = text[n:]
	}
	return b.String()
}

// Pad appends spaces to text until it takes width columns.
func Pad(text string, width int) string {
	if n := width - Width(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// PadLeft puts spaces before text until it takes width columns.
func PadLeft(text string, width int) string {
	if n := width - Width(text); n > 0 {
		return strings.Repeat(" ", n) + text
	}
	return text
}

// escape returns the length of the CSI sequence that text starts with, 0 if
// it starts with none.
func escape(text string) int {
	if len(text) < 3 || text[0] != '\x1b' || text[1] != '[' {
		return 0
	}
	for i := 2; i < len(text); i++ {
		if text[i] >= 0x40 && text[i] <= 0x7e {
			return i + 1
		}
	}
	return 0
}

// runeWidth returns how many columns a terminal gives to r: two for East Asian
// characters and emoji, none for marks that combine with the one before.
func runeWidth(r rune) int {
	switch {
	case r < 0x20 || r == 0x7f:
		return 0
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1
}
