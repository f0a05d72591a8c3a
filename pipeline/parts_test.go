package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// cutter is a kind of one stage that computes its output in parts.
type cutter struct {
	parts int
	takes time.Duration // each part
	fail  error         // of the part in the middle

	mu       sync.Mutex
	computed map[string]int // by the name of the part
}

func (c *cutter) graph(t testing.TB) (*Graph, *Stage) {
	t.Helper()
	kind := &Kind[struct{}]{Name: "cut", Outputs: []string{"out"}, Portable: true, Run: c.run}
	g := NewGraph(nil)
	s, err := Add(g, kind, Node{Name: "a", Cores: 2}, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	return g, s
}

func (c *cutter) run(ctx context.Context, _ struct{}, t *Task) (map[string][]byte, error) {
	results := make([][]byte, c.parts)
	var g errgroup.Group
	g.SetLimit(t.Workers)
	for i := range results {
		name := fmt.Sprint("part ", i)
		g.Go(func() (err error) {
			results[i], err = t.Part(name, func() ([]byte, error) {
				if i == c.parts/2 && c.fail != nil {
					return nil, c.fail
				}
				select {
				case <-time.After(c.takes):
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				c.mu.Lock()
				defer c.mu.Unlock()
				c.computed[name]++
				return fmt.Appendf(nil, "%d squared is %d\n", i, i*i), nil
			})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return map[string][]byte{"out": bytes.Join(results, nil)}, nil
}

// take returns how often each part was computed since the last call.
func (c *cutter) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	computed := c.computed
	c.computed = make(map[string]int)
	return computed
}

// keptParts returns the names of the parts that a store has of a stage.
func keptParts(t testing.TB, st *cas.Store, k Key) map[string]bool {
	t.Helper()
	rows, err := st.Lookup(tableParts, k.Digest)
	if err != nil {
		t.Fatal(err)
	}
	kept := make(map[string]bool)
	for _, row := range rows {
		_, _, name, _ := readPart(row)
		kept[name] = true
	}
	return kept
}

// Whenever the process dies and the power is lost, no more parts are lost than
// can be finished in one interval, and the results are those of an undisturbed
// run.
func TestPartsOutliveTheProcess(t *testing.T) {
	const interval, takes, jobs = time.Second, 200 * time.Millisecond, 2
	const most = jobs * int(interval/takes)
	undisturbed := &cutter{parts: 200, computed: make(map[string]int)}
	g, _ := undisturbed.graph(t)
	want := mustDo(t, g, newStore()).Results()
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		c := &cutter{parts: 200, takes: takes, computed: make(map[string]int)}
		g, _ := c.graph(t)
		d := newDisk()
		total := 0
		for kill := range 11 {
			p := mustPlan(t, g, d.open(), Options{})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan *Summary)
			go func() {
				sum, _ := p.Run(ctx, RunOptions{Jobs: jobs, PartInterval: interval})
				ended <- sum
			}()
			if kill == 10 {
				if diff := cmp.Diff(want, (<-ended).Results()); diff != "" {
					t.Error(diff)
				}
				cancel()
				break
			}
			time.Sleep(time.Duration(random.Int64N(int64(3 * time.Second))))
			synctest.Wait()
			d = disk{d.Crash(castest.LoseAll, nil)}
			computed := c.take()
			cancel()
			<-ended
			c.take()
			kept := keptParts(t, d.open(), p.keys[0])
			lost := 0
			for name, times := range computed {
				total += times
				if !kept[name] {
					lost++
				}
			}
			if lost > most {
				t.Errorf("kill %d: %d of %d parts are lost, want at most %d", kill, lost, len(computed), most)
			}
		}
		for _, times := range c.take() {
			total += times
		}
		if total < 200 || total > 200+10*most {
			t.Errorf("%d parts were computed", total)
		}
	})
}

// An interrupt keeps every finished part; so does a failure. A run that checks
// a known result computes all parts.
func TestPartsOfAnInterruptedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cutter{parts: 20, takes: time.Second, computed: make(map[string]int)}
		g, s := c.graph(t)
		d := newDisk()
		run := func(ctx context.Context, o Options) (*Plan, error) {
			p := mustPlan(t, g, d.open(), o)
			_, err := p.Run(ctx, RunOptions{Jobs: 2, PartInterval: time.Hour})
			return p, err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		p, err := run(ctx, Options{})
		if !errors.Is(err, context.DeadlineExceeded) || len(c.take()) != 6 {
			t.Fatalf("error %v", err)
		}
		kept := keptParts(t, d.open(), p.keys[0])
		if len(kept) != 6 {
			t.Errorf("kept %v", kept)
		}

		c.fail = errors.New("broken")
		if _, err := run(t.Context(), Options{}); !errors.Is(err, c.fail) {
			t.Errorf("error %v", err)
		}
		c.fail = nil
		computed := len(c.take())
		if computed == 0 || len(keptParts(t, d.open(), p.keys[0])) != 6+computed {
			t.Errorf("%d parts computed before the failure, kept %v", computed, keptParts(t, d.open(), p.keys[0]))
		}

		// A damaged part is set aside and computed again.
		var damaged bool
		for name := range kept {
			var i int
			fmt.Sscanf(name, "part %d", &i)
			damaged = d.damage(cas.Sum(fmt.Appendf(nil, "%d squared is %d\n", i, i*i)))
			break
		}
		p, err = run(t.Context(), Options{})
		if err != nil || !damaged || len(c.take()) != 20-6-computed+1 || d.quarantined(t) != 1 {
			t.Errorf("damaged %v, %d set aside, %v", damaged, d.quarantined(t), err)
		}

		if _, err := run(t.Context(), Options{Force: true}); err != nil || len(c.take()) != 20 {
			t.Errorf("forced: %v", err)
		}
		if _, err := p.Run(t.Context(), RunOptions{Compare: []*Stage{s}}); err != nil || len(c.take()) != 20 {
			t.Errorf("compared: %v", err)
		}
		st := disk{d.Crash(castest.LoseNothing, nil)}.open() // by no other process
		needs, err := FindNeeds(st, nil, "recent", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.GC(t.Context(), cas.GCOptions{Keep: needs.Keep, KeepRow: needs.KeepRow}); err != nil {
			t.Fatal(err)
		}
		if kept := keptParts(t, st, p.keys[0]); len(kept) != 0 {
			t.Errorf("gc keeps the parts of a finished stage: %v", kept)
		}
		if sum := mustDo(t, g, st); sum.Cached != 1 {
			t.Errorf("after gc: %+v", sum)
		}
	})
}

// gc keeps the parts of an unfinished stage as long as a recent run asked for
// it.
func TestPartsAndGC(t *testing.T) {
	c := &cutter{parts: 10, fail: errors.New("broken"), computed: make(map[string]int)}
	g, _ := c.graph(t)
	st := newStore()
	p := mustPlan(t, g, st, Options{})
	if _, err := p.Run(t.Context(), RunOptions{Jobs: 1}); !errors.Is(err, c.fail) {
		t.Fatal(err)
	}
	computed := c.take()
	for _, x := range []struct {
		since time.Time
		want  int
	}{{time.Now().Add(-time.Hour), len(computed)}, {time.Now().Add(time.Hour), 0}} {
		needs, err := FindNeeds(st, nil, "recent", x.since)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.GC(t.Context(), cas.GCOptions{Keep: needs.Keep, KeepRow: needs.KeepRow}); err != nil {
			t.Fatal(err)
		}
		kept := keptParts(t, st, p.keys[0])
		if len(kept) != x.want || len(computed) == 0 {
			t.Errorf("kept %v, want %d parts", kept, x.want)
		}
		if x.want == 0 {
			break
		}
		_, d, _, _ := readPart(func() []byte { rows, _ := st.Lookup(tableParts, p.keys[0].Digest); return rows[0] }())
		if _, err := st.Get(t.Context(), d); err != nil {
			t.Errorf("gc keeps the row of a part and not its bytes: %v", err)
		}
	}
}

// A disk that is full ends the run, and the error is that of the store.
func TestPartsOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cutter{parts: 100, takes: time.Second, computed: make(map[string]int)}
		g, _ := c.graph(t)
		d := newDisk()
		st := d.open()
		if err := st.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "t"}}}); err != nil {
			t.Fatal(err)
		}
		full := errors.New("no space left on device")
		d.Inject(castest.Fault{At: 1, Op: "sync", Err: full})
		sum, err := mustPlan(t, g, st, Options{}).Run(t.Context(), RunOptions{Jobs: 1, PartInterval: 3 * time.Second})
		if !errors.Is(err, full) || errors.As(err, new(*StageError)) || sum.Unrun != 1 || len(c.take()) > 4 {
			t.Errorf("%+v, %v", sum, err)
		}
	})
}
