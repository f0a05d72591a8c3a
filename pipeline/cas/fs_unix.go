//go:build unix

package cas

import "syscall"

// Flags of open, by which it follows no link in the last place of a path,
// and does not wait for the other end of a pipe.
const (
	noFollow    = syscall.O_NOFOLLOW
	nonBlocking = syscall.O_NONBLOCK
)
