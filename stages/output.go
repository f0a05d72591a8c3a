package stages

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
)

// claims adds the verdicts on the paper's claims, from all networks of the run.
func (w *wiring) claims() error {
	params := claims.DefaultParams()
	params.Seed = w.params.Differences.Seed
	var inputs []pipeline.Input
	read := map[network]bool{}
	listed := map[claims.Network]bool{}
	for i := range w.params.Experiments {
		e := &w.params.Experiments[i]
		for n := range e.grid {
			id, of := n.fullID(), w.networks[n]
			row := claims.Network{
				Dataset: n.dataset, Input: n.input, HiddenSize: n.hiddenSize, NumLayers: n.numLayers,
				SampleSize: n.sampleSize, Seed: n.seed, Recipe: e.recipe(), Network: id,
			}
			if !listed[row] {
				listed[row] = true
				params.Networks = append(params.Networks, row)
			}
			if read[n] {
				continue
			}
			read[n] = true
			inputs = append(inputs,
				pipeline.Input{Name: claims.InputLosses + id, From: of.losses, Output: losses.Summary},
				pipeline.Input{Name: claims.InputDifferences + id, From: of.differences, Output: differences.OutputSummary},
				pipeline.Input{Name: claims.InputValues + id, From: of.losses, Output: losses.Losses})
			if m := of.curvature; m != nil {
				inputs = append(inputs, pipeline.Input{Name: claims.InputBounds + id, From: m.bounds, Output: bounds.Bounds})
				if m.ball != nil {
					inputs = append(inputs, pipeline.Input{Name: claims.InputBall + id, From: m.ball, Output: ball.Ball})
				}
			}
		}
	}
	_, err := add(w.graph, w.kinds.needs, w.kinds.claims, pipeline.Node{
		Name:   "claims",
		Inputs: outputs(inputs),
		Export: map[string]string{
			claims.OutputClaims:   "results/claims.json",
			claims.OutputCSV:      "results/claims.csv",
			claims.OutputTable:    "results/claims.txt",
			claims.OutputMarkdown: "results/claims.md",
		},
	}, params)
	return err
}

// tables adds the tables of all networks, in the order of the params file. A
// network of two experiments has a row in each.
func (w *wiring) tables() error {
	for _, t := range []struct {
		name string
		of   func(*Experiment, func(network) bool)
	}{
		{tables.Networks, (*Experiment).grid}, {tables.Spectra, (*Experiment).measured}, {tables.Bounds, (*Experiment).measured},
		{tables.Increments, w.steppedOf}, {tables.Rotation, (*Experiment).followed},
	} {
		if err := w.table(t.name, t.of); err != nil {
			return err
		}
	}
	return nil
}

// steppedOf yields the networks of an experiment to which one more object is
// added.
func (w *wiring) steppedOf(e *Experiment, yield func(network) bool) {
	for n := range e.measured {
		if w.stepped[n] && !yield(n) {
			return
		}
	}
}

// table adds one table of the given networks of each experiment, if there are
// any.
func (w *wiring) table(name string, of func(*Experiment, func(network) bool)) error {
	params := tables.Params{Table: name}
	var inputs []pipeline.Input
	read := map[network]bool{}
	for i := range w.params.Experiments {
		e := &w.params.Experiments[i]
		of(e, func(n network) bool {
			params.Rows = append(params.Rows, tables.Row{
				Experiment: e.Name,
				Dataset:    n.dataset,
				Input:      n.input,
				HiddenSize: n.hiddenSize,
				NumLayers:  n.numLayers,
				SampleSize: n.sampleSize,
				Seed:       n.seed,
				Network:    n.fullID(),
			})
			if !read[n] {
				read[n] = true
				from := w.tableSources(n)
				for _, input := range tables.Inputs(name, n.fullID()) {
					in := from[input]
					in.Name = input
					inputs = append(inputs, in)
				}
			}
			return true
		})
	}
	if len(params.Rows) == 0 {
		return nil
	}
	_, err := add(w.graph, w.kinds.needs, w.kinds.tables, pipeline.Node{
		Name:   fmt.Sprintf("tables[%s]", name),
		Labels: []pipeline.Label{{Key: "table", Value: name}},
		Inputs: outputs(inputs),
		Export: map[string]string{tables.OutputCSV: "results/" + name + ".csv"},
	}, params)
	return err
}

// tableSources says where the tables' inputs of a network come from.
func (w *wiring) tableSources(n network) map[string]pipeline.Input {
	of, id := w.networks[n], n.fullID()
	from := map[string]pipeline.Input{
		tables.InputLosses + id:      {From: of.losses, Output: losses.Summary},
		tables.InputDifferences + id: {From: of.differences, Output: differences.OutputSummary},
	}
	if of.rotation != nil {
		from[tables.InputRotation+id] = pipeline.Input{From: of.rotation, Output: rotation.Rotation}
	}
	if m := of.curvature; m != nil {
		from[tables.InputSpectrum+id] = pipeline.Input{From: m.spectrum.Stage, Output: m.spectrum.Output}
		from[tables.InputObjects+id] = pipeline.Input{From: m.objects, Output: objects.Summary}
		if m.increments != nil {
			from[tables.InputIncrements+id] = pipeline.Input{From: m.increments, Output: increments.Increments}
		}
		from[tables.InputBounds+id] = pipeline.Input{From: m.bounds, Output: bounds.Bounds}
	}
	return from
}
