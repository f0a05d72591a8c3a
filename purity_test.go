package landscape_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// impure are the packages by which a function could learn, or change, what is
// not in its key.
var impure = []string{
	"os", "os/exec", "os/signal", "os/user", "net", "net/http", "syscall", "plugin", "expvar",
	"io/ioutil", "crypto/rand", "math/rand", "hash/maphash", "log", "log/slog", "testing",
	"golang.org/x/sys/unix",
}

// impureCalls are the functions of other packages that do so. Of math/rand/v2
// every function but the constructors draws from the global generator.
var impureCalls = map[string][]string{
	"time": {
		"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "LoadLocation", "Local",
	},
	"runtime": {"GOMAXPROCS", "NumCPU", "NumGoroutine", "ReadMemStats", "Caller", "Callers", "Stack", "Version"},
	"path/filepath": {
		"Abs", "Glob", "Walk", "WalkDir", "EvalSymlinks",
	},
	"math/rand/v2": {
		"ExpFloat64", "Float32", "Float64", "Int", "Int32", "Int32N", "Int64", "Int64N", "IntN", "N", "NormFloat64",
		"Perm", "Shuffle", "Uint", "Uint32", "Uint32N", "Uint64", "Uint64N", "UintN",
	},
}

// TestStagesArePure: a stage is a function of its params and inputs. No stage
// but fetch, and nothing inside this module that one imports, may reach the
// file system, the network, the clock, the environment, global random numbers
// or the number of cores, which no key holds.
func TestStagesArePure(t *testing.T) {
	var stages []string
	for _, l := range goList(t, nil, "./stages/...") {
		if dir := l.dir(); dir != "stages" && dir != "stages/fetch" {
			stages = append(stages, "./"+dir)
		}
	}
	if len(stages) < 5 {
		t.Fatalf("only %d stages are found: %v", len(stages), stages)
	}
	for _, tags := range []string{"", "noasm"} {
		for _, arch := range []string{"amd64", "arm64"} {
			env := []string{"CGO_ENABLED=0", "GOARCH=" + arch}
			for _, l := range goList(t, env, append([]string{"-tags", tags, "-deps"}, stages...)...) {
				for _, imported := range l.Imports {
					if slices.Contains(impure, imported) {
						t.Errorf("%s imports %s: what it says is in no key", l.dir(), imported)
					}
				}
				for _, file := range l.GoFiles {
					scanCalls(t, path.Join(l.dir(), file))
				}
			}
		}
	}
}

// scanCalls reports what a file uses of impureCalls.
func scanCalls(t *testing.T, name string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := usedCalls(file)
	for _, use := range found {
		t.Errorf("%s: %s: what it says is in no key", files.Position(use.pos), use.name)
	}
}

type usedCall struct {
	pos  token.Pos
	name string
}

// usedCalls finds functions of impureCalls, called or only named.
func usedCalls(file *ast.File) (found []usedCall) {
	imports := make(map[string]string) // name in the file → path
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(strings.TrimSuffix(importPath, "/v2"))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = importPath
		if name == "." && impureCalls[importPath] != nil {
			found = append(found, usedCall{spec.Pos(), "import . " + spec.Path.Value})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && slices.Contains(impureCalls[imports[x.Name]], selector.Sel.Name) {
			found = append(found, usedCall{selector.Pos(), imports[x.Name] + "." + selector.Sel.Name})
		}
		return true
	})
	return found
}

// TestPurityScan makes sure that the scan finds what it is there for.
func TestPurityScan(t *testing.T) {
	const text = `package p
import ("time"; r "math/rand/v2"; "math/rand/v2"; "runtime")
var clock = time.Now
func f() { r.IntN(3); _ = rand.New(rand.NewPCG(1, 2)); _ = time.Second; runtime.Gosched() }
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, use := range usedCalls(file) {
		names = append(names, use.name)
	}
	if want := []string{"time.Now", "math/rand/v2.IntN"}; !slices.Equal(names, want) {
		t.Errorf("found %v, want %v", names, want)
	}
}
