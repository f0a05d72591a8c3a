//go:build !unix

package main

import "io/fs"

// onlyOurs is true: the folder for caches lies in the user's own profile here.
func onlyOurs(fs.FileInfo) bool { return true }
