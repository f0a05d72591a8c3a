package stats

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// StudentTail returns P(T ≥ t) for Student's t with an integer number of degrees
// of freedom, 1 or more, by the incomplete beta function: P(|T| ≥ |t|) =
// I_x(df/2, 1/2) at x = df/(df + t²). The relative error is below 1e-12. NaN for a
// t that is NaN.
func StudentTail(t float64, df int) float64 {
	switch {
	case math.IsNaN(t):
		return t
	case t < 0:
		return 1 - StudentTail(-t, df)
	case math.IsInf(t, 1):
		return 0
	}
	n := float64(df)
	square := float64(t * t)
	return incompleteBeta(df, n/(n+square), square/(n+square)) / 2
}

// WelchTest is the result of [Welch].
type WelchTest struct{ T, P float64 }

// Welch tests whether two normal samples, given by their means, standard deviations
// (divisor n−1) and sizes of 2 or more, have the same mean; P is two-sided. The
// degrees of freedom are Welch's, rounded down. Samples without deviation have P = 1
// if their means agree and 0 if they do not.
func Welch(mean1, deviation1 float64, n1 int, mean2, deviation2 float64, n2 int) WelchTest {
	a := float64(deviation1*deviation1) / float64(n1)
	b := float64(deviation2*deviation2) / float64(n2)
	difference := mean1 - mean2
	if a+b == 0 {
		if difference == 0 {
			return WelchTest{P: 1}
		}
		return WelchTest{T: math.Copysign(math.MaxFloat64, difference)}
	}
	df := float64((a+b)*(a+b)) / (float64(a*a)/float64(n1-1) + float64(b*b)/float64(n2-1))
	t := difference / math.Sqrt(a+b)
	return WelchTest{T: t, P: float64(2 * StudentTail(math.Abs(t), max(1, int(df))))}
}

// incompleteBeta returns I_x(n/2, 1/2); y is 1 − x.
func incompleteBeta(n int, x, y float64) float64 {
	if y == 0 {
		return 1
	}
	a, b := float64(float64(n)/2), 0.5
	if x > (a+1)/(a+b+2) { // where the fraction for x converges slowly
		return 1 - float64(betaFront(n, x, y)/b*betaFraction(b, a, y))
	}
	return float64(betaFront(n, x, y) / a * betaFraction(a, b, x))
}

// betaFront is x^a·y^b/B(a, b) for a = n/2 and b = 1/2.
func betaFront(n int, x, y float64) float64 {
	// 1/B(a, ½) from 1/B(½, ½) = 1/π or 1/B(1, ½) = ½ by B(a+1, b) = B(a, b)·a/(a+b).
	front, from := 1/math.Pi, 1
	if n%2 == 0 {
		front, from = 0.5, 2
	}
	for i := from; i < n; i += 2 {
		front *= float64(i+1) / float64(i)
	}
	return front * detmath.Exp(float64(float64(n)/2*detmath.Log(x))) * math.Sqrt(y)
}

// betaFraction is the continued fraction of the incomplete beta function (DLMF
// 8.17.22), by Lentz's method.
func betaFraction(a, b, x float64) float64 {
	const tiny = 1e-300
	nonzero := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/nonzero(1-float64((a+b)*x)/(a+1))
	h := d
	for m := 1.0; m < 1000; m++ {
		even := float64(m*(b-m)*x) / float64((a+float64(2*m)-1)*(a+float64(2*m)))
		d = 1 / nonzero(1+float64(even*d))
		c = nonzero(1 + even/c)
		h *= float64(d * c)
		odd := -float64((a+m)*(a+b+m)*x) / float64((a+float64(2*m))*(a+float64(2*m)+1))
		d = 1 / nonzero(1+float64(odd*d))
		c = nonzero(1 + odd/c)
		step := float64(d * c)
		h *= step
		if math.Abs(step-1) < 1e-16 {
			break
		}
	}
	return h
}
