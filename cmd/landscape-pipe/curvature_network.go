package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/internal/measured"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/suggest"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/stages"
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

// readFiles reads and checks the user's files. They are read at every start: no
// time stamp tells whether a file changed, since a write through a memory map
// need not set one.
func (x *curvatureRun) readFiles(ctx context.Context) error {
	answers, err := x.c.answers()
	if err != nil {
		return err
	}
	description, err := x.describe(ctx)
	if err != nil {
		return err
	}
	var sources [3]userfiles.Source
	for i, f := range []struct{ flag, path string }{{"--weights", x.c.Weights}, {"--inputs", x.c.Inputs}, answers} {
		head, size, err := files.ReadHead(f.path, userfiles.HeadSize)
		if err == nil {
			err = userfiles.CheckHead(f.path, f.flag == "--weights", head, size)
		}
		var content []byte
		if err == nil {
			content, err = files.Read(ctx, f.path, stages.MaxFile)
		}
		if err != nil {
			return fileError(ctx, f.flag, f.path, err)
		}
		sources[i] = userfiles.Source{Name: f.path, Content: content}
	}
	x.files, err = userfiles.Read(ctx, sources[0], sources[1], sources[2], x.c.Targets != "", description, x.workers())
	var mistake *userfiles.Error
	if errors.As(err, &mistake) {
		return usage(mistake, mistake.Hint)
	}
	x.shape, x.decay = x.files.Shape, description.WeightDecay
	if err == nil && !x.c.Quiet {
		for _, note := range x.files.Notes {
			fmt.Fprintf(x.a.stderr, "note: %s\n", term.CleanLine(note))
		}
	}
	return err
}

// fileError says which flag named a file that cannot be read, and what to do.
func fileError(ctx context.Context, flag, path string, err error) error {
	var mistake *userfiles.Error
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, &mistake):
		return usage(mistake, mistake.Hint)
	case errors.Is(err, fs.ErrNotExist):
		return usage(fmt.Errorf("%s: %w", flag, err), missingFile(flag, path))
	case errors.Is(err, fs.ErrPermission):
		return usage(fmt.Errorf("%s: %w", flag, err), "chmod u+r gives its owner the right to read it")
	}
	if info, stat := os.Stat(path); stat == nil && info.IsDir() {
		if suffix := suffixOf(flag, ""); len(filesIn(path, suffix)) > 0 {
			return usage(fmt.Errorf("%s: %w", flag, err), "it has "+strings.Join(filesIn(path, suffix), ", "))
		}
	}
	return usage(fmt.Errorf("%s: %w", flag, err), "name a "+suffixOf(flag, "")+" file")
}

// suffixOf is that of a file name, or the usual one of the flag's files.
func suffixOf(flag, path string) string {
	switch suffix := filepath.Ext(path); {
	case suffix != "":
		return suffix
	case flag == "--weights":
		return ".safetensors"
	}
	return ".npy"
}

// filesIn lists up to six files of a folder that have the suffix.
func filesIn(dir, suffix string) []string {
	entries, _ := os.ReadDir(dir) // what cannot be read has no suggestion to make
	var list []string
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == suffix && len(list) < 6 {
			list = append(list, filepath.Join(dir, e.Name()))
		}
	}
	return list
}

// missingFile looks for what was meant by the name of a file that is not there.
func missingFile(flag, path string) string {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "there is no folder " + dir
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	suffix := suffixOf(flag, path)
	if near := suggest.Nearest(filepath.Base(path), names); near != "" {
		return "did you mean " + filepath.Join(dir, near) + "?"
	}
	if same := filesIn(dir, suffix); len(same) > 0 {
		return "the folder has " + strings.Join(same, ", ")
	}
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return "the folder " + dir + " has no " + suffix + " file"
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
