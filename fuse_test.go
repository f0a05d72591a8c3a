package landscape_test

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fused matches an instruction of the compiler's listing (-gcflags=-S) that
// rounds a product and a sum once, with its source position.
var fused = regexp.MustCompile(`\(([^()]+\.go:\d+)\)\t(V?FN?M(?:ADD|SUB)\w*)\t`)

// meant is the one file whose fused operations are intended.
const meant = "/internal/kernel/scalar.go:"

// TestNothingIsFused compiles the code that reaches artifacts for targets on
// which the compiler fuses a product and a sum into one instruction, and fails
// where it did so outside the scalar kernels, whose fused multiply-add is meant.
func TestNothingIsFused(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles all stages for two targets")
	}
	readSources(t)
	for _, target := range []struct{ name, arch, level string }{
		{"amd64 v3", "amd64", "GOAMD64=v3"},
		{"arm64", "arm64", "GOARM64=v8.0"},
	} {
		t.Run(target.name, func(t *testing.T) {
			listing := compile(t, ".", "./internal/...", "./stages/...", "GOARCH="+target.arch, target.level)
			found, intended := search(listing)
			for _, f := range found {
				t.Errorf("fused: %s: round the product with an explicit conversion", f)
			}
			// Without these the listing was not what this test reads.
			if intended == 0 {
				t.Errorf("no fused instruction in %s…: the listing was not understood", meant)
			}
		})
	}
}

// TestSearch proves that the search sees what the compiler writes.
func TestSearch(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module probe\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "internal", "a", "a.go"), "package a\n\nfunc Sum(a, b, c float64) float64 { return a*b + c }\n\nfunc Rounded(a, b, c float64) float64 { return float64(a*b) + c }\n\nfunc Less(a, b, c float32) float32 { return c - a*b }\n")
	for _, env := range [][]string{{"GOARCH=amd64", "GOAMD64=v3"}, {"GOARCH=arm64"}} {
		found, _ := search(compile(t, dir, append([]string{"./internal/..."}, env...)...))
		lines := map[string]bool{}
		for _, f := range found {
			lines[f[strings.Index(f, "a.go:"):][:6]] = true
		}
		// amd64 has a fused instruction for the sum only.
		if !lines["a.go:3"] || lines["a.go:5"] || lines["a.go:7"] != (env[0] == "GOARCH=arm64") {
			t.Errorf("%v: found %q", env, found)
		}
	}
}

// search returns the fused instructions of a listing, each once, and how many
// of those that are meant it saw.
func search(listing []byte) (found []string, intended int) {
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(listing))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		m := fused.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if strings.Contains(filepath.ToSlash(m[1]), meant) {
			intended++
			continue
		}
		if f := m[1] + " " + m[2]; !seen[f] {
			seen[f] = true
			found = append(found, f)
		}
	}
	return found, intended
}

// compile builds the packages (arguments that begin with a dot) in dir under
// the given environment and returns the listing of their machine code.
func compile(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", "build", "-gcflags=-S")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	for _, a := range args {
		if strings.HasPrefix(a, ".") {
			cmd.Args = append(cmd.Args, a)
		} else {
			cmd.Env = append(cmd.Env, a)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		tail := out[max(0, len(out)-2000):]
		t.Fatalf("%v: %v\n%s", cmd.Args, err, tail)
	}
	return out
}

// readSources opens the files that the compiler will read, so that a result of
// this test that Go kept is not taken for one of other sources.
func readSources(t *testing.T) {
	t.Helper()
	for _, root := range []string{"internal", "stages"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(name) == ".go" {
				_, err = os.ReadFile(name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
