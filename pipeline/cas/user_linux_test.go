package cas_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// asUser calls f in a way that it may read dir but not write it. Where the
// tests run as root, whom no permission stops, it takes another user's rights
// for one thread, which ends with it.
func asUser(t *testing.T, f func(), dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		chmodTree(t, dir)
		f()
		return
	}
	openToOthers(t, dir)
	as(t, 65534, 65534, f)
}

// openToOthers lets other users reach a folder.
func openToOthers(t *testing.T, dir string) {
	t.Helper()
	for up := filepath.Dir(dir); up != filepath.Dir(up); up = filepath.Dir(up) {
		if strings.HasPrefix(up, filepath.Clean(os.TempDir())+string(filepath.Separator)) {
			if err := os.Chmod(up, 0o755); err != nil { // t.TempDir keeps others out
				t.Fatal(err)
			}
		}
		if info, err := os.Stat(up); err != nil || info.Mode().Perm()&0o005 != 0o005 {
			t.Skipf("%s cannot be read by others than root (%v)", up, err)
		}
	}
}

// as calls f with the rights of a user and a group on files.
func as(t *testing.T, user, group int, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread must not be used again
		if _, err := unix.SetfsgidRetGid(group); err != nil {
			t.Error(err)
			return
		}
		if _, err := unix.SetfsuidRetUid(user); err != nil {
			t.Error(err)
			return
		}
		f()
	}()
	<-done
}

// Two users of one group share a store in a folder of that group, though the
// umask of each keeps the group from writing.
func TestTwoUsers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can act as two users")
	}
	dir := filepath.Join(t.TempDir(), "store")
	openToOthers(t, dir)
	const alice, bob, group = 65001, 65002, 65003
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, alice, group); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o770|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	for round := range 3 {
		for i, user := range []int{alice, bob} {
			as(t, user, group, func() {
				d, err := cas.Open(dir, cas.WithParallel(1)) // other goroutines have the rights of root
				if err != nil {
					t.Error(err)
					return
				}
				defer d.Close()
				if _, ok, owner, err := d.TryLock([32]byte{1}); !ok || err != nil {
					t.Errorf("lock: %v, %q, %v", ok, owner, err)
				}
				if err := d.Commit(t.Context(), crashBatch(2*round+i)); err != nil {
					t.Error(err)
				}
				if err := d.Commit(t.Context(), crashBatch(0)); err != nil {
					t.Error(err)
				}
				if report, err := d.Verify(t.Context(), false); err != nil || !report.OK() || report.Objects < 2 {
					t.Errorf("verify: %+v, %v", report, err)
				}
			})
		}
	}
	as(t, bob, group, func() {
		d, err := cas.Open(dir)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		if _, err := d.GC(t.Context(), cas.GCOptions{Keep: func(cas.Digest) bool { return false }}); err != nil {
			t.Error(err)
		}
	})
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		if want := info.Mode().Perm() &^ 0o007; stat.Gid != group || info.IsDir() && info.Mode().Perm() != 0o770 || info.Mode().Perm()&0o040 == 0 || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v and group %d", path, info.Mode(), stat.Gid)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
