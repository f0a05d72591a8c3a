package reliability

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

const disk = "/disk/store"

// attempt is one run of a recipe as a process does it, on a file system that
// may fail. It returns what was reported as finished.
func attempt(t *testing.T, r recipe, fsys cas.FS) (finished []string, sum *pipeline.Summary, err error) {
	st, err := cas.Open(disk, cas.WithFS(fsys))
	if err != nil {
		return nil, nil, err
	}
	defer st.Close()
	p, err := pipeline.NewPlan(r.graph(t), st, pipeline.Options{})
	if err != nil {
		return nil, nil, err
	}
	if _, err := p.Verify(context.Background()); err != nil {
		return nil, nil, err
	}
	sum, err = p.Run(context.Background(), pipeline.RunOptions{Jobs: 1, Events: func(e pipeline.Event) {
		if e.Kind == pipeline.EventFinished {
			finished = append(finished, e.Stage.Name())
		}
	}})
	return finished, sum, err
}

// scenario prepares a file system for the run in which the fault happens.
type scenario struct {
	name    string
	prepare func(t *testing.T, fsys *castest.FS)
	damaged []string // stages with outputs that prepare has damaged
	atLeast int      // operations of an undisturbed run, so that the test cannot become empty
}

var scenarios = []scenario{
	{"new store", func(*testing.T, *castest.FS) {}, nil, 60},
	{"damaged objects", func(t *testing.T, fsys *castest.FS) {
		if _, _, err := attempt(t, small, fsys); err != nil {
			t.Fatal(err)
		}
		d := open(t, disk, cas.WithFS(fsys))
		want := small.reference(t)
		for i, stage := range damagedStages {
			at, err := d.Locate(t.Context(), want[stage]["data"])
			if err != nil {
				t.Fatal(err)
			}
			if err := fsys.Corrupt(at.Path, func(b []byte) []byte { b[at.Offset+at.Bytes-1-int64(i)] ^= 1; return b }); err != nil {
				t.Fatal(err)
			}
		}
	}, damagedStages, 15},
}

var damagedStages = []string{stageName(0, 0), stageName(1, 1), lastName}

// TestFault lets each operation on files of a whole run in turn fail once, be
// the last one of the process, or find the disk full from there on. Then the
// power is lost, with all, some or nothing of what was not synced, and the
// next run is looked at: it has no wrong hit, executes nothing that was
// reported as finished, and ends in the results of an undisturbed run.
func TestFault(t *testing.T) {
	want := small.reference(t)
	faults := []struct {
		name  string
		fault castest.Fault
	}{
		{"stops", castest.Fault{Err: castest.ErrDead, Last: true}},
		{"EIO", castest.Fault{Err: syscall.EIO}},
		{"full", castest.Fault{Full: true}},
	}
	for _, s := range scenarios {
		for _, f := range faults {
			t.Run(s.name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				prepared := castest.NewFS()
				s.prepare(t, prepared)
				prepared = prepared.Crash(castest.LoseNothing, nil)
				hit := 0
				for at, ended := 1, false; !ended && !t.Failed(); at++ {
					fsys := prepared.Crash(castest.LoseNothing, nil)
					fault := f.fault
					fault.At = at
					fsys.Inject(fault)
					finished, sum, err := attempt(t, small, fsys)
					// How many operations there are depends on how the
					// commits fell into groups.
					ended = fsys.Ops() < at
					if !ended {
						hit++
						checkFailure(t, fmt.Sprintf("%s at %d", f.name, at), f.fault, finished, sum, err)
					} else if err != nil {
						t.Fatalf("without a fault: %v", err)
					}
					fsys.Inject(castest.Fault{})
					random := rand.New(rand.NewPCG(uint64(at), 7))
					for loss, text := range map[castest.Loss]string{castest.LoseAll: "all", castest.LoseSome: "some", castest.LoseNothing: "nothing"} {
						what := fmt.Sprintf("%s at %d, %s lost", f.name, at, text)
						checkRecovery(t, what, fsys.Crash(loss, random), finished, s.damaged, want)
					}
				}
				t.Logf("%d operations", hit)
				if hit < s.atLeast {
					t.Errorf("a fault hit %d operations only, want %d or more", hit, s.atLeast)
				}
			})
		}
	}
}

// checkFailure looks at what the disturbed run itself said.
func checkFailure(t *testing.T, what string, f castest.Fault, finished []string, sum *pipeline.Summary, err error) {
	t.Helper()
	if sum != nil && sum.Ran != len(finished) {
		t.Errorf("%s: %d stages reported as finished, %d counted", what, len(finished), sum.Ran)
	}
	if err == nil {
		if sum.Unrun+sum.Failed+sum.Skipped > 0 {
			t.Errorf("%s: no error, but %+v", what, sum)
		}
		return
	}
	var stage *pipeline.StageError
	if errors.As(err, &stage) {
		// A stage whose input could not be read, or whose damaged output
		// could not be moved, may be named; then the disk is behind it.
		err = stage.Err
	}
	var store *cas.StoreError
	switch {
	case !errors.As(err, &store):
		t.Errorf("%s: the error does not name the store: %v", what, err)
	case f.Full && !errors.Is(err, cas.ErrFull):
		t.Errorf("%s: %v, want ErrFull", what, err)
	}
}

// checkRecovery looks at the run after the fault.
func checkRecovery(t *testing.T, what string, fsys *castest.FS, finished, damaged []string, want digests) {
	t.Helper()
	executed := make(map[string]int)
	r := small
	r.Ran = func(name string) { executed[name]++ }
	st := open(t, disk, cas.WithFS(fsys))
	p := plan(t, r.graph(t), st)
	hits := cached(p)
	for _, name := range finished {
		if !hits[name] {
			t.Errorf("%s: %s was finished and is lost", what, name)
		}
	}
	// No record is without its objects, except those that were damaged before
	// the fault and not mended before it.
	lost, err := p.Verify(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, stage := range lost {
		if !slices.Contains(damaged, stage.Name()) || slices.Contains(finished, stage.Name()) {
			t.Errorf("%s: %s has a record, but an output is lost", what, stage)
		}
	}
	if err := wrongHits(p, st, want); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	sum, err := p.Run(t.Context(), pipeline.RunOptions{Jobs: 1})
	if err != nil {
		t.Fatalf("%s: the next run: %v", what, err)
	}
	wantResults(t, sum.Results(), want)
	if len(sum.Diverged) > 0 {
		t.Errorf("%s: the same bytes are taken for others: %v", what, sum.Diverged)
	}
	for _, name := range finished {
		if executed[name] > 0 {
			t.Errorf("%s: %s was finished and is executed again", what, name)
		}
	}
	if _, sum := must(t, small.graph(t), st); sum.Ran != 0 {
		t.Errorf("%s: the run after the next executes %d stages", what, sum.Ran)
	}
	st.Close()
}

// forgetful does not sync folders.
type forgetful struct{ *castest.FS }

func (forgetful) SyncDir(string) error { return nil }

// TestFaultNoticesLoss is the control: had the store forgotten the syncs of
// folders, the checks above would see it.
func TestFaultNoticesLoss(t *testing.T) {
	fsys := castest.NewFS()
	finished, _, err := attempt(t, small, forgetful{fsys})
	if err != nil || len(finished) != 7 {
		t.Fatalf("%d stages finished, %v", len(finished), err)
	}
	d := open(t, disk, cas.WithFS(fsys.Crash(castest.LoseAll, nil)))
	if hits := cached(plan(t, small.graph(t), d)); len(hits) != 0 {
		t.Errorf("%d stages outlive the loss of power without a sync", len(hits))
	}
}
