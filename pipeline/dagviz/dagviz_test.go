package dagviz

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

var update = flag.Bool("update", false, "write the golden files")

type params struct{ N int }

func nothing(context.Context, params, *pipeline.Task) (map[string][]byte, error) { return nil, nil }

func kind(name string, outputs ...string) *pipeline.Kind[params] {
	return &pipeline.Kind[params]{Name: name, Outputs: outputs, Run: nothing}
}

// plan is a graph in the shape of the paper's: networks of two widths and n
// seeds on one data set, figures that read all of them, and a table. The
// first network is cached, the others are not.
func plan(t *testing.T, n int) []pipeline.Step {
	t.Helper()
	g := pipeline.NewGraph(nil)
	var steps []pipeline.Step
	add := func(k *pipeline.Kind[params], state pipeline.State, node pipeline.Node) *pipeline.Stage {
		t.Helper()
		s, err := pipeline.Add(g, k, node, params{len(steps)})
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, pipeline.Step{Stage: s, State: state})
		return s
	}
	var (
		fetch       = kind("fetch", "images", "labels")
		train       = kind("train", "weights", "history")
		losses      = kind("losses", "losses", "summary")
		differences = kind("differences", "curve", "summary")
		figures     = kind("figures", "svg", "pdf")
		tables      = kind("tables", "networks")
	)
	dataset := pipeline.Label{Key: "dataset", Value: "mnist"}
	data := add(fetch, pipeline.StateCached, pipeline.Node{Name: "fetch[mnist]", Labels: []pipeline.Label{dataset}})
	curves, rows := make(map[string]pipeline.Output), make(map[string]pipeline.Output)
	for i := range 2 * n {
		h, seed := strconv.Itoa(8+8*(i/n)), strconv.Itoa(i%n)
		id := fmt.Sprintf("mnist,h=%s,seed=%s", h, seed)
		labels := []pipeline.Label{dataset, {Key: "h", Value: h}, {Key: "seed", Value: seed}}
		state, then := pipeline.StateRun, pipeline.StateDepends
		if len(curves) == 0 {
			state, then = pipeline.StateCached, pipeline.StateCached
		}
		w := add(train, state, pipeline.Node{Name: "train[" + id + "]", Labels: labels, Inputs: map[string]pipeline.Output{
			"images": data.Out("images"), "labels": data.Out("labels"),
		}})
		l := add(losses, then, pipeline.Node{Name: "losses[" + id + "]", Labels: labels, Inputs: map[string]pipeline.Output{
			"images": data.Out("images"), "labels": data.Out("labels"), "weights": w.Out("weights"),
		}})
		d := add(differences, then, pipeline.Node{Name: "differences[" + id + "]", Labels: labels, Inputs: map[string]pipeline.Output{"losses": l.Out("losses")}})
		curves[id] = d.Out("curve")
		rows["losses/"+id], rows["differences/"+id] = l.Out("summary"), d.Out("summary")
	}
	for _, f := range []string{"hidden_size", "seeds"} {
		add(figures, pipeline.StateDepends, pipeline.Node{
			Name: "figures[mnist," + f + "]", Inputs: curves,
			Labels: []pipeline.Label{dataset, {Key: "figure", Value: f}},
		})
	}
	add(tables, pipeline.StateDepends, pipeline.Node{Name: "tables", Inputs: rows})
	return steps
}

func TestCollapse(t *testing.T) {
	m := Collapse(plan(t, 8))
	type node struct {
		title string
		count Count
		axes  string
	}
	var got []node
	for _, n := range m.Nodes {
		var axes []string
		for _, a := range n.Axes {
			axes = append(axes, a.String())
		}
		got = append(got, node{n.Title, n.Count, strings.Join(axes, "; ")})
	}
	want := []node{
		{"fetch", Count{Cached: 1}, "dataset mnist"},
		{"train", Count{Cached: 1, Run: 15}, "h 8, 16; seed 0 … 7 (8)"},
		{"losses", Count{Cached: 1, Depends: 15}, "h 8, 16; seed 0 … 7 (8)"},
		{"differences", Count{Cached: 1, Depends: 15}, "h 8, 16; seed 0 … 7 (8)"},
		{"figures", Count{Depends: 2}, "figure hidden_size, seeds"},
		{"tables", Count{Depends: 1}, ""},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(node{})); diff != "" {
		t.Errorf("nodes: (-want +got)\n%s", diff)
	}
	var edges []string
	for _, e := range m.Edges {
		edges = append(edges, fmt.Sprintf("%s → %s: %s", m.Nodes[e.From].Title, m.Nodes[e.To].Title, strings.Join(e.Outputs, ", ")))
	}
	wantEdges := []string{
		"fetch → train: images, labels",
		"fetch → losses: images, labels",
		"train → losses: weights",
		"losses → differences: losses",
		"differences → figures: curve",
		"differences → tables: summary",
		"losses → tables: summary",
	}
	if diff := cmp.Diff(wantEdges, edges); diff != "" {
		t.Errorf("edges: (-want +got)\n%s", diff)
	}
	if got, want := m.Total(), (Count{Cached: 4, Run: 15, Depends: 33}); got != want {
		t.Errorf("total = %+v, want %+v", got, want)
	}
}

func TestFullHasAllStages(t *testing.T) {
	steps := plan(t, 4)
	m := Full(steps)
	if len(m.Nodes) != len(steps) {
		t.Fatalf("%d nodes of %d stages", len(m.Nodes), len(steps))
	}
	edges := 0
	for _, s := range steps {
		from := make(map[*pipeline.Stage]bool)
		for _, in := range s.Stage.Inputs() {
			from[in.From] = true
		}
		edges += len(from)
	}
	if len(m.Edges) != edges {
		t.Errorf("%d edges, want %d", len(m.Edges), edges)
	}
}

// TestCollapseByKind wants one node for stages of a kind of which only some have
// a label.
func TestCollapseByKind(t *testing.T) {
	g := pipeline.NewGraph(nil)
	k := kind("train", "weights")
	var steps []pipeline.Step
	for i, labels := range [][]pipeline.Label{
		{{Key: "h", Value: "4"}}, {{Key: "h", Value: "8"}, {Key: "steps", Value: "20"}}, {{Key: "h", Value: "4"}, {Key: "steps", Value: "20"}},
	} {
		s, err := pipeline.Add(g, k, pipeline.Node{Name: fmt.Sprint(i), Labels: labels}, params{i})
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, pipeline.Step{Stage: s})
	}
	m := Collapse(steps)
	if len(m.Nodes) != 1 || m.Nodes[0].Count.Total() != 3 || fmt.Sprint(m.Labels()) != "[h 4, 8 steps 20]" {
		t.Errorf("nodes are %+v", m.Nodes)
	}
}

// TestPartOfAGraph draws steps whose inputs are not all among them, and a
// collapsed graph with a circle: neither may fail or loop.
func TestPartOfAGraph(t *testing.T) {
	steps := plan(t, 2)
	if m := Collapse(steps[3:]); len(m.Nodes) == 0 || m.Text(&strings.Builder{}, nil) != nil {
		t.Error("a part of the graph cannot be drawn")
	}
	g := pipeline.NewGraph(nil)
	a, b := kind("a", "out"), kind("b", "out")
	var circle []pipeline.Step
	var last map[string]pipeline.Output
	for i := range 4 {
		k := a
		if i%2 == 1 {
			k = b
		}
		s, err := pipeline.Add(g, k, pipeline.Node{Name: fmt.Sprint(i), Inputs: last}, params{i})
		if err != nil {
			t.Fatal(err)
		}
		circle = append(circle, pipeline.Step{Stage: s})
		last = map[string]pipeline.Output{"in": s.Out("out")}
	}
	var text strings.Builder
	if err := Collapse(circle).Text(&text, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(text.String(), "\n"), 2; got != want {
		t.Errorf("%d lines, want %d:\n%s", got, want, text.String())
	}
}

func TestGolden(t *testing.T) {
	collapsed, full := Collapse(plan(t, 8)), Full(plan(t, 1))
	for name, write := range map[string]func(*strings.Builder) error{
		"collapsed.txt": func(b *strings.Builder) error { return collapsed.Text(b, nil) },
		"collapsed.dot": func(b *strings.Builder) error { return collapsed.DOT(b) },
		"collapsed.mmd": func(b *strings.Builder) error { return collapsed.Mermaid(b) },
		"columns.svg":   func(b *strings.Builder) error { return full.Columns(b) },
		"full.txt":      func(b *strings.Builder) error { return full.Text(b, nil) },
		"full.dot":      func(b *strings.Builder) error { return full.DOT(b) },
		"full.mmd":      func(b *strings.Builder) error { return full.Mermaid(b) },
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestNamesAreQuoted: whatever a stage is called, it cannot change the
// drawing.
func TestNamesAreQuoted(t *testing.T) {
	const evil = "a\"];\n<b> & `|` #\\"
	g := pipeline.NewGraph(nil)
	s, err := pipeline.Add(g, kind("k<&>", "out"), pipeline.Node{Name: evil, Labels: []pipeline.Label{{Key: "x", Value: evil}}}, params{})
	if err != nil {
		t.Fatal(err)
	}
	m := Full([]pipeline.Step{{Stage: s}})
	var dot, mermaid strings.Builder
	if err := m.DOT(&dot); err != nil {
		t.Fatal(err)
	}
	if want := `"a\"];\n<b> & ` + "`|`" + ` #\\" [label=`; !strings.Contains(dot.String(), want) {
		t.Errorf("no %s in\n%s", want, dot.String())
	}
	if !strings.Contains(dot.String(), "k&lt;&amp;&gt;") {
		t.Errorf("the kind is not escaped in\n%s", dot.String())
	}
	if err := m.Mermaid(&mermaid); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(mermaid.String(), `"`); got != 2 {
		t.Errorf("%d quotation marks, want 2:\n%s", got, mermaid.String())
	}
}
