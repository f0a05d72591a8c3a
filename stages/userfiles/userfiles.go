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
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run writes. It reads files instead of artifacts.
const (
	Images  = mlp.Images  // out: .npy float32 or float64, objects × values
	Labels  = mlp.Labels  // out: .npy int64, objects
	Weights = mlp.Weights // out: safetensors F32 or F64: layers.0.weight, layers.1.weight, …, out×in
	Summary = "summary"   // out: canonical JSON, Shape
)

// Params identify the content of the files and how it is read.
type Params struct {
	// Weights, Inputs and Labels are the SHA-256 of the files in hexadecimal.
	Weights, Inputs, Labels string
	// Layers are the names of the matrices from the input to the output; if
	// empty, all tensors in the natural order of their names.
	Layers []string
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
}

// Parameters is the number of weights.
func (s Shape) Parameters() int {
	total := 0
	for p := range s.Layers {
		total += s.Widths[p] * s.Widths[p+1]
	}
	return total
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
	Params  Params // of the content that was checked
	outputs map[string][]byte
}

// Read checks the files. Layers names the matrices from the input to the
// output; if empty, all tensors are taken in the natural order of their names.
// [CheckHead] is applied first. A mistake in a file is an *[Error].
func Read(ctx context.Context, weights, inputs, labels Source, layers []string) (Files, error) {
	for i, s := range []Source{weights, inputs, labels} {
		if err := CheckHead(s.Name, i == 0, s.Content[:min(len(s.Content), HeadSize)], int64(len(s.Content))); err != nil {
			return Files{}, err
		}
	}
	network, err := readWeights(weights.Content, layers)
	if err != nil {
		return Files{}, weights.wrong(err)
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
	targets, classes, err := readLabels(labels.Content, network, objects, inputs.Name)
	if err != nil {
		return Files{}, labels.wrong(err)
	}
	if len(layers) == 0 {
		if err := network.checkOrder(network.widths[0], classes); err != nil {
			return Files{}, weights.wrong(err)
		}
	}
	f := Files{Shape: Shape{Objects: objects, Widths: network.widths, Layers: network.names()}, Params: Params{Layers: layers}}
	for _, d := range []struct {
		of *string
		s  Source
	}{{&f.Params.Weights, weights}, {&f.Params.Inputs, inputs}, {&f.Params.Labels, labels}} {
		if *d.of, err = d.s.digest(ctx); err != nil {
			return Files{}, err
		}
	}
	f.outputs = map[string][]byte{Images: images, Labels: targets}
	if f.outputs[Weights], err = network.encode(); err != nil {
		return Files{}, err
	}
	f.outputs[Summary], err = artifact.Encode(f.Shape)
	return f, err
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
