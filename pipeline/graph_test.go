package pipeline

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestAddErrors(t *testing.T) {
	k := newKitchen()
	g, other := NewGraph(nil), NewGraph(nil)
	a := k.add(t, g, "a", sumParams{})
	foreign := k.add(t, other, "foreign", sumParams{})
	if _, err := Add(g, k.kind, Node{Name: "figure", Export: map[string]string{"out": "x.svg"}}, sumParams{Add: 1}); err != nil {
		t.Fatal(err)
	}
	kind := func(change func(*Kind[sumParams])) *Kind[sumParams] {
		c := *k.kind
		change(&c)
		return &c
	}
	for _, c := range []struct {
		kind *Kind[sumParams]
		node Node
		want string
	}{
		{k.kind, Node{}, "a stage of kind sum has no name"},
		{k.kind, Node{Name: "a"}, "stage a: the name is taken"},
		{k.kind, Node{Name: "b", Inputs: map[string]Output{"x": a.Out("in")}}, `stage b: input x: stage a has no output "in", only out`},
		{k.kind, Node{Name: "b", Inputs: map[string]Output{"x": foreign.Out("out")}}, "input x comes from stage foreign of another graph"},
		{k.kind, Node{Name: "b", Inputs: map[string]Output{"x": {Name: "out"}}}, "input x comes from no stage"},
		{k.kind, Node{Name: "b", Inputs: map[string]Output{"": a.Out("out")}}, "an input has no name"},
		{k.kind, Node{Name: "b", Export: map[string]string{"in": "y"}}, `export y: there is no output "in", only out`},
		{k.kind, Node{Name: "b", Export: map[string]string{"out": "x.svg"}}, "export x.svg: stage figure writes this file"},
		{nil, Node{Name: "b"}, "kind is nil"},
		{kind(func(k *Kind[sumParams]) { k.Name = "" }), Node{Name: "b"}, "kind has no name"},
		{kind(func(k *Kind[sumParams]) { k.Run = nil }), Node{Name: "b"}, "kind sum has no function"},
		{kind(func(k *Kind[sumParams]) { k.Outputs = nil }), Node{Name: "b"}, "kind sum has no outputs"},
		{kind(func(k *Kind[sumParams]) { k.Outputs = []string{"x", "x"} }), Node{Name: "b"}, `two outputs "x"`},
		{kind(func(k *Kind[sumParams]) { k.Outputs = []string{"x y"} }), Node{Name: "b"}, `output "x y": want a name without spaces`},
		{k.kind, Node{Name: "b", Cores: -1}, "stage b: cores are -1"},
		{k.kind, Node{Name: "b", Memory: -1}, "stage b: memory is -1 bytes"},
		{kind(func(k *Kind[sumParams]) { k.Package = "stages/sum" }), Node{Name: "b"}, "kind sum names package stages/sum, and the graph has nothing to hash its code with"},
		{kind(func(k *Kind[sumParams]) { k.Package, k.Code = "stages/sum", Digest{1} }), Node{Name: "b"}, "kind sum has both a package and a code hash"},
		{kind(func(k *Kind[sumParams]) { k.Code[0]++ }), Node{Name: "b"}, "kind sum differs from an earlier kind of this name"},
	} {
		s, err := Add(g, c.kind, c.node, sumParams{})
		if err == nil || !strings.Contains(err.Error(), c.want) || s != nil {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	if n := len(g.Stages()); n != 2 || len(g.names) != 2 || len(g.edges) != 0 || len(g.exports) != 1 {
		t.Errorf("what was refused left traces: %d stages", n)
	}
	if _, err := Add(g, kind(func(*Kind[sumParams]) {}), Node{Name: "b"}, sumParams{}); err != nil {
		t.Errorf("the same kind under another pointer: %v", err)
	}
}

func TestStageTellsWhatItIs(t *testing.T) {
	nothing := func(context.Context, everything, *Task) (map[string][]byte, error) { return nil, nil }
	k := &Kind[everything]{Name: "k", Outputs: []string{"b", "a"}, Run: nothing}
	g := NewGraph(nil)
	a, err := Add(g, k, Node{Name: "first"}, everything{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Add(g, k, Node{
		Name: "second", Labels: []Label{{"h", "16"}}, Inputs: map[string]Output{"y": a.Out("a"), "x": a.Out("b")}, Export: map[string]string{"b": "b.txt"},
	}, something())
	if err != nil {
		t.Fatal(err)
	}
	if s.Name() != "second" || s.String() != "second" || s.Kind() != "k" || s.Portable() || g.Stage("second") != s || g.Stage("third") != nil {
		t.Errorf("%v", s)
	}
	if s.Inputs()[0].Name != "x" || s.Inputs()[1].Output != "a" || s.Outputs()[0] != "a" || s.Labels()[0].Value != "16" || s.Exports()["b"] != "b.txt" {
		t.Errorf("inputs %v, outputs %v", s.Inputs(), s.Outputs())
	}
	if p := s.Params(); p[0] != (Field{"bool", "true"}) || p[len(p)-1] != (Field{"learning_rate", "0.001"}) {
		t.Errorf("params %v", p)
	}
}

func TestKeyText(t *testing.T) {
	k := Key{Digest{1, 0xab}}
	if !strings.HasPrefix(k.String(), "01ab00") || k.Short() != "01ab00000000" {
		t.Errorf("%s", k)
	}
	text, err := json.Marshal(k)
	var back Key
	if err != nil || json.Unmarshal(text, &back) != nil || back != k {
		t.Errorf("%s is read as %s, %v", text, back, err)
	}
	for _, bad := range []string{"", "01", strings.Repeat("x", 64)} {
		if err := back.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("key %q is accepted", bad)
		}
	}
}
