package stages

import (
	"errors"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
)

// Env is what a graph is built with besides the params. Nothing in it can
// change a result: the hasher stands for the code, which enters each key.
type Env struct {
	// Hasher hashes the code of the stages; see the package at the root of the
	// module, which embeds it.
	Hasher *codehash.Hasher

	// Fetcher says where data may come from; nil for the network alone.
	Fetcher *fetch.Fetcher

	// Given are the user's files that the params name, from [ReadGiven].
	Given Given
}

// wiring is a graph in the making. After the first error it adds nothing.
type wiring struct {
	graph *pipeline.Graph
	err   error

	env      Env
	params   Params
	wants    map[string]want           // of a network, by its ID
	datasets map[string]*dataset       // by name and input
	subjects map[string]*subject       // by the ID of the network
	dense    map[artifact.Network]bool // of which the spectral density is known, whatever their seed and training
	exports  map[string]string         // files of results, by stage/output
}

func newWiring(env Env) (*wiring, error) {
	if env.Hasher == nil {
		return nil, errors.New("stages: no sources to hash the code of")
	}
	return &wiring{
		graph: pipeline.NewGraph(env.Hasher), env: env,
		datasets: map[string]*dataset{}, subjects: map[string]*subject{}, dense: map[artifact.Network]bool{},
	}, nil
}

// subject is a network with the data that it is evaluated on.
type subject struct {
	name    string // in the brackets of its stages' names
	labels  []pipeline.Label
	network artifact.Network
	shape   shape
	data    inputs // what every stage reads that evaluates it: images, labels, weights
	learns  inputs // what its training reads
	results results
}

// results are the outputs of the stages of a network, by stage/output:
// "losses/summary". Figures, tables and claims say by these names what they
// read.
type results map[string]pipeline.Output

// inputs are what a stage reads, by the names under which it does.
type inputs = map[string]pipeline.Output

// of returns those of the names that have a result.
func (r results) of(names []string) []string {
	var list []string
	for _, name := range names {
		if _, ok := r[name]; ok {
			list = append(list, name)
		}
	}
	return list
}

// evaluated are the inputs of a stage that evaluates the network and reads
// some of its results, each named as the output that it is.
func (s *subject) evaluated(names ...string) inputs {
	in := inputs{}
	for name, from := range s.data {
		in[name] = from
	}
	for _, name := range names {
		in[s.results[name].Name] = s.results[name]
	}
	return in
}

// add adds a stage of the subject, unless it is there, and its outputs to the
// results.
func add[P any](w *wiring, s *subject, k *pipeline.Kind[P], in inputs, p P) {
	if _, ok := s.results[k.Name+"/"+k.Outputs[0]]; ok || w.err != nil {
		return
	}
	n := pipeline.Node{Name: k.Name + "[" + s.name + "]", Labels: s.labels, Inputs: in, Size: stored(s.shape, p)}
	n.Estimate, n.Memory, n.Cores = estimate(s.shape, p)
	for _, output := range k.Outputs {
		if file := w.exports[k.Name+"/"+output]; file != "" {
			if n.Export == nil {
				n.Export = map[string]string{}
			}
			n.Export[output] = file
		}
	}
	stage, err := pipeline.Add(w.graph, k, n, p)
	if err != nil {
		w.err = err
		return
	}
	for _, output := range k.Outputs {
		s.results[k.Name+"/"+output] = stage.Out(output)
	}
}

// draw adds a figure of networks whose results are there.
func (w *wiring) draw(f figures.Figure, name string, labels []pipeline.Label, file string, p figures.Params) {
	in := inputs{}
	for _, n := range p.Networks {
		w.reads(in, n, f.Reads)
		if w.err == nil {
			w.reads(in, n, w.subjects[n.ID()].results.of(f.Optional))
		}
	}
	gather(w, &figuresKind, "figures["+name+"]", labels, in, map[string]string{
		figures.OutputSVG: file + ".svg", figures.OutputPDF: file + ".pdf", figures.OutputPNG: file + ".png",
	}, p)
}

// reads adds results of a network to the inputs of a stage.
func (w *wiring) reads(in inputs, n artifact.Network, names []string) {
	if w.err != nil {
		return
	}
	for _, name := range names {
		in[n.Result(name)] = w.subjects[n.ID()].results[name]
	}
}

// gather adds a stage that reads results of many networks.
func gather[P any](w *wiring, k *pipeline.Kind[P], name string, labels []pipeline.Label, in inputs, files map[string]string, p P) {
	if w.err != nil {
		return
	}
	n := pipeline.Node{Name: name, Labels: labels, Inputs: in, Export: files, Size: stored(shape{}, p)}
	n.Estimate, n.Memory, n.Cores = estimate(shape{all: w.params.Data.Objects}, p)
	_, w.err = pipeline.Add(w.graph, k, n, p)
}
