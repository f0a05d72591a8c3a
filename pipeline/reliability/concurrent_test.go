package reliability

import (
	"path/filepath"
	"testing"
	"time"
)

// TestEightRuns: of eight processes that run one graph on one store at the
// same time each action is executed by exactly one, and all have the results
// of an undisturbed run.
func TestEightRuns(t *testing.T) {
	root := t.TempDir()
	o := order{
		Recipe:  recipe{Generation: 1, Width: 8, Layers: 5, Size: 500},
		Store:   filepath.Join(root, "gemeinsamer Speicher é", "store"),
		Journal: filepath.Join(root, "journal"),
		Pause:   10 * time.Millisecond,
	}
	want := o.Recipe.reference(t)
	var workers []*worker
	for range 8 {
		workers = append(workers, start(t, o))
	}
	total := 0
	for _, w := range workers {
		finished, results, ran := w.wait(t)
		if len(finished) != ran {
			t.Errorf("a run reports %d stages as finished and %d as run", len(finished), ran)
		}
		total += ran
		wantResults(t, results, want)
	}
	if total != len(want) {
		t.Errorf("%d stages were run, want %d", total, len(want))
	}
	count := executions(t, o.Journal)
	for name := range want {
		if count[name] != 1 {
			t.Errorf("%s was executed %d times", name, count[name])
		}
	}
	st := open(t, o.Store)
	if err := wrongHits(plan(t, o.Recipe.graph(t), st), st, want); err != nil {
		t.Error(err)
	}
}
