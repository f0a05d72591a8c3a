package main

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLayoutProgram builds the helper and has it draw what package dagviz
// writes. It cannot be tested from its own folder: the test binary would
// import go-graphviz, with all that the helper is there to keep away.
func TestLayoutProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("building the helper takes a while")
	}
	t.Parallel()
	program := filepath.Join(t.TempDir(), layoutProgram)
	build := exec.Command("go", "build", "-o", program, "github.com/landscape-pipe/landscape-pipe/cmd/landscape-pipe-dag")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	l := &layouter{program}
	t.Run("png", func(t *testing.T) {
		dot, err := os.ReadFile("../../pipeline/dagviz/testdata/collapsed.dot")
		if err != nil {
			t.Fatal(err)
		}
		content, err := l.draw(t.Context(), "png", dot)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(content)); err != nil {
			t.Error(err)
		}
	})
	t.Run("no graph", func(t *testing.T) {
		_, err := l.draw(t.Context(), "svg", []byte("digraph {"))
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(err.Error(), "read the graph") {
			t.Errorf("error %v, want exit code 1 and what was wrong", err)
		}
	})
	t.Run("usage", func(t *testing.T) {
		out, err := exec.Command(program, "graph.dot").CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "unexpected argument") {
			t.Errorf("error %v: %s, want exit code 2", err, out)
		}
	})
}
