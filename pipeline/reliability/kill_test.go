package reliability

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

var kills = flag.Int("kills", 15, "processes that TestKill kills")

// TestKill kills runs on one store with random timing, at times two at once,
// until enough have died. A generation of the recipe is run again until a
// process comes to its end; then comes the next one, on the same store, so
// that it sees many segments, merges and leftovers. Nothing that was reported
// as finished is executed again, no export is ever half a file, and in the end
// all generations have the results of an undisturbed run.
func TestKill(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	root := filepath.Join(t.TempDir(), "Ordner mit Leerzeichen", "日本語 ☂ 'quoted' $x\nline")
	if err := os.MkdirAll(root, 0o777); err != nil {
		t.Fatal(err)
	}
	o := order{
		Recipe: recipe{Width: 6, Layers: 8, Size: 3000},
		Store:  filepath.Join(root, "store"),
		Export: filepath.Join(root, "exports"),
		Pause:  3 * time.Millisecond,
	}
	killed, complete := 0, 0
	typical := undisturbed(t, o)
	references := make(map[int]digests)
	for killed < *kills && !t.Failed() {
		o.Recipe.Generation++
		o.Journal = filepath.Join(root, fmt.Sprint("journal ", o.Recipe.Generation))
		want := o.Recipe.reference(t)
		references[o.Recipe.Generation] = want
		durable := make(map[string]bool)
		for ended := false; !ended && !t.Failed(); {
			before := executions(t, o.Journal)
			var workers []*worker
			for range 1 + random.IntN(5)/4 {
				w := start(t, o)
				workers = append(workers, w)
				if killed < *kills {
					timer := time.AfterFunc(time.Duration(random.Int64N(int64(typical*5/4))), func() { w.cmd.Process.Kill() })
					defer timer.Stop()
				}
			}
			var finished []string
			for _, w := range workers {
				these, results, _ := w.wait(t)
				finished = append(finished, these...)
				if results == nil {
					killed++
					continue
				}
				ended = true
				wantResults(t, results, want)
			}
			for name, times := range executions(t, o.Journal) {
				if durable[name] && times > before[name] {
					t.Errorf("generation %d: %s was durable and is executed again", o.Recipe.Generation, name)
				}
			}
			for _, name := range finished {
				durable[name] = true
			}
			wantWholeExport(t, o.Export, references)
		}
		complete++
	}
	t.Logf("%d processes killed within %v, %d generations of %d stages complete", killed, typical*5/4, complete, o.Recipe.Width*o.Recipe.Layers+1)

	st := open(t, o.Store)
	for generation, want := range references {
		o.Recipe.Generation = generation
		p := plan(t, o.Recipe.graph(t), st)
		if err := wrongHits(p, st, want); err != nil {
			t.Error(err)
		}
		if _, sum := must(t, o.Recipe.graph(t), st); sum.Ran != 0 || len(sum.Diverged) != 0 {
			t.Errorf("generation %d is complete, but %d stages run", generation, sum.Ran)
		} else {
			wantResults(t, sum.Results(), want)
		}
	}
	if damage, err := st.Damage(); err != nil || len(damage) > 0 {
		t.Errorf("kills are no damage: %v, %v", damage, err)
	}
	report, err := st.Verify(t.Context(), true)
	if err != nil || !report.OK() {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if _, err := st.GC(t.Context(), cas.GCOptions{}); err != nil {
		t.Errorf("gc: %v", err)
	}
	if report, err := st.Verify(t.Context(), false); err != nil || report.Temporaries > 0 {
		t.Errorf("gc left temporaries: %+v, %v", report, err)
	}
}

// undisturbed returns how long a run takes in which nobody is killed, on a
// store of its own.
func undisturbed(t *testing.T, o order) time.Duration {
	t.Helper()
	o.Store, o.Journal, o.Export = filepath.Join(t.TempDir(), "store"), filepath.Join(t.TempDir(), "journal"), t.TempDir()
	began := time.Now()
	_, results, ran := start(t, o).wait(t)
	wantResults(t, results, o.Recipe.reference(t))
	if ran != len(results) {
		t.Errorf("%d stages ran of %d", ran, len(results))
	}
	return time.Since(began)
}

// wantWholeExport: what is at the name of the export is the whole output of
// some generation, or nothing.
func wantWholeExport(t *testing.T, dir string, references map[int]digests) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(lastExport)))
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range references {
		if cas.Sum(data) == want[lastName]["data"] {
			return
		}
	}
	t.Errorf("the export is no output of any generation: %d bytes", len(data))
}
