package artifact

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// HeldOutCurve is the output "curve" of the stage held_out_curve: what a network in
// training makes of objects that it does not learn. All lists have one value per
// evaluation.
type HeldOutCurve struct {
	Updates  []float64 // taken so far, ascending from 1
	Seen     []float64 // training objects that they used, one of several epochs counted in each
	Accuracy []float64 // share of the held-out objects that are classified correctly
	Loss     []float64 // their mean loss, nats
}

// Encode writes the curve as .npy float64 4×m, a row per list.
func (c HeldOutCurve) Encode() []byte {
	return npy.Encode([]int{4, len(c.Updates)}, slices.Concat(c.Updates, c.Seen, c.Accuracy, c.Loss))
}

// ReadHeldOutCurve reads a curve from a stage's inputs. Its error names the input.
func ReadHeldOutCurve(inputs map[string][]byte, name string) (HeldOutCurve, error) {
	values, shape, err := npy.Read[float64](inputs, name, 4, -1)
	if err != nil {
		return HeldOutCurve{}, err
	}
	n := shape[1]
	c := HeldOutCurve{values[:n], values[n : 2*n], values[2*n : 3*n], values[3*n:]}
	if n == 0 {
		return c, fmt.Errorf("input %s has no columns", name)
	}
	for i := range n {
		switch {
		case !(c.Updates[i] >= 1) || i > 0 && !(c.Updates[i] > c.Updates[i-1]) || i > 0 && !(c.Seen[i] > c.Seen[i-1]):
			return c, fmt.Errorf("input %s, column %d: update %v after %v objects: want both ascending from 1", name, i, c.Updates[i], c.Seen[i])
		case !(c.Seen[i] >= 1 && c.Seen[i] <= 1e15) || !(c.Accuracy[i] >= 0 && c.Accuracy[i] <= 1) || !(c.Loss[i] >= 0) || math.IsInf(c.Loss[i], 0):
			return c, fmt.Errorf("input %s, column %d: %v objects, accuracy %v and loss %v: want finite numbers from 0, the accuracy up to 1", name, i, c.Seen[i], c.Accuracy[i], c.Loss[i])
		}
	}
	return c, nil
}
