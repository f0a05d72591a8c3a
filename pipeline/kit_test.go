package pipeline

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// TestMain has the store make its coders for small and for other objects: they hold
// channels, and one that is made in a bubble of synctest cannot be used outside of it.
func TestMain(m *testing.M) {
	cas.Encode(make([]byte, 1<<20))
	st, o := newStore(), cas.Encode([]byte("content"))
	err := st.Commit(context.Background(), cas.Batch{Objects: []cas.Object{o}})
	if err == nil {
		_, err = st.Get(context.Background(), o.Digest)
	}
	if err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// sumParams are the params of the kinds that tests use.
type sumParams struct {
	Add int
	Mod int // 0: the whole sum
}

// kitchen counts what ran, and can change what a stage does.
type kitchen struct {
	mu   sync.Mutex
	ran  []string // actionName of each execution
	hook func(p sumParams, t *Task) error
	// drift makes every execution of an action give another sum; it counts
	// them.
	drift map[string]int
	kind  *Kind[sumParams]
}

// newKitchen returns a kind "sum" whose output "out" is the sum of its inputs
// and Add, modulo Mod, in decimal.
func newKitchen() *kitchen {
	k := new(kitchen)
	k.kind = &Kind[sumParams]{Name: "sum", Outputs: []string{"out"}, Portable: true, Run: k.run}
	return k
}

func (k *kitchen) run(ctx context.Context, p sumParams, t *Task) (map[string][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	total := p.Add
	inputs := make(map[string]string)
	for name, data := range t.Inputs {
		inputs[name] = string(data)
		var v int
		if _, err := fmt.Sscan(string(data), &v); err != nil {
			return nil, err
		}
		total += v
	}
	if p.Mod > 0 {
		total %= p.Mod
	}
	k.mu.Lock()
	name := actionName(p, inputs)
	k.ran = append(k.ran, name)
	if k.drift != nil {
		total += 1000 * k.drift[name]
		k.drift[name]++
	}
	hook := k.hook
	k.mu.Unlock()
	if hook != nil {
		if err := hook(p, t); err != nil {
			return nil, err
		}
	}
	return map[string][]byte{"out": fmt.Appendf(nil, "%d", total)}, nil
}

func (k *kitchen) setHook(hook func(p sumParams, t *Task) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hook = hook
}

// actionName tells the actions of a kitchen apart as their keys do.
func actionName(p sumParams, inputs map[string]string) string { return fmt.Sprint(p, inputs) }

// take returns the names of the executions since the last call.
func (k *kitchen) take() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	ran := k.ran
	k.ran = nil
	return ran
}

// count returns how many executions there were since the last call.
func (k *kitchen) count() int { return len(k.take()) }

// add adds a stage "sum" that reads the output of each of from.
func (k *kitchen) add(t testing.TB, g *Graph, name string, p sumParams, from ...*Stage) *Stage {
	t.Helper()
	n := Node{Name: name, Inputs: make(map[string]Output)}
	for i, f := range from {
		n.Inputs[fmt.Sprintf("in%d", i)] = f.Out("out")
	}
	s, err := Add(g, k.kind, n, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// storeDir is where the stores of tests lie on their file systems.
const storeDir = "/disk/store"

// newStore returns an empty store in memory.
func newStore() *cas.Store { return newDisk().open() }

// disk is a file system in memory with one store, which a test can damage.
type disk struct{ *castest.FS }

func newDisk() disk { return disk{castest.NewFS()} }

// open opens the store as another process would.
func (d disk) open() *cas.Store {
	st, err := cas.Open(storeDir, cas.WithFS(d))
	if err != nil {
		panic(err) // an empty file system is a sound store
	}
	return st
}

// damage flips a bit of an object. It reports whether the object was there.
func (d disk) damage(o Digest) bool {
	at, err := d.open().Locate(context.Background(), o)
	return err == nil && d.Corrupt(at.Path, func(b []byte) []byte { b[at.Offset+at.Bytes-1] ^= 1; return b }) == nil
}

// remove takes an object away, as a gc that no lock kept from doing so. It
// reports whether the object was there.
func (d disk) remove(o Digest) bool {
	st, err := cas.Open(storeDir, cas.WithFS(d.Lockless()))
	if err != nil {
		panic(err)
	}
	report, err := st.GC(context.Background(), cas.GCOptions{Keep: func(other Digest) bool { return other != o }})
	return err == nil && len(report.Objects) == 1
}

// quarantined returns how many damaged objects were set aside.
func (d disk) quarantined(t testing.TB) int {
	t.Helper()
	report, err := d.open().Verify(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return report.Quarantined
}

func mustPlan(t testing.TB, g *Graph, st *cas.Store, o Options) *Plan {
	t.Helper()
	p, err := NewPlan(g, st, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustRun(t testing.TB, p *Plan, o RunOptions) *Summary {
	t.Helper()
	sum, err := p.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// mustDo plans and runs all of g.
func mustDo(t testing.TB, g *Graph, st *cas.Store) *Summary {
	t.Helper()
	return mustRun(t, mustPlan(t, g, st, Options{}), RunOptions{})
}

// textOf returns an output of a stage that is up to date.
func textOf(t testing.TB, p *Plan, s *Stage) string {
	t.Helper()
	d, _, ok := p.Output(s, "out")
	if !ok {
		t.Fatalf("output of %s is not known", s)
	}
	data, err := p.store.Get(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// recorder collects events.
type recorder struct {
	mu     sync.Mutex
	events []Event
}

func (r *recorder) take(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// of returns "stage text" of the events of a kind.
func (r *recorder) of(kind EventKind) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []string
	for _, e := range r.events {
		if e.Kind == kind {
			text := e.Stage.Name()
			if e.Text != "" {
				text += " " + e.Text
			}
			if e.Because != nil {
				text += " because of " + e.Because.Name()
			}
			found = append(found, text)
		}
	}
	return found
}
