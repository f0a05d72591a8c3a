// Package joined is the stage that puts together what was computed in parts:
// a long table is cut into actions, so that an interrupted run goes on, and
// whoever reads it wants one.
package joined

import (
	"context"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Whole is out: the parts, one after another.
const Whole = "whole"

// What the parts are.
const (
	Rows       = "rows"       // .npy float64, alike in all dimensions but the first
	Increments = "increments" // canonical JSON, result.IncrementSummary
	Density    = "density"    // canonical JSON, result.Density, of some of the probes each
)

// Params decide how the parts are put together.
type Params struct {
	Form  string // Rows, Increments or Density
	Parts int    // inputs Part(0), Part(1), …
}

// Part is the name of the input with part i.
func Part(i int) string { return fmt.Sprintf("part/%06d", i) }

// Run writes Whole.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if p.Parts < 1 {
		return nil, fmt.Errorf("joined: %d parts: want at least 1", p.Parts)
	}
	var whole []byte
	var err error
	switch p.Form {
	case Rows:
		whole, err = rows(p.Parts, t.Inputs)
	case Increments:
		whole, err = increments(p.Parts, t.Inputs)
	case Density:
		whole, err = density(p.Parts, t.Inputs)
	default:
		err = fmt.Errorf("form is %q: want %s, %s or %s", p.Form, Rows, Increments, Density)
	}
	if err != nil {
		return nil, fmt.Errorf("joined: %w", err)
	}
	return map[string][]byte{Whole: whole}, ctx.Err()
}

func rows(parts int, inputs map[string][]byte) ([]byte, error) {
	var values []float64
	var shape []int
	for i := range parts {
		a, err := npy.Decode(inputs[Part(i)])
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Part(i), err)
		}
		part, err := npy.Values[float64](a)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Part(i), err)
		}
		if i == 0 && len(a.Shape) > 0 {
			shape = append([]int{0}, a.Shape[1:]...)
		}
		if len(a.Shape) == 0 || !slices.Equal(a.Shape[1:], shape[1:]) {
			return nil, fmt.Errorf("input %s has shape %v: want rows of shape %v", Part(i), a.Shape, shape[min(1, len(shape)):])
		}
		shape[0] += a.Shape[0]
		values = append(values, part...)
	}
	return npy.Encode(shape, values), nil
}

func increments(parts int, inputs map[string][]byte) ([]byte, error) {
	var whole artifact.IncrementSummary
	for i := range parts {
		part, err := artifact.Decode[artifact.IncrementSummary](inputs[Part(i)])
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Part(i), err)
		}
		if i > 0 && part.Parameters != whole.Parameters {
			return nil, fmt.Errorf("input %s is of %d weights, the one before of %d", Part(i), part.Parameters, whole.Parameters)
		}
		whole.Parameters = part.Parameters
		whole.Increments = append(whole.Increments, part.Increments...)
	}
	return artifact.Encode(whole)
}

func density(parts int, inputs map[string][]byte) ([]byte, error) {
	list := make([]artifact.Density, parts)
	for i := range list {
		var err error
		if list[i], err = artifact.Decode[artifact.Density](inputs[Part(i)]); err != nil {
			return nil, fmt.Errorf("input %s: %w", Part(i), err)
		}
	}
	whole, err := artifact.JoinDensities(list)
	if err != nil {
		return nil, err
	}
	return artifact.Encode(whole)
}
