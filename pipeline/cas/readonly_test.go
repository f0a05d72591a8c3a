package cas_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// readOnlyFS is a file system that is mounted read-only. Locking a file that
// is there is possible, as on Linux.
type readOnlyFS struct{ cas.FS }

func denied(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: syscall.EROFS} }

func (readOnlyFS) Create(name string, _ bool) (cas.File, error) { return nil, denied("create", name) }
func (readOnlyFS) Rename(oldName, _ string) error               { return denied("rename", oldName) }
func (readOnlyFS) Remove(name string) error                     { return denied("remove", name) }
func (readOnlyFS) Describe(name, _ string) error                { return denied("write", name) }

func (r readOnlyFS) Mkdir(name string) error {
	if _, err := r.Size(name); err == nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	return denied("mkdir", name)
}

// TestReadOnly reads a store in which nothing can be written, and looks at
// the error of what needs writing.
func TestReadOnly(t *testing.T) {
	full := gcStore(t)
	empty := t.TempDir()
	for _, dir := range []string{full, empty, filepath.Join(empty, "missing")} {
		before := tree(t, filepath.Dir(dir))
		d := openDisk(t, dir, cas.WithFS(readOnlyFS{cas.OS}))
		readEverything(t, d, dir == full)
		wantReadOnly(t, d)
		d.Close()
		if diff := cmp.Diff(before, tree(t, filepath.Dir(dir))); diff != "" {
			t.Errorf("reading wrote something:\n%s", diff)
		}
	}
}

// readEverything does all that needs no writing.
func readEverything(t *testing.T, d *cas.Store, full bool) {
	t.Helper()
	if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() || (report.Objects > 0) != full {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if err := d.Refresh(); err != nil {
		t.Error(err)
	}
	batch := crashBatch(1)
	if values, err := d.Lookup(batch.Rows[0].Table, batch.Rows[0].Key); err != nil || (len(values) == 1) != full {
		t.Errorf("lookup: %d rows, %v", len(values), err)
	}
	if _, err := d.Get(t.Context(), batch.Objects[0].Digest); (err == nil) != full || err != nil && !errors.Is(err, cas.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := d.GC(t.Context(), cas.GCOptions{DryRun: true, KeepRow: func(cas.Row) bool { return false }}); err != nil {
		t.Errorf("gc, dry run: %v", err)
	}
}

func wantReadOnly(t *testing.T, d *cas.Store) {
	t.Helper()
	_, _, _, lockErr := d.TryLock([32]byte{1})
	_, gcErr := d.GC(t.Context(), cas.GCOptions{})
	for what, err := range map[string]error{
		"commit": d.Commit(t.Context(), crashBatch(1)), "lock": lockErr, "gc": gcErr,
		"quarantine": d.Quarantine(t.Context(), cas.Digest{}),
	} {
		var store *cas.StoreError
		if !errors.As(err, &store) || !errors.Is(err, cas.ErrReadOnly) || errors.Is(err, cas.ErrFull) {
			t.Errorf("%s: %v, want a StoreError that is ErrReadOnly", what, err)
		}
	}
}

// TestReadOnlyFolder does the same with the permissions of a real folder.
func TestReadOnlyFolder(t *testing.T) {
	dir := gcStore(t)
	asUser(t, func() {
		before := tree(t, dir)
		d := openDisk(t, dir)
		readEverything(t, d, true)
		wantReadOnly(t, d)
		d.Close()
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("reading wrote something:\n%s", diff)
		}
	}, dir)
}

// chmodTree takes the right to write from all folders and files, until the
// test ends.
func chmodTree(t *testing.T, dir string) {
	t.Helper()
	change := func(mode os.FileMode) {
		filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || !e.IsDir() {
				return err
			}
			return os.Chmod(path, mode)
		})
	}
	change(0o555)
	t.Cleanup(func() { change(0o777) })
}
