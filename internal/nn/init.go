package nn

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// InitialWeights draws the weights as PyTorch's Linear does by default
// (kaiming_uniform with a = √5): uniform on [−1/√fan_in, 1/√fan_in). Matrix p
// is filled row by row from stream(p).
func InitialWeights(w Widths, stream func(matrix int) *rng.Stream) [][]float32 {
	weights := make([][]float32, w.Matrices())
	for p := range weights {
		s := stream(p)
		bound := float32(1 / math.Sqrt(float64(w[p])))
		m := make([]float32, w[p]*w[p+1])
		for i := range m {
			// 2u−1 is exact: u is a multiple of 2⁻²⁴.
			m[i] = (float32(2*s.Float32()) - 1) * bound
		}
		weights[p] = m
	}
	return weights
}
