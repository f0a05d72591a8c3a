//go:build !linux

package cas_test

import (
	"os"
	"testing"
)

// asUser calls f in a way that it may read dir but not write it.
func asUser(t *testing.T, f func(), dir string) {
	t.Helper()
	if os.Getuid() == 0 {
		t.Skip("permissions do not stop root")
	}
	chmodTree(t, dir)
	f()
}
