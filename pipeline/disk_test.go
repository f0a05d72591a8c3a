package pipeline

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func openDisk(t testing.TB, dir string) *cas.Store {
	t.Helper()
	d, err := cas.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// below returns the size and time of everything below dir.
func below(t *testing.T, dir string) map[string]string {
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[path] = info.ModTime().String() + info.Mode().String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNoopLeavesTheDiskAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	k := newKitchen()
	run := func() *Summary {
		g, _ := diamond(t, k, [4]int{1, 10, 100, 1000})
		st := openDisk(t, dir)
		defer st.Close()
		return mustDo(t, g, st)
	}
	first := run()
	before := below(t, dir)
	again := run()
	if first.Ran != 4 || again.Ran != 0 || k.count() != 4 {
		t.Errorf("first %+v, then %+v", first, again)
	}
	if diff := cmp.Diff(before, below(t, dir)); diff != "" {
		t.Errorf("a no-op changed the store: %s", diff)
	}
	if diff := cmp.Diff(first.Results(), again.Results()); diff != "" {
		t.Error(diff)
	}
}

func TestConcurrentRunsOnADisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	k := newKitchen()
	var wait sync.WaitGroup
	results := make([]*Summary, 4)
	for i := range results {
		g, _ := chain(t, k, 1, 10, 100, 1000, 10000, 100000)
		st := openDisk(t, dir)
		wait.Go(func() {
			p, err := NewPlan(g, st, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if results[i], err = p.Run(t.Context(), RunOptions{Jobs: 2}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	ran := 0
	for _, sum := range results {
		ran += sum.Ran
		if diff := cmp.Diff(results[0].Results(), sum.Results()); diff != "" {
			t.Error(diff)
		}
	}
	if n := k.count(); n != 6 || ran != 6 {
		t.Errorf("%d executions, %d reported, want 6", n, ran)
	}
}

func TestDamagedFileIsMadeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	k, st := newKitchen(), openDisk(t, dir)
	g, _ := chain(t, k, 1, 10)
	sum := mustDo(t, g, st)
	at, err := st.Locate(t.Context(), sum.Results()["a"]["out"])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(at.Path)
	if err != nil {
		t.Fatal(err)
	}
	text[at.Offset+at.Bytes-1] ^= 1
	if err := os.WriteFile(at.Path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	k.count()
	g, stages := chain(t, k, 1, 20)
	p := mustPlan(t, g, st, Options{})
	var events recorder
	mustRun(t, p, RunOptions{Events: events.take})
	if k.count() != 2 || textOf(t, p, stages[1]) != "21" || len(events.of(EventDamaged)) != 1 {
		t.Errorf("events %q", events.of(EventDamaged))
	}
}
