// Package landscape carries the sources of the stages and of everything
// inside this module that they are built from, so that each binary, however
// it was built, knows exactly the code it was compiled from. The engine
// hashes the import closure of a stage out of these files
// ([github.com/landscape-pipe/landscape-pipe/pipeline/codehash]).
//
// Packages below stages/ and internal/ are one folder deep, and every source
// file's name has a dot: that is what the patterns below rely on, and what
// keeps testdata folders out. A test compares the embedded files with what
// `go list` says the stages need.
package landscape

import (
	"embed"
	"io/fs"
)

// Module is the path of this module.
const Module = "github.com/landscape-pipe/landscape-pipe"

//go:embed stages/*.go stages/*/*.* internal/*/*.* pipeline/task/*.go
var sources embed.FS

// DefaultParams is the params file of the default run, with the documentation of
// every key. A key that another params file leaves out has the value that it
// has here; of an experiment's keys, the default that its comment states.
//
//go:embed params.toml
var DefaultParams []byte

// Sources returns the embedded source files, named by their path inside the
// module.
func Sources() fs.FS { return sources }
