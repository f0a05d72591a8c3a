package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
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
	write, known := dagFormats[suffix]
	if !known && output != "" {
		said := fmt.Errorf("-o %s: cannot write a graph as %q", output, suffix)
		if suffix == "" {
			said = fmt.Errorf("-o %s: the suffix is missing, which says how to write the graph", output)
		}
		return usage(said, "use .svg, .png, .pdf, .dot, .mmd or .txt")
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
	if len(model.Nodes) > maxLaidOut {
		switch suffix {
		case ".svg":
			write = drawColumns
		case ".png", ".pdf":
			return usage(fmt.Errorf("%d stages are too many for a drawing as %s, which may have %d", len(model.Nodes), suffix, maxLaidOut), "use .svg, leave out --full, or name targets")
		}
	}
	content, err := write(ctx, a, model)
	if err != nil {
		return err
	}
	if err := files.Write(ctx, output, content); err != nil {
		return fmt.Errorf("writing the drawing: %w", err)
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s (%s)\n", output, model.Total())
	return err
}

// dagFormats writes the model for each suffix.
var dagFormats = map[string]func(context.Context, *app, *dagviz.Model) ([]byte, error){
	".svg": drawAs("svg"),
	".png": drawAs("png"),
	".pdf": drawAs("pdf"),
	".dot": func(_ context.Context, _ *app, m *dagviz.Model) ([]byte, error) {
		var b bytes.Buffer
		err := m.DOT(&b)
		return b.Bytes(), err
	},
	".mmd": func(_ context.Context, _ *app, m *dagviz.Model) ([]byte, error) {
		var b bytes.Buffer
		err := m.Mermaid(&b)
		return b.Bytes(), err
	},
	".txt": func(_ context.Context, _ *app, m *dagviz.Model) ([]byte, error) {
		var b bytes.Buffer
		err := m.Text(&b, nil)
		return b.Bytes(), err
	},
}

func drawColumns(_ context.Context, _ *app, m *dagviz.Model) ([]byte, error) {
	var b bytes.Buffer
	err := m.Columns(&b)
	return b.Bytes(), err
}

// drawAs has the helper draw the model.
func drawAs(format string) func(context.Context, *app, *dagviz.Model) ([]byte, error) {
	return func(ctx context.Context, _ *app, m *dagviz.Model) ([]byte, error) {
		var dot bytes.Buffer
		if err := m.DOT(&dot); err != nil {
			return nil, err
		}
		l, err := findLayouter()
		if err != nil {
			return nil, err
		}
		return l.draw(ctx, format, dot.Bytes())
	}
}
