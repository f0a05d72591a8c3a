package term

import (
	"io"
	"os"

	xterm "golang.org/x/term"
)

// Size returns the width and height in characters of the terminal that w
// writes to. It is not ok where w is no terminal.
func Size(w io.Writer) (width, height int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	width, height, err := xterm.GetSize(int(f.Fd()))
	return width, height, err == nil
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// Live reports whether lines may be redrawn in place on w: it is a terminal
// of a size, and TERM does not say that it has no escape sequences.
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
