package nn

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Optimiser says how a gradient changes the weights: [Adam] or [SGD].
type Optimiser interface{ newState() optimiserState }

// optimiserState is an optimiser during a training.
type optimiserState interface {
	// update takes one step on the weights w with the gradient g. The moments m
	// and v begin at 0 and are the optimiser's own.
	update(w, m, v, g []float32)
}

// SGD is stochastic gradient descent with momentum, without dampening, Nesterov's
// correction and weight decay. Momentum 0 is plain gradient descent.
type SGD struct{ LearningRate, Momentum float64 }

type sgdState struct{ rate, momentum float32 }

func (o SGD) newState() optimiserState {
	return &sgdState{float32(o.LearningRate), float32(o.Momentum)}
}

// update takes one step on the weights w with the velocity m and the gradient g,
// in the order of PyTorch's SGD:
//
//	m  = μm + g
//	w −= lr · m
func (s *sgdState) update(w, m, _, g []float32) {
	for i, d := range g {
		m[i] = float32(s.momentum*m[i]) + d
		w[i] -= float32(s.rate * m[i])
	}
}

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

func (a Adam) newState() optimiserState { return &adamState{Adam: a, power1: 1, power2: 1} }

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
