package cas_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// gcStore commits steps 0 to 5 and leaves a temporary of a dead process.
func gcStore(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "store")
	if err := commitSteps(dir, 0, 6, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tmp", "dead-1"), []byte("half"), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tree lists the files of a folder with their sizes and times.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			files[path] = fmt.Sprint(info.Size(), info.ModTime(), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestGC(t *testing.T) {
	dir := gcStore(t)
	wanted := make(map[cas.Digest]bool)
	keys := make(map[[32]byte]bool)
	for i := 2; i < 5; i++ {
		for _, o := range crashBatch(i).Objects {
			wanted[o.Digest] = true
		}
		keys[crashBatch(i).Rows[0].Key] = true
	}
	options := cas.GCOptions{
		Keep:    func(d cas.Digest) bool { return wanted[d] },
		KeepRow: func(r cas.Row) bool { return r.Table != "records" || keys[r.Key] },
		DryRun:  true,
	}
	before := tree(t, dir)
	d := openDisk(t, dir)
	dry, err := d.GC(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("a dry run changed something:\n%s", diff)
	}
	options.DryRun = false
	wet, err := d.GC(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dry, wet); diff != "" {
		t.Errorf("dry run and run differ (-dry +wet):\n%s", diff)
	}
	var bytes int64
	for _, removed := range wet.Objects {
		bytes += removed.Bytes
		if wanted[removed.Digest] {
			t.Errorf("a wanted object was removed: %+v", removed)
		}
		if _, err := os.Stat(removed.Path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", removed.Path, err)
		}
	}
	// Of steps 0, 1 and 5 go the own objects, and the one that 0 and 1 share.
	if len(wet.Objects) != 4 || wet.Kept != len(wanted) || wet.Rows != 3 || len(wet.Temporaries) != 1 || wet.Bytes != bytes+4 {
		t.Errorf("report %+v", wet)
	}
	steps := make(map[int]int)
	for i := range 6 {
		values, err := d.Lookup("records", cas.Sum([]byte{byte(i)}))
		if got, want := len(values) == 1, i >= 2 && i < 5; got != want || err != nil {
			t.Errorf("row %d is there: %v, want %v, %v", i, got, want, err)
		} else if want {
			steps[i] = 1
		}
	}
	if values, err := d.Lookup("names", cas.Sum([]byte("name"))); len(values) != 6 || err != nil {
		t.Errorf("%d names, %v, want all 6", len(values), err)
	}
	checkSteps(t, dir, steps)

	// The same store goes on.
	if err := d.Commit(t.Context(), crashBatch(0)); err != nil {
		t.Fatal(err)
	}
	steps[0] = 1
	checkSteps(t, dir, steps)
	again, err := d.GC(t.Context(), cas.GCOptions{})
	if err != nil || again.Kept != wet.Kept+2 || again.Bytes != 0 || again.Rows != 0 {
		t.Errorf("gc that keeps all: %+v, %v", again, err)
	}
}

func TestGCBusy(t *testing.T) {
	dir := gcStore(t)
	writer, collector := openDisk(t, dir), openDisk(t, dir)
	if err := writer.Commit(t.Context(), crashBatch(0)); err != nil {
		t.Fatal(err)
	}
	removeAll := cas.GCOptions{Keep: func(cas.Digest) bool { return false }}
	before := tree(t, dir)
	_, err := collector.GC(t.Context(), removeAll)
	var busy *cas.BusyError
	if !errors.As(err, &busy) || !strings.Contains(busy.Owner, fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("gc beside a writer: %v, want a BusyError with the process", err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("a refused gc changed something:\n%s", diff)
	}
	writer.Close()
	if report, err := collector.GC(t.Context(), removeAll); err != nil || len(report.Objects) != 9 {
		t.Errorf("gc after the writer: %+v, %v", report, err)
	}
}

// While gc has the store, a writer learns who it waits for, waits as long as
// its context allows, and is served afterwards.
func TestGCKeepsWritersOut(t *testing.T) {
	dir := gcStore(t)
	writer, collector := openDisk(t, dir), openDisk(t, dir)
	inside, goOn := make(chan struct{}), make(chan struct{})
	first := true
	done := make(chan error)
	go func() {
		_, err := collector.GC(context.Background(), cas.GCOptions{Keep: func(cas.Digest) bool {
			if first {
				first = false
				close(inside)
				<-goOn
			}
			return true
		}})
		done <- err
	}()
	<-inside
	_, ok, owner, err := writer.TryLock([32]byte{1})
	if ok || err != nil || !strings.Contains(owner, "(gc)") {
		t.Errorf("lock during gc: %v, owner %q, %v", ok, owner, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() { waiting <- writer.Commit(ctx, crashBatch(7)) }()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("commit during gc: %v, want canceled", err)
	}
	go func() { waiting <- writer.Commit(context.Background(), crashBatch(7)) }()
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-waiting; err != nil {
		t.Errorf("commit after gc: %v", err)
	}
	checkSteps(t, dir, map[int]int{7: 1})
}

func TestGCAside(t *testing.T) {
	dir := gcStore(t)
	d := openDisk(t, dir)
	flipObject(t, d, crashBatch(0).Objects[0].Digest)
	if err := d.Quarantine(t.Context(), crashBatch(0).Objects[0].Digest); err != nil {
		t.Fatal(err)
	}
	if report, err := d.GC(t.Context(), cas.GCOptions{}); err != nil || len(report.Quarantine) != 0 {
		t.Errorf("gc took evidence that it was not asked for: %+v, %v", report, err)
	}
	report, err := d.GC(t.Context(), cas.GCOptions{Quarantine: true})
	if err != nil || len(report.Quarantine) != 1 || report.Bytes != report.Quarantine[0].Bytes {
		t.Errorf("gc of evidence: %+v, %v", report, err)
	}
}

// On a disk that is full to the last byte gc makes room all the same.
func TestGCFull(t *testing.T) {
	fsys := castest.NewFS()
	d := openDisk(t, crashDir, cas.WithFS(fsys))
	for i := range 6 {
		if err := d.Commit(t.Context(), crashBatch(i)); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	fsys.Inject(castest.Fault{At: 1, Full: true})
	d = openDisk(t, crashDir, cas.WithFS(fsys))
	wanted := func(o cas.Digest) bool { // all but the files of four steps
		for i := range 4 {
			if o == crashBatch(i).Objects[0].Digest {
				return false
			}
		}
		return true
	}
	report, err := d.GC(t.Context(), cas.GCOptions{
		Keep:    wanted,
		KeepRow: func(r cas.Row) bool { return r.Table != "names" },
	})
	if !errors.Is(err, cas.ErrFull) || len(report.Objects) != 4 {
		t.Errorf("gc on a full disk: %+v, %v, want four objects removed and ErrFull for the rows", report, err)
	}
	if verify, err := d.Verify(t.Context(), true); err != nil || verify.Rows != 12 || verify.Objects != 5 {
		t.Errorf("afterwards: %+v, %v", verify, err)
	}
}
