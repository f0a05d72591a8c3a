//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// onlyOurs reports whether a folder belongs to this user and nobody else may write
// to it.
func onlyOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode()&0o022 == 0
}
