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

	barWidth = 116 // of the bar of states in a group's node, in points
)

// DOT writes the model in the language of Graphviz, coloured by state, with a
// legend. A collapsed model flows from top to bottom, which keeps it narrow
// enough for a page; a full one flows from left to right, with one row per
// chain of stages.
func (m *Model) DOT(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph \"landscape-pipe\" {\n")
	fmt.Fprintf(&b, "  rankdir=%s; bgcolor=white; pad=0.2; nodesep=%s; ranksep=%s;\n",
		m.pick("LR", "TB"), m.pick("0.10", "0.35"), m.pick("0.8", "0.42"))
	fmt.Fprintf(&b, "  fontname=%q; labelloc=b; labeljust=l;\n", font)
	fmt.Fprintf(&b, "  label=<%s>;\n", m.legend())
	fmt.Fprintf(&b, "  node [shape=box, style=\"rounded,filled\", fontname=%q, fontsize=11, fontcolor=%q, penwidth=1.2, margin=%q, height=0.3];\n",
		font, ink, m.pick("0.10,0.04", "0.09,0.06"))
	fmt.Fprintf(&b, "  edge [color=%q, arrowsize=0.65, penwidth=1.1, fontname=%q, fontsize=8, fontcolor=%q];\n\n", wire, font, faint)
	for _, n := range m.Nodes {
		l := looks[n.Count.State()]
		label := m.stageLabel(n)
		if !m.Full {
			label = groupLabel(n)
		}
		fmt.Fprintf(&b, "  %s [label=<%s>, color=%q, fillcolor=%q, tooltip=%s];\n",
			quote(n.Name), label, l.line, l.fill, quote(n.Name+": "+n.Count.String()))
	}
	b.WriteByte('\n')
	for _, e := range m.Edges {
		fmt.Fprintf(&b, "  %s -> %s [%s];\n", quote(m.Nodes[e.From].Name), quote(m.Nodes[e.To].Name), m.edgeLook(e))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// edgeLook returns the attributes of an edge. If every stage has a node, edges
// between stages of the same labels are the backbone: they stay straight, and
// the others are drawn fainter.
func (m *Model) edgeLook(e Edge) string {
	if !m.Full {
		return "label=" + quote(" "+outputText(e.Outputs)+" ")
	}
	same := func(a, b Axis) bool { return a.Key == b.Key && slices.Equal(a.Values, b.Values) }
	if from := m.Nodes[e.From].Axes; len(from) > 0 && slices.EqualFunc(from, m.Nodes[e.To].Axes, same) {
		return "weight=20"
	}
	return fmt.Sprintf("color=%q, penwidth=0.8, arrowsize=0.5", wireBack)
}

func (m *Model) pick(full, collapsed string) string {
	if m.Full {
		return full
	}
	return collapsed
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

// groupLabel is the text in the node of a group: the kind and the number of
// stages, the axes, and the states of the stages, as a bar and in words.
func groupLabel(n Node) string {
	var b strings.Builder
	b.WriteString(`<table border="0" cellborder="0" cellspacing="0" cellpadding="1">`)
	many := " " // Graphviz refuses an empty element
	if n.Count.Total() > 1 {
		many = fmt.Sprintf("×%d", n.Count.Total())
	}
	fmt.Fprintf(&b, `<tr><td align="left"><b>%s</b></td><td width="10"></td><td align="right"><font color="%s">%s</font></td></tr>`, html(n.Title), faint, many)
	for _, a := range n.Axes {
		for _, line := range wrap(a.String(), 30) {
			fmt.Fprintf(&b, `<tr><td colspan="3" align="left"><font point-size="8.5" color="%s">%s</font></td></tr>`, faint, html(line))
		}
	}
	if n.Count.Brief() == n.Count.String() { // several states
		fmt.Fprintf(&b, `<tr><td colspan="3" height="11" align="left">%s</td></tr>`, stateBar(n.Count))
	}
	fmt.Fprintf(&b, `<tr><td colspan="3" align="left"><font point-size="8.5" color="%s">%s</font></td></tr>`, ink, html(n.Count.Brief()))
	b.WriteString(`</table>`)
	return b.String()
}

// wrap breaks a list after its commas into lines of about width characters.
func wrap(text string, width int) []string {
	var lines []string
	for _, item := range strings.SplitAfter(text, ", ") {
		if last := len(lines) - 1; last >= 0 && utf8.RuneCountInString(lines[last]+item) <= width {
			lines[last] += item
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

func (m *Model) legend() string {
	total := m.Total()
	var b strings.Builder
	b.WriteString(`<table border="0" cellborder="0" cellspacing="5" cellpadding="0"><tr>`)
	for i, n := range total.list() {
		if n == 0 {
			continue
		}
		fmt.Fprintf(&b, `<td fixedsize="true" width="11" height="11" bgcolor="%s"></td><td><font point-size="9" color="%s">%d %s </font></td>`,
			looks[i].line, faint, n, looks[i].text)
	}
	if total.Total() == 0 {
		fmt.Fprintf(&b, `<td><font point-size="9" color="%s">no stages</font></td>`, faint)
	}
	b.WriteString(`</tr></table>`)
	return b.String()
}

// outputText names the outputs at an edge, or counts them if there are many.
func outputText(outputs []string) string {
	if len(outputs) > 3 {
		return fmt.Sprintf("%d outputs", len(outputs))
	}
	return strings.Join(outputs, ", ")
}

// quote returns a string of the DOT language. Only the quotation mark is special
// in it; in labels, a backslash begins an escape.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

func html(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", " ").Replace(text)
}
