package main

import (
	"io/fs"
	"syscall"
)

// stampOf returns what changes when a file does.
func stampOf(info fs.FileInfo) (stamp, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}, false
	}
	return stamp{
		Size: info.Size(), Changed: s.Ctim.Nano(), Written: info.ModTime().UnixNano(), Inode: s.Ino, Device: uint64(s.Dev),
	}, true
}
