package stats

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// PowerLaw is the offset power law a + b·k^−c of a loss over the sample size k, with
// a and b from 0 and c from leastExponent to mostExponent.
type PowerLaw struct{ A, B, C float64 }

// The exponents that a fit considers. Held-out losses fall with exponents of 0.1 to 1.
const (
	leastExponent = 0.05
	mostExponent  = 4
)

// At returns the law's value at k.
func (p PowerLaw) At(k float64) float64 { return p.A + float64(p.B*power(k, -p.C)) }

// Gain returns by how much the value falls from k to 2k.
func (p PowerLaw) Gain(k float64) float64 {
	return float64(float64(p.B*power(k, -p.C)) * (1 - power(2, -p.C)))
}

// Needed returns the k from which on one doubling gains at most the target, which is
// above 0; 0 where no k gains more. It may lie far from the sizes at which the law
// was seen.
func (p PowerLaw) Needed(target float64) float64 {
	gain := p.Gain(1)
	if !(gain > 0) {
		return 0
	}
	return detmath.Exp(min(detmath.Log(gain/target)/p.C, 700))
}

// power is x^e for x > 0.
func power(x, e float64) float64 { return detmath.Exp(float64(e * detmath.Log(x))) }

// FitPowerLaw fits the law to the means over curves of the values at ascending sizes k,
// of which there are three or more: values[i] is one curve, as long as k. It minimises
// the sum of the squared relative residuals (value − law)/value of the means: for each
// exponent the offset and the factor are linear, and the exponent is searched on a grid
// and then by golden sections.
func FitPowerLaw(k []float64, values [][]float64) PowerLaw {
	means, logs := make([]float64, len(k)), make([]float64, len(k))
	for i := range k {
		for _, curve := range values {
			means[i] += curve[i] / float64(len(values))
		}
		logs[i] = detmath.Log(k[i])
	}
	first := logs[0] // sizes in units of the first keep the sums near 1
	x := make([]float64, len(k))
	fit := func(logC float64) (p PowerLaw, residual float64) {
		p.C = detmath.Exp(logC)
		for i, l := range logs {
			x[i] = detmath.Exp(float64(-p.C * (l - first)))
		}
		p.A, p.B = linear(x, means)
		for i, m := range means {
			r := (m - p.A - float64(p.B*x[i])) / m
			residual += float64(r * r)
		}
		p.B = float64(p.B * detmath.Exp(float64(p.C*first)))
		return p, residual
	}
	const steps = 40
	low, high := detmath.Log(leastExponent), detmath.Log(mostExponent)
	at := func(i int) float64 { return low + float64((high-low)*float64(i)/steps) }
	best, least := 0, math.Inf(1)
	for i := range steps + 1 {
		if _, r := fit(at(i)); r < least {
			best, least = i, r
		}
	}
	a, b := at(max(best-1, 0)), at(min(best+1, steps))
	const golden = 0.6180339887498949
	for range 30 {
		c, d := b-float64(golden*(b-a)), a+float64(golden*(b-a))
		_, rc := fit(c)
		_, rd := fit(d)
		if rc <= rd {
			b = d
		} else {
			a = c
		}
	}
	p, _ := fit((a + b) / 2)
	return p
}

// linear fits y ≈ a + b·x with the weights 1/y² and a, b ≥ 0.
func linear(x, y []float64) (a, b float64) {
	var s, sx, sy, sxx, sxy float64
	for i := range x {
		w := 1 / float64(y[i]*y[i])
		s += w
		sx += float64(w * x[i])
		sy += float64(w * y[i])
		sxx += float64(w * float64(x[i]*x[i]))
		sxy += float64(w * float64(x[i]*y[i]))
	}
	det := float64(s*sxx) - float64(sx*sx)
	if det > 0 {
		b = (float64(s*sxy) - float64(sx*sy)) / det
		a = (sy - float64(b*sx)) / s
	}
	switch {
	case !(det > 0) || b < 0:
		return sy / s, 0
	case a < 0:
		return 0, sxy / sxx
	}
	return a, b
}

// NeededSize estimates the size of [PowerLaw.Needed] with a 95 % interval, by resampling
// whole curves, 4 or more. Few curves spread less when they are resampled than new ones
// would: the logarithms of the ends are moved away from the estimate by the ratio of
// Student's quantile to the normal one and √(n/(n−1)). Sizes are limited to the given
// range, at whose ends they mean "at most" and "at least".
func NeededSize(k []float64, values [][]float64, target, low, high float64, resamples int, s *rng.Stream) (law PowerLaw, size, least, most float64) {
	limited := func(size float64) float64 { return min(max(size, low), high) }
	law = FitPowerLaw(k, values)
	estimate := detmath.Log(max(law.Needed(target), math.SmallestNonzeroFloat64))
	chosen := make([][]float64, len(values))
	draws := Bootstrap(resamples, s, func(s *rng.Stream) float64 {
		for i := range chosen {
			chosen[i] = values[s.IntN(len(values))]
		}
		return detmath.Log(max(FitPowerLaw(k, chosen).Needed(target), math.SmallestNonzeroFloat64))
	})
	n := float64(len(values))
	const normal = 1.959963984540054
	wider := float64(math.Sqrt(n/(n-1)) * StudentQuantile975(n-1) / normal)
	a, b := Percentiles(draws, 0.95)
	end := func(v float64) float64 {
		return limited(detmath.Exp(min(estimate+float64(wider*(v-estimate)), 700)))
	}
	return law, limited(detmath.Exp(estimate)), end(min(a, estimate)), end(max(b, estimate))
}
