package stages

import (
	"errors"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

// Env is what a graph is built with besides the params. Nothing in it can
// change a result: the sources stand for the code, which enters each key.
type Env struct {
	// Sources hashes the code of the stages; see the package at the root of
	// the module, which embeds it.
	Sources *pipeline.Sources

	// Fetcher says where data may come from; nil for the network alone.
	Fetcher *fetch.Fetcher
}

// kinds are the stages' kinds: each names a function, the folder of its code
// and whether its bits are the same everywhere.
type kinds struct {
	fetch       *pipeline.Kind[fetch.Params]
	train       *pipeline.Kind[train.Params]
	losses      *pipeline.Kind[losses.Params]
	differences *pipeline.Kind[differences.Params]
	figures     *pipeline.Kind[figures.Params]
	tables      *pipeline.Kind[tables.Params]
}

// manyCores says of a stage that it can use as many cores as it is given.
const manyCores = 64

func newKinds(p Params, env Env) (*kinds, error) {
	if env.Sources == nil {
		return nil, errors.New("stages: no sources to hash the code of")
	}
	fetcher := env.Fetcher
	if fetcher == nil {
		fetcher = &fetch.Fetcher{}
	}
	m := estimateMemory(p)
	k := &kinds{
		fetch: &pipeline.Kind[fetch.Params]{
			Name: "fetch", Portable: true, Memory: m.data,
			Outputs: []string{fetch.Images, fetch.Labels},
			Run:     fetcher.Run,
		},
		train: &pipeline.Kind[train.Params]{
			Name: "train", Portable: true, Memory: m.inputs + m.network,
			Outputs: []string{train.Weights, train.History},
			Run:     train.Run,
		},
		losses: &pipeline.Kind[losses.Params]{
			Name: "losses", Portable: true, Cores: manyCores, Memory: m.inputs + m.network,
			Outputs: []string{losses.Losses, losses.Summary},
			Run:     losses.Run,
		},
		differences: &pipeline.Kind[differences.Params]{
			Name: "differences", Portable: true, Cores: manyCores, Memory: m.curves,
			Outputs: []string{differences.OutputCurve, differences.OutputBand, differences.OutputSummary},
			Run:     differences.Run,
		},
		// Drawing goes through third-party code whose rounding cannot be forced.
		figures: &pipeline.Kind[figures.Params]{
			Name: "figures", Memory: 128 << 20,
			Outputs: []string{figures.OutputSVG, figures.OutputPDF, figures.OutputPNG},
			Run:     figures.Run,
		},
		tables: &pipeline.Kind[tables.Params]{
			Name: "tables", Portable: true,
			Outputs: []string{tables.OutputNetworks},
			Run:     tables.Run,
		},
	}
	for _, kind := range []struct {
		name string
		code *pipeline.Digest
	}{
		{k.fetch.Name, &k.fetch.Code},
		{k.train.Name, &k.train.Code},
		{k.losses.Name, &k.losses.Code},
		{k.differences.Name, &k.differences.Code},
		{k.figures.Name, &k.figures.Code},
		{k.tables.Name, &k.tables.Code},
	} {
		var err error
		if *kind.code, err = env.Sources.Hash("stages/" + kind.name); err != nil {
			return nil, fmt.Errorf("stages: code of %s: %w", kind.name, err)
		}
	}
	return k, nil
}

// memory is what stages need at their peak besides their inputs, in bytes,
// for the largest data set and network of the run.
type memory struct {
	data    int64 // a file as stored and uncompressed, and what is cut from it
	inputs  int64 // the objects as numbers
	network int64 // weights, gradients, Adam's two means, activations of a batch
	curves  int64 // the orders of a sample and the sums over them
}

func estimateMemory(p Params) memory {
	const float = 4
	var m memory
	objects := int64(p.Data.Objects)
	for _, e := range p.Experiments {
		d, err := fetch.Lookup(e.Dataset)
		if err != nil {
			continue // New reports it
		}
		width := int64(d.InputSize)
		m.data = max(m.data, 2*d.Images.Size+objects*width)
		m.inputs = max(m.inputs, objects*width*float)
		for _, h := range e.HiddenSize {
			for _, l := range e.NumLayers {
				h, l := int64(h), int64(l)
				weights := width*h + l*h*h + h*int64(d.Classes)
				m.network = max(m.network, 6*weights*float+4*(l+2)*h*int64(p.Train.BatchSize)*float)
			}
		}
	}
	m.curves = objects * 8 * 16
	return m
}
