// Package codehash computes the hash of the code that a package is compiled
// from, out of the sources of its module. A program that embeds its sources
// knows the code that it was compiled from, however it was built.
//
// The hash of a package covers its import closure inside the module. Of every
// package in the closure it covers
//
//   - all Go files, whatever their build constraints, except tests and files
//     that are never built (//go:build ignore). They are hashed by their
//     tokens and //go: directives, so comments and formatting do not matter;
//   - byte for byte, the files that //go:embed names, assembly and C sources,
//     and Go files that use cgo.
//
// The standard library is not covered. If the closure reaches another module,
// the checksums of all modules in the build information are covered too.
package codehash

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Hash is the hash of the code of one package. Its digest is computed from
// its parts.
type Hash struct {
	Digest cas.Digest
	Parts  []Part // the packages of the closure, sorted by folder; then "modules", if any
}

// Part is one part of a [Hash]: a package of the module, named by its folder,
// or "modules", which stands for all other modules.
type Part struct {
	Name   string     `json:"name"`
	Digest cas.Digest `json:"digest"`
}

// Diff names the parts in which two hashes differ: those that changed or were
// added, in the order of now, then those that were removed.
func Diff(before, now Hash) []string {
	was := make(map[string]cas.Digest, len(before.Parts))
	for _, p := range before.Parts {
		was[p.Name] = p.Digest
	}
	var names []string
	for _, p := range now.Parts {
		if d, ok := was[p.Name]; !ok || d != p.Digest {
			names = append(names, p.Name)
		}
		delete(was, p.Name)
	}
	for _, p := range before.Parts {
		if _, removed := was[p.Name]; removed {
			names = append(names, p.Name)
		}
	}
	return names
}

// Hasher computes the hashes of the packages of one module. It reads each
// package once, and is safe for concurrent use.
type Hasher struct {
	fsys    fs.FS
	module  string
	modules func() (modules, error)

	mu       sync.Mutex
	packages map[string]*source // by folder
	warning  string
}

// New returns a hasher for the module whose root is the root of fsys. Module
// is its path, as in go.mod.
func New(fsys fs.FS, module string) (*Hasher, error) {
	if fsys == nil || module == "" {
		return nil, errors.New("code hashes need a file system and the path of a module")
	}
	return &Hasher{
		fsys: fsys, module: module, packages: make(map[string]*source),
		modules: sync.OnceValues(buildModules),
	}, nil
}

// Package returns the hash of a package, which is named by its folder in the
// module ("stages/solve") or by its import path. It is an error if a file of
// the closure is not among the sources.
func (h *Hasher) Package(name string) (Hash, error) {
	dir, ok := h.folder(name)
	if !ok {
		dir = path.Clean(name)
	}
	closure, err := h.closure(dir)
	if err != nil {
		return Hash{}, fmt.Errorf("code of %s: %w", dir, err)
	}
	var hash Hash
	external := false
	for _, dir := range slices.Sorted(maps.Keys(closure)) {
		hash.Parts = append(hash.Parts, Part{dir, closure[dir].digest})
		external = external || closure[dir].external
	}
	if external {
		m, err := h.modules()
		if err != nil {
			return Hash{}, fmt.Errorf("code of %s: %w", dir, err)
		}
		h.mu.Lock()
		h.warning = m.warning
		h.mu.Unlock()
		hash.Parts = append(hash.Parts, Part{"modules", m.digest})
	}
	sum := sha256.New()
	io.WriteString(sum, "pipeline code 1\n")
	for _, p := range hash.Parts {
		fmt.Fprintf(sum, "%s %s\n", p.Digest, p.Name)
	}
	hash.Digest = cas.Digest(sum.Sum(nil))
	return hash, nil
}

// Warning says why the hashes computed so far change with every build, even
// if the code does not. It is "" if they do not.
func (h *Hasher) Warning() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.warning
}

// folder returns the folder of an import path inside the module.
func (h *Hasher) folder(importPath string) (dir string, ok bool) {
	if importPath == h.module {
		return ".", true
	}
	return strings.CutPrefix(importPath, h.module+"/")
}

// closure returns a package and all that it imports inside the module, by
// folder. Packages at the same distance are read concurrently.
func (h *Hasher) closure(dir string) (map[string]*source, error) {
	found := make(map[string]*source)
	for level := []string{dir}; len(level) > 0; {
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for _, dir := range level {
			p := h.source(dir)
			found[dir] = p
			group.Go(p.read)
		}
		group.Wait() // errors are returned below, in a fixed order
		var next []string
		for _, dir := range level {
			if err := found[dir].read(); err != nil {
				return nil, err
			}
			for _, imported := range found[dir].imports {
				if found[imported] == nil && !slices.Contains(next, imported) {
					next = append(next, imported)
				}
			}
		}
		level = next
	}
	return found, nil
}

// source returns the source of a folder, which may not have been read yet.
func (h *Hasher) source(dir string) *source {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.packages[dir]
	if p == nil {
		p = &source{hasher: h, dir: dir}
		p.read = sync.OnceValue(p.load)
		h.packages[dir] = p
	}
	return p
}

// modules stands for the code of all other modules.
type modules struct {
	digest  cas.Digest
	warning string
}

// buildModules hashes the checksums of the modules in the build information.
// Where one is missing, because the module is replaced, vendored or part of a
// workspace, the hash of the executable takes their place.
func buildModules() (modules, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		d, err := executable()
		return modules{d, "the executable has no build information, so code hashes change with every build"}, err
	}
	h := sha256.New()
	for _, m := range slices.SortedFunc(slices.Values(info.Deps), func(a, b *debug.Module) int { return strings.Compare(a.Path, b.Path) }) {
		real := m
		for real.Replace != nil {
			real = real.Replace
		}
		if real.Sum == "" {
			d, err := executable()
			return modules{d, fmt.Sprintf("module %s has no checksum (it is replaced, vendored or part of a workspace), so code hashes change with every build", m.Path)}, err
		}
		fmt.Fprintf(h, "%s %s %s %s\n", m.Path, real.Path, real.Version, real.Sum)
	}
	return modules{digest: cas.Digest(h.Sum(nil))}, nil
}

// executable hashes the program that runs.
func executable() (cas.Digest, error) {
	name, err := os.Executable()
	if err != nil {
		return cas.Digest{}, err
	}
	text, err := os.ReadFile(name)
	return cas.Sum(text), err
}
