package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/dagviz"
)

type listCmd struct {
	selection
	Stages bool `help:"List every stage, not only kinds and files."`
	Names  bool `help:"List what can be a target, a name a line, for scripts: kinds and exported files, with --stages every stage." xor:"form"`
	Runs   bool `help:"List the runs of the store instead, the last one first, as diff names them."`
	JSON   bool `name:"json" help:"Write JSON: an array of stages, or of runs." xor:"form"`
}

const listHelp = `Without targets: the kinds, the labels by which groups of them are named, and
the files that they export. With targets: the stages that these name.
`

// Run implements the verb.
func (c *listCmd) Run(ctx context.Context, a *app, g *globals) error { return runList(ctx, a, g, c) }

func runList(_ context.Context, a *app, g *globals, c *listCmd) error {
	if c.Runs {
		if c.Stages || c.Names || len(c.Targets) > 0 {
			return usage(errors.New("--runs lists no stages"), "leave out targets, --stages and --names")
		}
		return listRuns(a, g.storeDir(), c.JSON)
	}
	w, err := g.open(a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	plan, err := w.plan(pipeline.Options{Targets: c.Targets})
	if err != nil {
		return err
	}
	steps := plan.Steps()
	if len(c.Targets) > 0 { // the stages themselves, not what they read
		named := make(map[*pipeline.Stage]bool)
		for _, t := range c.Targets {
			stages, err := w.graph.Match(t)
			if err != nil {
				return err
			}
			for _, s := range stages {
				named[s] = true
			}
		}
		steps = slices.DeleteFunc(steps, func(s pipeline.Step) bool { return !named[s.Stage] })
	}
	out := bufio.NewWriter(a.stdout)
	switch {
	case c.JSON:
		values := make([]stageValue, len(steps))
		for i, s := range steps {
			values[i] = newStageValue(s)
		}
		err = a.json(values)
	case c.Names:
		listNamesOf(out, steps, c.Stages)
	case len(c.Targets) > 0 || c.Stages:
		listStages(out, a.out, steps)
	default:
		listKinds(out, a.out, steps)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// listNamesOf writes names that nothing needs to be quoted of, and with all
// also those of stages, which have brackets.
func listNamesOf(out *bufio.Writer, steps []pipeline.Step, all bool) {
	var kinds, files []string
	for _, s := range steps {
		if !slices.Contains(kinds, s.Stage.Kind()) {
			kinds = append(kinds, s.Stage.Kind())
		}
		files = slices.AppendSeq(files, maps.Values(s.Stage.Exports()))
	}
	slices.Sort(files)
	for _, name := range append(kinds, files...) {
		fmt.Fprintln(out, name)
	}
	for _, s := range steps {
		if all {
			fmt.Fprintln(out, s.Stage)
		}
	}
}

func listStages(out *bufio.Writer, style term.Style, steps []pipeline.Step) {
	for _, s := range steps {
		fmt.Fprintf(out, "%s  %s\n", paintState(style, s.State, term.Pad(stepName(s.State), 7)), s.Stage)
	}
}

func listKinds(out *bufio.Writer, style term.Style, steps []pipeline.Step) {
	rows := [][4]string{{"kind", "stages", "state", "labels"}}
	states := []pipeline.State{0}
	for _, n := range dagviz.Collapse(steps).Nodes {
		var labels []string
		for _, a := range n.Axes {
			labels = append(labels, a.String())
		}
		rows = append(rows, [4]string{n.Title, fmt.Sprint(n.Count.Total()), n.Count.Brief(), strings.Join(labels, "; ")})
		states = append(states, n.Count.State())
	}
	var width [3]int
	for _, r := range rows {
		for i := range width {
			width[i] = max(width[i], term.Width(r[i]))
		}
	}
	for i, r := range rows {
		state := term.Pad(r[2], width[2])
		if i > 0 {
			state = paintState(style, states[i], state)
		}
		line := term.Pad(r[0], width[0]) + "  " + term.PadLeft(r[1], width[1]) + "  " + state + "  " + r[3]
		if i == 0 {
			line = style.Bold(strings.TrimRight(line, " "))
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	listFiles(out, style, steps)
}

// listFiles writes the exported files, the formats of one figure on a line.
func listFiles(out *bufio.Writer, style term.Style, steps []pipeline.Step) {
	head := "\n" + style.Bold("files") + "\n"
	for _, s := range steps {
		exports := s.Stage.Exports()
		if len(exports) == 0 {
			continue
		}
		fmt.Fprint(out, head)
		head = ""
		fmt.Fprintf(out, "%s  %s\n", paintState(style, s.State, term.Pad(stepName(s.State), 7)),
			strings.Join(brief(slices.Sorted(maps.Values(exports))), " "))
	}
}

// brief cuts off what a file's name shares with the one before it, up to the
// suffix: figures/a.pdf .png .svg.
func brief(files []string) []string {
	texts := make([]string, len(files))
	for i, f := range files {
		texts[i] = f
		stem := strings.TrimSuffix(f, path.Ext(f))
		if i > 0 && strings.TrimSuffix(files[i-1], path.Ext(files[i-1])) == stem {
			texts[i] = path.Ext(f)
		}
	}
	return texts
}
