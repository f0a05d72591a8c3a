package cas_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// flipObject flips one bit in the middle of an object's file.
func flipObject(t *testing.T, d *cas.Store, o cas.Digest) {
	t.Helper()
	editObject(t, d, o, func(frame []byte) []byte { frame[len(frame)/2] ^= 4; return frame })
}

func editObject(t *testing.T, d *cas.Store, o cas.Digest, edit func([]byte) []byte) {
	t.Helper()
	path := d.ObjectPath(o)
	frame, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(frame), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedObject(t *testing.T) {
	for _, test := range []struct {
		name     string
		edit     func([]byte) []byte
		statSees bool
	}{
		{"flipped bit", func(f []byte) []byte { f[len(f)/2] ^= 4; return f }, false},
		{"flipped bit in the header", func(f []byte) []byte { f[1] ^= 4; return f }, true},
		{"truncated", func(f []byte) []byte { return f[:len(f)-1] }, true},
		{"truncated header", func(f []byte) []byte { return f[:20] }, true},
		{"empty", func(f []byte) []byte { return nil }, true},
		{"longer", func(f []byte) []byte { return append(f, 0) }, true},
		{"other object", func(f []byte) []byte { return cas.Encode([]byte("other")).Frame }, false},
		{"zeros", func(f []byte) []byte { clear(f); return f }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openDisk(t, t.TempDir())
			batch := crashBatch(0)
			o := batch.Objects[0]
			if err := d.Commit(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			var bad []byte
			editObject(t, d, o.Digest, func(f []byte) []byte { bad = test.edit(f); return bad })

			isDamage := func(what string, err error) {
				t.Helper()
				var damaged *cas.DamagedError
				if !errors.As(err, &damaged) || damaged.Path != d.ObjectPath(o.Digest) || damaged.Digest != o.Digest {
					t.Errorf("%s: %v, want a DamagedError with the path", what, err)
				}
			}
			_, err := d.Get(t.Context(), o.Digest)
			isDamage("get", err)
			if _, err := d.Stat(t.Context(), o.Digest); test.statSees {
				isDamage("stat", err)
			} else if err != nil {
				t.Errorf("stat: %v", err)
			}
			for _, hash := range []bool{true, false} {
				report, err := d.Verify(t.Context(), hash)
				if err != nil || report.Objects != 2 || report.OK() != (!hash && !test.statSees) {
					t.Errorf("verify (hash %v): %+v, %v", hash, report, err)
				}
			}

			// Two ways to repair it: quarantine and commit, or commit only.
			for i, heal := range []func() error{
				func() error { return d.Quarantine(t.Context(), o.Digest) },
				func() error { return nil },
			} {
				if err := heal(); err != nil {
					t.Fatal(err)
				}
				if err := d.Commit(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
				if _, err := d.Get(t.Context(), o.Digest); err != nil {
					t.Errorf("get after healing: %v", err)
				}
				kept, err := filepath.Glob(filepath.Join(d.Dir(), "quarantine", "*"))
				if err != nil || len(kept) != i+1 {
					t.Fatalf("evidence %q, %v", kept, err)
				}
				if evidence, err := os.ReadFile(kept[i]); err != nil || !bytes.Equal(evidence, bad) {
					t.Errorf("evidence is not what was there: %v", err)
				}
				editObject(t, d, o.Digest, func([]byte) []byte { return bad })
			}
		})
	}
}

// hookFS calls hooks before some operations, and can lose sectors.
type hookFS struct {
	cas.FS
	rename  func(oldName, newName string)
	sync    func(name string) error // of files
	badAt   int64                   // offset of a sector that cannot be read, in files whose name has badName
	badName string
}

func (h hookFS) Rename(oldName, newName string) error {
	if h.rename != nil {
		h.rename(oldName, newName)
	}
	return h.FS.Rename(oldName, newName)
}

func (h hookFS) Open(name string) (cas.File, error) {
	f, err := h.FS.Open(name)
	if err != nil || h.badName == "" || !strings.Contains(name, h.badName) {
		return f, err
	}
	return badFile{f, h.badAt}, nil
}

func (h hookFS) Create(name string, readOnly bool) (cas.File, error) {
	f, err := h.FS.Create(name, readOnly)
	if err != nil || h.sync == nil {
		return f, err
	}
	return syncFile{f, name, h.sync}, nil
}

type badFile struct {
	cas.File
	badAt int64
}

func (f badFile) ReadAt(p []byte, offset int64) (int, error) {
	if offset <= f.badAt && f.badAt < offset+int64(len(p)) {
		return 0, &os.PathError{Op: "read", Path: "file", Err: syscall.EIO}
	}
	return f.File.ReadAt(p, offset)
}

type syncFile struct {
	cas.File
	name string
	hook func(string) error
}

func (f syncFile) Sync() error {
	if err := f.hook(f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

// A sector of the medium that cannot be read is damage of what lies there,
// not the end of the store.
func TestUnreadableSector(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	value := castest.Content(1, 1000)
	for i := range 20 {
		batch := crashBatch(i)
		batch.Rows = append(batch.Rows, cas.Row{Table: "t", Key: [32]byte{byte(i)}, Value: value})
		if err := d.Commit(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	for _, limit := range []int64{0, 1 << 20} {
		d := openDisk(t, dir, cas.WithRetainLimit(limit), cas.WithFS(hookFS{FS: cas.OS, badName: ".rows", badAt: 10_000}))
		lost := 0
		for i := range 20 {
			values, err := d.Lookup("t", [32]byte{byte(i)})
			if err != nil {
				t.Fatal(err)
			}
			if len(values) == 0 {
				lost++
			}
		}
		if damage, err := d.Damage(); err != nil || len(damage) != 1 || lost < 1 || lost > 5 {
			t.Errorf("one bad sector: %d rows lost, damage %v, %v", lost, damage, err)
		}
	}
	o := crashBatch(3).Objects[0]
	d = openDisk(t, dir, cas.WithFS(hookFS{FS: cas.OS, badName: o.Digest.String(), badAt: 100}))
	var damaged *cas.DamagedError
	if _, err := d.Get(t.Context(), o.Digest); !errors.As(err, &damaged) {
		t.Errorf("get: %v, want a DamagedError", err)
	}
}

// If another process heals an object just when this one sets it aside, the
// sound one comes back.
func TestQuarantineRace(t *testing.T) {
	dir := t.TempDir()
	o := crashBatch(0).Objects[0]
	var d *cas.Store
	healed := false
	d = openDisk(t, dir, cas.WithFS(hookFS{FS: cas.OS, rename: func(oldName, newName string) {
		if strings.Contains(newName, "quarantine") && !healed {
			healed = true
			editObject(t, d, o.Digest, func([]byte) []byte { return o.Frame })
		}
	}}))
	if err := d.Commit(t.Context(), crashBatch(0)); err != nil {
		t.Fatal(err)
	}
	flipObject(t, d, o.Digest)
	if err := d.Quarantine(t.Context(), o.Digest); err != nil || !healed {
		t.Fatal(err, healed)
	}
	if _, err := d.Get(t.Context(), o.Digest); err != nil {
		t.Errorf("the sound object is gone: %v", err)
	}
}

// Rows of a commit that failed at its very last step are in the file, but
// this process takes them for unwritten, whatever it reads meanwhile, and
// writes nothing more. The next one may find them.
func TestFailedSyncOfRows(t *testing.T) {
	for _, limit := range []int64{0, 1 << 20} {
		var d *cas.Store
		fail := false
		dir := t.TempDir()
		fsys := hookFS{FS: cas.OS, sync: func(name string) error {
			if !fail || !strings.HasSuffix(name, ".rows") {
				return nil
			}
			if err := d.Refresh(); err != nil { // sees the rows before the sync fails
				t.Error(err)
			}
			return &os.PathError{Op: "sync", Path: name, Err: syscall.EIO}
		}}
		commit := func(i int) error {
			return d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "t", Value: []byte{byte(i)}}}})
		}
		for life := range 3 {
			d = openDisk(t, dir, cas.WithRetainLimit(limit), cas.WithFS(fsys))
			values, err := d.Lookup("t", [32]byte{})
			if err != nil || len(values) < life {
				t.Errorf("life %d: rows %v, %v", life, values, err)
			}
			want := len(values)
			for i := range 4 {
				fail = i == 1
				err := commit(i)
				var store *cas.StoreError
				if failed := i > 0; failed != errors.As(err, &store) {
					t.Errorf("commit %d: %v", i, err)
				}
				if i > 1 && !strings.Contains(err.Error(), "until the store is opened again") {
					t.Errorf("commit %d: %v", i, err)
				}
				if i == 0 {
					want++
				}
				if err := d.Refresh(); err != nil {
					t.Fatal(err)
				}
				if values, err := d.Lookup("t", [32]byte{}); err != nil || len(values) != want {
					t.Errorf("after commit %d: rows %v, %v, want %d", i, values, err, want)
				}
			}
			d.Close()
		}
		if got := len(segmentFiles(t, d.Dir())); got != 3 {
			t.Errorf("%d segments, want one of each process", got)
		}
	}
}
