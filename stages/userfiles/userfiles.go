// Package userfiles is the stage that takes in a network and data of the
// user's own: it checks the three files and writes what the curvature stages
// read, so that a mistake is found before anything is computed and these
// stages need not know of PyTorch's names.
//
// What is said about a mistake names the file, the tensor or object, and what
// to do; it is an *[Error].
package userfiles

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

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

// Params are the content of the files and how it is read.
type Params struct {
	// Weights, Inputs and Labels are the SHA-256 of the files in hexadecimal.
	Weights, Inputs, Labels string
	// Layers are the names of the matrices from the input to the output, all
	// tensors in the natural order of their names where it is empty.
	Layers []string
}

// Source is one file.
type Source struct {
	Name string // for messages
	Read func() ([]byte, error)
}

// Files is where the content comes from. It is no part of what identifies the
// action: the digests in Params are.
type Files struct{ Weights, Inputs, Labels Source }

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

// Run checks the files and writes Weights, Images, Labels and Summary.
func (f Files) Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	text, err := f.Weights.open(p.Weights)
	if err != nil {
		return nil, err
	}
	network, err := readWeights(text, p.Layers)
	if err != nil {
		return nil, f.Weights.wrong(err)
	}
	t.Progress(1, 4)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if text, err = f.Inputs.open(p.Inputs); err != nil {
		return nil, err
	}
	inputs, objects, err := readInputs(text, network)
	if err != nil {
		return nil, f.Inputs.wrong(err)
	}
	t.Progress(2, 4)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if text, err = f.Labels.open(p.Labels); err != nil {
		return nil, err
	}
	labels, err := readLabels(text, network, objects, f.Inputs.Name)
	if err != nil {
		return nil, f.Labels.wrong(err)
	}
	t.Progress(3, 4)
	weights, err := network.encode()
	if err != nil {
		return nil, err
	}
	summary, err := artifact.Encode(Shape{Objects: objects, Widths: network.widths, Layers: network.names()})
	if err != nil {
		return nil, err
	}
	t.Progress(4, 4)
	return map[string][]byte{Weights: weights, Images: inputs, Labels: labels, Summary: summary}, nil
}

// open reads a file whose content must have the digest that it was announced
// with.
func (s Source) open(digest string) ([]byte, error) {
	b, err := s.Read()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", s.Name, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("%s was changed while it was read: start again once it is complete", s.Name)
	}
	return b, nil
}

// wrong says of which file a mistake is.
func (s Source) wrong(err error) error {
	if e, ok := err.(*Error); ok {
		e.File = s.Name
		return e
	}
	return &Error{File: s.Name, Text: err.Error()}
}

func mistake(hint, format string, args ...any) *Error {
	return &Error{Text: fmt.Sprintf(format, args...), Hint: hint}
}
