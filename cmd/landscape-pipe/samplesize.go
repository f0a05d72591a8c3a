package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages"
	"github.com/landscape-pipe/landscape-pipe/stages/neededsize"
)

type samplesizeCmd struct {
	Target float64 `default:"0.01" placeholder:"X" help:"Gain in held-out loss by one doubling of k, in nats, below which more objects are not worth it (default: ${default})."`
	overrides
	running
	JSON bool `name:"json" help:"Write the results as JSON."`
}

const samplesizeHelp = `How many objects are enough? Networks are trained on k objects for each k and seed of
the experiments in the params file that have four values of k and four seeds or more,
and evaluated on held-out objects: those of the test split, or the last data.held_out
of a data set without one. Their loss is fitted by a + b k^-c; the size from which on
one doubling gains at most the target stands beside m*(e), the size from which on one
more object changes the loss by at most the same amount.

The interval comes from resampling the seeds. All of them learn the same first k
objects, so it does not contain what other objects would change. A line says where the
law is far from the losses. Nothing is said of sizes beyond four times the largest k.
Results are kept as those of repro are.

Example:
    landscape-pipe samplesize --params own.toml --target 0.01
`

// Validate is called by the parser.
func (c *samplesizeCmd) Validate() error {
	if !(c.Target > 0 && c.Target <= 100) {
		return fmt.Errorf("--target=%v: want a number of nats above 0, at most 100", c.Target)
	}
	return c.running.Validate()
}

// heldOutFigure is the figure of the verb.
const heldOutFigure = "held_out_over_k"

// Run implements the verb.
func (c *samplesizeCmd) Run(ctx context.Context, a *app, g *globals) error {
	set, targets, err := c.ask(ctx, g)
	if err != nil {
		return err
	}
	w, plan, err := g.plan(ctx, a, set, pipeline.Options{Targets: targets})
	if err != nil {
		return err
	}
	defer w.close()
	done, err := w.execute(ctx, a, plan, c.running, pipeline.RunOptions{})
	if ctx.Err() != nil {
		return interrupted(ctx, done)
	}
	if err != nil {
		return err
	}
	written, err := exportAll(ctx, plan, w.exports, func() error {
		_, err := w.execute(ctx, a, plan, c.running, pipeline.RunOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("exporting to %s: %w", w.exports, err)
	}
	if plan, err = w.plan(pipeline.Options{Targets: targets}); err != nil {
		return err
	}
	var rows []neededValue
	for _, step := range plan.Steps() {
		if step.Stage.Kind() != "needed_size" {
			continue
		}
		content, err := w.read(ctx, plan, step.Stage.Out(neededsize.Size))
		if err != nil {
			return err
		}
		size, err := artifact.Decode[artifact.NeededSize](content)
		if err != nil {
			return err
		}
		if len(size.Sizes) == 0 {
			return advised(fmt.Errorf("output %s of stage %s has no sizes", neededsize.Size, step.Stage), repairHint)
		}
		row := neededValue{Stage: step.Stage.Name(), Dataset: step.Stage.Label("dataset"), Size: size}
		if row.Hidden, err = strconv.Atoi(step.Stage.Label("h")); err != nil {
			return fmt.Errorf("stage %s: label h: %w", step.Stage, err)
		}
		if row.NumLayers, err = strconv.Atoi(step.Stage.Label("num_layers")); err != nil {
			return fmt.Errorf("stage %s: label num_layers: %w", step.Stage, err)
		}
		rows = append(rows, row)
	}
	if c.JSON {
		return a.json(rows)
	}
	if err := printNeeded(a, rows); err != nil {
		return err
	}
	for _, file := range written {
		if _, err := fmt.Fprintln(a.stdout, filepath.Join(w.exports, filepath.FromSlash(file))); err != nil {
			return err
		}
	}
	return nil
}

// ask returns the overrides that ask the experiments for the size, and the targets
// that answer.
func (c *samplesizeCmd) ask(ctx context.Context, g *globals) (set, targets []string, err error) {
	params, err := stages.LoadParams(ctx, g.Params, c.Set)
	if err != nil {
		return c.Set, nil, nil // opening the workspace reports it
	}
	set, drawn := slices.Clone(c.Set), map[string]bool{}
	for _, e := range params.Experiments {
		if len(e.SampleSizes) < neededsize.LeastSizes || len(e.Seeds) < neededsize.LeastSeeds {
			continue
		}
		key := "experiment." + e.Name + "."
		set = append(set, key+"held_out=true", key+"held_out_target="+strconv.FormatFloat(c.Target, 'g', -1, 64))
		if file := "figures/" + e.Dataset + "_" + e.Input + "_" + heldOutFigure; !drawn[file] && !slices.Contains(e.Figures, heldOutFigure) {
			drawn[file] = true
			set = append(set, key+"figures=[\""+heldOutFigure+"\"]")
			targets = append(targets, file+".svg")
		} else {
			set = append(set, key+"figures=[]")
		}
	}
	if len(set) == len(c.Set) {
		return nil, nil, usage(fmt.Errorf("no experiment of %s has %d values of k and %d seeds", g.Params, neededsize.LeastSizes, neededsize.LeastSeeds),
			"write an experiment with such lists k and seeds; docs/params.md has an example")
	}
	return set, append(targets, "needed_size"), nil
}

// neededValue is the answer for networks of one shape.
type neededValue struct {
	Stage     string              `json:"stage"`
	Dataset   string              `json:"dataset"`
	Hidden    int                 `json:"hidden_size"`
	NumLayers int                 `json:"num_layers"`
	Size      artifact.NeededSize `json:"size"`
}

// printNeeded writes the sizes for people.
func printNeeded(a *app, rows []neededValue) error {
	if len(rows) == 0 {
		return errors.New("no sizes")
	}
	if _, err := fmt.Fprintf(a.stdout, "objects from which on one doubling gains at most %v nats of held-out loss,\nbeside m*: from which on one more object changes the loss by at most that\n\n", rows[0].Size.Target); err != nil {
		return err
	}
	t := term.Table{Head: []string{"data set", "h", "num_layers", "k", "seeds", "needed", "95 % interval", "m* by Δ1"}, Right: []int{1, 2, 4, 5}}
	for _, row := range rows {
		s := row.Size
		needed, interval := "no fit", ""
		if f := s.Fit; f != nil {
			needed, interval = objectsText(f.Size.Estimate, f.Limit), objectsText(f.Size.Low, f.Limit)+" to "+objectsText(f.Size.High, f.Limit)
			if f.Beyond {
				needed, interval = objectsText(f.Limit, f.Limit), "not extrapolated"
			}
		}
		delta := ""
		for _, x := range s.Criteria {
			if x.Name == "delta1" {
				delta = objectsText(x.Median, math.Inf(1))
			}
		}
		seeds := strconv.Itoa(len(s.Seeds))
		if len(s.LeftOut) > 0 {
			seeds += fmt.Sprintf(" (%d collapsed)", len(s.LeftOut))
		}
		t.Rows = append(t.Rows, []string{row.Dataset, strconv.Itoa(row.Hidden), strconv.Itoa(row.NumLayers), fmt.Sprintf("%d to %d", s.Sizes[0], s.Sizes[len(s.Sizes)-1]), seeds, needed, interval, delta})
	}
	if err := t.Text(a.stdout, a.out); err != nil {
		return err
	}
	for _, row := range rows {
		if f := row.Size.Fit; f != nil && f.Poor() {
			if _, err := fmt.Fprintf(a.stdout, "%s, h = %d, num_layers = %d: the law a + b k^-c misses the mean loss by up to %.0f %%, so the size is doubtful; the figure shows where\n",
				row.Dataset, row.Hidden, row.NumLayers, 100*f.Misfit); err != nil {
				return err
			}
		}
		for _, x := range row.Size.Criteria {
			if x.Name == "delta1" {
				continue
			}
			if _, err := fmt.Fprintf(a.stdout, "%s, h = %d, num_layers = %d: m* by %s with σ = %v: %s\n", row.Dataset, row.Hidden, row.NumLayers, x.Name, x.Sigma, objectsText(x.Median, math.Inf(1))); err != nil {
				return err
			}
		}
	}
	return nil
}

// objectsText writes a size; from the limit on nothing is known but that.
func objectsText(size, limit float64) string {
	if size >= limit {
		return fmt.Sprintf("more than %.0f", limit)
	}
	return fmt.Sprintf("%.0f", math.Ceil(size))
}
