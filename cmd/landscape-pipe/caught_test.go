package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// caught is a finished small run that somebody spoils.
type caught struct {
	t      *testing.T
	folder string
	flags  []string // of every command
}

// newCaught gives a test the artifacts of a finished run of its own.
func newCaught(t *testing.T, base string) *caught {
	t.Helper()
	c := &caught{t: t, folder: t.TempDir()}
	artifacts := filepath.Join(c.folder, "artifacts")
	if err := os.CopyFS(artifacts, os.DirFS(filepath.Join(base, "filled"))); err != nil {
		t.Fatal(err)
	}
	params := filepath.Join(c.folder, "params.small.toml")
	if err := os.WriteFile(params, []byte(smallParams), 0o666); err != nil {
		t.Fatal(err)
	}
	c.flags = []string{"--params", params, "--artifacts", artifacts}
	return c
}

// nightly runs the script of the nightly CI, without the matrix of processors,
// wants an exit code of it, and returns what it says.
func (c *caught) nightly(program string, want int) string {
	c.t.Helper()
	cmd := exec.Command("../../.github/nightly.sh", c.flags...)
	cmd.Env = append(os.Environ(), "PROGRAM="+program, "OUT="+filepath.Join(c.folder, "nightly"), "DETERMINISM=")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
		c.t.Fatalf("nightly: %v, want exit code %d\n%s", err, want, out)
	}
	return string(out)
}

func (c *caught) wants(out string, texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		if !strings.Contains(out, want) {
			c.t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// TestCaught spoils a finished run, and the nightly run says by what.
func TestCaught(t *testing.T) {
	t.Parallel()
	base, err := baseRuns()
	if err != nil {
		t.Skip(err)
	}
	t.Run("code", func(t *testing.T) { caughtCode(t, base) })
	if runtime.GOOS == "windows" {
		t.Skip("the rest runs a shell script")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary is the program under this name.
	link := filepath.Join(t.TempDir(), "landscape-pipe")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		c := newCaught(t, base)
		c.wants(c.nightly(link, exitDone), "- store passed\n", "- check passed\n", "- rerun passed\n", "- report passed\n", "all exactly as expected")
	})
	t.Run("params", func(t *testing.T) { caughtParams(t, base, link) })
	t.Run("damage", func(t *testing.T) { caughtDamage(t, base, link) })
	t.Run("kernel", func(t *testing.T) { caughtKernel(t, base) })
}

// caughtCode: with other code, check names the stages that are not up to date
// and the package that changed. Where the bits come out as they were, the
// rerun stops there, and all is as expected again.
func caughtCode(t *testing.T, base string) {
	const part = "internal/detmath"
	c := newCaught(t, base)
	sources, _ := edited(t, part+"/exp.go", "\npackage detmath", "\npackage detmath\n\nconst unused = 1")
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
	c.wants(do(exitDifference, "check"), "code changed: "+part+"\n")
	c.wants(do(exitDone, "explain", "train[h=4]"), "("+part+")")
	do(exitDone, "repro", "-q")
	c.wants(do(exitDone, "check"), "all exactly as expected")
}

// caughtParams edits the learning rate in the params file.
func caughtParams(t *testing.T, base, program string) {
	t.Parallel()
	c := newCaught(t, base)
	text := strings.Replace(smallParams, "epochs = 2\n", "epochs = 2\nlearning_rate = 0.002\n", 1)
	if err := os.WriteFile(c.flags[1], []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	const first = "first divergent stage: train[mnist,h=4,num_layers=2,k=200,seed=0]"
	out := c.nightly(program, exitDifference)
	c.wants(out, first, "\n          params.learning_rate 0.001 → 0.002\n", "as expected in run ",
		"- repro passed\n- check failed with exit code 3\n- rerun passed\n- report passed\n")
	report, err := os.ReadFile(filepath.Join(c.folder, "nightly", "check.md"))
	if err != nil {
		t.Fatal(err)
	}
	c.wants(string(report), "### Cause", `params.learning\_rate 0.001 → 0.002`)

	// In a fresh clone, without the store of other nights, lock.json knows.
	if err := os.RemoveAll(filepath.Join(c.folder, "artifacts", "store")); err != nil {
		t.Fatal(err)
	}
	c.wants(c.nightly(program, exitDifference), first, "\n          train.learning_rate 0.001 → 0.002\n")
}

// caughtDamage flips a bit in the weights of a network: they are named, rebuilt,
// and the rest of the night is as always.
func caughtDamage(t *testing.T, base, program string) {
	t.Parallel()
	c := newCaught(t, base)
	out, err := exec.Command(program, append([]string{"explain", "--json", "train[h=4]"}, c.flags...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var stages []explainValue
	if err := json.Unmarshal(out, &stages); err != nil || len(stages) != 1 {
		t.Fatalf("%d stages, %v", len(stages), err)
	}
	for _, o := range stages[0].Outputs {
		if o.Name == "weights" {
			if err := flipBit(filepath.Join(c.folder, "artifacts/store"), o.Digest); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.wants(c.nightly(program, exitDifference), "damaged ", ", weights of train[mnist,h=4,num_layers=2,k=200,seed=0]: ",
		"- store failed with exit code 3\n- repro passed\n- check passed\n- rerun passed\n")
	c.wants(c.nightly(program, exitDone), "- store passed\n")
}

// caughtKernel builds the program with a changed kernel: the gradient that
// leaves the loss is a little off. Doctor sees wrong bits, and check names the
// first divergent stage and the package.
func caughtKernel(t *testing.T, base string) {
	const (
		part = "internal/kernel"
		name = part + "/softmax32.go"
		old  = "\n\ttotal := 0.0\n"
	)
	if testing.Short() {
		t.Skip("building the program takes a while")
	}
	t.Parallel()
	c := newCaught(t, base)
	_, text := edited(t, name, old, old+"\tscale *= 1 + 0x1p-20\n")
	original, err := filepath.Abs(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	replaced, overlay := filepath.Join(c.folder, "changed.go"), filepath.Join(c.folder, "overlay.json")
	table, err := json.Marshal(map[string]map[string]string{"Replace": {original: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{replaced: text, overlay: table} {
		if err := os.WriteFile(file, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(c.folder, "landscape-pipe")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-overlay", overlay, "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	const first = "first divergent stage: train[mnist,h=4,num_layers=2,k=200,seed=0]"
	c.wants(c.nightly(program, exitFailed), "fail  bits", "softmax", first, "code changed: "+part+"\n", "downstream differ because of this",
		"- doctor failed with exit code 1\n- store passed\n- repro passed\n- check failed with exit code 3\n")
	if err := os.RemoveAll(filepath.Join(c.folder, "artifacts", "store")); err != nil {
		t.Fatal(err)
	}
	c.wants(c.nightly(program, exitFailed), first, "code changed: "+part+"\n")
}
