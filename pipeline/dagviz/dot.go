package dagviz

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// look is how a state is drawn. The three colours are distinguishable with any
// colour vision (Okabe and Ito's green-blue, orange and grey); the text in
// every node names the state too.
type look struct {
	class      string
	text       string
	line, fill string
}

// looks are indexed by state.
var looks = [...]look{
	pipeline.StateCached:  {"cached", "cached", "#008f68", "#e3f4ee"},
	pipeline.StateRun:     {"run", "to run", "#d97a00", "#fff1dc"},
	pipeline.StateDepends: {"depends", "waiting", "#8b93a1", "#f1f3f6"},
}

const (
	ink      = "#1f2630" // text
	faint    = "#5b6675" // text that explains
	wire     = "#8b93a1" // edges
	wireBack = "#bcc2cc" // edges that are not part of the backbone

	// font is wide, and Graphviz knows its widths: any font that replaces it in
	// a viewer fits into the boxes.
	font = "DejaVu Sans"

	barWidth = 76 // of the bar of states in a group's node, in points
)

// DOT writes the model in the language of Graphviz, from left to right, coloured
// by state. Below stand the states and, of a collapsed model, the values of all
// labels, which the nodes would repeat. A collapsed model has no edge that a longer
// way implies; the tooltip of a node names all that it reads.
func (m *Model) DOT(w io.Writer) error {
	sparse, margin := "0.8", "0.10,0.04"
	if !m.Full {
		sparse, margin = "0.4", "0.08,0.05"
	}
	var b strings.Builder
	b.WriteString("digraph \"landscape-pipe\" {\n")
	fmt.Fprintf(&b, "  rankdir=LR; bgcolor=white; pad=0.2; nodesep=0.10; ranksep=%s;\n", sparse)
	fmt.Fprintf(&b, "  fontname=%q; labelloc=b; labeljust=l;\n", font)
	fmt.Fprintf(&b, "  label=<%s>;\n", m.legend())
	fmt.Fprintf(&b, "  node [shape=box, style=\"rounded,filled\", fontname=%q, fontsize=11, fontcolor=%q, penwidth=1.2, margin=%q, height=0.3];\n", font, ink, margin)
	fmt.Fprintf(&b, "  edge [color=%q, arrowsize=0.65, penwidth=1.1];\n\n", wire)
	for i, n := range m.Nodes {
		l := looks[n.Count.State()]
		label := m.stageLabel(n)
		if !m.Full {
			label = groupLabel(n)
		}
		fmt.Fprintf(&b, "  %s [label=<%s>, color=%q, fillcolor=%q, tooltip=%s];\n", quote(n.Name), label, l.line, l.fill, quote(m.tooltip(i)))
	}
	b.WriteByte('\n')
	for _, e := range m.shown() {
		fmt.Fprintf(&b, "  %s -> %s%s;\n", quote(m.Nodes[e.From].Name), quote(m.Nodes[e.To].Name), m.edgeLook(e))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// shown returns the edges that are drawn: of a collapsed model those that no longer
// way implies. An edge backwards, of a circle that collapsing made, stays.
func (m *Model) shown() []Edge {
	if m.Full {
		return m.Edges
	}
	next := make([][]int, len(m.Nodes))
	for _, e := range m.Edges {
		if e.From < e.To {
			next[e.From] = append(next[e.From], e.To)
		}
	}
	var reaches func(from, to int) bool
	reaches = func(from, to int) bool {
		return from == to || slices.ContainsFunc(next[from], func(via int) bool { return via <= to && reaches(via, to) })
	}
	return slices.DeleteFunc(slices.Clone(m.Edges), func(e Edge) bool {
		return slices.ContainsFunc(next[e.From], func(via int) bool { return via < e.To && reaches(via, e.To) })
	})
}

// tooltip names a node, its states, its labels and what it reads.
func (m *Model) tooltip(node int) string {
	n := m.Nodes[node]
	lines := []string{m.heading(&n) + ": " + n.Count.String()}
	for _, a := range n.Axes {
		lines = append(lines, a.String())
	}
	for _, e := range m.Edges {
		if from := m.Nodes[e.From]; e.To == node && !m.Full {
			lines = append(lines, "reads "+strings.Join(e.Outputs, ", ")+" of "+from.Title)
		}
	}
	return strings.Join(lines, "\n")
}

// edgeLook returns the attributes of an edge. If every stage has a node, edges
// between stages of the same labels are the backbone: they stay straight, and
// the others are drawn fainter.
func (m *Model) edgeLook(e Edge) string {
	if !m.Full {
		return ""
	}
	same := func(a, b Axis) bool { return a.Key == b.Key && slices.Equal(a.Values, b.Values) }
	if from := m.Nodes[e.From].Axes; len(from) > 0 && slices.EqualFunc(from, m.Nodes[e.To].Axes, same) {
		return " [weight=20]"
	}
	return fmt.Sprintf(" [color=%q, penwidth=0.8, arrowsize=0.5]", wireBack)
}

// stageLabel is the text in the node of one stage: its kind and, in a smaller
// font, its labels.
func (m *Model) stageLabel(n Node) string {
	label := "<b>" + html(n.Title) + "</b>"
	var values []string
	for _, a := range n.Axes {
		values = append(values, html(a.Key+" "+strings.Join(a.Values, ", ")))
	}
	if len(values) > 0 {
		label += fmt.Sprintf(`<br/><font point-size="9" color="%s">%s</font>`, faint, strings.Join(values, " · "))
	}
	return label
}

// groupLabel is the text in the node of a group: the kind, the number of stages
// and their states, as a bar and in words.
func groupLabel(n Node) string {
	var b strings.Builder
	b.WriteString(`<table border="0" cellborder="0" cellspacing="0" cellpadding="1">`)
	many := " " // Graphviz refuses an empty element
	if n.Count.Total() > 1 {
		many = fmt.Sprintf("×%d", n.Count.Total())
	}
	fmt.Fprintf(&b, `<tr><td align="left"><b>%s</b></td><td align="right"><font color="%s">%s</font></td></tr>`, html(n.Title), faint, many)
	if n.Count.Brief() == n.Count.String() { // several states
		fmt.Fprintf(&b, `<tr><td colspan="2" height="11" align="left">%s</td></tr>`, stateBar(n.Count))
	}
	fmt.Fprintf(&b, `<tr><td colspan="2" align="left"><font point-size="8.5" color="%s">%s</font></td></tr>`, ink, html(n.Count.Brief()))
	b.WriteString(`</table>`)
	return b.String()
}

// wrap breaks a list after its separators into lines of about width characters.
func wrap(items []string, separator string, width int) []string {
	var lines []string
	for _, item := range items {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last]+separator+item) <= width {
			lines[last] += separator + item
			continue
		}
		lines = append(lines, item)
	}
	return lines
}

func stateBar(c Count) string {
	var b strings.Builder
	b.WriteString(`<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>`)
	total, seen, used := c.Total(), 0, 0
	for i, n := range c.list() {
		if n == 0 {
			continue
		}
		seen += n
		width := max(2, barWidth*seen/max(total, 1)-used)
		used += width
		fmt.Fprintf(&b, `<td fixedsize="true" width="%d" height="5" bgcolor="%s"></td>`, width, looks[i].line)
	}
	b.WriteString(`</tr></table>`)
	return b.String()
}

// ranges says what the labels of a collapsed model range over.
func (m *Model) ranges() []string {
	var list []string
	if !m.Full {
		for _, a := range m.Labels() {
			list = append(list, a.String())
		}
	}
	return list
}

// legend is the text below the graph: the number of stages in each state and,
// of a collapsed model, what the labels of its nodes range over.
func (m *Model) legend() string {
	total := m.Total()
	var b strings.Builder
	b.WriteString(`<table border="0" cellborder="0" cellspacing="3" cellpadding="0"><tr><td align="left">`)
	for i, n := range total.list() {
		if n > 0 {
			fmt.Fprintf(&b, `<font point-size="9" color="%s">■ </font><font point-size="9" color="%s">%d %s   </font>`, looks[i].line, faint, n, looks[i].text)
		}
	}
	if total.Total() == 0 {
		fmt.Fprintf(&b, `<font point-size="9" color="%s">no stages</font>`, faint)
	}
	b.WriteString(`</td></tr>`)
	lines := wrap(m.ranges(), "; ", 100)
	if !m.Full {
		lines = append(lines, "no arrow where a longer way leads to the same kind")
	}
	for _, line := range lines {
		fmt.Fprintf(&b, `<tr><td align="left"><font point-size="9" color="%s">%s</font></td></tr>`, faint, html(line))
	}
	b.WriteString(`</table>`)
	return b.String()
}

// quote returns a string of the DOT language. Only the quotation mark is special
// in it; in labels, a backslash begins an escape.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

func html(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", " ").Replace(text)
}
