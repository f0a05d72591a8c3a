package stages

import (
	"errors"
	"maps"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

// Env is what a graph is built with besides the params. Nothing in it can
// change a result: the hasher stands for the code, which enters each key.
type Env struct {
	// Hasher hashes the code of the stages; see the package at the root of the
	// module, which embeds it.
	Hasher *codehash.Hasher

	// Fetcher says where data may come from; nil for the network alone.
	Fetcher *fetch.Fetcher
}

// graph returns an empty graph whose stages are of the code of the module.
func (e Env) graph() (*pipeline.Graph, error) {
	if e.Hasher == nil {
		return nil, errors.New("stages: no sources to hash the code of")
	}
	return pipeline.NewGraph(e.Hasher), nil
}

// kinds are the stages' kinds: each names a function, the folder of its code
// and whether its bits are the same everywhere.
type kinds struct {
	spectrumKinds
	fetch       *pipeline.Kind[fetch.Params]
	train       *pipeline.Kind[train.Params]
	snapshots   *pipeline.Kind[train.SnapshotParams]
	losses      *pipeline.Kind[losses.Params]
	differences *pipeline.Kind[differences.Params]
	objects     *pipeline.Kind[objects.Params]
	increments  *pipeline.Kind[increments.Params]
	rotation    *pipeline.Kind[rotation.Params]
	surfaces    *pipeline.Kind[surfaces.Params]
	bounds      *pipeline.Kind[bounds.Params]
	ball        *pipeline.Kind[ball.Params]
	samplesize  *pipeline.Kind[samplesize.Params]
	claims      *pipeline.Kind[claims.Params]
	figures     *pipeline.Kind[figures.Params]
	tables      *pipeline.Kind[tables.Params]
}

// manyCores says of a stage that it can use as many cores as it is given.
const manyCores = 64

func newKinds(p Params, env Env) *kinds {
	fetcher := env.Fetcher
	if fetcher == nil {
		fetcher = &fetch.Fetcher{}
	}
	m := estimateMemory(p)
	k := &kinds{
		spectrumKinds: newSpectrumKinds(m.curvature, m.curvature),
		fetch: &pipeline.Kind[fetch.Params]{
			Name: "fetch", Package: "stages/fetch", Portable: true,
			Outputs: []string{fetch.Images, fetch.Labels},
			Run:     fetcher.Run,
		},
		train: &pipeline.Kind[train.Params]{
			Name: "train", Package: "stages/train", Portable: true,
			Outputs: []string{train.Weights, train.History},
			Run:     train.Run,
		},
		snapshots: &pipeline.Kind[train.SnapshotParams]{
			Name: "snapshots", Package: "stages/train", Portable: true,
			Outputs: []string{train.OutputSnapshots},
			Run:     train.Snapshots,
		},
		losses: &pipeline.Kind[losses.Params]{
			Name: "losses", Package: "stages/losses", Portable: true,
			Outputs: []string{losses.Losses, losses.Summary},
			Run:     losses.Run,
		},
		differences: &pipeline.Kind[differences.Params]{
			Name: "differences", Package: "stages/differences", Portable: true,
			Outputs: []string{differences.OutputCurve, differences.OutputBand, differences.OutputSummary},
			Run:     differences.Run,
		},
		objects: &pipeline.Kind[objects.Params]{
			Name: "objects", Package: "stages/objects", Portable: true,
			Outputs: []string{objects.Objects, objects.Hessians, objects.Summary},
			Run:     objects.Run,
		},
		increments: &pipeline.Kind[increments.Params]{
			Name: "increments", Package: "stages/increments", Portable: true,
			Outputs: []string{increments.Increments, increments.Table},
			Run:     increments.Run,
		},
		rotation: &pipeline.Kind[rotation.Params]{
			Name: "rotation", Package: "stages/rotation", Portable: true,
			Outputs: []string{rotation.Rotation},
			Run:     rotation.Run,
		},
		surfaces: &pipeline.Kind[surfaces.Params]{
			Name: "surfaces", Package: "stages/surfaces", Portable: true,
			Outputs: []string{surfaces.Lines, surfaces.EigenPlane, surfaces.RandomPlane, surfaces.Summary},
			Run:     surfaces.Run,
		},
		bounds: &pipeline.Kind[bounds.Params]{
			Name: "bounds", Package: "stages/bounds", Portable: true,
			Outputs: []string{bounds.Bounds},
			Run:     bounds.Run,
		},
		ball: &pipeline.Kind[ball.Params]{
			Name: "ball", Package: "stages/ball", Portable: true,
			Outputs: []string{ball.Ball, ball.Curves},
			Run:     ball.Run,
		},
		samplesize: &pipeline.Kind[samplesize.Params]{
			Name: "samplesize", Package: "stages/samplesize", Portable: true,
			Outputs: []string{samplesize.SampleSize, samplesize.Curves},
			Run:     samplesize.Run,
		},
		claims: &pipeline.Kind[claims.Params]{
			Name: "claims", Package: "stages/claims", Portable: true,
			Outputs: []string{claims.OutputClaims, claims.OutputCSV, claims.OutputTable, claims.OutputMarkdown},
			Run:     claims.Run,
		},
		// Drawing goes through third-party code whose rounding cannot be forced.
		figures: &pipeline.Kind[figures.Params]{
			Name: "figures", Package: "stages/figures",
			Outputs: []string{figures.OutputSVG, figures.OutputPDF, figures.OutputPNG},
			Run:     figures.Run,
		},
		tables: &pipeline.Kind[tables.Params]{
			Name: "tables", Package: "stages/tables", Portable: true,
			Outputs: []string{tables.OutputCSV},
			Run:     tables.Run,
		},
	}
	maps.Copy(k.needs, map[string]needs{
		"fetch":       {1, m.data},
		"train":       {1, m.inputs + m.network},
		"snapshots":   {1, m.inputs + m.network},
		"losses":      {manyCores, m.inputs + m.network},
		"differences": {manyCores, m.curves},
		"objects":     {manyCores, m.curvature},
		"increments":  {manyCores, m.curvature},
		"rotation":    {manyCores, m.curvature},
		"surfaces":    {manyCores, m.curvature},
		"bounds":      {manyCores, m.curvature},
		"ball":        {manyCores, m.curvature},
		"samplesize":  {manyCores, m.curvature},
		"claims":      {1, m.curves},
		"figures":     {1, 128 << 20},
	})
	return k
}

// needs are the cores and the bytes of memory that a stage can use.
type needs struct {
	cores  int
	memory int64
}

// add adds a stage with what its kind needs; 0 where it is not listed.
func add[P any](g *pipeline.Graph, all map[string]needs, k *pipeline.Kind[P], n pipeline.Node, params P) (*pipeline.Stage, error) {
	n.Cores, n.Memory = all[k.Name].cores, all[k.Name].memory
	return pipeline.Add(g, k, n, params)
}

// outputs are inputs as a node takes them.
func outputs(inputs []pipeline.Input) map[string]pipeline.Output {
	from := make(map[string]pipeline.Output, len(inputs))
	for _, in := range inputs {
		from[in.Name] = in.From.Out(in.Output)
	}
	return from
}

// memory is what stages need at their peak besides their inputs, in bytes,
// for the largest data set and network of the run.
type memory struct {
	data    int64 // a file as stored and uncompressed, and what is cut from it
	inputs  int64 // the objects as numbers
	network int64 // weights, gradients, Adam's two means, activations of a batch
	curves  int64 // the orders of a sample and the sums over them

	// the Lanczos basis of the density's probes, the parts of a product, the
	// cached activations
	curvature int64
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
				basis := int64(p.Curvature.Steps*p.Curvature.Probes + 4*(p.Curvature.Top+p.Curvature.Bottom) + 200)
				m.curvature = max(m.curvature, 8*(weights*basis+2*objects*(l+2)*h))
				m.network = max(m.network, 6*weights*float+4*(l+2)*h*int64(p.Train.BatchSize)*float)
			}
		}
	}
	m.curves = objects * 8 * 16
	return m
}
