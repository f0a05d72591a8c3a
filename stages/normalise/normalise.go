// Package normalise is the stage that normalises the pixels of a data set with one mean
// and one deviation for all of them, as PyTorch's examples do before a network sees them.
package normalise

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Images is the name of what Run reads, .npy uint8, objects × pixels, and of what it
// writes, .npy float32 of the same shape.
const Images = "images"

// Params decide the output, apart from the input.
type Params struct {
	Mean, Deviation float64 // of pixels between 0 and 1; Deviation is above 0
}

// Run writes (u/255 − Mean)/Deviation for each pixel u, formed in float64 and rounded
// to float32, in which networks are trained.
func Run(_ context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if !(p.Deviation > 0) || math.IsNaN(p.Mean) || math.IsInf(p.Mean, 0) {
		return nil, fmt.Errorf("mean %v and deviation %v: want a finite mean and a deviation above 0", p.Mean, p.Deviation)
	}
	images, shape, err := npy.Read[uint8](t.Inputs, Images, -1, -1)
	if err != nil {
		return nil, err
	}
	var table [256]float32
	for u := range table {
		if table[u] = float32((float64(u)/255 - p.Mean) / p.Deviation); math.IsInf(float64(table[u]), 0) {
			return nil, fmt.Errorf("pixel %d is larger than a float32 holds with mean %v and deviation %v", u, p.Mean, p.Deviation)
		}
	}
	values := make([]float32, len(images))
	for i, u := range images {
		values[i] = table[u]
	}
	return map[string][]byte{Images: npy.Encode(shape, values)}, nil
}
