package main

import (
	"encoding/xml"
	"errors"
	"io"
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
	program := filepath.Join(t.TempDir(), layoutProgram)
	build := exec.Command("go", "build", "-o", program, "github.com/landscape-pipe/landscape-pipe/cmd/landscape-pipe-dag")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	l := &layouter{program}
	for _, name := range []string{"collapsed.dot", "full.dot"} {
		t.Run(name, func(t *testing.T) {
			dot, err := os.ReadFile(filepath.Join("../../pipeline/dagviz/testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			svg, err := l.svg(t.Context(), dot)
			if err != nil {
				t.Fatal(err)
			}
			text := elements(t, svg)
			for _, want := range []string{"fetch", "train", "tables", "cached", "waiting"} {
				if !strings.Contains(text, want) {
					t.Errorf("the drawing does not show %q", want)
				}
			}
			if !strings.Contains(string(svg), `font-family="DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"`) {
				t.Error("the fonts have no fallback")
			}
			if arrows, want := strings.Count(string(svg), `class="edge"`), strings.Count(string(dot), " -> "); arrows != want {
				t.Errorf("%d edges are drawn, want %d", arrows, want)
			}
		})
	}
	t.Run("no graph", func(t *testing.T) {
		_, err := l.svg(t.Context(), []byte("digraph {"))
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

// elements returns the text of an XML document, which must be well formed.
func elements(t *testing.T, document []byte) string {
	t.Helper()
	var text strings.Builder
	for d := xml.NewDecoder(strings.NewReader(string(document))); ; {
		token, err := d.Token()
		if err == io.EOF {
			return text.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
}
