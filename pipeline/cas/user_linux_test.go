package cas_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread must not be used again
		if _, err := unix.SetfsuidRetUid(65534); err != nil {
			t.Error(err)
			return
		}
		f()
	}()
	<-done
}
