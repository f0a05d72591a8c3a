package main

import (
	"bytes"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	caches := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", caches)
	t.Setenv("HOME", caches)
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
	t.Run("the compiled layout engine is kept, and made again where it is damaged", func(t *testing.T) {
		dir, err := compiledFolder()
		if err != nil {
			t.Fatal(err)
		}
		kept := 0
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			kept++
			return os.WriteFile(path, []byte("damaged"), 0o600)
		})
		if err != nil || kept == 0 {
			t.Fatalf("%d files in %s, %v", kept, dir, err)
		}
		if _, err := l.draw(t.Context(), "svg", []byte("digraph { a -> b }")); err != nil {
			t.Error(err)
		}
	})
	t.Run("a folder that others may write to is not used", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("the modes of files do not say who may write here")
		}
		dir, err := compiledFolder()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o700)
		if dir, err := compiledFolder(); err == nil {
			t.Errorf("%s is used", dir)
		}
		if _, err := l.draw(t.Context(), "svg", []byte("digraph { a -> b }")); err != nil {
			t.Error(err)
		}
	})
	t.Run("a helper without a graph is ended", func(t *testing.T) {
		d := l.start(t.Context(), "svg")
		d.close()
		if d.err != nil || d.first.cmd.ProcessState == nil {
			t.Errorf("error %v, process %v: want one that has ended", d.err, d.first)
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
