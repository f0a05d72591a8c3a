package nn

import (
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// crossEntropy replaces the logits z (classes×n, a column an object) by scale
// times the gradient of the sum of the objects' cross-entropies, p − y, and
// returns that sum.
func crossEntropy[T Float](z []T, labels []uint8, classes, n int, scale float64) float64 {
	switch z := any(z).(type) {
	case []float32:
		return kernel.SoftmaxCrossEntropy32(z, z, labels, classes, n, float32(scale))
	case []float64:
		return crossEntropy64(z, labels, classes, n, scale)
	}
	return 0
}

func crossEntropy64(z []float64, labels []uint8, classes, n int, scale float64) float64 {
	total := 0.0
	for i := range n {
		top := z[i]
		for c := 1; c < classes; c++ {
			if v := z[c*n+i]; v > top {
				top = v
			}
		}
		y := int(labels[i])
		own := z[y*n+i] - top
		// p_y − 1 is minus the sum of the other probabilities.
		others := 0.0
		for c := range classes {
			e := detmath.Exp(z[c*n+i] - top)
			z[c*n+i] = e
			if c != y {
				others += e
			}
		}
		sum := others + z[y*n+i]
		for c := range classes {
			z[c*n+i] = z[c*n+i] / sum * scale
		}
		z[y*n+i] = -others / sum * scale
		total += detmath.Log(sum) - own
	}
	return total
}
