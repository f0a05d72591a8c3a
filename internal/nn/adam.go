package nn

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Adam holds the optimiser's settings (Kingma & Ba 2015), with bias correction
// and without weight decay.
type Adam struct {
	LearningRate, Beta1, Beta2, Epsilon float64
}

// adamState keeps the powers of the betas, by which it counts the steps.
type adamState struct {
	Adam
	power1, power2 float64 // β₁ᵗ, β₂ᵗ
}

func newAdamState(a Adam) adamState { return adamState{Adam: a, power1: 1, power2: 1} }

// update takes one step on the weights w with moments m and v and gradient g,
// in the order of PyTorch's Adam:
//
//	m += (g − m)(1 − β₁)
//	v  = β₂v + (1 − β₂)g·g
//	w −= lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
func (s *adamState) update(w, m, v, g []float32) {
	s.power1 = float64(s.power1 * s.Beta1)
	s.power2 = float64(s.power2 * s.Beta2)
	kernel.Adam32(w, m, v, g, kernel.AdamStep{
		OneMinusBeta1:      float32(1 - s.Beta1),
		Beta2:              float32(s.Beta2),
		OneMinusBeta2:      float32(1 - s.Beta2),
		StepSize:           float32(s.LearningRate / (1 - s.power1)),
		InvSqrtCorrection2: float32(1 / math.Sqrt(1-s.power2)),
		Eps:                float32(s.Epsilon),
	})
}
