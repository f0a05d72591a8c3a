package dagviz

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// Paint colours the text of a state. It must not change its width.
type Paint func(state pipeline.State, text string) string

// Text writes the model with one line per node, in the order of the steps, each
// with its states and all that it reads; then the labels of all nodes with their
// values. Paint may be nil.
func (m *Model) Text(w io.Writer, paint Paint) error {
	if paint == nil {
		paint = func(_ pipeline.State, text string) string { return text }
	}
	reads := make([][]string, len(m.Nodes))
	for _, e := range m.Edges {
		if name := m.heading(&m.Nodes[e.From]); !slices.Contains(reads[e.To], name) {
			reads[e.To] = append(reads[e.To], name)
		}
	}
	var head, count, state int
	for i := range m.Nodes {
		n := &m.Nodes[i]
		head = max(head, utf8.RuneCountInString(m.heading(n)))
		count = max(count, len(fmt.Sprint(n.Count.Total())))
		state = max(state, len(n.Count.Brief()))
	}
	var b strings.Builder
	for i := range m.Nodes {
		n := &m.Nodes[i]
		b.WriteString(pad(m.heading(n), head))
		if !m.Full {
			fmt.Fprintf(&b, "  %*d", count, n.Count.Total())
		}
		text := n.Count.Brief()
		b.WriteString("  " + paint(n.Count.State(), text))
		if names := reads[i]; len(names) > 0 {
			if m.Full && len(names) > maxListed {
				names = append(names[:maxListed-1:maxListed-1], fmt.Sprintf("%d more", len(names)-maxListed+1))
			}
			b.WriteString(strings.Repeat(" ", state-len(text)) + "  reads " + strings.Join(names, ", "))
		}
		b.WriteByte('\n')
	}
	if axes := m.Labels(); len(axes) > 0 && !m.Full {
		b.WriteString("\nlabels\n")
		for _, a := range axes {
			b.WriteString("  " + a.String() + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Labels returns the labels of all nodes, each with the values that it has in
// any of them.
func (m *Model) Labels() []Axis {
	var all []Axis
	for _, n := range m.Nodes {
		for _, a := range n.Axes {
			i := slices.IndexFunc(all, func(b Axis) bool { return b.Key == a.Key })
			if i < 0 {
				i = len(all)
				all = append(all, Axis{Key: a.Key})
			}
			for _, v := range a.Values {
				if !slices.Contains(all[i].Values, v) {
					all[i].Values = append(all[i].Values, v)
				}
			}
		}
	}
	for i := range all {
		sortNumbers(all[i].Values)
	}
	return all
}

func (m *Model) heading(n *Node) string {
	if m.Full {
		return n.Name
	}
	return n.Title
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}
