package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	landscape "github.com/landscape-pipe/landscape-pipe"
)

// edited are the sources with a line of a file replaced.
func edited(t *testing.T, name, old, now string) (fs.FS, []byte) {
	t.Helper()
	tree := make(fstest.MapFS)
	err := fs.WalkDir(landscape.Sources(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(landscape.Sources(), path)
		tree[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(tree[name].Data)
	if strings.Count(text, old) != 1 {
		t.Fatalf("%s has %d times %q, want it once", name, strings.Count(text, old), old)
	}
	tree[name].Data = []byte(strings.Replace(text, old, now, 1))
	return tree, tree[name].Data
}

// The file that changes, its package, and the change: an exponential that is
// a little off, deep below training.
const (
	changedFile = "internal/detmath/exp.go"
	changedPart = "internal/detmath"
	changedOld  = "\nfunc Exp(x float64) float64 {\n"
	changedNew  = changedOld + "\tx = float64(x * (1 + 0x1p-20))\n"
)

// caught is a finished small run that somebody spoils.
type caught struct {
	t     *testing.T
	flags []string // of every command
}

// newCaught gives a test the artifacts of a finished run of its own.
func newCaught(t *testing.T, base string) *caught {
	t.Helper()
	artifacts := filepath.Join(t.TempDir(), "artifacts")
	if err := os.CopyFS(artifacts, os.DirFS(filepath.Join(base, "filled"))); err != nil {
		t.Fatal(err)
	}
	return &caught{t, []string{"--params", filepath.Join(base, "params.small.toml"), "--artifacts", artifacts}}
}

func (c *caught) wants(out string, texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		if !strings.Contains(out, want) {
			c.t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// TestCaught spoils the code in two ways. What becomes of changed params and
// of a damaged object is in check_params.txtar and verify.txtar.
func TestCaught(t *testing.T) {
	base, err := baseRuns(t)
	if err != nil {
		t.Skip("no source of MNIST is in reach: ", err)
	}
	t.Run("code", func(t *testing.T) { caughtCode(t, base) })
	t.Run("kernel", func(t *testing.T) { caughtKernel(t, base) })
}

// caughtCode: with other code, check names the stages that are not up to date
// and the package that changed. Where the bits come out as they were, the
// rerun stops there, and all is as expected again.
func caughtCode(t *testing.T, base string) {
	c := newCaught(t, base)
	sources, _ := edited(t, changedFile, "\npackage detmath", "\npackage detmath\n\nconst unused = 1")
	do := func(want int, args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		a := newApp(&stdout, &stderr, func(string) string { return "" })
		a.sources = sources
		if code := run(context.Background(), a, append(args, c.flags...)); code != want {
			t.Fatalf("%v: exit code %d, want %d\n%s%s", args, code, want, &stdout, &stderr)
		}
		return stdout.String()
	}
	c.wants(do(exitDifference, "check"), "code changed: "+changedPart+"\n")
	c.wants(do(exitDone, "explain", "train[h=4]", "--changed"), "("+changedPart+")")
	do(exitDone, "repro", "-q")
	c.wants(do(exitDone, "check"), "all exactly as expected")
}

// caughtKernel builds the program with that change, as somebody
// would who edits a kernel: doctor sees wrong bits, and check names the first
// divergent stage and the package.
func caughtKernel(t *testing.T, base string) {
	if testing.Short() {
		t.Skip("building the program takes a while")
	}
	t.Parallel()
	c := newCaught(t, base)
	_, text := edited(t, changedFile, changedOld, changedNew)
	dir := t.TempDir()
	overlay := filepath.Join(dir, "overlay.json")
	original, err := filepath.Abs(filepath.Join("../..", changedFile))
	if err != nil {
		t.Fatal(err)
	}
	replaced := filepath.Join(dir, "changed.go")
	table, err := json.Marshal(map[string]map[string]string{"Replace": {original: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{replaced: text, overlay: table} {
		if err := os.WriteFile(name, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "landscape-pipe")
	build := exec.Command("go", "build", "-overlay", overlay, "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	do := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, append(args, c.flags...)...)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
			t.Fatalf("%v: %v, want exit code %d\n%s", args, err, want, out)
		}
		return string(out)
	}
	c.wants(do(exitFailed, "doctor", "--offline"), "fail  bits", "detmath")
	do(exitDone, "repro", "-q")
	c.wants(do(exitDifference, "check"),
		"first divergent stage: losses[mnist,direct,h=4,l=2,k=200,seed=0]",
		"code changed: "+changedPart, "behind differ because of this")
}
