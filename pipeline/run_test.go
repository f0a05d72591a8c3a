package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// diamond is a → (b, c) → d.
func diamond(t testing.TB, k *kitchen, add [4]int) (*Graph, [4]*Stage) {
	g := NewGraph(nil)
	a := k.add(t, g, "a", sumParams{Add: add[0], Mod: 10})
	b := k.add(t, g, "b", sumParams{Add: add[1]}, a)
	c := k.add(t, g, "c", sumParams{Add: add[2]}, a)
	d := k.add(t, g, "d", sumParams{Add: add[3]}, b, c)
	return g, [4]*Stage{a, b, c, d}
}

func TestSecondRunDoesNothing(t *testing.T) {
	k, d := newKitchen(), newDisk()
	st := d.open()
	g, stages := diamond(t, k, [4]int{1, 10, 100, 1000})
	p := mustPlan(t, g, st, Options{})
	sum := mustRun(t, p, RunOptions{})
	if sum.Ran != 4 || sum.Cached != 0 || k.count() != 4 {
		t.Fatalf("first run: %+v", sum)
	}
	if got := textOf(t, p, stages[3]); got != "1112" {
		t.Fatalf("d is %s", got)
	}
	d.Inject(castest.Fault{})
	again := mustDo(t, g, st)
	if again.Ran != 0 || again.Cached != 4 || k.count() != 0 || d.Ops() != 0 {
		t.Fatalf("second run: %+v, %d changes of the disk", again, d.Ops())
	}
	if diff := cmp.Diff(sum.Results(), again.Results()); diff != "" {
		t.Error(diff)
	}
}

func TestEarlyCutoff(t *testing.T) {
	k, st := newKitchen(), newStore()
	g, _ := diamond(t, k, [4]int{1, 10, 100, 1000})
	mustDo(t, g, st)
	k.count()
	g, _ = diamond(t, k, [4]int{11, 10, 100, 1000}) // 11 mod 10 is 1 as well
	p := mustPlan(t, g, st, Options{})
	var states []string
	for _, s := range p.Steps() {
		states = append(states, s.Stage.Name()+" "+s.State.String()+" "+s.Reason)
	}
	want := []string{
		"a run params.add 1 → 11", "b depends waits for a", "c depends waits for a", "d depends waits for b and 1 more",
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
	var events recorder
	sum := mustRun(t, p, RunOptions{Events: events.take})
	if sum.Ran != 1 || sum.Cached != 3 || k.count() != 1 {
		t.Fatalf("%+v", sum)
	}
	if diff := cmp.Diff([]string{"b", "c", "d"}, events.of(EventCached)); diff != "" {
		t.Error(diff)
	}
}

func TestSameKeyRunsOnce(t *testing.T) {
	k, st := newKitchen(), newStore()
	g := NewGraph(nil)
	a1 := k.add(t, g, "a1", sumParams{Add: 1})
	a2 := k.add(t, g, "a2", sumParams{Add: 1})
	k.add(t, g, "b1", sumParams{Add: 2}, a1)
	k.add(t, g, "b2", sumParams{Add: 2}, a2)
	var events recorder
	p := mustPlan(t, g, st, Options{})
	if s := p.Steps()[1]; s.State != StateDepends || s.Waits[0] != a1 {
		t.Errorf("step of a2: %+v", s)
	}
	sum := mustRun(t, p, RunOptions{Jobs: 4, Events: events.take})
	if n := k.count(); n != 2 || sum.Ran != 2 || sum.Cached != 2 {
		t.Fatalf("%d executions, %+v", n, sum)
	}
	if got := events.of(EventCached); len(got) != 2 {
		t.Errorf("cached: %q", got)
	}
	if last, ok, err := LastKey(st, "a2"); err != nil || !ok || last != p.keys[1] {
		t.Errorf("a2 has no key on record: %v %v", ok, err)
	}
	k.count()
	p = mustPlan(t, g, st, Options{Force: true})
	if sum := mustRun(t, p, RunOptions{Jobs: 4}); k.count() != 2 || sum.Ran != 2 {
		t.Fatalf("forced: %+v", sum)
	}
}

func TestTargetsForceDownstream(t *testing.T) {
	names := func(p *Plan) string {
		var all []string
		for _, s := range p.Steps() {
			all = append(all, s.Stage.Name()+" "+s.State.String())
		}
		return strings.Join(all, ", ")
	}
	k, st := newKitchen(), newStore()
	g, _ := diamond(t, k, [4]int{1, 10, 100, 1000})
	mustDo(t, g, st)
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Targets: []string{"b"}}, "a cached, b cached"},
		{Options{Targets: []string{"b"}, Force: true}, "a cached, b run"},
		{Options{Targets: []string{"b"}, Force: true, Downstream: true}, "a cached, b run, c cached, d depends"},
		{Options{Targets: []string{"a"}, Force: true, Downstream: true}, "a run, b depends, c depends, d depends"},
		{Options{Force: true}, "a run, b depends, c depends, d depends"},
	} {
		if got := names(mustPlan(t, g, st, c.o)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.o, got, c.want)
		}
	}
	k.count()
	if sum := mustRun(t, mustPlan(t, g, st, Options{Force: true}), RunOptions{}); sum.Ran != 4 || k.count() != 4 {
		t.Errorf("force all: %+v", sum)
	}
	for _, key := range mustPlan(t, g, st, Options{}).keys {
		if records, err := allRecords(st, key); err != nil || len(records) != 1 {
			t.Errorf("%d records after a forced run that made the same, %v", len(records), err)
		}
	}
}

func TestFailureStops(t *testing.T) {
	k, st := newKitchen(), newStore()
	broken := errors.New("broken")
	k.hook = func(p sumParams, t *Task) error {
		if p.Add == 10 {
			t.Logf("about to\nbreak")
			return broken
		}
		return nil
	}
	g, stages := diamond(t, k, [4]int{1, 10, 100, 1000})
	p := mustPlan(t, g, st, Options{})
	sum, err := p.Run(t.Context(), RunOptions{Jobs: 1})
	var failed *StageError
	if !errors.As(err, &failed) || failed.Stage != stages[1] || !errors.Is(err, broken) || err.Error() != "b: broken" {
		t.Fatalf("error %v", err)
	}
	if sum.Ran != 1 || sum.Failed != 1 || sum.Skipped != 2 || len(sum.Results()) != 1 {
		t.Errorf("%+v", sum)
	}
	logs, err := p.Logs(stages[1])
	if err != nil || len(logs) != 1 || logs[0].Text != "about to\nbreak\n" || logs[0].Error != "broken" || logs[0].Run != sum.Run {
		t.Errorf("logs %+v, %v", logs, err)
	}
	k.hook = nil
	if sum := mustRun(t, p, RunOptions{}); sum.Ran != 3 || sum.Cached != 1 {
		t.Errorf("going on: %+v", sum)
	}
}

func TestKeepGoingListsWhatWasSkipped(t *testing.T) {
	k, st := newKitchen(), newStore()
	k.hook = func(p sumParams, _ *Task) error {
		if p.Add < 0 {
			return fmt.Errorf("broken %d", p.Add)
		}
		return nil
	}
	g := NewGraph(nil)
	x := k.add(t, g, "x", sumParams{Add: -1})
	y := k.add(t, g, "y", sumParams{Add: -2})
	z := k.add(t, g, "z", sumParams{Add: 3})
	twin := k.add(t, g, "twin", sumParams{Add: -1})
	xz := k.add(t, g, "xz", sumParams{Add: 4}, x, z)
	xyz := k.add(t, g, "xyz", sumParams{Add: 5}, xz, y)
	k.add(t, g, "zz", sumParams{Add: 6}, z)
	ofTwin := k.add(t, g, "of twin", sumParams{Add: 7}, twin)
	var events recorder
	sum, err := mustPlan(t, g, st, Options{}).Run(t.Context(), RunOptions{KeepGoing: true, Events: events.take})
	if err == nil || err.Error() != "x: broken -1\ny: broken -2" {
		t.Errorf("error %v", err)
	}
	if sum.Ran != 2 || sum.Failed != 2 || sum.Skipped != 4 {
		t.Errorf("%+v", sum)
	}
	want := []Skip{{twin, []*Stage{x}}, {xz, []*Stage{x}}, {xyz, []*Stage{x, y}}, {ofTwin, []*Stage{x}}}
	if diff := cmp.Diff(want, sum.Skips, cmp.Comparer(func(a, b *Stage) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if got := events.of(EventSkipped); len(got) != 4 {
		t.Errorf("skipped events %q", got)
	}
}

func TestPanicIsAFailure(t *testing.T) {
	k, st := newKitchen(), newStore()
	k.hook = func(sumParams, *Task) error { panic("no soup") }
	g := NewGraph(nil)
	a := k.add(t, g, "a", sumParams{})
	p := mustPlan(t, g, st, Options{})
	_, err := p.Run(t.Context(), RunOptions{})
	var panicked *PanicError
	if !errors.As(err, &panicked) || panicked.Value != "no soup" || err.Error() != "a: panic: no soup" {
		t.Fatalf("error %v", err)
	}
	logs, err := p.Logs(a)
	if err != nil || len(logs) != 1 || !strings.Contains(logs[0].Text, "kit_test.go") {
		t.Errorf("the log has no stack: %+v, %v", logs, err)
	}

	k.hook = func(sumParams, *Task) error { runtime.Goexit(); return nil }
	if _, err := p.Run(t.Context(), RunOptions{}); !errors.Is(err, errGoexit) {
		t.Errorf("error %v", err)
	}
}

func TestWrongOutputsAreAFailure(t *testing.T) {
	for _, c := range []struct{ output, want string }{
		{"", `a: the stage did not return output "out"`},
		{"other", `a: undeclared output "other" of kind odd`},
	} {
		odd := &Kind[struct{}]{Name: "odd", Outputs: []string{"out"}, Run: func(context.Context, struct{}, *Task) (map[string][]byte, error) {
			if c.output == "" {
				return nil, nil
			}
			return map[string][]byte{c.output: nil, "out": nil}, nil
		}}
		g := NewGraph(nil)
		if _, err := Add(g, odd, Node{Name: "a"}, struct{}{}); err != nil {
			t.Fatal(err)
		}
		if _, err := mustPlan(t, g, newStore(), Options{}).Run(t.Context(), RunOptions{}); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

func TestCancelKeepsWhatIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, st := newKitchen(), newStore()
		ctx, cancel := context.WithCancelCause(t.Context())
		interrupted := errors.New("interrupted")
		wait := make(chan struct{})
		k.hook = func(p sumParams, t *Task) error {
			switch p.Add {
			case 10: // does not listen
				<-wait
			case 100: // does
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		g, _ := diamond(t, k, [4]int{1, 10, 100, 1000})
		p := mustPlan(t, g, st, Options{})
		go func() {
			synctest.Wait() // b and c run
			cancel(interrupted)
			synctest.Wait()
			close(wait)
		}()
		sum, err := p.Run(ctx, RunOptions{Jobs: 4})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, interrupted) {
			t.Fatalf("error %v", err)
		}
		if sum.Ran != 2 || sum.Failed != 0 || sum.Unrun != 2 {
			t.Fatalf("%+v", sum)
		}
		k.setHook(nil)
		k.count()
		if sum := mustDo(t, g, st); sum.Ran != 2 || k.count() != 2 {
			t.Fatalf("going on: %+v", sum)
		}
	})
}

func TestProgressAndTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, st := newKitchen(), newStore()
		k.hook = func(_ sumParams, t *Task) error {
			for i := range 100 {
				time.Sleep(10 * time.Millisecond)
				t.Progress(i+1, 100)
			}
			return nil
		}
		g := NewGraph(nil)
		a := k.add(t, g, "a", sumParams{})
		var events recorder
		p := mustPlan(t, g, st, Options{})
		mustRun(t, p, RunOptions{Events: events.take})
		if got := len(events.of(EventProgress)); got < 10 || got > 12 {
			t.Errorf("%d reports in a second", got)
		}
		if r, ok := p.Record(a); !ok || r.Elapsed != time.Second {
			t.Errorf("record %+v", r)
		}
		runs, err := Runs(st)
		if err != nil || len(runs) != 1 || runs[0].Ran != 1 || runs[0].Ended.IsZero() || runs[0].Go != runtime.Version() {
			t.Errorf("runs %+v, %v", runs, err)
		}
	})
}

func TestTwoRunsShareTheWork(t *testing.T) {
	for _, c := range []struct {
		name string
		view func(disk, *cas.Store) *cas.Store
	}{
		{"processes", func(d disk, _ *cas.Store) *cas.Store { return d.open() }},
		{"one process", func(_ disk, st *cas.Store) *cas.Store { return st }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k, d := newKitchen(), newDisk()
				st := d.open()
				k.hook = func(p sumParams, _ *Task) error {
					time.Sleep(time.Duration(p.Add) * time.Millisecond)
					return nil
				}
				var events recorder
				sums := make(chan *Summary)
				for range 4 {
					g, _ := diamond(t, k, [4]int{1, 10, 100, 1000})
					view := c.view(d, st)
					go func() {
						sum, err := mustPlan(t, g, view, Options{}).Run(t.Context(), RunOptions{Jobs: 2, Events: events.take})
						if err != nil {
							t.Error(err)
						}
						sums <- sum
					}()
				}
				ran, all := 0, []*Summary{}
				for range 4 {
					sum := <-sums
					ran += sum.Ran
					all = append(all, sum)
				}
				if n := k.count(); n != 4 || ran != 4 {
					t.Errorf("%d executions, %d reported", n, ran)
				}
				for _, sum := range all {
					if diff := cmp.Diff(all[0].Results(), sum.Results()); diff != "" {
						t.Error(diff)
					}
				}
				if len(events.of(EventWaiting)) == 0 {
					t.Error("nobody waited")
				}
			})
		})
	}
}

func TestMemoryAndCores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, st := newKitchen(), newStore()
		now, most := 0, 0
		var workers []int
		k.hook = func(_ sumParams, t *Task) error {
			k.mu.Lock()
			now++
			most = max(most, now)
			workers = append(workers, t.Workers)
			k.mu.Unlock()
			time.Sleep(time.Second)
			k.mu.Lock()
			now--
			k.mu.Unlock()
			return nil
		}
		g := NewGraph(nil)
		for i := range 6 {
			if _, err := Add(g, k.kind, Node{Name: fmt.Sprint(i), Memory: 40, Cores: 8}, sumParams{Add: i}); err != nil {
				t.Fatal(err)
			}
		}
		mustRun(t, mustPlan(t, g, st, Options{}), RunOptions{Jobs: 4, MemoryLimit: 100})
		if most != 2 {
			t.Errorf("%d ran together, want 2 of 40 bytes in 100", most)
		}
		workers, most = nil, 0
		mustRun(t, mustPlan(t, g, st, Options{Force: true}), RunOptions{Jobs: 4, MemoryLimit: 10})
		if most != 1 {
			t.Errorf("%d ran together, want one at a time that does not fit", most)
		}
		workers, most = nil, 0
		mustRun(t, mustPlan(t, g, st, Options{Force: true}), RunOptions{Jobs: 4})
		if most != 4 || !slices.Equal(workers[:4], []int{1, 1, 1, 1}) {
			t.Errorf("%d ran together, with %d workers", most, workers)
		}
		workers = nil
		mustRun(t, mustPlan(t, g, st, Options{Force: true, Targets: []string{"0"}}), RunOptions{Jobs: 4})
		if workers[0] != 4 {
			t.Errorf("a stage alone has %d workers, want all 4", workers[0])
		}
	})
}

func TestFullDisk(t *testing.T) {
	k, d := newKitchen(), newDisk()
	st := d.open()
	if err := st.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "t"}}}); err != nil {
		t.Fatal(err)
	}
	g, _ := diamond(t, k, [4]int{1, 10, 100, 1000})
	full := errors.New("no space left on device")
	d.Inject(castest.Fault{At: 1, Op: "sync", Err: full})
	var events recorder
	sum, err := mustPlan(t, g, st, Options{}).Run(t.Context(), RunOptions{Events: events.take})
	if !errors.Is(err, full) || errors.As(err, new(*StageError)) {
		t.Fatalf("error %v", err)
	}
	if sum.Ran != 0 || sum.Unrun != 4 || len(events.of(EventFinished)) != 0 || len(sum.Results()) != 0 {
		t.Errorf("%+v", sum)
	}
	if sum := mustDo(t, g, d.open()); sum.Ran != 4 {
		t.Errorf("after it: %+v", sum)
	}
}

// The stage at the start of the longest path runs first, by recorded times.
func TestLongestPathFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, st := newKitchen(), newStore()
		build := func(add int) *Graph {
			g := NewGraph(nil)
			for i := range 5 {
				k.add(t, g, fmt.Sprint(i), sumParams{Add: add + i})
			}
			return g
		}
		k.setHook(func(p sumParams, _ *Task) error { time.Sleep(time.Duration(p.Add%10) * time.Second); return nil })
		mustDo(t, build(100), st)
		var events recorder
		mustRun(t, mustPlan(t, build(200), st, Options{}), RunOptions{Jobs: 1, Events: events.take})
		var order []string
		for _, e := range events.of(EventStarted) {
			order = append(order, strings.Fields(e)[0])
		}
		if diff := cmp.Diff([]string{"4", "3", "2", "1", "0"}, order); diff != "" {
			t.Error(diff)
		}
	})
}
