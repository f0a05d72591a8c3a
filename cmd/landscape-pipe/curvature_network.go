package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/internal/measured"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// answers is the file of labels or of targets, whichever is given.
func (c *curvatureCmd) answers() (f struct{ flag, path string }, err error) {
	switch {
	case c.Labels != "" && c.Targets != "":
		return f, usage(errors.New("--labels and --targets: want one of them"), "cross_entropy takes labels, mse and bce take targets")
	case c.Labels != "":
		f.flag, f.path = "--labels", c.Labels
	case c.Targets != "":
		f.flag, f.path = "--targets", c.Targets
	default:
		return f, usage(errors.New("missing flags: --labels=FILE.npy, or --targets=FILE.npy with --loss mse or bce"), "")
	}
	return f, nil
}

// maxDescription bounds the file of --network in bytes.
const maxDescription = 1 << 20

// describe puts together what the flags and the file of --network say.
func (x *curvatureRun) describe(ctx context.Context) (userfiles.Description, error) {
	var d userfiles.Description
	c := x.c
	if c.Network != "" {
		text, err := files.Read(ctx, c.Network, maxDescription)
		if err != nil {
			return d, fileError(ctx, "--network", c.Network, err)
		}
		if err := config.Parse(c.Network, text, nil, &d, nil); err != nil {
			return d, err
		}
	}
	if c.Activation != "" {
		if _, err := mlp.ParseActivation(c.Activation); err != nil {
			return d, usage(fmt.Errorf("--activation: %w", err), "")
		}
		d.Activation = c.Activation
	}
	if c.Loss != "" {
		if _, err := mlp.ParseLoss(c.Loss); err != nil {
			return d, usage(fmt.Errorf("--loss: %w", err), "")
		}
		d.Loss = c.Loss
	}
	if c.LabelSmoothing != nil {
		d.LabelSmoothing = *c.LabelSmoothing
		if !(d.LabelSmoothing >= 0 && d.LabelSmoothing < 1) {
			return d, usage(fmt.Errorf("--label-smoothing=%v: want at least 0 and less than 1", d.LabelSmoothing), "")
		}
	}
	if c.WeightDecay != nil {
		d.WeightDecay = *c.WeightDecay
		if !(d.WeightDecay >= 0 && d.WeightDecay < 1e300) {
			return d, usage(fmt.Errorf("--weight-decay=%v: want 0 or more", d.WeightDecay), "")
		}
	}
	if len(c.Layers) > 0 {
		d.Layers = c.Layers
	}
	d.Transposed = d.Transposed || c.Transposed
	return d, nil
}

// checkApplicable refuses what was asked for and holds only for other networks.
func (x *curvatureRun) checkApplicable() error {
	if x.c.Bounds && !x.shape.Bounded() {
		return usage(fmt.Errorf("--bounds: the chain of bounds holds for relu, leaky_relu and identity with cross_entropy, not for %s with %s", x.shape.Activation, x.shape.Loss),
			"--per-object has the exact norms of each object's own Hessian")
	}
	return nil
}

// printIdentity says which network was read, before anything is computed: layers,
// activation, loss and accuracy show whether it is the right one.
func (x *curvatureRun) printIdentity() {
	for _, line := range identity(x.shape, x.decay) {
		fmt.Fprintf(x.a.stderr, "%s: %s\n", line[0], line[1])
	}
}

// identity describes a network and its data.
func identity(s userfiles.Shape, decay float64) [][2]string {
	what := "weights"
	if s.AnyBiased() {
		what = "weights and biases"
	}
	loss := s.Loss
	if s.LabelSmoothing > 0 {
		loss += fmt.Sprintf(" with label smoothing %v", s.LabelSmoothing)
	}
	if decay > 0 {
		loss += fmt.Sprintf(", weight decay %v", decay)
	}
	value := fmt.Sprintf("%.10g, mean over objects", s.MeanLoss)
	if s.Loss == "cross_entropy" {
		value = fmt.Sprintf("%.10g nats, mean over objects", s.MeanLoss)
	}
	if s.Accuracy != nil {
		of := "objects"
		if s.Loss == "bce" {
			of = "outputs"
		}
		value += fmt.Sprintf("; %.2f %% of %s are right", 100**s.Accuracy, of)
	}
	return [][2]string{
		{"network", fmt.Sprintf("%s, %s %s in %s: %s", widths(s.Widths), thousands(s.Parameters()), what, term.Count(len(s.Layers), "matrix"), term.CleanLine(strings.Join(ends(s.Layers), ", ")))},
		{"activation", s.Activation + ", loss " + loss},
		{"objects", thousands(s.Objects)},
		{"loss", value},
	}
}

// identityOf is what programs are told of a network.
func identityOf(s userfiles.Shape) measured.Identity {
	return measured.Identity{
		Widths: s.Widths, Layers: s.Layers, Biased: s.Biased, Activation: s.Activation, PiecewiseLinear: s.PiecewiseLinear(),
		Loss: s.Loss, LabelSmoothing: s.LabelSmoothing, Accuracy: s.Accuracy, Transposed: s.Transposed, Skipped: s.Skipped,
		NotApplicable: s.NotApplicable(), FisherIsG: s.FisherIsG(),
	}
}
