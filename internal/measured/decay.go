package measured

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// AddWeightDecay adds λ/2 ‖θ‖² to the loss, and so λ to each eigenvalue of H and of
// G: to their spectra, blocks, diagonals and densities, which are exact then as they were before. R
// does not change. Losses, gradients, and what is measured of single objects and
// increments stay those of the loss alone.
func (n *Network) AddWeightDecay(lambda float64) {
	if lambda == 0 {
		return
	}
	n.WeightDecay = lambda
	s := &n.Spectrum
	shift(&s.Hessian, lambda, s.Parameters)
	shift(&s.GaussNewton, lambda, s.Parameters)
	s.Ratio = s.GaussNewton.Norm / s.Hessian.Norm
	for p := range s.LayerTraces {
		s.LayerTraces[p] += float64(lambda * float64(n.Of.layerParameters(p)))
	}
	if n.Layers != nil {
		for p := range n.Layers.Blocks {
			l := &n.Layers.Blocks[p]
			shift(&l.Hessian, lambda, l.Parameters)
			shift(&l.GaussNewton, lambda, l.Parameters)
			for _, nodes := range l.Nodes {
				move(nodes, lambda)
			}
		}
	}
	for _, d := range n.Diagonals {
		move(d, lambda)
	}
	if n.Density == nil {
		return
	}
	steps := n.Density.Steps
	for at := 0; at < len(n.rule); at += 2 * steps {
		move(n.rule[at:at+steps], lambda)
	}
	move(n.Density.Deflated, lambda)
	move(n.Density.ProbeMoments, lambda)
	n.Density.FirstMoment += lambda
	n.Density.EstimatedMoment += lambda
}

func move(values []float64, by float64) {
	for i := range values {
		values[i] += by
	}
}

// shift adds λ times the identity of that dimension to a symmetric matrix.
func shift(t *artifact.TermSpectrum, lambda float64, dimension int) {
	d := float64(dimension)
	if t.Frobenius != nil {
		square := float64(*t.Frobenius**t.Frobenius) + float64(2*lambda*t.Trace) + float64(float64(lambda*lambda)*d)
		norm := math.Sqrt(max(square, 0))
		t.Frobenius = &norm
	}
	t.Trace += float64(lambda * d)
	t.Norm = 0
	for _, list := range [][]artifact.Eigenvalue{t.Top, t.Bottom} {
		for i := range list {
			list[i].Value += lambda
			t.Norm = max(t.Norm, math.Abs(list[i].Value))
		}
	}
	if c := t.Complete; c != nil {
		for _, next := range []*artifact.Multiple{c.NextTop, c.NextBottom} {
			if next != nil {
				next.Value += lambda
			}
		}
	}
}

// layerParameters is how many weights and biases layer p has, counted from 0.
func (n Identity) layerParameters(p int) int {
	total := n.Widths[p] * n.Widths[p+1]
	if n.Biased[p] {
		total += n.Widths[p+1]
	}
	return total
}
