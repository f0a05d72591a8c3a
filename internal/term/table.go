package term

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Table is text in columns.
type Table struct {
	Head  []string // nil for none
	Rows  [][]string
	Right []int // the columns that are set to the right: numbers

	// Paint colours a cell after it got its width; nil colours nothing.
	Paint func(row, column int, text string) string
}

// Text writes the table for a terminal, its columns two blanks apart.
func (t Table) Text(w io.Writer, style Style) error {
	var widths []int
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	line := func(row []string, paint func(column int, text string) string) string {
		var b strings.Builder
		for i, cell := range row {
			switch {
			case slices.Contains(t.Right, i):
				cell = PadLeft(cell, widths[i])
			case i < len(row)-1:
				cell = Pad(cell, widths[i])
			}
			if i > 0 {
				b.WriteString("  ")
			}
			b.WriteString(paint(i, cell))
		}
		return strings.TrimRight(b.String(), " ")
	}
	var b strings.Builder
	if t.Head != nil {
		b.WriteString(style.Bold(line(t.Head, func(_ int, text string) string { return text })) + "\n")
	}
	for n, row := range t.Rows {
		b.WriteString(line(row, func(i int, text string) string {
			if t.Paint == nil {
				return text
			}
			return t.Paint(n, i, text)
		}) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the table in Markdown. It must have a head.
func (t Table) Markdown(w io.Writer) error {
	var b strings.Builder
	for i, row := range append([][]string{t.Head}, t.Rows...) {
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = Markdown(cell)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown keeps text from being taken for markup.
func Markdown(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "\n", " ").Replace(Clean(text))
}

// Count writes a number with its noun: "1 stage", "65 stages", "2 entries".
func Count(n int, noun string) string {
	switch stem, y := strings.CutSuffix(noun, "y"); {
	case n == 1:
		return "1 " + noun
	case y && !strings.ContainsAny(stem[len(stem)-1:], "aeou"):
		return fmt.Sprintf("%d %sies", n, stem)
	case strings.HasSuffix(noun, "ix"):
		return fmt.Sprintf("%d %sices", n, strings.TrimSuffix(noun, "ix"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Bytes writes a number of bytes for people: "812 B", "1.2 MB", "34 GB".
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), 0
	for value >= 999.5 && unit < 4 {
		value /= 1000
		unit++
	}
	text := fmt.Sprintf("%.0f", value)
	if value < 9.95 {
		text = fmt.Sprintf("%.1f", value)
	}
	return text + " " + [...]string{"B", "kB", "MB", "GB", "TB"}[unit]
}
