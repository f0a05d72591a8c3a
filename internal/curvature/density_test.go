package curvature

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
)

// smoothed is Σ weight·Gaussian(x − node) of width sigma.
func smoothed(x, sigma float64, nodes, weights []float64) float64 {
	sum := 0.0
	for i, node := range nodes {
		z := (x - node) / sigma
		sum += weights[i] * math.Exp(-z*z/2)
	}
	return sum / (sigma * math.Sqrt(2*math.Pi))
}

// TestGoldenDensity: the quadrature of the golden MNIST network's Hessian, its
// ten outliers deflated, against the other exact eigenvalues smoothed by the
// same kernel. The band is simultaneous over the grid: Student's t with
// probes − 1 degrees of freedom, Bonferroni-corrected.
func TestGoldenDensity(t *testing.T) {
	g, pt := goldenSpectrum(t)
	op, err := pt.Operator(Hessian, nil)
	if err != nil {
		t.Fatal(err)
	}
	const deflated, probes, steps = 10, 12, 60
	n := op.Dim()
	ends, err := op.Ends(t.Context(), Ends{Top: deflated, Tolerance: 1e-8, Seed: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := eigen.Probing{Steps: steps, Workers: 2}
	for _, pair := range ends.Top {
		p.Deflate = append(p.Deflate, pair.Vector)
	}
	for i := range probes {
		p.Probes = append(p.Probes, randomVector(n, 100+i))
	}
	rules, err := eigen.Quadrature(t.Context(), op, p)
	if err != nil {
		t.Fatal(err)
	}
	exact := g.H[:n-deflated]
	equal := make([]float64, len(exact))
	for i := range equal {
		equal[i] = 1 / float64(len(exact))
	}
	lo, hi := exact[0], exact[len(exact)-1]
	sigma := (hi - lo) / 40
	const points = 100
	const critical = 5.9 // t(11 degrees of freedom) at 1 − 0.01/(2·100)
	within, total := 0.0, 0.0
	for i := range points {
		x := lo + (hi-lo)*(float64(i)+0.5)/points
		values, mean, square := make([]float64, probes), 0.0, 0.0
		for j, r := range rules {
			values[j] = smoothed(x, sigma, r.Nodes, r.Weights)
			mean += values[j] / probes
		}
		for _, v := range values {
			square += (v - mean) * (v - mean)
		}
		band := critical * math.Sqrt(square/(probes*(probes-1)))
		want := smoothed(x, sigma, exact, equal)
		if math.Abs(mean-want) > band+1e-9 {
			t.Errorf("density at %.3g is %v ± %v, exact %v", x, mean, band, want)
		}
		within += band
		total += want
	}
	if within > 0.1*total {
		t.Errorf("the band's area is %v of the density's: too wide to say anything", within/total)
	}
}
