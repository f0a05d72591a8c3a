package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/dagviz"
)

type dagCmd struct {
	selection
	Render bool   `help:"Draw the graph into dag.svg, beside the figures of the run."`
	Output string `short:"o" placeholder:"FILE" help:"Draw the graph into FILE: .svg, .png, .pdf, .dot (Graphviz), .mmd (Mermaid) or .txt."`
	Full   bool   `help:"Show every stage, not one node for all that differ in labels only."`
}

const dagHelp = `SVG, PNG and PDF need the program landscape-pipe-dag, beside this one or on
PATH; the other formats do not. Colours tell what is cached and what would run.
`

// maxLaidOut is how many nodes Graphviz may lay out: beyond it, that takes
// minutes. A larger graph is drawn in columns, as SVG.
const maxLaidOut = 2000

// Run implements the verb.
func (c *dagCmd) Run(ctx context.Context, a *app, g *globals) error {
	output, suffix := c.Output, strings.ToLower(filepath.Ext(c.Output))
	if output == "" && c.Render {
		suffix = ".svg"
	}
	write, drawn := textFormats[suffix], slices.Contains(pictureFormats, suffix)
	if write == nil && !drawn && output != "" {
		said := fmt.Errorf("-o %s: cannot write a graph as %q", output, suffix)
		if suffix == "" {
			said = fmt.Errorf("-o %s: the suffix is missing, which says how to write the graph", output)
		}
		return usage(said, "use .svg, .png, .pdf, .dot, .mmd or .txt")
	}
	var picture *drawing
	if drawn {
		picture = startDrawing(ctx, suffix[1:])
		defer picture.close()
	}
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{Targets: c.Targets})
	if err != nil {
		return err
	}
	defer w.close()
	if output == "" && c.Render {
		output = filepath.Join(w.exports, "dag.svg")
	}
	model := dagviz.Collapse(plan.Steps())
	if c.Full {
		model = dagviz.Full(plan.Steps())
	}
	if output == "" {
		return model.Text(a.stdout, func(s pipeline.State, text string) string { return paintState(a.out, s, text) })
	}
	var content []byte
	switch tooMany := len(model.Nodes) > maxLaidOut; {
	case drawn && !tooMany:
		content, err = picture.of(model)
	case drawn && suffix != ".svg":
		return usage(fmt.Errorf("%d stages are too many for a drawing as %s, which may have %d", len(model.Nodes), suffix, maxLaidOut), "use .svg, leave out --full, or name targets")
	case drawn:
		content, err = written(model.Columns)
	default:
		content, err = written(func(w io.Writer) error { return write(model, w) })
	}
	if err != nil {
		return err
	}
	if err := files.Write(ctx, output, content); err != nil {
		return fmt.Errorf("writing the drawing: %w", err)
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s (%s)\n", output, model.Total())
	return err
}

// pictureFormats are the suffixes of pictures, which Graphviz lays out.
var pictureFormats = []string{".svg", ".png", ".pdf"}

// textFormats writes the model for each suffix of a text.
var textFormats = map[string]func(*dagviz.Model, io.Writer) error{
	".dot": (*dagviz.Model).DOT,
	".mmd": (*dagviz.Model).Mermaid,
	".txt": func(m *dagviz.Model, w io.Writer) error { return m.Text(w, nil) },
}

// written returns what a function writes.
func written(write func(io.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	err := write(&b)
	return b.Bytes(), err
}

// of draws the model.
func (d *drawing) of(m *dagviz.Model) ([]byte, error) {
	dot, err := written(m.DOT)
	if err != nil {
		return nil, err
	}
	return d.draw(dot)
}
