// Landscape-pipe-dag lays out a graph: it reads one graph in the DOT language
// from standard input and writes it as SVG to standard output.
//
//	landscape-pipe dag -o dag.dot && landscape-pipe-dag < dag.dot > dag.svg
//
// It is a program of its own because importing go-graphviz compiles a
// WebAssembly module before main, in every process, and panics there when its
// cache below the temporary folder is damaged, full or another user's.
// landscape-pipe starts it with a private temporary folder and thereby stays
// fast and free of that failure.
//
// Exit codes: 0 done, 1 the graph cannot be read or laid out, 2 wrong usage.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-graphviz"
)

// maxInput bounds what is read: the layout takes memory and time that grow
// faster than its input, and a graph of this size is no picture any more.
const maxInput = 16 << 20

const usage = `Usage: landscape-pipe-dag < graph.dot > graph.svg

Lays out one graph in the DOT language as SVG. landscape-pipe dag --render
starts this program; it has no options.

Exit codes: 0 done, 1 the graph cannot be read or laid out, 2 wrong usage.
`

func main() {
	if len(os.Args) > 1 {
		if a := os.Args[1]; a == "-h" || a == "--help" {
			fmt.Print(usage)
			return
		}
		fmt.Fprintf(os.Stderr, "landscape-pipe-dag: unexpected argument %q\n\n%s", os.Args[1], usage)
		os.Exit(2)
	}
	if err := render(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "landscape-pipe-dag: %v\n", err)
		os.Exit(1)
	}
}

// render writes nothing unless the whole drawing succeeded.
func render(ctx context.Context, r io.Reader, w io.Writer) error {
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
	var svg bytes.Buffer
	if err := g.Render(ctx, graph, graphviz.SVG, &svg); err != nil {
		return fmt.Errorf("lay out the graph: %w", err)
	}
	if !bytes.Contains(svg.Bytes(), []byte("</svg>")) {
		return fmt.Errorf("lay out the graph: the drawing came back incomplete (%d bytes)", svg.Len())
	}
	_, err = w.Write(withFallbacks(svg.Bytes()))
	return err
}

// withFallbacks names the fonts to take where the viewer has not the one that
// the layout reckoned with. The graph itself cannot: Graphviz knows the
// widths of single fonts only.
func withFallbacks(svg []byte) []byte {
	return bytes.ReplaceAll(svg,
		[]byte(`font-family="DejaVu Sans"`),
		[]byte(`font-family="DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"`))
}
