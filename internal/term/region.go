package term

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

// Region is a block of lines at the end of a terminal's output that is
// redrawn in place, below lines that stay. It never hides the cursor or changes
// a mode, so that a killed process leaves a sane terminal.
//
// A Region must not be used by two goroutines at once.
type Region struct {
	w     io.Writer
	size  func() (width, height int)
	drawn []int // widths of the lines on the terminal
}

// NewRegion returns an empty region at the cursor of w. It asks for the size
// before each drawing, so that it follows a resized window.
func NewRegion(w io.Writer, size func() (width, height int)) *Region {
	return &Region{w: w, size: size}
}

// Print writes text, which stays, above the region, and draws lines in place of
// those drawn before, all in one write. The text is whole lines, or "" for
// none. A line that is too long is cut, and lines that do not fit on the
// terminal are left out at the end.
func (r *Region) Print(text string, lines []string) error {
	width, height := r.size()
	var b bytes.Buffer
	r.erase(&b, width)
	if text != "" {
		b.WriteString(strings.TrimSuffix(text, "\n"))
		b.WriteByte('\n')
	}
	if len(lines) > height-1 {
		lines = lines[:max(height-1, 0)]
	}
	r.drawn = r.drawn[:0]
	for _, line := range lines {
		// One column stays free: some terminals take a cursor after the last
		// column for a wrapped line.
		line = Truncate(line, width-1)
		b.WriteString(line)
		b.WriteByte('\n')
		r.drawn = append(r.drawn, Width(line))
	}
	_, err := r.w.Write(b.Bytes())
	return err
}

// erase moves the cursor to where the region began and clears from there on.
// If the window became narrower since, the lines are wrapped and take more rows
// than there are lines.
func (r *Region) erase(b *bytes.Buffer, width int) {
	rows := 0
	for _, w := range r.drawn {
		rows += max(1, (w+width-1)/max(width, 1))
	}
	if rows > 0 {
		b.WriteString("\r\x1b[" + strconv.Itoa(rows) + "A\x1b[J")
	}
}
