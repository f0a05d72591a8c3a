package pipeline

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
)

// Sources computes code hashes from the sources of a module, as a program
// embeds them, so that every binary knows the code it was compiled from.
//
// The hash of a package covers its import closure inside the module: of every
// package all Go files whatever their build constraints (but files that are
// never built, with the constraint "ignore", and tests), by their tokens and
// //go: directives, so that comments and formatting do not matter; and byte
// for byte the files that //go:embed names, the assembly and the C sources,
// and Go files that use cgo. The standard library is not covered.
//
// If the closure reaches another module, the sums of all modules in the build
// information are covered too. Where one is missing, because the module is
// replaced, vendored or part of a workspace, the hash of the executable takes
// their place and [Sources.Warnings] says so.
type Sources struct {
	fsys   fs.FS
	module string

	mu       sync.Mutex
	packages map[string]*sourcePackage // by folder
	warnings []string

	modules func() (d Digest, warning string, err error)
}

// NewSources takes the tree of a module, its root at ".", and the path of the
// module as go.mod has it.
func NewSources(fsys fs.FS, module string) (*Sources, error) {
	if fsys == nil || module == "" {
		return nil, errors.New("sources need a file system and the path of a module")
	}
	s := &Sources{fsys: fsys, module: module, packages: make(map[string]*sourcePackage)}
	var once sync.Once
	var d Digest
	var warning string
	var err error
	s.modules = func() (Digest, string, error) {
		once.Do(func() { d, warning, err = moduleSums() })
		return d, warning, err
	}
	return s, nil
}

// Warnings says why code hashes change more often than the code does.
func (s *Sources) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.warnings)
}

// Hash returns the code hash of a package, given by its folder in the module
// ("stages/solve") or its import path. Each package is read once, however
// many hashes it enters. It is an error if a file of the closure is not among
// the sources.
func (s *Sources) Hash(pkg string) (Digest, error) {
	if dir, ok := s.folder(pkg); ok {
		pkg = dir
	}
	closure, err := s.closure(path.Clean(pkg))
	if err != nil {
		return Digest{}, fmt.Errorf("code hash of %s: %w", pkg, err)
	}
	h := sha256.New()
	io.WriteString(h, "pipeline code 1\n")
	external := false
	for _, p := range closure {
		fmt.Fprintf(h, "%s %s\n", p.digest, p.dir)
		external = external || p.external
	}
	if external {
		sums, err := s.external()
		if err != nil {
			return Digest{}, fmt.Errorf("code hash of %s: %w", pkg, err)
		}
		fmt.Fprintf(h, "%s modules\n", sums)
	}
	return Digest(h.Sum(nil)), nil
}

// folder returns the folder of an import path inside the module.
func (s *Sources) folder(importPath string) (dir string, ok bool) {
	if importPath == s.module {
		return ".", true
	}
	return strings.CutPrefix(importPath, s.module+"/")
}

// closure returns a package and all that it imports inside the module, sorted
// by folder. Packages that are found together are read together.
func (s *Sources) closure(dir string) ([]*sourcePackage, error) {
	found := make(map[string]*sourcePackage)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for level := []string{dir}; len(level) > 0; {
		var wait sync.WaitGroup
		for _, dir := range level {
			p := s.pkg(dir)
			found[dir] = p
			wait.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				p.once.Do(func() { p.err = p.read(s) })
			})
		}
		wait.Wait()
		var next []string
		for _, dir := range level {
			if err := found[dir].err; err != nil {
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
	var closure []*sourcePackage
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		closure = append(closure, found[dir])
	}
	return closure, nil
}

func (s *Sources) pkg(dir string) *sourcePackage {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.packages[dir]
	if p == nil {
		p = &sourcePackage{dir: dir}
		s.packages[dir] = p
	}
	return p
}

func (s *Sources) external() (Digest, error) {
	d, warning, err := s.modules()
	if warning != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !slices.Contains(s.warnings, warning) {
			s.warnings = append(s.warnings, warning)
		}
	}
	return d, err
}

// moduleSums hashes what the build information says of other modules.
func moduleSums() (d Digest, warning string, err error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		d, err = executableHash()
		return d, "the executable has no build information, so every build has other code hashes", err
	}
	h := sha256.New()
	for _, m := range slices.SortedFunc(slices.Values(info.Deps), func(a, b *debug.Module) int { return strings.Compare(a.Path, b.Path) }) {
		real := m
		for real.Replace != nil {
			real = real.Replace
		}
		if real.Sum == "" {
			d, err = executableHash()
			return d, fmt.Sprintf("module %s has no checksum (it is replaced, vendored or of a workspace), so every build has other code hashes", m.Path), err
		}
		fmt.Fprintf(h, "%s %s %s %s\n", m.Path, real.Path, real.Version, real.Sum)
	}
	return Digest(h.Sum(nil)), "", nil
}

func executableHash() (Digest, error) {
	name, err := os.Executable()
	if err != nil {
		return Digest{}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return Digest{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Digest{}, err
	}
	return Digest(h.Sum(nil)), nil
}
