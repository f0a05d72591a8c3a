package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
)

// threeSums is a → b → c, where only a's param is given.
func threeSums(t *testing.T, k *kitchen, add int) (*Graph, []*Stage) {
	t.Helper()
	g := NewGraph(nil)
	a := k.add(t, g, "a", sumParams{Add: add})
	b := k.add(t, g, "b", sumParams{Add: 10}, a)
	c := k.add(t, g, "c", sumParams{Add: 100}, b)
	return g, []*Stage{a, b, c}
}

func TestCompare(t *testing.T) {
	k, st := newKitchen(), newStore()
	g, stages := threeSums(t, k, 1)
	p := mustPlan(t, g, st, Options{})
	compare := func(o RunOptions) (*Summary, error) {
		o.Compare = stages
		return p.Run(t.Context(), o)
	}
	if _, err := compare(RunOptions{}); err == nil {
		t.Error("stages without a result were compared")
	}
	mustRun(t, p, RunOptions{})
	k.take()
	sum, err := compare(RunOptions{Jobs: 2, MemoryLimit: 1})
	if err != nil || sum.Ran != 3 || sum.Cached != 0 || len(sum.Compared) != 3 || k.count() != 3 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for i, c := range sum.Compared {
		if c.Stage != stages[i] || c.Differ != nil {
			t.Errorf("comparison %+v", c)
		}
	}

	// b differs. c has the inputs on record, so it does not.
	k.drift = map[string]int{actionName(sumParams{Add: 10}, map[string]string{"in0": "1"}): 1}
	var events recorder
	if sum, err = compare(RunOptions{Events: events.take}); err != nil {
		t.Fatal(err)
	}
	var diverged []string
	for _, c := range sum.Compared {
		for _, o := range c.Differ {
			diverged = append(diverged, fmt.Sprintf("%s %s", c.Stage, o.Content))
		}
	}
	if diff := cmp.Diff([]string{"b 1011"}, diverged); diff != "" {
		t.Error(diff)
	}
	if got := events.of(EventDiverged); len(got) != 1 {
		t.Errorf("events %q", got)
	}
	if sum := mustDo(t, g, st); sum.Cached != 3 {
		t.Errorf("the comparison left something: %+v", sum)
	}

	// A failure does not keep the others from being compared.
	k.drift = nil
	k.hook = func(p sumParams, _ *Task) error {
		if p.Add == 10 {
			return errors.New("broken")
		}
		return nil
	}
	sum, err = compare(RunOptions{})
	var failed *StageError
	if !errors.As(err, &failed) || failed.Stage != stages[1] || len(sum.Compared) != 2 || sum.Ran != 2 || sum.Failed != 1 || sum.Skipped != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	if logs, err := p.Logs(stages[1]); err != nil || len(logs) != 0 {
		t.Errorf("the comparison left logs: %v, %v", logs, err)
	}
}

func TestRetriesLeaveLogs(t *testing.T) {
	k, st := newKitchen(), newStore()
	attempts := 0
	k.hook = func(p sumParams, task *Task) error {
		if p.Add != 10 {
			return nil
		}
		if attempts++; attempts < 3 {
			return fmt.Errorf("broken %d", attempts)
		}
		return nil
	}
	g, stages := threeSums(t, k, 1)
	var events recorder
	p := mustPlan(t, g, st, Options{})
	sum, err := p.Run(t.Context(), RunOptions{Retries: 1, Events: events.take})
	if err == nil || sum.Failed != 1 {
		t.Fatalf("two failures with one retry: %+v, %v", sum, err)
	}
	want := []string{"b attempt 1 of 2 failed"}
	if diff := cmp.Diff(want, events.of(EventRetried)); diff != "" {
		t.Error(diff)
	}
	logs, err := p.Logs(stages[1])
	if err != nil || len(logs) != 2 || logs[0].Error != "broken 1" || logs[1].Error != "broken 2" {
		t.Errorf("logs %+v, %v", logs, err)
	}
	attempts = 0
	if sum := mustRun(t, p, RunOptions{Retries: 2}); sum.Ran != 2 || attempts != 3 {
		t.Errorf("%d attempts: %+v", attempts, sum)
	}
}

func TestOrigins(t *testing.T) {
	k, st := newKitchen(), openDisk(t, t.TempDir())
	g, _ := threeSums(t, k, 1)
	first := mustDo(t, g, st)
	lock := NewLockfile()
	lock.Update(g, first.Results())

	g, stages := threeSums(t, k, 2)
	p := mustPlan(t, g, st, Options{})
	mustRun(t, p, RunOptions{})
	want := make(map[*Stage]map[string]Digest)
	for _, s := range stages {
		want[s] = lock.expects(s)
	}
	origins, err := p.origins(want)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, o := range origins {
		for _, f := range o.Fields {
			if f.Changed {
				found = append(found, o.Stage.Name()+": "+f.String())
			}
		}
		if o.Record.Run != first.Run {
			t.Errorf("%s: run %s, want %s", o.Stage, o.Record.Run, first.Run)
		}
	}
	if diff := cmp.Diff([]string{"a: params.add 1 → 2", "b: input in0 changed", "c: input in0 changed"}, found); diff != "" {
		t.Error(diff)
	}
	causes, err := lock.Causes(p, nil)
	if err != nil || len(causes) != 1 {
		t.Fatalf("%d causes, %v", len(causes), err)
	}
	c := causes[0]
	if c.Stage != "a" || c.Run != first.Run || c.Follows != 2 || !cmp.Equal(c.Changed, []string{"params.add 1 → 2"}) || !cmp.Equal(c.Outputs, []string{"out"}) {
		t.Errorf("cause %+v", c)
	}
	lock.Params = map[string]string{"sum.add": "0", "sum.gone": "1"}
	if causes, err = lock.Causes(mustPlan(t, g, newStore(), Options{}), nil); err != nil || len(causes) != 0 {
		t.Errorf("causes without results: %+v, %v", causes, err)
	}
	other := newStore()
	op := mustPlan(t, g, other, Options{})
	mustRun(t, op, RunOptions{})
	if causes, err = lock.Causes(op, map[string]string{"sum.add": "2", "sum.new": "3"}); err != nil || len(causes) != 1 {
		t.Fatalf("%d causes, %v", len(causes), err)
	}
	if diff := cmp.Diff([]string{"sum.add 0 → 2", "sum.gone 1 → not there", "sum.new not there → 3"}, causes[0].Changed); diff != "" {
		t.Error(diff)
	}
	want[stages[0]]["out"] = cas.Sum([]byte("never"))
	if origins, err = p.origins(want); err != nil || len(origins) != 2 {
		t.Errorf("%d origins of a result that nothing made, %v", len(origins), err)
	}
}

func TestCheckRecords(t *testing.T) {
	k := newKitchen()
	dir := t.TempDir()
	st := openDisk(t, dir)
	g, stages := threeSums(t, k, 1)
	sum := mustDo(t, g, st)
	report, err := CheckRecords(t.Context(), st)
	if err != nil || report.Records != 3 || len(report.Faults)+len(report.Unexplained) > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	lost := sum.Results()[stages[1].Name()]["out"]
	if _, err := st.GC(t.Context(), cas.GCOptions{Keep: func(d Digest) bool { return d != lost }}); err != nil {
		t.Fatal(err)
	}
	report, err = CheckRecords(t.Context(), st)
	if err != nil || len(report.Faults) != 1 || report.Faults[0].Digest != lost || report.Faults[0].Kind != "sum" || !errors.Is(report.Faults[0].Err, cas.ErrNotFound) {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestNeeds: with the rows and objects gone that nothing needs, what was
// needed is still there.
func TestNeeds(t *testing.T) {
	k, st := newKitchen(), openDisk(t, t.TempDir())
	old, _ := threeSums(t, k, 1)
	expected := mustDo(t, old, st)
	forgotten, stages := threeSums(t, k, 2)
	gone := mustDo(t, forgotten, st).Results()
	now, _ := threeSums(t, k, 3)
	p := mustPlan(t, now, st, Options{})
	mustRun(t, p, RunOptions{})

	var lock, current Root
	lock.Name, current.Name = "lock", "current"
	lock.Digests = []Digest{expected.Results()["c"]["out"]} // and what it was made of
	for _, s := range p.Steps() {
		current.Keys = append(current.Keys, s.Key)
	}
	collect := func(since time.Time) *cas.GCReport {
		t.Helper()
		needs, err := FindNeeds(st, []Root{current, lock}, "recent", since)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"current", "lock", "recent"}, needs.Roots()); diff != "" {
			t.Error(diff)
		}
		report, err := st.GC(t.Context(), cas.GCOptions{Keep: needs.Keep, KeepRow: needs.KeepRow})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if report := collect(time.Now().Add(-time.Hour)); len(report.Objects) != 0 {
		t.Errorf("%d objects of recent runs are removed", len(report.Objects))
	}
	report := collect(time.Now().Add(time.Hour))
	var removed []Digest
	for _, o := range report.Objects {
		removed = append(removed, o.Digest)
	}
	for _, s := range stages {
		if !slices.Contains(removed, gone[s.Name()]["out"]) {
			t.Errorf("the forgotten result of %s is kept", s)
		}
	}
	if len(removed) != 3+3 {
		t.Errorf("%d objects are removed, want 3 results and the keys of 3 runs", len(removed))
	}
	k.take()
	for name, g := range map[string]*Graph{"expected": old, "current": now} {
		if sum := mustDo(t, g, st); sum.Ran != 0 {
			t.Errorf("%s results are lost: %+v", name, sum)
		}
	}
	if sum := mustDo(t, forgotten, st); sum.Ran != 3 {
		t.Errorf("forgotten results are there: %+v", sum)
	}
}

func TestRunsAreKept(t *testing.T) {
	k, st := newKitchen(), newStore()
	source := func(text string) *codehash.Hasher {
		t.Helper()
		h, err := codehash.New(fstest.MapFS{
			"sum/sum.go":       {Data: []byte("package sum\n\nimport _ \"example.org/m/add\"\n")},
			"add/add.go":       {Data: []byte("package add\n\nconst x = " + text + "\n")},
			"unused/unused.go": {Data: []byte("package unused\n\nconst x = " + text + "\n")},
		}, "example.org/m")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	k.kind.Package = "sum"
	build := func(h *codehash.Hasher) (*Graph, []*Stage) {
		g := NewGraph(h)
		a := k.add(t, g, "a", sumParams{Add: 1})
		return g, []*Stage{a, k.add(t, g, "b", sumParams{Add: 10}, a)}
	}
	g, stages := build(source("1"))
	p := mustPlan(t, g, st, Options{})
	params := map[string]string{"a": "1"}
	sum := mustRun(t, p, RunOptions{Name: "small", Note: "a first try", Params: params, Command: []string{"sum"}})
	runs, err := Runs(st)
	if err != nil || len(runs) != 1 {
		t.Fatalf("runs %+v, %v", runs, err)
	}
	run := runs[0]
	if run.ID != sum.Run || run.Name != "small" || run.Note != "a first try" || run.Params["a"] != "1" || run.Command[0] != "sum" || run.Ran != 2 || run.Ended.Before(run.Started) {
		t.Errorf("run %+v", run)
	}
	keys, err := run.Stages(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Keys(), keys); diff != "" {
		t.Error(diff)
	}
	if key, _ := p.Key(stages[1]); len(keys) != 2 || keys["b"] != key {
		t.Errorf("b has key %s", keys["b"])
	}
	if keys, err := new(Run).Stages(t.Context(), st); keys != nil || err != nil {
		t.Errorf("stages of no run: %v, %v", keys, err)
	}

	g, stages = build(source("2"))
	e, err := mustPlan(t, g, st, Options{}).Explain(stages[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"code changed: add"}, Changes(e.Fields)); diff != "" {
		t.Error(diff)
	}
	if e.Reason != "code changed" {
		t.Errorf("reason %q", e.Reason)
	}
}
