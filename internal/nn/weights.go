package nn

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// weightName is the name of weight matrix p, from 0, in a safetensors file.
func weightName(p int) string { return fmt.Sprintf("layers.%d.weight", p) }

// EncodeWeights returns the network as a safetensors file of F32 matrices
// out×in, named layers.0.weight and so on from the input.
func EncodeWeights(w Widths, weights [][]float32) ([]byte, error) {
	if err := checkWeights(w, weights); err != nil {
		return nil, err
	}
	tensors := make([]safetensors.Tensor, len(weights))
	for p, m := range weights {
		tensors[p] = safetensors.Float32Tensor(weightName(p), []int{w[p+1], w[p]}, m)
	}
	return safetensors.Encode(nil, tensors...)
}

// DecodeWeights reads a network that EncodeWeights or another program wrote:
// matrices out×in named layers.0.weight, layers.1.weight, …, F32 or F64, in any
// order but without a gap, each as wide as the one before it is high, and all
// finite. Other tensors, biases above all, are an error: the network has none.
func DecodeWeights(b []byte) (Widths, [][]float64, error) {
	f, err := safetensors.Decode(b)
	if err != nil {
		return nil, nil, err
	}
	if len(f.Tensors) == 0 {
		return nil, nil, fmt.Errorf("the file holds no tensors: want %s and so on", weightName(0))
	}
	var w Widths
	var weights [][]float64
	for p := range f.Tensors {
		t, err := f.Tensor(weightName(p))
		if err != nil {
			return nil, nil, fmt.Errorf("%w; want matrices named %s to %s and nothing else", err, weightName(0), weightName(len(f.Tensors)-1))
		}
		if len(t.Shape) != 2 {
			return nil, nil, fmt.Errorf("tensor %s has shape %v: want a matrix, outputs × inputs", t.Name, t.Shape)
		}
		if p == 0 {
			w = Widths{t.Shape[1]}
		} else if t.Shape[1] != w[p] {
			return nil, nil, fmt.Errorf("tensor %s has shape %v: want %d columns, the rows of %s", t.Name, t.Shape, w[p], weightName(p-1))
		}
		w = append(w, t.Shape[0])
		m, err := t.Float64s()
		if err != nil {
			return nil, nil, err
		}
		for i, v := range m {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, nil, fmt.Errorf("tensor %s, row %d, column %d is %v: weights must be finite", t.Name, i/w[p], i%w[p], v)
			}
		}
		weights = append(weights, m)
	}
	return w, weights, w.Validate()
}
