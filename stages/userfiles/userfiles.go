// Package userfiles reads a network and data of the user's own: it checks
// the three files and writes what the curvature stages read, so that a mistake
// is found before anything is computed and these stages need not know of
// PyTorch's names.
//
// A mistake is an *[Error], which names the file, the tensor or object, and
// what to do.
package userfiles

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run writes. It reads files instead of artifacts.
const (
	Images  = mlp.Images  // out: .npy float32 or float64, objects × values
	Labels  = mlp.Labels  // out: .npy int64, objects; for mse and bce float64, objects × outputs
	Weights = mlp.Weights // out: safetensors F32 or F64: layers.0.weight, layers.0.bias, layers.1.weight, …
	Summary = "summary"   // out: canonical JSON, Shape
)

// Params identify the content of the files and how it is read.
type Params struct {
	// Weights, Inputs and Labels are the SHA-256 of the files in hexadecimal.
	Weights, Inputs, Labels string
	// Layers are the names of the matrices from the input to the output; if
	// empty, those that the file has.
	Layers []string

	Activation     string
	Loss           string
	LabelSmoothing float64
	Transposed     bool
}

// Source is one file.
type Source struct {
	Name    string // for messages
	Content []byte
}

// Shape is the output Summary.
type Shape struct {
	Objects int      `json:"objects"`
	Widths  []int    `json:"widths"` // n_0 … n_L
	Layers  []string `json:"layers"` // the names that the matrices had, from the input to the output
	// Biased says of each layer whether it has biases.
	Biased         []bool  `json:"biased"`
	Transposed     bool    `json:"transposed"` // the matrices were inputs × outputs
	Activation     string  `json:"activation"`
	Loss           string  `json:"loss"`
	LabelSmoothing float64 `json:"label_smoothing"`
	// Skipped are the names of the other tensors.
	Skipped []string `json:"skipped"`
	// MeanLoss and Accuracy are those of the network on the objects: Accuracy is the
	// share of objects whose largest output is that of their class, under bce the
	// share of outputs on the same side of ½ as their target; null under mse.
	MeanLoss float64  `json:"mean_loss"`
	Accuracy *float64 `json:"accuracy"`
}

// Parameters is the number of weights and biases.
func (s Shape) Parameters() int {
	total := 0
	for p := range s.Layers {
		total += s.Widths[p] * s.Widths[p+1]
		if s.Biased[p] {
			total += s.Widths[p+1]
		}
	}
	return total
}

// AnyBiased reports whether a layer has biases.
func (s Shape) AnyBiased() bool { return slices.Contains(s.Biased, true) }

// PiecewiseLinear reports whether the activation is.
func (s Shape) PiecewiseLinear() bool {
	a, err := mlp.ParseActivation(s.Activation)
	return err == nil && a.PiecewiseLinear()
}

// Bounded reports whether the paper's chain of bounds holds: for slopes of at most
// 1 and cross-entropy.
func (s Shape) Bounded() bool {
	return s.PiecewiseLinear() && s.Loss == mlp.CrossEntropy.String()
}

// NotApplicable names what holds only for other activations or losses.
func (s Shape) NotApplicable() []string {
	names := []string{}
	if s.Activation != mlp.ReLU.String() {
		names = append(names, "dead units and objects")
	}
	if s.Activation != mlp.ReLU.String() && s.Activation != mlp.LeakyReLU.String() {
		names = append(names, "distance to the nearest kink")
	}
	if !s.PiecewiseLinear() {
		names = append(names, "rescaling of units", "equal traces of H and G")
	}
	if s.Loss != mlp.CrossEntropy.String() {
		names = append(names, "softmax shift", "class means")
	}
	if !s.FisherIsG() {
		names = append(names, "Fisher matrix equal to G")
	}
	if !s.Bounded() {
		names = append(names, "chain of bounds")
	}
	return names
}

// FisherIsG reports whether G is the mean over objects of the covariance of the
// gradient when the network's own probabilities decide the answer. The mean over
// the outputs of bce is a K-th of a likelihood, and mse has no probabilities.
func (s Shape) FisherIsG() bool {
	return s.Loss == mlp.CrossEntropy.String() || s.Loss == mlp.BCE.String() && s.Widths[len(s.Widths)-1] == 1
}

// Error is a mistake in one of the user's files.
type Error struct {
	File string // its name
	Text string
	Hint string // what to do; may be empty
}

func (e *Error) Error() string { return e.File + ": " + e.Text }

// Files are the user's files after they were checked.
type Files struct {
	Shape   Shape
	Params  Params   // of the content that was checked
	Notes   []string // what was concluded from names and shapes
	outputs map[string][]byte
}

// Read checks the files. The third has the classes of the objects, or their
// targets. [CheckHead] is applied first. A mistake in a file is an *[Error].
func Read(ctx context.Context, weights, inputs, answers Source, targets bool, d Description, workers int) (Files, error) {
	for i, s := range []Source{weights, inputs, answers} {
		if err := CheckHead(s.Name, i == 0, s.Content[:min(len(s.Content), HeadSize)], int64(len(s.Content))); err != nil {
			return Files{}, err
		}
	}
	network, err := readWeights(weights.Content, d, valuesOf(inputs.Content), outputsOf(answers.Content, targets))
	if err != nil {
		return Files{}, weights.wrong(err)
	}
	if err := checkAnswers(network.loss, targets); err != nil {
		return Files{}, answers.wrong(err)
	}
	if err := context.Cause(ctx); err != nil {
		return Files{}, err
	}
	images, objects, err := readInputs(inputs.Content, network)
	if err != nil {
		return Files{}, inputs.wrong(err)
	}
	if err := context.Cause(ctx); err != nil {
		return Files{}, err
	}
	var labels []byte
	if targets {
		labels, err = readTargets(answers.Content, network, objects, inputs.Name)
	} else {
		labels, err = readLabels(answers.Content, network, objects, inputs.Name)
	}
	if err != nil {
		return Files{}, answers.wrong(err)
	}
	f := Files{Notes: network.notes, Params: Params{
		Layers: d.Layers, Activation: network.activation.String(), Loss: network.loss.Kind.String(),
		LabelSmoothing: network.loss.Smoothing, Transposed: network.transposed,
	}}
	for _, digest := range []struct {
		of *string
		s  Source
	}{{&f.Params.Weights, weights}, {&f.Params.Inputs, inputs}, {&f.Params.Labels, answers}} {
		if *digest.of, err = digest.s.digest(ctx); err != nil {
			return Files{}, err
		}
	}
	f.outputs = map[string][]byte{Images: images, Labels: labels}
	if f.outputs[Weights], err = network.encode(); err != nil {
		return Files{}, err
	}
	f.Shape = network.shape(objects)
	if err := f.evaluate(ctx, network.loss.Kind, workers); err != nil {
		return Files{}, weights.wrong(err)
	}
	f.outputs[Summary], err = artifact.Encode(f.Shape)
	return f, err
}

// shape describes the network on so many objects.
func (n *network) shape(objects int) Shape {
	s := Shape{
		Objects: objects, Widths: n.widths, Layers: n.names(), Transposed: n.transposed, Skipped: append([]string{}, n.skipped...),
		Activation: n.activation.String(), Loss: n.loss.Kind.String(), LabelSmoothing: n.loss.Smoothing,
	}
	for _, l := range n.layers {
		s.Biased = append(s.Biased, l.bias != nil)
	}
	return s
}

// evaluate fills in the mean loss and the accuracy, which show the user that it is
// the right network.
func (f *Files) evaluate(ctx context.Context, loss mlp.LossKind, workers int) error {
	pt, err := curvature.Open(ctx, f.outputs, workers, 0)
	if errors.Is(err, eigen.ErrOverflow) {
		f.Shape.MeanLoss = math.MaxFloat64 // the stages say what is too large
		return nil
	}
	if err != nil {
		return err
	}
	f.Shape.MeanLoss = pt.MeanLoss(pt.Data.Objects)
	if loss == mlp.MSE {
		return nil
	}
	right := pt.Accuracy()
	f.Shape.Accuracy = &right
	return nil
}

// Run writes Weights, Images, Labels and Summary.
func (f Files) Run(context.Context, Params, *task.Task) (map[string][]byte, error) {
	if f.outputs == nil {
		return nil, errors.New("no files were read")
	}
	return maps.Clone(f.outputs), nil
}

func (s Source) digest(ctx context.Context) (string, error) {
	sum := sha256.New()
	for piece := range slices.Chunk(s.Content, 16<<20) {
		if err := context.Cause(ctx); err != nil {
			return "", err
		}
		sum.Write(piece)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// wrong names the file in an error.
func (s Source) wrong(err error) error {
	if e, ok := err.(*Error); ok {
		e.File = s.Name
		return e
	}
	return &Error{File: s.Name, Text: err.Error()}
}

// mistake is an error of one line: names of tensors may contain line breaks.
func mistake(hint, format string, args ...any) *Error {
	line := strings.NewReplacer("\n", "\ufffd")
	return &Error{Text: line.Replace(fmt.Sprintf(format, args...)), Hint: line.Replace(hint)}
}
