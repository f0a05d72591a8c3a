package curvature

import (
	"math/rand/v2"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// identities checks what holds for every bias-free ReLU network at any size,
// with no dense matrix: the network is homogeneous in each layer, so moving
// along a rescaling changes nothing.
func identities(t *testing.T, pt *Point, tolerance float64) {
	t.Helper()
	n := pt.Network
	gradient, err := pt.Gradient(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	product := func(term Term, v []float64) []float64 {
		op, err := pt.Operator(term, nil)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float64, op.Dim())
		if err := op.Apply(t.Context(), dst, v, 1); err != nil {
			t.Fatal(err)
		}
		return dst
	}
	theta := n.Flat()
	layers := float64(n.Layers())
	want := make([]float64, len(theta))
	for i, g := range gradient {
		want[i] = (layers - 1) * g
	}
	agree(t, "R θ = (L − 1) ∇L", product(HTerm, theta), want, tolerance)
	sum := product(GaussNewton, theta)
	for i := range sum {
		sum[i] += want[i]
	}
	agree(t, "H θ = G θ + (L − 1) ∇L", product(Hessian, theta), sum, tolerance)

	// D is +1 on layer p and −1 on layer q: H Dθ = −D ∇L.
	scaled := make([]float64, len(theta))
	minus := make([]float64, len(theta))
	p, q := 0, n.Layers()-1
	for i, w := range n.Weights[p] {
		scaled[i], minus[i] = w, -gradient[i]
	}
	from := n.Offset(q)
	for i, w := range n.Weights[q] {
		scaled[from+i], minus[from+i] = -w, gradient[from+i]
	}
	agree(t, "layer rescaling", product(Hessian, scaled), minus, tolerance)

	// The same for one neuron: +1 on its row, −1 on its column of the next matrix.
	scaled, minus = make([]float64, len(theta)), make([]float64, len(theta))
	const neuron = 1
	for j := range n.Widths[0] {
		i := neuron*n.Widths[0] + j
		scaled[i], minus[i] = theta[i], -gradient[i]
	}
	for u := range n.Widths[2] {
		i := n.Offset(1) + u*n.Widths[1] + neuron
		scaled[i], minus[i] = -theta[i], gradient[i]
	}
	agree(t, "neuron rescaling", product(Hessian, scaled), minus, tolerance)
}

func TestIdentities(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		_, pt := readGolden(t, name)
		identities(t, pt, 1e-13)
	}
}

// TestIdentitiesAtFullSize: 10,000 MNIST objects and the paper's network of
// h = 64, num_layers = 5, with seeded random weights.
func TestIdentitiesAtFullSize(t *testing.T) {
	data := curvaturetest.MNIST(t)
	r := rand.New(rand.NewPCG(21, 22))
	widths := []int{784, 64, 64, 64, 64, 64, 64, 10}
	var weights [][]float64
	for p := range widths[1:] {
		w := make([]float64, widths[p]*widths[p+1])
		for i := range w {
			w[i] = r.NormFloat64() * 1.4 / float64(8)
			if p == 0 {
				w[i] /= 3
			}
		}
		weights = append(weights, w)
	}
	network, err := mlp.NewNetwork(widths, weights)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := NewPoint(t.Context(), network, data, 2)
	if err != nil {
		t.Fatal(err)
	}
	identities(t, pt, 1e-11)
}
