package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// chain is a → b → c → d, each adding its part of add.
func chain(t testing.TB, k *kitchen, add ...int) (*Graph, []*Stage) {
	g := NewGraph(nil)
	var stages []*Stage
	for i, a := range add {
		stages = append(stages, k.add(t, g, string(rune('a'+i)), sumParams{Add: a}, stages[max(0, i-1):i]...))
	}
	return g, stages
}

func TestLostInputsAreMadeAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		lose func(disk, Digest) bool
		lost string
	}{
		{"missing", disk.remove, "missing"},
		{"damaged", disk.damage, "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, d := newKitchen(), newDisk()
			st := d.open()
			g, _ := chain(t, k, 1, 10, 100)
			sum := mustDo(t, g, st)
			for _, name := range []string{"a", "b"} {
				if !c.lose(d, sum.Results()[name]["out"]) {
					t.Fatal("nothing to lose")
				}
			}
			k.count()
			g, stages := chain(t, k, 1, 10, 200, 1000)
			p := mustPlan(t, g, st, Options{})
			var events recorder
			sum = mustRun(t, p, RunOptions{Events: events.take})
			// c needs b, whose making needs a.
			if n := k.count(); n != 4 || sum.Ran != 4 {
				t.Fatalf("%d executions, %+v", n, sum)
			}
			if got := textOf(t, p, stages[3]); got != "1211" {
				t.Errorf("d is %s", got)
			}
			damaged := events.of(EventDamaged)
			if len(damaged) != 2 || !strings.HasPrefix(damaged[0], "b output out: object ") || !strings.HasPrefix(damaged[1], "a ") {
				t.Errorf("events %q", damaged)
			}
			started := events.of(EventStarted)
			if want := "a output out " + c.lost; !slices.Contains(started, want) {
				t.Errorf("started %q, want one to be %q", started, want)
			}
			if want := map[string]int{"missing": 0, "damaged": 2}[c.name]; d.quarantined(t) != want {
				t.Errorf("%d objects set aside, want %d", d.quarantined(t), want)
			}
			for _, key := range p.keys {
				if records, _ := allRecords(st, key); len(records) != 1 {
					t.Errorf("%d records of a key", len(records))
				}
			}
		})
	}
}

func TestLostInputOfManyReadersIsMadeOnce(t *testing.T) {
	k, d := newKitchen(), newDisk()
	st := d.open()
	build := func(add int) *Graph {
		g := NewGraph(nil)
		a := k.add(t, g, "a", sumParams{Add: 1})
		twin := k.add(t, g, "twin", sumParams{Add: 1})
		for i := range 20 {
			k.add(t, g, fmt.Sprint(i), sumParams{Add: add + i}, []*Stage{a, twin}[i%2])
		}
		return g
	}
	sum := mustDo(t, build(100), st)
	d.damage(sum.Results()["a"]["out"])
	k.count()
	sum = mustRun(t, mustPlan(t, build(200), st, Options{}), RunOptions{Jobs: 8})
	if n := k.count(); n != 21 {
		t.Errorf("%d executions, want 20 readers and one maker", n)
	}
	if sum.Failed != 0 || sum.Ran+sum.Cached != 22 {
		t.Errorf("%+v", sum)
	}
}

func TestVerifyPlansWhatIsLost(t *testing.T) {
	k, d := newKitchen(), newDisk()
	st := d.open()
	g, stages := chain(t, k, 1, 10, 100)
	sum := mustDo(t, g, st)
	d.damage(sum.Results()["b"]["out"])
	k.count()
	p := mustPlan(t, g, st, Options{})
	found, err := p.Verify(t.Context())
	if err != nil || len(found) != 1 || found[0] != stages[1] {
		t.Fatalf("found %v, %v", found, err)
	}
	steps := p.Steps()
	if steps[1].State != StateRun || steps[1].Reason != "output out damaged" || steps[2].State != StateCached {
		t.Errorf("steps %+v", steps)
	}
	if sum := mustRun(t, p, RunOptions{}); sum.Ran != 1 || sum.Cached != 2 || k.count() != 1 {
		t.Errorf("%+v", sum)
	}
	if found, err := mustPlan(t, g, st, Options{}).Verify(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("still lost: %v, %v", found, err)
	}
}

// forgetful is a disk on which one frame is damaged whenever it is read.
type forgetful struct {
	disk
	frame []byte
}

func (f *forgetful) Open(name string) (cas.File, error) {
	file, err := f.disk.Open(name)
	if err != nil {
		return nil, err
	}
	return forgetfulFile{file, f}, nil
}

type forgetfulFile struct {
	cas.File
	disk *forgetful
}

func (f forgetfulFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.File.ReadAt(p, offset)
	if i := bytes.Index(p[:n], f.disk.frame); i >= 0 && f.disk.frame != nil {
		p[i+len(f.disk.frame)-1] ^= 1
	}
	return n, err
}

// A disk that loses what was just written must not keep a run busy for ever.
func TestHopelessDiskIsAFailure(t *testing.T) {
	k, d := newKitchen(), &forgetful{disk: newDisk()}
	st, err := cas.Open(storeDir, cas.WithFS(d))
	if err != nil {
		t.Fatal(err)
	}
	g, _ := chain(t, k, 10, 10)
	mustDo(t, g, st)
	d.frame = cas.Encode([]byte("10")).Frame
	g, stages := chain(t, k, 10, 20)
	p := mustPlan(t, g, st, Options{})
	key, _ := p.Key(stages[1])
	// While a runs, another process holds the lock of b, so that a is out of
	// memory before b reads it.
	other := d.open()
	var free func()
	_, err = p.Run(t.Context(), RunOptions{CacheLimit: 1, Jobs: 1, Events: func(e Event) {
		switch {
		case e.Stage != stages[0]:
		case e.Kind == EventStarted:
			unlock, ok, _, err := other.TryLock(key.Digest)
			if !ok || err != nil {
				t.Errorf("no lock: %v", err)
			}
			free = unlock
		case e.Kind == EventFinished:
			free()
		}
	}})
	var failed *StageError
	if !errors.As(err, &failed) || failed.Stage != stages[1] || !strings.Contains(err.Error(), "check the disk") {
		t.Errorf("error %v", err)
	}
	if n := k.count(); n != 3 { // both, and once more what is lost
		t.Errorf("%d executions", n)
	}
}

func TestNonDeterminismIsKeptAsEvidence(t *testing.T) {
	k, d := newKitchen(), newDisk()
	st := d.open()
	calls := 0
	k.kind.Run = func(ctx context.Context, p sumParams, t *Task) (map[string][]byte, error) {
		out, err := k.run(ctx, p, t)
		if p.Add == 10 {
			calls++
			out["out"] = append(out["out"], fmt.Sprint("000", calls)...)
		}
		return out, err
	}
	g, stages := chain(t, k, 1, 10, 100)
	first := mustDo(t, g, st)

	p := mustPlan(t, g, st, Options{Targets: []string{"b"}, Force: true, Downstream: true})
	var events recorder
	sum := mustRun(t, p, RunOptions{Events: events.take})
	key, _ := p.Key(stages[1])
	if len(sum.Diverged) != 1 || sum.Diverged[0].Stage != stages[1] || sum.Diverged[0].Have != first.Results()["b"]["out"] {
		t.Fatalf("diverged %+v", sum.Diverged)
	}
	if diff := cmp.Diff(first.Results(), sum.Results()); diff != "" {
		t.Errorf("the first result does not stay: %s", diff)
	}
	if sum.Ran != 1 || sum.Cached != 2 || len(events.of(EventDiverged)) != 1 {
		t.Errorf("%+v", sum)
	}
	records, err := allRecords(st, key)
	if err != nil || len(records) != 2 {
		t.Fatalf("records %+v, %v", records, err)
	}
	if _, err := st.Get(t.Context(), records[1].Outputs[0].Digest); err != nil {
		t.Errorf("the second result is not kept: %v", err)
	}
	if again := mustDo(t, g, st); again.Ran != 0 || cmp.Diff(first.Results(), again.Results()) != "" {
		t.Errorf("the evidence counts: %+v", again)
	}

	// Once the first result is lost, the new one takes its place, and all
	// that follows is brought in line with it.
	d.remove(first.Results()["b"]["out"])
	k2 := *k.kind
	k.kind = &k2
	g, stages = chain(t, k, 1, 10, 100, 1000)
	k.add(t, g, "e", sumParams{Add: 5}, stages[1])
	sum = mustDo(t, g, st)
	if len(sum.Diverged) != 1 {
		t.Fatalf("diverged %+v", sum.Diverged)
	}
	if records, _ = allRecords(st, key); len(records) != 3 {
		t.Fatalf("records %+v", records)
	}
	if last, ok, _ := LookupRecord(st, key); !ok || last.Outputs[0].Digest != sum.Results()["b"]["out"] {
		t.Errorf("the record is %+v", last)
	}
	again := mustDo(t, g, st)
	if again.Ran != 0 || again.Cached != 5 {
		t.Errorf("after it: %+v", again)
	}
	if diff := cmp.Diff(sum.Results(), again.Results()); diff != "" {
		t.Error(diff)
	}
	if sum.Results()["b"]["out"] == first.Results()["b"]["out"] || sum.Results()["c"]["out"] == first.Results()["c"]["out"] {
		t.Error("what follows was not brought in line")
	}
}

func TestUnreadableStoreIsNoStageError(t *testing.T) {
	k, d := newKitchen(), newDisk()
	st := d.open()
	g, _ := chain(t, k, 1, 10)
	broken := errors.New("permission denied")
	d.FailReads(broken)
	if _, err := NewPlan(g, st, Options{}); !errors.Is(err, broken) {
		t.Errorf("plan: %v", err)
	}
	d.FailReads(nil)
	p := mustPlan(t, g, st, Options{})
	d.FailReads(broken)
	if _, err := p.Run(t.Context(), RunOptions{}); !errors.Is(err, broken) || errors.As(err, new(*StageError)) {
		t.Errorf("run: %v", err)
	}
	if k.count() != 0 {
		t.Error("a stage ran")
	}
}
