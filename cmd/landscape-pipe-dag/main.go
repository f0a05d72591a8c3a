// Landscape-pipe-dag draws a graph: it reads one graph in the DOT language
// from standard input and writes a picture to standard output.
//
//	landscape-pipe dag -o dag.dot && landscape-pipe-dag pdf < dag.dot > dag.pdf
//
// Graphviz only lays the graph out. The picture is drawn here, once for all
// formats: Graphviz's own PNG loses edges, and its PDF cannot be made in
// WebAssembly.
//
// It is a program of its own because importing go-graphviz compiles a
// WebAssembly module before main, in every process, and panics there when its
// cache below the temporary folder is damaged, full or another user's.
// landscape-pipe names a private folder as the one for temporaries, where the
// compiled module stays for the next drawing, and so stays fast and free of that
// failure.
//
// Exit codes: 0 done, 1 the graph cannot be read or laid out, 2 wrong usage.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/goccy/go-graphviz"

	"github.com/landscape-pipe/landscape-pipe/cmd/landscape-pipe-dag/xdot"
)

// maxInput bounds what is read: the layout takes memory and time that grow
// faster than its input, and nobody can read a graph of this size.
const maxInput = 16 << 20

const usage = `Usage: landscape-pipe-dag [svg|pdf|png] < graph.dot > picture

Draws one graph in the DOT language, as SVG by default.
landscape-pipe dag --render starts this program.

Exit codes: 0 done, 1 the graph cannot be read or laid out, 2 wrong usage.
`

func main() {
	format := "svg"
	if len(os.Args) > 1 {
		format = os.Args[1]
	}
	switch {
	case format == "-h" || format == "--help":
		fmt.Print(usage)
		return
	case len(os.Args) > 2 || !slices.Contains([]string{"svg", "pdf", "png"}, format):
		fmt.Fprintf(os.Stderr, "landscape-pipe-dag: unexpected arguments %q\n\n%s", os.Args[1:], usage)
		os.Exit(2)
	}
	if err := render(context.Background(), os.Stdin, os.Stdout, format); err != nil {
		fmt.Fprintf(os.Stderr, "landscape-pipe-dag: %v\n", err)
		os.Exit(1)
	}
}

// render writes nothing unless the whole picture succeeded.
func render(ctx context.Context, r io.Reader, w io.Writer, format string) error {
	dot, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return fmt.Errorf("read the graph: %w", err)
	}
	if len(dot) > maxInput {
		return fmt.Errorf("the graph is larger than %d MiB", maxInput>>20)
	}
	graph, err := graphviz.ParseBytes(dot)
	if err != nil {
		return fmt.Errorf("read the graph: %w", err)
	}
	if graph == nil {
		return fmt.Errorf("read the graph: the input holds no graph")
	}
	g, err := graphviz.New(ctx)
	if err != nil {
		return fmt.Errorf("start the layout: %w", err)
	}
	var text bytes.Buffer
	if err := g.Render(ctx, graph, "json", &text); err != nil {
		return fmt.Errorf("lay out the graph: %w", err)
	}
	l, err := xdot.Parse(text.Bytes())
	if err != nil {
		return err
	}
	d, err := l.Draw()
	if err != nil {
		return fmt.Errorf("draw the graph: %w", err)
	}
	content, err := xdot.Picture(d, format)
	if err != nil {
		return fmt.Errorf("draw the graph: %w", err)
	}
	_, err = w.Write(content)
	return err
}
