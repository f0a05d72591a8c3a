package dagviz

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Columns writes the model as SVG with one column per kind, in the order of the
// steps, and one row per node. Its time is linear in nodes and edges, so it can
// draw the thousands of stages for which a layout by Graphviz takes minutes. The
// names are text, which a viewer can search.
func (m *Model) Columns(w io.Writer) error {
	const (
		row, top, size = 11.0, 40.0, 8.0 // of a node's row, above the first one, of the text
		wide           = 0.62 * size     // of a letter of a font with letters of one width
		gap, margin    = 120.0, 12.0     // between columns, around all
	)
	type column struct {
		kind  string
		nodes int
		chars int // of the longest label
		x     float64
	}
	var columns []column
	at := make([]int, len(m.Nodes))    // column of a node
	y := make([]float64, len(m.Nodes)) // middle of a node
	labels := make([]string, len(m.Nodes))
	tallest := 0
	for i, n := range m.Nodes {
		c := slices.IndexFunc(columns, func(c column) bool { return c.kind == n.Title })
		if c < 0 {
			c = len(columns)
			columns = append(columns, column{kind: n.Title, chars: 2 * (len(n.Title) + 4)}) // the heading is larger, and has a number
		}
		labels[i] = strings.TrimSuffix(strings.TrimPrefix(n.Name, n.Title+"["), "]")
		at[i], y[i] = c, top+row*float64(columns[c].nodes)
		columns[c].nodes++
		columns[c].chars = max(columns[c].chars, utf8.RuneCountInString(labels[i]))
		tallest = max(tallest, columns[c].nodes)
	}
	x := margin
	for i := range columns {
		columns[i].x = x
		x += float64(wide*float64(columns[i].chars)) + gap
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="DejaVu Sans Mono, monospace" font-size="%.0f">`+"\n",
		x-gap+margin, top+row*float64(tallest)+margin, size)
	fmt.Fprintf(&b, "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", html(m.Total().String()))
	paths := make(map[int]*strings.Builder) // of the edges into a node
	for _, e := range m.Edges {
		from, to := columns[at[e.From]], columns[at[e.To]]
		if paths[e.To] == nil {
			paths[e.To] = &strings.Builder{}
		}
		right := from.x + float64(wide*float64(utf8.RuneCountInString(labels[e.From])))
		fmt.Fprintf(paths[e.To], "M%.0f %.1fL%.0f %.1f", right+2, y[e.From], to.x-2, y[e.To])
	}
	for i := range m.Nodes {
		if paths[i] != nil {
			fmt.Fprintf(&b, "<path d=\"%s\" fill=\"none\" stroke=%q stroke-width=\"0.4\" opacity=\"0.35\"/>\n", paths[i], wire)
		}
	}
	for _, c := range columns {
		fmt.Fprintf(&b, "<text x=\"%.0f\" y=\"%.0f\" font-size=\"14\" font-weight=\"bold\" fill=%q>%s (%d)</text>\n", c.x, top-20, ink, html(c.kind), c.nodes)
	}
	for i, n := range m.Nodes {
		l, label := looks[n.Count.State()], html(labels[i])
		fmt.Fprintf(&b, "<g><title>%s: %s</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\" fill=%q stroke=%q stroke-width=\"0.6\"/><text x=\"%.0f\" y=\"%.1f\" fill=%q>%s</text></g>\n",
			html(n.Name), l.text, columns[at[i]].x-2, y[i]-float64(row*0.44), float64(wide*float64(utf8.RuneCountInString(labels[i])))+4, row*0.88, l.fill, l.line,
			columns[at[i]].x, y[i]+size*0.34, ink, label)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}
