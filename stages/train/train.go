// Package train is the stage that trains one network by the paper's recipe:
// PyTorch's default initialisation, Adam on the mean cross-entropy, batches in
// a new random order each epoch, float32.
//
// Every bit of the result follows from Params and the inputs. All products are
// kernels with one definition on every processor, the exponentials are our own,
// and the random numbers are keyed by the seed and the network's shape, so that
// the networks of one seed in a grid are independent of each other.
package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// The names of what Run reads and writes.
const (
	Images  = "images"  // in: .npy, objects × values: uint8 pixels or float32 features
	Labels  = "labels"  // in: .npy, objects: uint8
	Weights = "weights" // out: safetensors, F32, out×in: layers.0.weight, layers.1.weight, …
	History = "history" // out: .npy float64, epochs: mean training loss seen in each epoch
)

// Params is everything that decides a network apart from the data.
type Params struct {
	HiddenSize int   // neurons of each hidden layer, the paper's h
	NumLayers  int   // the paper's code's num_layers: NumLayers+2 weight matrices
	Classes    int   // logits
	SampleSize int   // objects trained on: the first SampleSize of the data set
	Seed       int64 // of the initial weights and the orders

	Epochs       int
	BatchSize    int // the last batch of an epoch takes what is left
	LearningRate float64
	Beta1, Beta2 float64
	Epsilon      float64
}

// Validate says which param is out of its range.
func (p Params) Validate() error {
	for _, c := range []struct {
		name  string
		value int
		least int
	}{
		{"hidden size", p.HiddenSize, 1},
		{"number of layers", p.NumLayers, 0},
		{"number of classes", p.Classes, 2},
		{"sample size", p.SampleSize, 1},
		{"number of epochs", p.Epochs, 0},
		{"batch size", p.BatchSize, 1},
	} {
		if c.value < c.least || c.value > math.MaxInt32 {
			return fmt.Errorf("%s is %d: want at least %d", c.name, c.value, c.least)
		}
	}
	if !(p.LearningRate > 0) || math.IsInf(p.LearningRate, 0) {
		return fmt.Errorf("learning rate is %v: want a positive number", p.LearningRate)
	}
	if !(p.Beta1 >= 0 && p.Beta1 < 1) || !(p.Beta2 >= 0 && p.Beta2 < 1) {
		return fmt.Errorf("betas are %v and %v: want 0 ≤ beta < 1", p.Beta1, p.Beta2)
	}
	// An epsilon that float32 rounds to 0 divides 0 by 0 where a gradient is 0.
	if !(float32(p.Epsilon) > 0) || math.IsInf(p.Epsilon, 0) {
		return fmt.Errorf("epsilon is %v: want a number above 1e-45", p.Epsilon)
	}
	return nil
}

// Run trains the network on the first SampleSize objects of Images and returns
// Weights and History. It computes on one core.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	in, err := nn.DecodeInputs(t.Inputs[Images])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Images, err)
	}
	labels, err := nn.DecodeLabels(t.Inputs[Labels], in.Objects, p.Classes)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	if p.SampleSize > in.Objects {
		return nil, fmt.Errorf("sample size is %d: the data set has %d objects", p.SampleSize, in.Objects)
	}
	in, labels = in.First(p.SampleSize), labels[:p.SampleSize]

	weights, history, err := train(ctx, p, in, labels, t, false)
	if diverged := (*nn.DivergedError)(nil); errors.As(err, &diverged) {
		// The weights are examined once an epoch. To name the step, do the
		// same again and look after each: it must fail in the same place.
		_, _, err = train(ctx, p, in, labels, t, true)
		if err == nil {
			err = fmt.Errorf("%w, but not when trained again", diverged)
		}
	}
	if err != nil {
		return nil, err
	}
	file, err := nn.EncodeWeights(p.widths(in.Width), weights)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		Weights: file,
		History: npy.Encode([]int{p.Epochs}, history),
	}, nil
}

func (p Params) widths(inputs int) nn.Widths {
	return nn.PaperWidths(inputs, p.HiddenSize, p.NumLayers, p.Classes)
}

// train returns the trained weights and the losses of the epochs.
func train(ctx context.Context, p Params, in nn.Inputs, labels []uint8, t *task.Task, check bool) ([][]float32, []float64, error) {
	w := p.widths(in.Width)
	stream := func(purpose string) func(int) *rng.Stream {
		// Without the shape, networks of one seed would share their numbers
		// and the tests over a grid would count one accident many times. The
		// sample size stays out: the same network meets more objects.
		key := fmt.Sprintf("%s h=%d l=%d", purpose, p.HiddenSize, p.NumLayers)
		return func(index int) *rng.Stream { return rng.New(p.Seed, "train", key, uint64(index)) }
	}
	adam := nn.Adam{LearningRate: p.LearningRate, Beta1: p.Beta1, Beta2: p.Beta2, Epsilon: p.Epsilon}
	trainer, err := nn.NewTrainer(w, nn.InitialWeights(w, stream("weights")), in, labels, p.BatchSize, adam)
	if err != nil {
		return nil, nil, err
	}
	history, err := trainer.Train(ctx, p.SampleSize, p.Epochs, stream("order"), check, func(epoch int) { t.Progress(epoch, p.Epochs) })
	if err != nil {
		return nil, nil, err
	}
	return trainer.Weights(), history, nil
}
