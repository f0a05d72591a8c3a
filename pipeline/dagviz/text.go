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

// Text writes the model as a tree with one line per node. A node that reads
// several others is drawn below the one that is deepest in the graph; the
// others are named at the end of its line. Paint may be nil.
func (m *Model) Text(w io.Writer, paint Paint) error {
	if paint == nil {
		paint = func(_ pipeline.State, text string) string { return text }
	}
	rows := m.tree()
	var head, count, state int
	for _, r := range rows {
		n := &m.Nodes[r.node]
		head = max(head, utf8.RuneCountInString(r.branch+m.heading(n)))
		count = max(count, len(fmt.Sprint(n.Count.Total())))
		state = max(state, len(n.Count.Brief()))
	}
	var b strings.Builder
	for _, r := range rows {
		n := &m.Nodes[r.node]
		b.WriteString(pad(r.branch+m.heading(n), head))
		if !m.Full {
			fmt.Fprintf(&b, "  %*d", count, n.Count.Total())
		}
		text := n.Count.Brief()
		b.WriteString("  " + paint(n.Count.State(), text))
		if notes := m.notes(n, r.also); len(notes) > 0 {
			b.WriteString(strings.Repeat(" ", state-len(text)) + "  " + strings.Join(notes, "; "))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *Model) heading(n *Node) string {
	if m.Full {
		return n.Name
	}
	return n.Title
}

func (m *Model) notes(n *Node, also []int) []string {
	var notes []string
	if !m.Full {
		for _, a := range n.Axes {
			notes = append(notes, a.String())
		}
	}
	if len(also) > 0 {
		var names []string
		for _, i := range also {
			if name := m.heading(&m.Nodes[i]); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(names) > maxListed {
			names = append(names[:maxListed-1:maxListed-1], fmt.Sprintf("%d more", len(names)-maxListed+1))
		}
		notes = append(notes, "also reads "+strings.Join(names, ", "))
	}
	return notes
}

// row is a line of the tree: the branch that leads to a node, the node, and what
// it reads in addition to its parent.
type row struct {
	branch string
	node   int
	also   []int
}

func (m *Model) tree() []row {
	depth := m.depths()
	parent := make([]int, len(m.Nodes))
	also := make([][]int, len(m.Nodes))
	children := make([][]int, len(m.Nodes))
	for i := range m.Nodes {
		parent[i] = -1
	}
	for _, e := range m.Edges {
		if e.From >= e.To {
			continue // closes a cycle in a collapsed graph
		}
		if p := parent[e.To]; p < 0 || depth[e.From] > depth[p] {
			parent[e.To] = e.From
		}
	}
	for _, e := range m.Edges {
		if e.From != parent[e.To] {
			also[e.To] = append(also[e.To], e.From)
		}
	}
	for i, p := range parent {
		if p >= 0 {
			children[p] = append(children[p], i)
		}
	}
	var rows []row
	var walk func(node int, lead, branch string)
	walk = func(node int, lead, branch string) {
		rows = append(rows, row{branch, node, also[node]})
		for i, c := range children[node] {
			if i == len(children[node])-1 {
				walk(c, lead+"   ", lead+"└─ ")
			} else {
				walk(c, lead+"│  ", lead+"├─ ")
			}
		}
	}
	for i, p := range parent {
		if p < 0 {
			walk(i, "", "")
		}
	}
	return rows
}

// depths returns the length of the longest path to each node along forward
// edges.
func (m *Model) depths() []int {
	depth := make([]int, len(m.Nodes))
	into := make([][]int, len(m.Nodes))
	for _, e := range m.Edges {
		if e.From < e.To {
			into[e.To] = append(into[e.To], e.From)
		}
	}
	for i := range m.Nodes {
		for _, from := range into[i] {
			depth[i] = max(depth[i], depth[from]+1)
		}
	}
	return depth
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}
