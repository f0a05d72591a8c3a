package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

// plural writes a number with its noun: "1 stage", "65 stages".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// shellWord quotes a word for a POSIX shell where that is needed: the names
// of stages have brackets.
func shellWord(word string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+@%", r)
	}
	if word != "" && strings.TrimFunc(word, safe) == "" && strings.IndexFunc(word, func(r rune) bool { return !safe(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// printJSON writes a value as indented JSON with a newline at the end.
func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// short cuts a digest or key to the digits that people compare; other text
// stays, made safe for terminals.
func short(text string) string {
	if len(text) == 64 && strings.Trim(text, "0123456789abcdef") == "" {
		return text[:12]
	}
	return term.Clean(text)
}

// joined lists words, of many only the first.
func joined(words []string) string {
	const most = 6
	if len(words) > most {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
	}
	return strings.Join(words, ", ")
}

// byteSize writes a number of bytes for people: "812 B", "1.2 MB", "34 GB".
func byteSize(n int64) string {
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

// writeTable writes rows in columns, two blanks apart; the columns in right are
// set to the right. The first row is the head.
func writeTable(out io.Writer, style term.Style, rows [][]string, right ...int) {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], term.Width(cell))
		}
	}
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			if slices.Contains(right, i) {
				line.WriteString(term.PadLeft(cell, width[i]))
			} else {
				line.WriteString(term.Pad(cell, width[i]))
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if n == 0 {
			text = style.Bold(text)
		}
		fmt.Fprintln(out, text)
	}
}
