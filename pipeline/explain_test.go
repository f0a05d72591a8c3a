package pipeline

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func TestReasons(t *testing.T) {
	type rate struct {
		LearningRate float64
		Layers       []int
	}
	echo := func(_ context.Context, p rate, _ *Task) (map[string][]byte, error) {
		return map[string][]byte{"out": fmt.Append(nil, p.LearningRate)}, nil
	}
	build := func(change func(*Kind[rate], *rate, *Node)) (*Graph, *Stage) {
		k := &Kind[rate]{Name: "echo", Outputs: []string{"out"}, Portable: true, Run: echo}
		g := NewGraph(nil)
		a, err := Add(g, k, Node{Name: "a"}, rate{LearningRate: 1})
		if err != nil {
			t.Fatal(err)
		}
		k2, p, n := *k, rate{0.001, []int{16, 16}}, Node{Name: "b", Inputs: map[string]Output{"images": a.Out("out")}}
		k2.Name = "reader"
		if change != nil {
			change(&k2, &p, &n)
		}
		b, err := Add(g, &k2, n, p)
		if err != nil {
			t.Fatal(err)
		}
		return g, b
	}
	for _, c := range []struct {
		want   string
		change func(*Kind[rate], *rate, *Node)
	}{
		{"params.learning_rate 0.001 → 0.002", func(_ *Kind[rate], p *rate, _ *Node) { p.LearningRate = 0.002 }},
		{"code changed", func(k *Kind[rate], _ *rate, _ *Node) { k.Code[0]++ }},
		{"kind reader → other", func(k *Kind[rate], _ *rate, _ *Node) { k.Name = "other" }},
		{"platform added: " + shorten(platform()), func(k *Kind[rate], _ *rate, _ *Node) { k.Portable = false }},
		{"input images removed", func(_ *Kind[rate], _ *rate, n *Node) { n.Inputs = nil }},
		{"input labels added", func(_ *Kind[rate], _ *rate, n *Node) {
			n.Inputs["labels"] = n.Inputs["images"]
		}},
		{"params.layers[1] removed: 16", func(_ *Kind[rate], p *rate, _ *Node) { p.Layers = p.Layers[:1] }},
		{"code changed, params.learning_rate 0.001 → 1, params.layers[0] 16 → 1 and 1 more", func(k *Kind[rate], p *rate, _ *Node) {
			k.Code[0]++
			*p = rate{1, []int{1, 1}}
		}},
	} {
		st := newStore()
		g, _ := build(nil)
		p := mustPlan(t, g, st, Options{})
		if got := p.Steps()[0].Reason; got != "never run" {
			t.Errorf("reason %q", got)
		}
		mustRun(t, p, RunOptions{})
		g, b := build(c.change)
		p = mustPlan(t, g, st, Options{})
		if got := p.step(b); got.Reason != c.want || got.State != StateRun {
			t.Errorf("%s, reason %q, want %q", got.State, got.Reason, c.want)
		}
		e, err := p.Explain(b)
		if err != nil || e.Reason != c.want || e.Before.Key.IsZero() || e.Key == e.Before.Key {
			t.Errorf("explanation %+v, %v", e, err)
		}
	}
}

func TestExplainListsEveryField(t *testing.T) {
	k, st := newKitchen(), newStore()
	g, _ := chain(t, k, 1, 10)
	mustDo(t, g, st)
	g, stages := chain(t, k, 2, 20)
	p := mustPlan(t, g, st, Options{})
	e, err := p.Explain(stages[1])
	if err != nil {
		t.Fatal(err)
	}
	code, one := Digest{}.String(), cas.Sum([]byte("1")).String()
	want := []FieldChange{
		{Path: "kind", Old: "sum", New: "sum"},
		{Path: "code", Old: code, New: code},
		{Path: "outputs", Old: "out", New: "out"},
		{Path: "params.add", Old: "10", New: "20", Changed: true},
		{Path: "params.mod", Old: "0", New: "0"},
		{Path: "inputs.in0", Old: one, New: "output out of a", Unknown: true},
	}
	if diff := cmp.Diff(want, e.Fields); diff != "" {
		t.Error(diff)
	}
	if e.State != StateDepends || !e.Key.IsZero() || e.Reason != "waits for a" {
		t.Errorf("%+v", e)
	}
	var lines []string
	for _, f := range e.Fields {
		lines = append(lines, f.String())
	}
	if diff := cmp.Diff([]string{
		"kind unchanged", "code unchanged", "outputs unchanged", "params.add 10 → 20", "params.mod unchanged", "input in0 not known yet",
	}, lines); diff != "" {
		t.Error(diff)
	}
	var events recorder
	mustRun(t, p, RunOptions{Events: events.take})
	if diff := cmp.Diff([]string{"a params.add 1 → 2", "b params.add 10 → 20, input in0 changed"}, events.of(EventStarted)); diff != "" {
		t.Error(diff)
	}
	if e, err = p.Explain(stages[1]); err != nil || e.State != StateCached || e.Key != e.Before.Key {
		t.Errorf("after the run: %+v, %v", e, err)
	}
	for _, f := range e.Fields {
		if f.Changed || f.Unknown {
			t.Errorf("after the run: %+v", f)
		}
	}
}

func TestExplanationsChangeNothing(t *testing.T) {
	k, d := newKitchen(), newDisk()
	st := d.open()
	g, stages := chain(t, k, 1, 10)
	p := mustPlan(t, g, st, Options{})
	for _, s := range stages {
		if _, err := p.Explain(s); err != nil {
			t.Error(err)
		}
		if _, err := p.Logs(s); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	p.Steps()
	if d.Ops() != 0 || k.count() != 0 {
		t.Errorf("%d changes of the disk", d.Ops())
	}
}

func TestTargets(t *testing.T) {
	k := newKitchen()
	other := *k.kind
	other.Name = "total"
	g := NewGraph(nil)
	var all []*Stage
	for _, labels := range [][]Label{
		{{"dataset", "mnist"}, {"h", "8"}}, {{"dataset", "mnist"}, {"h", "16"}}, {{"dataset", "fashion"}, {"h", "8"}}, {{"dataset", "fashion"}, {"h", "16"}},
	} {
		s, err := Add(g, k.kind, Node{Name: "sum[" + labels[0].Value + ",h=" + labels[1].Value + "]", Labels: labels}, sumParams{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if _, err := Add(g, &other, Node{
		Name: "total", Inputs: map[string]Output{"in": all[0].Out("out")}, Export: map[string]string{"out": "figures/total.svg"},
	}, sumParams{}); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"sum[mnist,h=8]":       "sum[mnist,h=8]",
		"sum":                  "sum[mnist,h=8] sum[mnist,h=16] sum[fashion,h=8] sum[fashion,h=16]",
		"sum[mnist]":           "sum[mnist,h=8] sum[mnist,h=16]",
		"sum[dataset=mnist]":   "sum[mnist,h=8] sum[mnist,h=16]",
		"sum[h=16]":            "sum[mnist,h=16] sum[fashion,h=16]",
		"[h=16, fashion]":      "sum[fashion,h=16]",
		"sum[]":                "sum[mnist,h=8] sum[mnist,h=16] sum[fashion,h=8] sum[fashion,h=16]",
		"figures/total.svg":    "total",
		"totl":                 `error target "totl": no such stage, kind or exported file: did you mean total?`,
		"figures/totl.svg":     "did you mean figures/total.svg?",
		"quite another":        "kinds are sum, total",
		"sum[minst]":           "no stage has these labels: none has minst",
		"sum[h=17]":            "no stage has these labels: h is one of 8, 16",
		"sum[mnist,h=8,h=16]":  "no stage has these labels together",
		"sum[mnist":            "the ] at the end is missing",
		"sun[mnist]":           "did you mean sum?",
		"sum[fashion,h=16]x":   "the ] at the end is missing",
		"":                     "no such stage",
		"sum[fashion,h=16,,]":  "none has ",
		"[none]":               "none has none",
		"nothing like":         "kinds are sum, total",
		"figures/nothing like": "no such stage, kind or exported file",
	} {
		found, err := g.Match(target)
		var names []string
		for _, s := range found {
			names = append(names, s.Name())
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = "error " + err.Error()
		}
		if err == nil && got != want || err != nil && !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", target, got, want)
		}
	}
	if _, err := NewPlan(g, newStore(), Options{Targets: []string{"totl", "sum[h=17]"}}); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("want both errors at once: %v", err)
	}
}
