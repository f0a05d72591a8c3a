// Package train is the stage that trains one network by the paper's recipe:
// PyTorch's default initialisation, Adam on the mean cross-entropy, batches in
// a new random order each epoch, float32. The optimiser may also be SGD, and the
// training may last until a goal is reached ([RunUntil]), and the layers may have biases.
//
// Every bit of the result follows from Params and the inputs. All products are
// kernels with one definition on every processor, the exponentials are our own,
// and the random numbers are keyed by the seed and the network's shape, so that
// the networks of one seed in a grid are independent of each other.
//
// A warm start takes the initial weights from another training instead; the
// optimiser's means begin at 0 as always.
package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides mlp.Images and mlp.Labels, and writes.
// Features are rounded to float32; there are at most 256 classes.
const (
	Start   = "start"     // in, optional: safetensors like Weights: the initial weights of a warm start
	Weights = mlp.Weights // out: safetensors, F32, out×in: layers.0.weight, layers.0.bias if there are biases, …
	History = "history"   // out: .npy float64, epochs begun: mean training loss seen in each
)

// Params is everything that decides a network apart from the data.
type Params struct {
	HiddenSize int   // neurons of each hidden layer, the paper's h
	NumLayers  int   // the paper's code's num_layers: NumLayers+2 weight matrices
	Classes    int   // logits
	SampleSize int   // objects trained on: the first SampleSize of the data set
	Seed       int64 // of the initial weights and the orders

	Epochs       int
	Steps        int // updates in all, whatever Epochs says; 0 leaves it to Epochs
	BatchSize    int // the last batch of an epoch takes what is left
	LearningRate float64
	Beta1, Beta2 float64 // of Adam
	Epsilon      float64 // of Adam

	// Optimiser is SGD, or empty for Adam. Fields that are not used are left out of
	// the key.
	Optimiser string  `json:",omitempty"`
	Momentum  float64 `json:",omitempty"` // of SGD

	Bias bool `json:",omitempty"` // each layer has biases
}

// SGD is the optimiser that is not Adam: stochastic gradient descent with momentum.
const SGD = "sgd"

// check finds the param that is out of its range.
func (p Params) check() error {
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
		{"number of steps", p.Steps, 0},
		{"batch size", p.BatchSize, 1},
	} {
		if c.value < c.least || c.value > math.MaxInt32 {
			return fmt.Errorf("%s is %d: want at least %d", c.name, c.value, c.least)
		}
	}
	if !(p.LearningRate > 0) || math.IsInf(p.LearningRate, 0) {
		return fmt.Errorf("learning rate is %v: want a positive number", p.LearningRate)
	}
	switch p.Optimiser {
	case SGD:
		if !(p.Momentum >= 0 && p.Momentum < 1) {
			return fmt.Errorf("momentum is %v: want 0 ≤ momentum < 1", p.Momentum)
		}
		return nil
	case "":
	default:
		return fmt.Errorf("optimiser is %q: want %q, or none for Adam", p.Optimiser, SGD)
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

// Run trains the network on the first SampleSize objects and returns
// Weights and History. It uses one core.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	s, err := p.read(t)
	if err != nil {
		return nil, err
	}
	var final *nn.Trainer
	history, err := s.train(ctx, nn.Length{Epochs: p.Epochs, Steps: p.Steps}, t, func(_ int, trainer *nn.Trainer) error {
		final = trainer
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.outputs(final, history)
}

// outputs are Weights and History.
func (s *session) outputs(final *nn.Trainer, history []float64) (map[string][]byte, error) {
	file, err := mlp.EncodeWeights(s.widths, final.Weights(), final.Biases())
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		Weights: file,
		History: npy.Encode([]int{len(history)}, history),
	}, nil
}

// optimiser returns the one that the params name.
func (p Params) optimiser() nn.Optimiser {
	if p.Optimiser == SGD {
		return nn.SGD{LearningRate: p.LearningRate, Momentum: p.Momentum}
	}
	return nn.Adam{LearningRate: p.LearningRate, Beta1: p.Beta1, Beta2: p.Beta2, Epsilon: p.Epsilon}
}

// session is a training whose inputs have been read.
type session struct {
	Params
	widths mlp.Widths
	data   *mlp.Data // the sample
	start  *initial  // of a warm start, otherwise nil
}

// initial are the parameters that a training begins with; biases are nil for none.
type initial struct{ weights, biases [][]float32 }

func (p Params) read(t *task.Task) (*session, error) {
	data, err := mlp.DecodeData(t.Inputs, p.SampleSize, p.Classes)
	if err != nil {
		return nil, err
	}
	s := &session{p, mlp.PaperWidths(data.Width, p.HiddenSize, p.NumLayers, p.Classes), data, nil}
	if b, ok := t.Inputs[Start]; ok {
		if s.start, err = s.startWeights(b); err != nil {
			return nil, fmt.Errorf("input %s: %w", Start, err)
		}
	}
	return s, nil
}

// startWeights reads the initial parameters of a network of the session's widths.
func (s *session) startWeights(b []byte) (*initial, error) {
	network, err := mlp.DecodeNetwork(b)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(network.Widths, s.widths) {
		return nil, fmt.Errorf("a network with widths %v: want %v", []int(network.Widths), []int(s.widths))
	}
	for p := range network.Weights {
		if network.Biased(p) != s.Bias {
			return nil, fmt.Errorf("layer %d has biases %v, want %v", p, network.Biased(p), s.Bias)
		}
	}
	return &initial{narrow(network.Weights), narrow(network.Biases)}, nil
}

// narrow converts a list of slices; nil stays nil.
func narrow(list [][]float64) [][]float32 {
	if list == nil {
		return nil
	}
	out := make([][]float32, len(list))
	for i, m := range list {
		out[i] = make([]float32, len(m))
		for j, v := range m {
			out[i][j] = float32(v)
		}
	}
	return out
}

// train trains for that long and returns the losses of the epochs. at is called
// before the first epoch, with 0, and after each; after an epoch it may return
// [nn.ErrEnough] to end the training there.
func (s *session) train(ctx context.Context, length nn.Length, t *task.Task, at func(epoch int, trainer *nn.Trainer) error) ([]float64, error) {
	history, err := s.attempt(ctx, length, t, false, at)
	if diverged := (*nn.DivergedError)(nil); errors.As(err, &diverged) {
		// The weights are examined once an epoch. To name the step, do the
		// same again and look after each: it must fail in the same place.
		if _, err = s.attempt(ctx, length, t, true, at); err == nil {
			err = fmt.Errorf("%w, but not when trained again", diverged)
		}
	}
	return history, err
}

func (s *session) attempt(ctx context.Context, length nn.Length, t *task.Task, check bool, at func(int, *nn.Trainer) error) ([]float64, error) {
	stream := func(purpose string) func(int) *rng.Stream {
		// Without the shape, networks of one seed would share their numbers
		// and the tests over a grid would count one accident many times. The
		// sample size stays out: the same network meets more objects.
		key := fmt.Sprintf("%s h=%d l=%d", purpose, s.HiddenSize, s.NumLayers)
		return func(index int) *rng.Stream { return rng.New(s.Seed, "train", key, uint64(index)) }
	}
	from := s.start
	if from == nil {
		from = &initial{weights: nn.InitialWeights(s.widths, stream("weights"))}
		if s.Bias {
			from.biases = nn.InitialBiases(s.widths, stream("biases"))
		}
	}
	trainer, err := nn.NewTrainer(s.widths, from.weights, from.biases, s.data, s.BatchSize, s.optimiser())
	if err != nil {
		return nil, err
	}
	if err := at(0, trainer); err != nil {
		return nil, err
	}
	epochs := length.EpochsOf(s.stepsPerEpoch())
	return trainer.Train(ctx, s.SampleSize, length, stream("order"), check, func(epoch int, loss float64) error {
		if !check { // the second attempt would say the same again
			t.Logf("epoch %d of %d: mean loss %.4g", epoch, epochs, loss)
		}
		t.Progress(epoch, epochs)
		return at(epoch, trainer)
	})
}

// stepsPerEpoch is how many batches the sample makes.
func (p Params) stepsPerEpoch() int { return (p.SampleSize-1)/p.BatchSize + 1 }
