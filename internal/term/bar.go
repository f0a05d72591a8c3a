package term

import "strings"

// Part is one stretch of a bar: how much of the total it is, and how it is
// coloured.
type Part struct {
	Count int
	Paint func(string) string // nil for none
}

// Bar draws parts of a total side by side as a line of the given width in
// columns; the rest of the total is drawn thin. Every part that is not zero
// gets at least one column while there is room, and the bar is full only if
// the parts add up to the total.
func Bar(width, total int, parts ...Part) string {
	if width <= 0 {
		return ""
	}
	sum := 0
	for _, p := range parts {
		sum += p.Count
	}
	room := width
	if sum < total {
		room = width - 1
	}
	var b strings.Builder
	used, count := 0, 0
	for _, p := range parts {
		if p.Count <= 0 {
			continue
		}
		count += p.Count
		end := width
		if total > 0 {
			end = int(int64(width) * int64(min(count, total)) / int64(total))
		}
		columns := min(max(end-used, 1), max(room-used, 0))
		used += columns
		text := strings.Repeat("━", columns)
		if p.Paint != nil {
			text = p.Paint(text)
		}
		b.WriteString(text)
	}
	b.WriteString(strings.Repeat("─", width-used))
	return b.String()
}
