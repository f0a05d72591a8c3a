// Package stages is where the engine and the stages meet: it reads
// params.toml ([LoadParams]) and wires the paper's method into a graph of
// actions ([New]). The stages below this folder are plain functions of values
// and know neither the engine nor each other.
//
// params.toml is strict, and everything that is wrong with it is reported at
// once. The files: params.go and the tables beside it (keys.go,
// experiment.go) say what there is; schema.go checks single values, check.go
// what can only be seen in several; decode.go brings values to their places;
// syntax.go and tree.go find where each stands in the text; problem.go
// renders what is wrong.
package stages

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

// New wires the paper's method for the experiments of p. The params must come
// from [LoadParams], [ParseParams] or [DefaultParams].
//
//	fetch         the first objects of a data set
//	train         a network on the first k of them, by the paper's recipe
//	losses        the loss of every object under the trained network
//	differences   |L_{k+1} − L_k| over random orders of the sample's losses
//	curvature     the second-order stages of chosen networks (see measure.go)
//	snapshots     the weights of one network on the way of its training, and the
//	rotation      of the top eigenspace of its Hessian between them
//	figures       the paper's figures, the curve without filter, MAD over k
//	tables        a row a network: losses, spectra, bounds
//
// A network that several experiments share is there once: neither its stages
// nor their keys know of experiments.
func New(p Params, env Env) (*pipeline.Graph, error) {
	g, err := env.graph()
	if err != nil {
		return nil, err
	}
	w := &wiring{
		graph: g, kinds: newKinds(p, env), params: p,
		datasets: map[string]*dataset{},
		networks: map[network]*trained{},
		dense:    map[size]bool{},
		wanted:   p.wanted(),
	}
	for i := range p.Experiments {
		e := &p.Experiments[i]
		data, err := w.dataset(e.Dataset)
		if err != nil {
			return nil, err
		}
		for n := range e.grid {
			if err := w.network(data, n); err != nil {
				return nil, err
			}
		}
		for n := range e.measured {
			if err := w.curvature(data, n); err != nil {
				return nil, err
			}
			if w.stepped[n] {
				if err := w.increments(data, n); err != nil {
					return nil, err
				}
			}
			if w.closeUps[n] {
				if err := w.closeUp(data, n); err != nil {
					return nil, err
				}
			}
		}
		if len(e.Snapshots) > 0 {
			if err := w.rotation(data, e.closeUp()); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range p.drawings() {
		if err := w.figure(f); err != nil {
			return nil, err
		}
	}
	if err := w.claims(); err != nil {
		return nil, err
	}
	if err := w.tables(); err != nil {
		return nil, err
	}
	return w.graph, nil
}

// wiring is a graph in the making.
type wiring struct {
	graph    *pipeline.Graph
	kinds    *kinds
	params   Params
	datasets map[string]*dataset
	networks map[network]*trained
	dense    map[size]bool // sizes of which the spectral density is known
	wanted
}

// dataset is a fetched data set.
type dataset struct {
	fetch.Dataset
	stage *pipeline.Stage
}

// trained are the stages of one network.
type trained struct {
	train, losses, differences *pipeline.Stage
	curvature                  *measured       // nil where it is not measured
	rotation                   *pipeline.Stage // nil where no snapshots are taken
}

// dataset adds the fetch of a data set, once.
func (w *wiring) dataset(name string) (*dataset, error) {
	if d := w.datasets[name]; d != nil {
		return d, nil
	}
	entry, err := fetch.Lookup(name)
	if err != nil {
		return nil, err
	}
	params, err := fetch.NewParams(name, w.params.Data.Objects)
	if err != nil {
		return nil, err
	}
	stage, err := add(w.graph, w.kinds.needs, w.kinds.fetch, pipeline.Node{
		Name:   fmt.Sprintf("fetch[%s]", name),
		Labels: []pipeline.Label{{Key: "dataset", Value: name}},
	}, params)
	if err != nil {
		return nil, err
	}
	w.datasets[name] = &dataset{entry, stage}
	return w.datasets[name], nil
}

// network adds the training of a network and what follows from its weights
// alone, once. A warm start reads the weights of the next smaller sample.
func (w *wiring) network(data *dataset, n network) error {
	if w.networks[n] != nil {
		return nil
	}
	inputs, err := w.trainedOn(data, n)
	if err != nil {
		return err
	}
	images, labels := inputs[0], inputs[1]
	curve := w.params.Differences
	var stages trained
	stages.train, err = add(w.graph, w.kinds.needs, w.kinds.train, n.node("train", inputs...), w.training(data, n))
	if err != nil {
		return err
	}
	weights := pipeline.Input{Name: losses.Weights, From: stages.train, Output: train.Weights}
	stages.losses, err = add(w.graph, w.kinds.needs, w.kinds.losses, n.node("losses", images, labels, weights), losses.Params{
		SampleSize: n.sampleSize,
	})
	if err != nil {
		return err
	}
	perObject := pipeline.Input{Name: differences.InputLosses, From: stages.losses, Output: losses.Losses}
	stages.differences, err = add(w.graph, w.kinds.needs, w.kinds.differences, n.node("differences", perObject), differences.Params{
		SampleSize:   n.sampleSize,
		Permutations: curve.Permutations,
		EMA:          curve.EMA,
		Seed:         curve.Seed,
	})
	if err != nil {
		return err
	}
	w.networks[n] = &stages
	return nil
}

// trainedOn are the inputs of a training: images, labels, and the initial
// weights of a warm start.
func (w *wiring) trainedOn(data *dataset, n network) ([]pipeline.Input, error) {
	inputs := []pipeline.Input{
		{Name: train.Images, From: data.stage, Output: fetch.Images},
		{Name: train.Labels, From: data.stage, Output: fetch.Labels},
	}
	from, warm := n.before()
	if !warm {
		return inputs, nil
	}
	if err := w.network(data, from); err != nil {
		return nil, err
	}
	return append(inputs, pipeline.Input{Name: train.Start, From: w.networks[from].train, Output: train.Weights}), nil
}

// training are the params of a network's training.
func (w *wiring) training(data *dataset, n network) train.Params {
	recipe := w.params.Train
	return train.Params{
		HiddenSize:   n.hiddenSize,
		NumLayers:    n.numLayers,
		Classes:      data.Classes,
		SampleSize:   n.sampleSize,
		Seed:         n.seed,
		Epochs:       recipe.Epochs,
		Steps:        n.steps,
		BatchSize:    recipe.BatchSize,
		LearningRate: recipe.LearningRate,
		Beta1:        recipe.Beta1,
		Beta2:        recipe.Beta2,
		Epsilon:      recipe.Epsilon,
	}
}
