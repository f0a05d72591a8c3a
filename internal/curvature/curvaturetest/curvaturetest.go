// Package curvaturetest has networks with data for the tests of everything that
// measures curvature: small random ones, and golden ones whose curvature another
// framework computed.
package curvaturetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// Inputs returns the artifacts images, labels and weights of a random network
// of the given widths over as many objects of mostly black pixels. The first
// two pixels of every object are black.
func Inputs(t testing.TB, objects int, widths ...int) map[string][]byte {
	t.Helper()
	s := rng.New(11, "curvaturetest", "inputs", 0)
	width, classes := widths[0], widths[len(widths)-1]
	images, labels := make([]uint8, objects*width), make([]uint8, objects)
	for i := range images {
		if i%width >= 2 && s.IntN(4) == 0 {
			images[i] = uint8(1 + s.IntN(255))
		}
	}
	for i := range labels {
		labels[i] = uint8(s.IntN(classes))
	}
	var tensors []safetensors.Tensor
	for p := range widths[1:] {
		in, out := widths[p], widths[p+1]
		w := make([]float64, in*out)
		for i := range w {
			w[i] = s.Normal() * math.Sqrt(2/float64(in))
		}
		tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprintf("layers.%d.weight", p), []int{out, in}, w))
	}
	weights, err := safetensors.Encode(nil, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"images":  npy.Encode([]int{objects, width}, images),
		"labels":  npy.Encode([]int{objects}, labels),
		"weights": weights,
	}
}

// Floats decodes a float64 array.
func Floats(t testing.TB, b []byte) ([]int, []float64) {
	t.Helper()
	a, err := npy.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := npy.Values[float64](a)
	if err != nil {
		t.Fatal(err)
	}
	return a.Shape, v
}
