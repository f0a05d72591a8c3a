//go:build !unix

package cas

import "io/fs"

// Flags of open that this system does not have.
const (
	noFollow    = 0
	nonBlocking = 0
)

// shareGroup does nothing: files have no group here.
func shareGroup(string, fs.FileInfo, fs.FileInfo) error { return nil }
