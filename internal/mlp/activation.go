package mlp

import (
	"fmt"
	"math"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// Activation is the function between the layers of a network.
type Activation int

// The definitions and default constants are PyTorch's.
const (
	ReLU      Activation = iota // max(z, 0)
	LeakyReLU                   // z for z > 0, else 0.01 z
	Tanh                        // tanh z
	Sigmoid                     // 1/(1 + e⁻ᶻ)
	GELU                        // z Φ(z), Φ the normal distribution
	GELUTanh                    // ½ z (1 + tanh(√(2/π) (z + 0.044715 z³)))
	SiLU                        // z/(1 + e⁻ᶻ)
	SELU                        // λ z for z > 0, else λ α (eᶻ − 1)
	ELU                         // z for z > 0, else eᶻ − 1
	Softplus                    // log(1 + eᶻ)
	Identity                    // z
)

var activationNames = []string{
	"relu", "leaky_relu", "tanh", "sigmoid", "gelu", "gelu_tanh", "silu", "selu", "elu", "softplus", "identity",
}

// ActivationNames lists what [ParseActivation] takes.
func ActivationNames() []string { return append([]string(nil), activationNames...) }

// String is the name of the activation.
func (a Activation) String() string { return activationNames[a] }

// ParseActivation is the inverse of String.
func ParseActivation(name string) (Activation, error) {
	for i, n := range activationNames {
		if n == name {
			return Activation(i), nil
		}
	}
	return 0, fmt.Errorf("activation %q: want one of %s", name, strings.Join(activationNames, ", "))
}

// PiecewiseLinear reports whether the second derivative is zero wherever it
// exists. The slopes of these activations are at most 1.
func (a Activation) PiecewiseLinear() bool { return a == ReLU || a == LeakyReLU || a == Identity }

// Homogeneous reports whether the activation of c·z is c times that of z for
// c > 0, so that units can be rescaled.
func (a Activation) Homogeneous() bool { return a.PiecewiseLinear() }

const (
	leakySlope = 0.01
	seluAlpha  = 1.6732632423543772848170429916717
	seluScale  = 1.0507009873554804934193349852946
	geluCubic  = 0.044715
	// √(2/π) and 1/√(2π)
	rootTwoOverPi = 0.79788456080286535587989211986876
	rootHalfPi    = 0.39894228040143267793994605993438
)

// At returns the activation of z with its first and second derivative. At a
// kink the derivative is that of the left side.
func (a Activation) At(z float64) (value, first, second float64) {
	switch a {
	case ReLU:
		if z > 0 {
			return z, 1, 0
		}
		return 0, 0, 0
	case LeakyReLU:
		if z > 0 {
			return z, 1, 0
		}
		return float64(leakySlope * z), leakySlope, 0
	case Tanh:
		t := detmath.Tanh(z)
		slope := squaredSech(z)
		return t, slope, -2 * float64(t*slope)
	case Sigmoid:
		s, other := detmath.Sigmoid(z), detmath.Sigmoid(-z)
		slope := float64(s * other)
		return s, slope, float64(slope * (other - s))
	case GELU:
		phi := float64(0.5 * detmath.Erfc(-float64(z*(math.Sqrt2/2))))
		density := float64(rootHalfPi * detmath.Exp(-float64(z*z)/2))
		return float64(z * phi), phi + float64(z*density), float64(density * (2 - float64(z*z)))
	case GELUTanh:
		square := float64(z * z)
		u := float64(rootTwoOverPi * float64(z*(1+float64(geluCubic*square))))
		du := float64(rootTwoOverPi * (1 + float64(3*geluCubic*square)))
		ddu := float64(rootTwoOverPi * float64(6*geluCubic*z))
		// ½(1 + tanh u) is the sigmoid of 2u
		t, s, slope := detmath.Tanh(u), detmath.Sigmoid(2*u), squaredSech(u)
		half := float64(0.5 * z)
		bend := float64(slope*ddu) - float64(2*float64(t*slope)*float64(du*du))
		return float64(z * s), s + float64(half*float64(slope*du)), float64(slope*du) + float64(half*bend)
	case SiLU:
		s, other := detmath.Sigmoid(z), detmath.Sigmoid(-z)
		slope := float64(s * other)
		return float64(z * s), s + float64(z*slope), float64(slope * (2 + float64(z*(other-s))))
	case SELU:
		if z > 0 {
			return float64(seluScale * z), seluScale, 0
		}
		e := float64(seluScale * seluAlpha * detmath.Exp(z))
		return float64(seluScale * seluAlpha * detmath.Expm1(z)), e, e
	case ELU:
		if z > 0 {
			return z, 1, 0
		}
		e := detmath.Exp(z)
		return detmath.Expm1(z), e, e
	case Softplus:
		s, other := detmath.Sigmoid(z), detmath.Sigmoid(-z)
		return max(z, 0) + detmath.Log1p(detmath.Exp(-math.Abs(z))), s, float64(s * other)
	}
	return z, 1, 0
}

// squaredSech is 1 − tanh² u without cancellation.
func squaredSech(u float64) float64 {
	e := detmath.Exp(-2 * math.Abs(u))
	return float64(4*e) / float64((1+e)*(1+e))
}
