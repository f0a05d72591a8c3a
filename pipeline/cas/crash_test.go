package cas_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

const crashDir = "/disk/folder/store"

// crashBatch is what step i of the workload commits: two objects, of which the
// first is a file and the second, which an earlier step committed too, lies in
// a segment. The values of its rows are the digests of the objects that must
// be there with them.
func crashBatch(i int) cas.Batch {
	own, shared := cas.Encode(castest.Content(uint64(i), 5000)), cas.Encode(castest.Content(uint64(i/2), 50))
	value := own.Digest.String() + " " + shared.Digest.String()
	return cas.Batch{
		Objects: []cas.Object{own, shared},
		Rows: []cas.Row{
			{Table: "records", Key: cas.Sum([]byte{byte(i)}), Value: []byte(value)},
			{Table: "names", Key: cas.Sum([]byte("name")), Value: []byte(value)},
		},
	}
}

// crashWork commits a few batches in three lives of a process, with merges
// and gc between them. It returns which steps were committed.
func crashWork(t *testing.T, fsys cas.FS) (committed []int) {
	step := 0
	for life := range 3 {
		d, err := cas.Open(crashDir, cas.WithFS(fsys), cas.WithParallel(1), cas.WithMergeAt(2), cas.WithSegmentLimit(800))
		if err != nil {
			continue // the fault hit the opening
		}
		for range 3 {
			if unlock, ok, _, err := d.TryLock(cas.Sum([]byte{byte(step)})); err == nil {
				if !ok {
					t.Fatal("a lock is held by nobody")
				}
				defer unlock()
			}
			if err := d.Commit(context.Background(), crashBatch(step)); err == nil {
				committed = append(committed, step)
			}
			if life == 1 {
				// Like a commit, a gc may fail here.
				d.GC(context.Background(), cas.GCOptions{
					Keep:    func(o cas.Digest) bool { return o != cas.Sum([]byte("garbage")) },
					KeepRow: func(r cas.Row) bool { return r.Table != "garbage" },
				})
			}
			garbage := cas.Encode([]byte("garbage"))
			d.Commit(context.Background(), cas.Batch{
				Objects: []cas.Object{garbage},
				Rows:    []cas.Row{{Table: "garbage", Value: []byte(garbage.Digest.String())}},
			})
			step++
		}
		d.Close()
	}
	return committed
}

// checkCrash opens what is left and looks whether the promises were kept.
func checkCrash(t *testing.T, what string, fsys cas.FS, committed []int) {
	t.Helper()
	d, err := cas.Open(crashDir, cas.WithFS(fsys), cas.WithParallel(1), cas.WithMergeAt(2), cas.WithSegmentLimit(800))
	if err != nil {
		t.Errorf("%s: cannot be opened: %v", what, err)
		return
	}
	defer d.Close()
	checkRows(t, what, d)
	for _, i := range committed {
		b := crashBatch(i)
		for _, o := range b.Objects {
			if _, err := d.Get(context.Background(), o.Digest); err != nil {
				t.Errorf("%s: committed object of step %d: %v", what, i, err)
			}
		}
		for _, r := range b.Rows {
			values, err := d.Lookup(r.Table, r.Key)
			found := 0
			for _, v := range values {
				if string(v) == string(r.Value) {
					found++
				}
			}
			if err != nil || found != 1 {
				t.Errorf("%s: committed row of step %d is there %d times, %v", what, i, found, err)
			}
		}
	}
	// The store goes on working, and what is done again heals it.
	for i := range 9 {
		if err := d.Commit(context.Background(), crashBatch(i)); err != nil {
			t.Errorf("%s: cannot be written: %v", what, err)
			return
		}
	}
	checkRows(t, what+", afterwards", d)
	report, err := d.Verify(context.Background(), true)
	if err != nil || len(report.Damaged) > 0 {
		t.Errorf("%s: verify finds %v, %v", what, report.Damaged, err)
	}
	if _, err := d.GC(context.Background(), cas.GCOptions{}); err != nil {
		t.Errorf("%s: gc: %v", what, err)
	}
	if report, _ := d.Verify(context.Background(), false); report.Temporaries > 0 {
		t.Errorf("%s: gc left %d temporaries", what, report.Temporaries)
	}
}

// checkRows looks whether each row's objects are there and sound.
func checkRows(t *testing.T, what string, d *cas.Store) {
	t.Helper()
	err := d.Rows("", func(r cas.Row) bool {
		switch {
		case r.Table == "names":
			return true // may outlive what they name
		case r.Table == "garbage" && strings.HasPrefix(what, "full"):
			return true // gc may have had to remove the object first
		}
		for _, text := range strings.Fields(string(r.Value)) {
			o, err := cas.ParseDigest(text)
			if err != nil {
				t.Errorf("%s: row %q: %v", what, r.Value, err)
			} else if _, err := d.Get(context.Background(), o); err != nil {
				t.Errorf("%s: a row without its object: %v", what, err)
			}
		}
		return true
	})
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// TestCrash lets each operation of a workload in turn fail, kill the
// process, or find the disk full, and looks at what the next process finds
// when the system lives on, and when power is lost at the end.
func TestCrash(t *testing.T) {
	count := castest.NewFS()
	if got := crashWork(t, count); len(got) != 9 {
		t.Fatalf("the workload fails without a fault: %v", got)
	}
	total := count.Ops()
	t.Logf("%d operations", total)
	if total < 100 {
		t.Errorf("the workload has %d operations: does it still do anything?", total)
	}
	faults := map[string]castest.Fault{
		"stops": {Err: castest.ErrDead, Last: true},
		"EIO":   {Err: syscall.EIO},
		"full":  {Full: true},
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for fault.At = 1; fault.At <= total && !t.Failed(); fault.At += step {
				fsys := castest.NewFS()
				fsys.Inject(fault)
				committed := crashWork(t, fsys)
				fsys.Inject(castest.Fault{})
				for loss, text := range map[castest.Loss]string{castest.LoseAll: "all", castest.LoseNothing: "nothing", castest.LoseSome: "some"} {
					random := rand.New(rand.NewPCG(uint64(fault.At), 1))
					what := fmt.Sprintf("%s at %d, %s lost", name, fault.At, text)
					checkCrash(t, what, fsys.Crash(loss, random), committed)
				}
			}
		})
	}
}

// TestCrashParallel does the same with all syncs in parallel and two writers
// at the same time, at operations drawn by chance.
func TestCrashParallel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		fsys := castest.NewFS()
		fsys.Inject(castest.Fault{At: 1 + random.IntN(150), Err: castest.ErrDead, Last: true})
		results := make(chan []int)
		for w := range 2 {
			go func() {
				var committed []int
				if d, err := cas.Open(crashDir, cas.WithFS(fsys)); err == nil {
					for i := w; i < 9; i += 2 {
						if d.Commit(context.Background(), crashBatch(i)) == nil {
							committed = append(committed, i)
						}
					}
				}
				results <- committed
			}()
		}
		committed := append(<-results, <-results...)
		for loss, text := range map[castest.Loss]string{castest.LoseAll: "all", castest.LoseNothing: "nothing", castest.LoseSome: "some"} {
			checkCrash(t, text+" lost", fsys.Crash(loss, random), committed)
		}
	}
}

// TestCrashFull looks at the error of a full disk and at what it leaves.
func TestCrashFull(t *testing.T) {
	fsys := castest.NewFS()
	d, err := cas.Open(crashDir, cas.WithFS(fsys))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(t.Context(), crashBatch(0)); err != nil {
		t.Fatal(err)
	}
	fsys.Inject(castest.Fault{At: 1, Full: true})
	err = d.Commit(t.Context(), crashBatch(1))
	var store *cas.StoreError
	if !errors.Is(err, cas.ErrFull) || !errors.As(err, &store) || store.Dir != crashDir {
		t.Errorf("commit to a full disk: %v, want a StoreError that is ErrFull", err)
	}
	if err != nil && !strings.Contains(err.Error(), "free some space") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	if report, err := d.Verify(t.Context(), true); err != nil || report.Temporaries != 0 || report.Objects != 2 {
		t.Errorf("the failed commit left something: %+v, %v", report, err)
	}
	fsys.Inject(castest.Fault{})
	if err := d.Commit(t.Context(), crashBatch(1)); !errors.Is(err, cas.ErrFull) || !strings.Contains(err.Error(), "opened again") {
		t.Errorf("commit to a store that failed before: %v", err)
	}
	if err := openDisk(t, crashDir, cas.WithFS(fsys)).Commit(t.Context(), crashBatch(1)); err != nil {
		t.Errorf("commit after space was freed: %v", err)
	}
}

// TestFailedCommit lets each operation of a commit fail in turn. The error is
// of the store, and no temporary stays.
func TestFailedCommit(t *testing.T) {
	fsys := castest.NewFS()
	d, err := cas.Open(crashDir, cas.WithFS(fsys))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(t.Context(), crashBatch(0)); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for at := 1; at < 50; at++ {
		d := openDisk(t, crashDir, cas.WithFS(fsys))
		fsys.Inject(castest.Fault{At: at, Err: syscall.ENOSPC})
		err := d.Commit(t.Context(), crashBatch(at))
		fsys.Inject(castest.Fault{})
		if err != nil {
			failed++
			if !errors.Is(err, cas.ErrFull) {
				t.Errorf("operation %d: %v, want ErrFull", at, err)
			}
			if values, err := d.Lookup("records", crashBatch(at).Rows[0].Key); err != nil || len(values) > 0 {
				t.Errorf("operation %d: rows of a failed commit: %q, %v", at, values, err)
			}
		}
		if report, err := d.Verify(t.Context(), true); err != nil || report.Temporaries != 0 {
			t.Errorf("operation %d: temporaries are left: %+v, %v", at, report, err)
		}
		d.Close()
	}
	if failed < 10 {
		t.Errorf("only %d operations failed", failed)
	}
}
