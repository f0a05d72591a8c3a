package term

import (
	"io"
	"os"

	xterm "golang.org/x/term"
)

// file returns the file that w writes to, also through writers that can be
// unwrapped.
func file(w io.Writer) (*os.File, bool) {
	for {
		switch v := w.(type) {
		case *os.File:
			return v, true
		case interface{ Unwrap() io.Writer }:
			w = v.Unwrap()
		default:
			return nil, false
		}
	}
}

// Size returns the width and height in characters of the terminal that w
// writes to. ok is false if w is not a terminal.
func Size(w io.Writer) (width, height int, ok bool) {
	f, isFile := file(w)
	if !isFile {
		return 0, 0, false
	}
	width, height, err := xterm.GetSize(int(f.Fd()))
	return width, height, err == nil
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := file(w)
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// Live reports whether lines may be redrawn in place on w: it is a terminal
// of known size, and TERM does not say that it has no escape sequences.
func Live(w io.Writer, getenv func(string) string) bool {
	if t := getenv("TERM"); t == "dumb" || t == "" {
		return false
	}
	width, height, ok := Size(w)
	return ok && IsTerminal(w) && width >= 20 && height >= 4
}

// Coloured reports whether colour may be used on w: it is a terminal, TERM is
// not dumb, and NO_COLOR (https://no-color.org) is unset or empty.
func Coloured(w io.Writer, getenv func(string) string) bool {
	return IsTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// Style colours text, or returns it as it is, as the zero value does.
type Style struct{ on bool }

// NewStyle returns a style that colours text if on is true.
func NewStyle(on bool) Style { return Style{on} }

// The colours are the eight of the terminal's own palette, so that they are
// readable on light and dark backgrounds.
const (
	bold      = "1"
	dim       = "2"
	red       = "31"
	green     = "32"
	yellow    = "33"
	cyan      = "36"
	endColour = "\x1b[0m"
)

// Bold is for what stands out.
func (s Style) Bold(text string) string { return s.wrap(bold, text) }

// Dim is for what matters least.
func (s Style) Dim(text string) string { return s.wrap(dim, text) }

// Good is green, for what is done.
func (s Style) Good(text string) string { return s.wrap(green, text) }

// Bad is red, for what failed.
func (s Style) Bad(text string) string { return s.wrap(red, text) }

// Warn is yellow, for what is worth a look.
func (s Style) Warn(text string) string { return s.wrap(yellow, text) }

// Busy is cyan, for what is in progress.
func (s Style) Busy(text string) string { return s.wrap(cyan, text) }

func (s Style) wrap(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + endColour
}
