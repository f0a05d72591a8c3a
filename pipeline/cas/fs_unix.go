//go:build unix

package cas

import (
	"io/fs"
	"os"
	"syscall"
)

// Flags of open, by which it does not follow a link in the last place of a
// path, and does not wait for the other end of a pipe.
const (
	noFollow    = syscall.O_NOFOLLOW
	nonBlocking = syscall.O_NONBLOCK
)

// shareGroup gives a file the group of another, if it may.
func shareGroup(name string, info, like fs.FileInfo) error {
	have, ok1 := info.Sys().(*syscall.Stat_t)
	want, ok2 := like.Sys().(*syscall.Stat_t)
	if !ok1 || !ok2 || have.Gid == want.Gid {
		return nil
	}
	return os.Lchown(name, -1, int(want.Gid))
}
