package stages

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
)

// claims adds the verdicts on the paper's claims, from all networks of the run.
func (w *wiring) claims() error {
	params := claims.DefaultParams()
	params.Seed = w.params.Differences.Seed
	var inputs []pipeline.Input
	read := map[network]bool{}
	for i := range w.params.Experiments {
		e := &w.params.Experiments[i]
		for n := range e.grid {
			if read[n] {
				continue
			}
			read[n] = true
			id, of := n.fullID(), w.networks[n]
			params.Networks = append(params.Networks, claims.Network{
				Dataset: n.dataset, Input: n.input, HiddenSize: n.hiddenSize, NumLayers: n.numLayers,
				SampleSize: n.sampleSize, Seed: n.seed, Network: id,
			})
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
	_, err := pipeline.Add(w.graph, w.kinds.claims, pipeline.Node{
		Name:   "claims",
		Inputs: inputs,
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
	if err := w.table(tables.Networks, (*Experiment).grid); err != nil {
		return err
	}
	if !slices.ContainsFunc(w.params.Experiments, func(e Experiment) bool { return len(e.CurvatureSeeds) > 0 }) {
		return nil
	}
	if err := w.table(tables.Spectra, (*Experiment).measured); err != nil {
		return err
	}
	if err := w.table(tables.Bounds, (*Experiment).measured); err != nil {
		return err
	}
	if !slices.ContainsFunc(w.params.Experiments, func(e Experiment) bool { return slices.Contains(e.CurvatureSeeds, e.closeUp().seed) }) {
		return nil
	}
	return w.table(tables.Increments, (*Experiment).closeUps)
}

// table adds one table of the given networks of each experiment.
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
	_, err := pipeline.Add(w.graph, w.kinds.tables, pipeline.Node{
		Name:   fmt.Sprintf("tables[%s]", name),
		Labels: []pipeline.Label{{Key: "table", Value: name}},
		Inputs: inputs,
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
