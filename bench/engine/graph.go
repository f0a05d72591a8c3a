package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// shape is a lattice: layers of width stages, each of which reads the stage
// at its place and the next one in the layer before.
type shape struct {
	actions  int
	width    int
	contents int
	bytes    int // of an output, at least
	process  bool
}

// params has about as many fields as the params of a training.
type params struct {
	Dataset      string
	Place        int
	Contents     int
	Bytes        int
	LearningRate float64
	Seeds        []int64
}

func (s shape) graph() (*pipeline.Graph, error) {
	if s.actions < 1 || s.width < 1 {
		return nil, fmt.Errorf("actions are %d and width is %d, want 1 or more", s.actions, s.width)
	}
	kind := &pipeline.Kind[params]{
		Name: "step", Outputs: []string{"out"}, Portable: true,
		Run: write,
	}
	if s.process {
		kind.Name, kind.Run = "shell", shell
	}
	g := pipeline.NewGraph(nil)
	stages := make([]*pipeline.Stage, s.actions)
	for i := range stages {
		layer, place := i/s.width, i%s.width
		n := pipeline.Node{Name: "step[layer=" + strconv.Itoa(layer) + ",place=" + strconv.Itoa(place) + "]"}
		if layer > 0 {
			before := (layer - 1) * s.width
			n.Inputs = map[string]pipeline.Output{
				"left":  stages[before+place].Out("out"),
				"right": stages[before+(place+1)%s.width].Out("out"),
			}
		}
		var err error
		stages[i], err = pipeline.Add(g, kind, n, params{
			Dataset: "synthetic", Place: i, Contents: s.contents, Bytes: s.bytes, LearningRate: 1e-3, Seeds: []int64{1, 2},
		})
		if err != nil {
			return nil, err
		}
	}
	return g, nil
}

// text is the output of a stage, filled up with points to the wanted size. All
// outputs differ, unless the number of contents is limited.
func text(p params) []byte {
	place := p.Place
	if p.Contents > 0 {
		place %= p.Contents
	}
	out := strconv.AppendInt(nil, int64(place), 10)
	for len(out) < p.Bytes-1 {
		out = append(out, '.')
	}
	return append(out, '\n')
}

// write is a stage that only returns its output.
func write(_ context.Context, p params, _ *pipeline.Task) (map[string][]byte, error) {
	return map[string][]byte{"out": text(p)}, nil
}

// shell does the same in a process, as other tools start one for every stage.
func shell(ctx context.Context, p params, _ *pipeline.Task) (map[string][]byte, error) {
	out, err := exec.CommandContext(ctx, "/bin/sh", "-c", "echo "+string(text(p))).Output()
	return map[string][]byte{"out": out}, err
}
