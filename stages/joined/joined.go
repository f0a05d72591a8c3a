// Package joined is the stage that puts together what was computed in parts:
// a long table is cut into actions, so that an interrupted run goes on, and
// whoever reads it wants one.
package joined

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// Whole is out: the parts, one after another.
const Whole = "whole"

// What the parts are.
const (
	Rows       = "rows"       // .npy float64 of as many columns each
	Increments = "increments" // canonical JSON, result.IncrementSummary
)

// Params decide how the parts are put together.
type Params struct {
	Form  string // Rows or Increments
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
	default:
		err = fmt.Errorf("form is %q: want %s or %s", p.Form, Rows, Increments)
	}
	if err != nil {
		return nil, fmt.Errorf("joined: %w", err)
	}
	return map[string][]byte{Whole: whole}, ctx.Err()
}

func rows(parts int, inputs map[string][]byte) ([]byte, error) {
	var values []float64
	count, columns := 0, 0
	for i := range parts {
		a, err := npy.Decode(inputs[Part(i)])
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Part(i), err)
		}
		part, err := npy.Values[float64](a)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Part(i), err)
		}
		if len(a.Shape) != 2 || i > 0 && a.Shape[1] != columns {
			return nil, fmt.Errorf("input %s has shape %v: want rows of %d columns", Part(i), a.Shape, columns)
		}
		count, columns = count+a.Shape[0], a.Shape[1]
		values = append(values, part...)
	}
	return npy.Encode([]int{count, columns}, values), nil
}

func increments(parts int, inputs map[string][]byte) ([]byte, error) {
	var whole result.IncrementSummary
	for i := range parts {
		part, err := result.Decode[result.IncrementSummary](inputs[Part(i)])
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Part(i), err)
		}
		if i > 0 && part.Parameters != whole.Parameters {
			return nil, fmt.Errorf("input %s is of %d weights, the one before of %d", Part(i), part.Parameters, whole.Parameters)
		}
		whole.Parameters = part.Parameters
		whole.Increments = append(whole.Increments, part.Increments...)
	}
	return result.Encode(whole)
}
