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

// adamState counts the steps and keeps the powers of the betas.
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
func update[T Float](s *adamState, w, m, v, g []T) {
	s.power1 = float64(s.power1 * s.Beta1)
	s.power2 = float64(s.power2 * s.Beta2)
	step := s.LearningRate / (1 - s.power1)
	correction := 1 / math.Sqrt(1-s.power2)
	switch w := any(w).(type) {
	case []float32:
		kernel.Adam32(w, any(m).([]float32), any(v).([]float32), any(g).([]float32), kernel.Adam{
			OneMinusBeta1:      float32(1 - s.Beta1),
			Beta2:              float32(s.Beta2),
			OneMinusBeta2:      float32(1 - s.Beta2),
			StepSize:           float32(step),
			InvSqrtCorrection2: float32(correction),
			Eps:                float32(s.Epsilon),
		})
	case []float64:
		m, v, g := any(m).([]float64), any(v).([]float64), any(g).([]float64)
		for i, x := range g {
			m[i] += float64((x - m[i]) * (1 - s.Beta1))
			v[i] = float64(v[i]*s.Beta2) + float64(float64(x*(1-s.Beta2))*x)
			w[i] -= float64(m[i]*step) / (float64(math.Sqrt(v[i])*correction) + s.Epsilon)
		}
	}
}
