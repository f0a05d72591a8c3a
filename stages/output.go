package stages

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
)

// shown returns the networks that a figure of the experiment shows, in the
// order of its lists. What has one curve a network shows the largest sample
// and the first seed, as the paper has one of each.
func (e *Experiment) shown(figure string) []network {
	at := network{e.Dataset, e.Input, e.AtHiddenSize, e.AtNumLayers, slices.Max(e.SampleSizes), e.Seeds[0]}
	var list []network
	switch figure {
	case FigureHiddenSize:
		for _, at.hiddenSize = range e.HiddenSize {
			list = append(list, at)
		}
	case FigureNumLayers:
		for _, at.numLayers = range e.NumLayers {
			list = append(list, at)
		}
	case FigureTrueDifference:
		list = append(list, at)
	case FigureMADOverK:
		for _, at.sampleSize = range e.SampleSizes {
			for _, at.seed = range e.Seeds {
				list = append(list, at)
			}
		}
	}
	return list
}

// figure adds one figure of an experiment.
func (w *wiring) figure(e *Experiment, figure string) error {
	look := w.params.Figures
	params := figures.Params{
		Figure:    figure,
		Dataset:   e.Dataset,
		Input:     e.Input,
		WidthCM:   look.WidthCM,
		HeightCM:  look.HeightCM,
		Published: look.Published,
	}
	var inputs []pipeline.Input
	for _, n := range e.shown(figure) {
		params.Series = append(params.Series, figures.Series{
			Network:    n.id(),
			HiddenSize: n.hiddenSize,
			NumLayers:  n.numLayers,
			SampleSize: n.sampleSize,
			Seed:       n.seed,
		})
		of := w.networks[n]
		from := map[string]pipeline.Input{
			figures.InputCurve + n.id():   {From: of.differences, Output: differences.OutputCurve},
			figures.InputBand + n.id():    {From: of.differences, Output: differences.OutputBand},
			figures.InputSummary + n.id(): {From: of.differences, Output: differences.OutputSummary},
			figures.InputLosses + n.id():  {From: of.losses, Output: losses.Summary},
		}
		names, err := figures.Inputs(figure, n.id())
		if err != nil {
			return err
		}
		for _, name := range names {
			in := from[name]
			in.Name = name
			inputs = append(inputs, in)
		}
	}
	file := figureFile(e, figure)
	_, err := pipeline.Add(w.graph, w.kinds.figures, pipeline.Node{
		Name: fmt.Sprintf("figures[%s,%s,%s]", e.Dataset, e.Input, figure),
		Labels: []pipeline.Label{
			{Key: "dataset", Value: e.Dataset},
			{Key: "input", Value: e.Input},
			{Key: "figure", Value: figure},
		},
		Inputs: inputs,
		Export: map[string]string{
			figures.OutputSVG: file + ".svg",
			figures.OutputPDF: file + ".pdf",
			figures.OutputPNG: file + ".png",
		},
	}, params)
	return err
}

// table adds the table of all networks, in the order of the params file. A
// network of two experiments has a row in each.
func (w *wiring) table() error {
	var params tables.Params
	var inputs []pipeline.Input
	read := map[network]bool{}
	for i := range w.params.Experiments {
		e := &w.params.Experiments[i]
		for n := range e.grid {
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
			if read[n] {
				continue
			}
			read[n] = true
			of := w.networks[n]
			inputs = append(inputs,
				pipeline.Input{Name: tables.InputLosses + n.fullID(), From: of.losses, Output: losses.Summary},
				pipeline.Input{Name: tables.InputDifferences + n.fullID(), From: of.differences, Output: differences.OutputSummary})
		}
	}
	_, err := pipeline.Add(w.graph, w.kinds.tables, pipeline.Node{
		Name:   "tables",
		Inputs: inputs,
		Export: map[string]string{tables.OutputNetworks: "results/networks.csv"},
	}, params)
	return err
}
