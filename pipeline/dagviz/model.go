package dagviz

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// Model is a graph to be drawn. Nodes are in topological order, except that
// collapsing can create a cycle.
type Model struct {
	Nodes []Node
	Edges []Edge
	Full  bool // every node is one stage
}

// Node is a stage, or all stages of a kind.
type Node struct {
	Name  string // of the stage, or the kind: unique
	Title string // the kind
	Axes  []Axis // the labels, without those that all nodes share unless no others remain
	Count Count
}

// Axis is a label with its values, each once: numbers in ascending order,
// others in the order of the stages.
type Axis struct {
	Key    string
	Values []string

	stages int // that have the label
}

// Count is the number of stages in each state.
type Count struct{ Cached, Run, Depends int }

// Edge says that stages of the node To read outputs of stages of From. Both
// are indices into the nodes.
type Edge struct {
	From, To int
	Outputs  []string // sorted
}

// Total is the number of stages.
func (c Count) Total() int { return c.Cached + c.Run + c.Depends }

// String lists the states that occur and their numbers: "60 cached, 5 to run,
// 10 waiting".
func (c Count) String() string {
	var parts []string
	for i, n := range c.list() {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, looks[i].text))
		}
	}
	if len(parts) == 0 {
		return "no stages"
	}
	return strings.Join(parts, ", ")
}

// Brief is like String, without the number if all stages are in one state.
func (c Count) Brief() string {
	for i, n := range c.list() {
		if n > 0 && n == c.Total() {
			return looks[i].text
		}
	}
	return c.String()
}

// list returns the counts by state.
func (c Count) list() [3]int { return [3]int{c.Cached, c.Run, c.Depends} }

// State returns the state that needs attention first: to run, waiting, cached.
func (c Count) State() pipeline.State {
	switch {
	case c.Run > 0:
		return pipeline.StateRun
	case c.Depends > 0:
		return pipeline.StateDepends
	}
	return pipeline.StateCached
}

func (c *Count) add(s pipeline.State) {
	switch s {
	case pipeline.StateRun:
		c.Run++
	case pipeline.StateDepends:
		c.Depends++
	default:
		c.Cached++
	}
}

// Tally counts steps by their states.
func Tally(steps []pipeline.Step) Count {
	var c Count
	for _, s := range steps {
		c.add(s.State)
	}
	return c
}

// Total is the count over all nodes.
func (m *Model) Total() Count {
	var c Count
	for _, n := range m.Nodes {
		c.Cached += n.Count.Cached
		c.Run += n.Count.Run
		c.Depends += n.Count.Depends
	}
	return c
}

// Collapse makes one node of all stages of a kind.
func Collapse(steps []pipeline.Step) *Model { return build(steps, false, (*pipeline.Stage).Kind) }

// Full makes a node of each stage.
func Full(steps []pipeline.Step) *Model {
	return build(steps, true, (*pipeline.Stage).Name)
}

func build(steps []pipeline.Step, full bool, name func(*pipeline.Stage) string) *Model {
	m := &Model{Full: full}
	index := make(map[string]int)
	at := make(map[*pipeline.Stage]int, len(steps))
	edges := make(map[[2]int]int)
	for _, step := range steps {
		s := step.Stage
		i, ok := index[name(s)]
		if !ok {
			i = len(m.Nodes)
			index[name(s)] = i
			m.Nodes = append(m.Nodes, Node{Name: name(s), Title: s.Kind()})
		}
		at[s] = i
		n := &m.Nodes[i]
		n.Count.add(step.State)
		n.label(s.Labels())
		for _, in := range s.Inputs() {
			from, ok := at[in.From]
			if !ok || from == i {
				continue // not part of the plan, or within the group
			}
			e, ok := edges[[2]int{from, i}]
			if !ok {
				e = len(m.Edges)
				edges[[2]int{from, i}] = e
				m.Edges = append(m.Edges, Edge{From: from, To: i})
			}
			if outputs := &m.Edges[e].Outputs; !slices.Contains(*outputs, in.Output) {
				*outputs = append(*outputs, in.Output)
			}
		}
	}
	for i := range m.Edges {
		slices.Sort(m.Edges[i].Outputs)
	}
	m.dropConstants()
	for i := range m.Nodes {
		for j := range m.Nodes[i].Axes {
			sortNumbers(m.Nodes[i].Axes[j].Values)
		}
	}
	return m
}

func (n *Node) label(labels []pipeline.Label) {
	for _, l := range labels {
		i := slices.IndexFunc(n.Axes, func(a Axis) bool { return a.Key == l.Key })
		if i < 0 {
			i = len(n.Axes)
			n.Axes = append(n.Axes, Axis{Key: l.Key})
		}
		a := &n.Axes[i]
		if a.stages++; !slices.Contains(a.Values, l.Value) {
			a.Values = append(a.Values, l.Value)
		}
	}
}

// dropConstants removes labels that have the same single value in all stages of
// every node that has them, from nodes that have other labels.
func (m *Model) dropConstants() {
	values := make(map[string]string)
	varies := make(map[string]bool)
	for _, n := range m.Nodes {
		for _, a := range n.Axes {
			varies[a.Key] = varies[a.Key] || a.stages < n.Count.Total()
			for _, v := range a.Values {
				if first, ok := values[a.Key]; ok && v != first {
					varies[a.Key] = true
				}
				values[a.Key] = v
			}
		}
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		if slices.ContainsFunc(n.Axes, func(a Axis) bool { return varies[a.Key] }) {
			n.Axes = slices.DeleteFunc(n.Axes, func(a Axis) bool { return !varies[a.Key] })
		}
	}
}

// sortNumbers sorts values that are all whole numbers.
func sortNumbers(values []string) {
	numbers := make(map[string]int64, len(values))
	for _, v := range values {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return
		}
		numbers[v] = n
	}
	slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(numbers[a], numbers[b]) })
}

// maxListed is the number of values of an axis that are listed. If there are
// more, only the first and the last are shown.
const maxListed = 5

// String returns an axis for display: "h 4, 8, 16", "seed 0 … 9 (10)".
func (a Axis) String() string {
	if n := len(a.Values); n > maxListed {
		return fmt.Sprintf("%s %s … %s (%d)", a.Key, a.Values[0], a.Values[n-1], n)
	}
	return a.Key + " " + strings.Join(a.Values, ", ")
}
