package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type weightsCmd struct {
	Target string `arg:"" help:"The training of one network, by name or as a group: 'train[mnist,h=16,num_layers=5,k=10000,seed=0]'."`
	Output string `short:"o" default:"network" placeholder:"DIR" help:"Folder of the files (default: ${default})."`
	overrides
	running
}

const weightsHelp = `Writes a trained network, and the k objects that it was trained on, as PyTorch and
curvature read them, and trains it first if that is not done yet:

    W.safetensors   layers.0.weight, outputs × inputs, layers.0.bias if the network has
                    biases, layers.1.weight and so on: F32; ReLU is between the layers
    X.npy           k × inputs, float64: the values that the network sees, scaled
    y.npy           k, int64: the classes

The losses of a run are computed from these numbers in float64: curvature on the files
prints the run's mean loss. docs/formats.md has the lines that load them in Python.

Examples:
    landscape-pipe weights 'train[mnist,h=16,num_layers=5,k=10000,seed=0]' -o net
    landscape-pipe curvature --weights net/W.safetensors --inputs net/X.npy --labels net/y.npy
`

// Run implements the verb.
func (c *weightsCmd) Run(ctx context.Context, a *app, g *globals) error {
	if err := wantFolder("-o", c.Output); err != nil {
		return err
	}
	w, err := g.open(ctx, a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	training, err := w.training(c.Target)
	if err != nil {
		return err
	}
	sources := map[string]pipeline.Output{mlp.Weights: training.Out(mlp.Weights)}
	want := pipeline.Options{Targets: []string{training.Name()}}
	for _, in := range training.Inputs() {
		if in.Name == mlp.Images || in.Name == mlp.Labels {
			sources[in.Name] = in.From.Out(in.Output)
			want.Targets = append(want.Targets, in.From.Name())
		}
	}
	plan, err := w.plan(want)
	if err != nil {
		return err
	}
	done, err := w.execute(ctx, a, plan, c.running, pipeline.RunOptions{})
	if ctx.Err() != nil {
		return interrupted(ctx, done)
	}
	if err != nil {
		return err
	}
	if plan, err = w.plan(want); err != nil {
		return err
	}
	content := map[string][]byte{}
	for name, o := range sources {
		if content[name], err = w.read(ctx, plan, o); err != nil {
			return err
		}
	}
	k, err := strconv.Atoi(training.Label("k"))
	if err != nil {
		return fmt.Errorf("stage %s: label k: %w", training, err)
	}
	_, data, err := mlp.Decode(content, k)
	if err != nil {
		return fmt.Errorf("stage %s: %w", training, err)
	}
	values, labels := data.Values, make([]int64, data.Objects)
	if data.Bytes != nil {
		scaled := mlp.Pixels()
		values = make([]float64, len(data.Bytes))
		for i, u := range data.Bytes {
			values[i] = scaled[u]
		}
	}
	for i, y := range data.Labels {
		labels[i] = int64(y)
	}
	for _, file := range []struct {
		name    string
		content []byte
	}{
		{"W.safetensors", content[mlp.Weights]},
		{"X.npy", npy.Encode([]int{data.Objects, data.Width}, values)},
		{"y.npy", npy.Encode([]int{data.Objects}, labels)},
	} {
		path := filepath.Join(c.Output, file.name)
		if err := files.Replace(path, file.content); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.stdout, path); err != nil {
			return err
		}
	}
	return nil
}

// training returns the stage that trains the one network which a target is about: the
// target names it, or stages that read its weights.
func (w *workspace) training(target string) (*pipeline.Stage, error) {
	stages, err := w.match(target)
	if err != nil {
		return nil, err
	}
	var found []*pipeline.Stage
	for _, s := range stages {
		if !slices.Contains(s.Outputs(), mlp.Weights) {
			i := slices.IndexFunc(s.Inputs(), func(in pipeline.Input) bool { return in.Name == mlp.Weights })
			if i < 0 {
				continue
			}
			s = s.Inputs()[i].From
		}
		if !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return nil, usage(fmt.Errorf("%s names no network", target), "landscape-pipe status train --names lists them")
	case 1:
		return found[0], nil
	}
	return nil, usage(fmt.Errorf("%s names %d networks", target, len(found)), fmt.Sprintf("name one, as %s", shellWord(found[0].Name())))
}
