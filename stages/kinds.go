package stages

import (
	"errors"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/landscapes"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
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
	landscapes  *pipeline.Kind[landscapes.Params]
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
		spectrumKinds: newSpectrumKinds(m.curvature, m.curvature),
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
		snapshots: &pipeline.Kind[train.SnapshotParams]{
			Name: "snapshots", Portable: true, Memory: m.inputs + m.network,
			Outputs: []string{train.OutputSnapshots},
			Run:     train.Snapshots,
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
		objects: &pipeline.Kind[objects.Params]{
			Name: "objects", Portable: true, Cores: manyCores, Memory: m.curvature,
			Outputs: []string{objects.Objects, objects.Hessians, objects.Summary},
			Run:     objects.Run,
		},
		increments: &pipeline.Kind[increments.Params]{
			Name: "increments", Portable: true, Cores: manyCores, Memory: m.curvature,
			Outputs: []string{increments.Increments, increments.Table},
			Run:     increments.Run,
		},
		rotation: &pipeline.Kind[rotation.Params]{
			Name: "rotation", Portable: true, Cores: manyCores, Memory: m.curvature,
			Outputs: []string{rotation.Rotation},
			Run:     rotation.Run,
		},
		surfaces: &pipeline.Kind[surfaces.Params]{
			Name: "surfaces", Portable: true, Cores: manyCores, Memory: m.curvature,
			Outputs: []string{surfaces.Lines, surfaces.EigenPlane, surfaces.RandomPlane, surfaces.Summary},
			Run:     surfaces.Run,
		},
		bounds: &pipeline.Kind[bounds.Params]{
			Name: "bounds", Portable: true, Cores: manyCores, Memory: m.curvature,
			Outputs: []string{bounds.Bounds},
			Run:     bounds.Run,
		},
		ball: &pipeline.Kind[ball.Params]{
			Name: "ball", Portable: true, Cores: manyCores, Memory: m.curvature,
			Outputs: []string{ball.Ball, ball.Curves},
			Run:     ball.Run,
		},
		samplesize: &pipeline.Kind[samplesize.Params]{
			Name: "samplesize", Portable: true, Cores: manyCores, Memory: m.curvature,
			Outputs: []string{samplesize.SampleSize, samplesize.Curves},
			Run:     samplesize.Run,
		},
		claims: &pipeline.Kind[claims.Params]{
			Name: "claims", Portable: true, Memory: m.curves,
			Outputs: []string{claims.OutputClaims, claims.OutputCSV, claims.OutputTable, claims.OutputMarkdown},
			Run:     claims.Run,
		},
		// Drawing goes through third-party code whose rounding cannot be forced.
		figures: &pipeline.Kind[figures.Params]{
			Name: "figures", Memory: 128 << 20,
			Outputs: []string{figures.OutputSVG, figures.OutputPDF, figures.OutputPNG},
			Run:     figures.Run,
		},
		landscapes: &pipeline.Kind[landscapes.Params]{
			Name: "landscapes", Memory: 128 << 20,
			Outputs: []string{landscapes.OutputSVG, landscapes.OutputPDF, landscapes.OutputPNG},
			Run:     landscapes.Run,
		},
		tables: &pipeline.Kind[tables.Params]{
			Name: "tables", Portable: true,
			Outputs: []string{tables.OutputCSV},
			Run:     tables.Run,
		},
	}
	return k, hashCode(env.Sources, append(k.spectrumKinds.code(), []kindCode{
		{"fetch", &k.fetch.Code},
		{"train", &k.train.Code},
		{"snapshots", &k.snapshots.Code},
		{"losses", &k.losses.Code},
		{"differences", &k.differences.Code},
		{"objects", &k.objects.Code},
		{"increments", &k.increments.Code},
		{"rotation", &k.rotation.Code},
		{"surfaces", &k.surfaces.Code},
		{"bounds", &k.bounds.Code},
		{"ball", &k.ball.Code},
		{"samplesize", &k.samplesize.Code},
		{"claims", &k.claims.Code},
		{"figures", &k.figures.Code},
		{"landscapes", &k.landscapes.Code},
		{"tables", &k.tables.Code},
	}...))
}

// CodeFolder is the folder of the code of a kind of stage: that of its name,
// but for kinds that are a part of another, or another as far as it is wanted.
func CodeFolder(kind string) string {
	switch kind {
	case "operator", "blocks", "structure":
		kind = "spectra"
	case "largest", "wholeobjects":
		kind = "objects"
	case "snapshots":
		kind = "train"
	}
	return "stages/" + kind
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
