package pipeline

import (
	"slices"
	"testing"
)

// TestBefore runs a chain under two names with other params, and compares a third
// one with the run that is asked for, else with the nearest key.
func TestBefore(t *testing.T) {
	k, st := newKitchen(), newStore()
	do := func(name string, a, b int) {
		t.Helper()
		g, _ := chain(t, k, a, b)
		mustRun(t, mustPlan(t, g, st, Options{}), RunOptions{Name: name})
	}
	do("day", 1, 10)
	do("night", 2, 20)
	runs, err := Runs(st)
	if err != nil || len(runs) != 2 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	reasons := func(since []Run, a, b int) (string, *Explanation) {
		t.Helper()
		g, stages := chain(t, k, a, b)
		p := mustPlan(t, g, st, Options{Since: since})
		e, err := p.Explain(stages[0])
		if err != nil {
			t.Fatal(err)
		}
		return p.Steps()[0].Reason, e
	}
	for _, c := range []struct {
		since []Run
		want  string
		name  string
	}{
		{runs[:1], "params.add 1 → 3", "day"},
		{runs[1:], "params.add 2 → 3", "night"},
		{runs, "params.add 1 → 3", "day"},
		{nil, "params.add 2 → 3", ""},
		{[]Run{}, "never run; nearest: params.add 2 → 3", ""}, // the latest of two
	} {
		reason, e := reasons(c.since, 3, 10)
		if reason != c.want || e.Before.Name != c.name || e.Before.Key.IsZero() {
			t.Errorf("%d runs: reason %q, compared with %+v, want %q", len(c.since), reason, e.Before, c.want)
		}
	}
	// A stage that is up to date has nothing that changed, whatever ran last.
	if _, e := reasons(runs[1:], 1, 10); e.State != StateCached || slices.ContainsFunc(e.Fields, func(f FieldChange) bool { return f.Changed }) {
		t.Errorf("a cached stage differs: %+v", e)
	}
	// Another stage of the kind is compared with the one that differs least.
	g, _ := chain(t, k, 2, 10)
	s, err := Add(g, k.kind, Node{Name: "c"}, sumParams{Add: 2, Mod: 7})
	if err != nil {
		t.Fatal(err)
	}
	p := mustPlan(t, g, st, Options{Since: runs})
	if got, want := p.step(s).Reason, "never run; nearest: params.mod 0 → 7"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	// A kind that never ran has nothing to be compared with.
	if p = mustPlan(t, g, newStore(), Options{Since: []Run{}}); p.step(s).Reason != "never run" {
		t.Errorf("reason %q, want never run", p.step(s).Reason)
	}
}

// TestDiffering compares the count with the fields that compareFields marks.
func TestDiffering(t *testing.T) {
	fields := func(paths string) (list []Field) {
		for i := 0; i+1 < len(paths); i += 2 {
			list = append(list, Field{paths[i : i+1], paths[i+1 : i+2]})
		}
		return list
	}
	for _, c := range [][2]string{
		{"", ""}, {"a1b2c3", "a1b2c3"}, {"a1b2c3", "a1b3c3"}, {"a1c3", "a1b2c3"}, {"a1b2c3", "a1c3"}, {"a1b2", "c3d4"},
		{"b2c3", "a1b2"}, {"a1d4e5", "a2b2c3e5"}, {"x1a1y1b2", "a1z1b3"}, {"", "a1b2"}, {"a1b2", ""},
	} {
		want := 0
		for _, f := range compareFields(fields(c[0]), fields(c[1])) {
			if f.Changed {
				want++
			}
		}
		if have := differing(fields(c[0]), fields(c[1])); have != want {
			t.Errorf("%q and %q differ in %d fields, want %d", c[0], c[1], have, want)
		}
	}
	if n := differing(fields("a1b2"), fields("a1b"+unknown)); n != 0 {
		t.Errorf("an input that is not known counts: %d", n)
	}
}
