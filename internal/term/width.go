package term

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Width returns how many columns text takes on a terminal. Escape sequences
// that set colours take none; tabs and control characters are not expected.
func Width(text string) int {
	width := 0
	for len(text) > 0 {
		if n := escape(text); n > 0 {
			text = text[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		width += runeWidth(r)
		text = text[n:]
	}
	return width
}

// Truncate cuts text to at most width columns. Where something is cut off, an
// ellipsis ends it. Escape sequences are kept, also behind the cut, so that no
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

// Pad appends blanks to text until it takes width columns.
func Pad(text string, width int) string {
	if n := width - Width(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// PadLeft puts blanks before text until it takes width columns.
func PadLeft(text string, width int) string {
	if n := width - Width(text); n > 0 {
		return strings.Repeat(" ", n) + text
	}
	return text
}

// Clean replaces what could steer a terminal (control characters, escape
// sequences, bytes that are no UTF-8) in text that comes from outside.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
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

// wide are the ranges of characters that take two columns: East Asian
// scripts and emoji (Unicode East Asian Width W and F, the common blocks).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1},
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1},
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

func runeWidth(r rune) int {
	switch {
	case r < 0x20 || r == 0x7f:
		return 0
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
