//go:build unix

package cas_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// specials puts something into the place of a file that no store makes.
var specials = map[string]func(t *testing.T, path string) error{
	"named pipe": func(t *testing.T, path string) error { return syscall.Mkfifo(path, 0o666) },
	"socket": func(t *testing.T, path string) error {
		// The path of a socket must be short, so it is made elsewhere.
		dir, err := os.MkdirTemp("", "")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s")})
		if err != nil {
			return err
		}
		l.SetUnlinkOnClose(false)
		l.Close()
		return os.Rename(filepath.Join(dir, "s"), path)
	},
	"loop":          func(t *testing.T, path string) error { return os.Symlink(filepath.Base(path), path) },
	"folder":        func(t *testing.T, path string) error { return os.Mkdir(path, 0o777) },
	"link to zeros": func(t *testing.T, path string) error { return os.Symlink("/dev/zero", path) },
	"link to a file": func(t *testing.T, path string) error {
		return os.Symlink(victim(t), path)
	},
}

// victim makes a file that must not change, and checks it at the end.
func victim(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(path, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
			t.Errorf("the victim holds %q, %v", text, err)
		}
	})
	return path
}

// replace puts a special file into the place of a regular one.
func replace(t *testing.T, path string, special func(*testing.T, string) error) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := special(t, path); err != nil {
		t.Fatal(err)
	}
}

// TestSpecialObject: an object that is no regular file is damage, which a
// commit repairs. So is a folder of objects that is none.
func TestSpecialObject(t *testing.T) {
	for name, special := range specials {
		for _, place := range []string{"file", "folder"} {
			if name == "folder" && place == "folder" {
				continue // a folder belongs there
			}
			t.Run(name+" as "+place, func(t *testing.T) {
				d := openDisk(t, t.TempDir())
				batch := crashBatch(0)
				if err := d.Commit(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
				path := d.ObjectPath(batch.Objects[0].Digest)
				if place == "folder" {
					path = filepath.Dir(path)
				}
				replace(t, path, special)
				wantRepair(t, d, batch)
			})
		}
	}
}

// wantRepair wants the first object of a batch damaged, and a commit to
// repair it.
func wantRepair(t *testing.T, d *cas.Store, batch cas.Batch) {
	t.Helper()
	o := batch.Objects[0]
	var damaged *cas.DamagedError
	if _, err := d.Get(t.Context(), o.Digest); !errors.As(err, &damaged) || damaged.Path == "" {
		t.Errorf("get: %v, want a DamagedError with the path", err)
	}
	if _, err := d.Stat(t.Context(), o.Digest); !errors.As(err, &damaged) {
		t.Errorf("stat: %v, want a DamagedError", err)
	}
	if report, err := d.Verify(t.Context(), true); err != nil || report.OK() && len(report.Unknown) == 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if err := d.Quarantine(t.Context(), o.Digest); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), o.Digest); !errors.Is(err, cas.ErrNotFound) {
		t.Errorf("get: %v, want ErrNotFound", err)
	}
	if kept, err := os.ReadDir(filepath.Join(d.Dir(), "quarantine")); err != nil || len(kept) != 1 {
		t.Errorf("evidence %v, %v", kept, err)
	}
	if err := d.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), o.Digest); err != nil {
		t.Error(err)
	}
	if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() || len(report.Unknown) > 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// TestSpecialLock: a lock that is no regular file is an error that says so;
// it is neither followed nor written.
func TestSpecialLock(t *testing.T) {
	for name, special := range specials {
		for _, lock := range []string{"lock", "locks/01"} {
			t.Run(name+" as "+lock, func(t *testing.T) {
				dir := gcStore(t)
				replace(t, filepath.Join(dir, lock), special)
				d := openDisk(t, dir)
				_, ok, _, err := d.TryLock([32]byte{1})
				var store *cas.StoreError
				if ok || !errors.As(err, &store) || !strings.Contains(err.Error(), "not a regular file") {
					t.Errorf("lock: %v, %v", ok, err)
				}
				if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() {
					t.Errorf("reading needs no lock: %+v, %v", report, err)
				}
			})
		}
	}
}

// TestSpecialFormat: a store whose file format is no regular file is refused.
func TestSpecialFormat(t *testing.T) {
	for name, special := range specials {
		t.Run(name, func(t *testing.T) {
			dir := gcStore(t)
			replace(t, filepath.Join(dir, "format"), special)
			var store *cas.StoreError
			if _, err := cas.Open(dir); !errors.As(err, &store) || !strings.Contains(err.Error(), "not a regular file") {
				t.Errorf("open: %v", err)
			}
		})
	}
}

// TestSpecialSegment: a segment that is no regular file is damage of the rows
// it held and of no others; gc keeps it as evidence.
func TestSpecialSegment(t *testing.T) {
	for name, special := range specials {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			commitLives(t, dir, 0, 4)
			path := segmentFiles(t, dir)[1]
			replace(t, path, special)
			d := openDisk(t, dir)
			for range 2 {
				if values, err := d.Lookup("t", [32]byte{1}); err != nil || len(values) != 3 {
					t.Errorf("rows %q, %v, want three", values, err)
				}
				if err := d.Refresh(); err != nil {
					t.Error(err)
				}
			}
			report, err := d.Verify(t.Context(), true)
			if err != nil || len(report.RowDamage) != 1 || report.RowDamage[0].Path != path {
				t.Errorf("verify: %+v, %v", report, err)
			}
			if _, err := d.GC(t.Context(), cas.GCOptions{}); err != nil {
				t.Error(err)
			}
			if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() || report.Rows != 3 {
				t.Errorf("verify after gc: %+v, %v", report, err)
			}
			if kept, err := os.ReadDir(filepath.Join(dir, "quarantine")); err != nil || len(kept) != 1 {
				t.Errorf("evidence %v, %v", kept, err)
			}
		})
	}
}
