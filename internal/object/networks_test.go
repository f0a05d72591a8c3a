package object

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// TestNetworks compares the exact norms of single objects with the golden networks
// of each activation and loss, with and without biases, and with the matrices of
// their own operators; and the bounds that need no eigenvalue with them.
func TestNetworks(t *testing.T) {
	curvaturetest.EachNetwork(t, func(t *testing.T, g curvaturetest.GoldenNetwork, n *mlp.Network, d *mlp.Data) {
		pt := point(t, n, d)
		if n.Activation.PiecewiseLinear() && !n.Loss.Separable() {
			chainHolds(t, "golden network", pt)
		}
		norms, gn := make([]float64, d.Objects), make([]float64, d.Objects)
		trace := 0.0
		for i := range norms {
			o := New(pt, i)
			values, err := o.GaussNewton()
			if err != nil {
				t.Fatal(err)
			}
			gn[i] = values[len(values)-1]
			least, largest, err := o.Hessian(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			norms[i] = max(-least, largest)
			if bound, err := o.HessianBound(); err != nil || bound < norms[i]*(1-1e-12) {
				t.Errorf("object %d: bound %v of ‖H_i‖ = %v, %v", i, bound, norms[i], err)
			}
			all, err := o.Norms()
			if err != nil {
				t.Fatal(err)
			}
			trace += all.Trace / float64(d.Objects)
			if i%6 != 0 {
				continue
			}
			c := make([]float64, i+1)
			c[i] = 1
			op, err := pt.Operator(curvature.Hessian, c)
			if err != nil {
				t.Fatal(err)
			}
			dense, err := op.Dense(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			frobenius := 0.0
			for _, x := range dense {
				frobenius += x * x
			}
			curvaturetest.Agree(t, "squared Frobenius norm", []float64{o.SquaredFrobenius(), 1}, []float64{frobenius, 1}, 1e-12)
		}
		curvaturetest.Agree(t, "‖H_i‖", norms, g.ObjectNorm, 1e-11)
		curvaturetest.Agree(t, "‖G_i‖", gn, g.ObjectGNNorm, 1e-11)
		want := 0.0
		for _, x := range g.DiagonalH {
			want += x
		}
		if math.Abs(trace-want) > 1e-11*g.Norm() {
			t.Errorf("mean of tr H_i is %v, want %v", trace, want)
		}
	})
}

// TestBiasesOfSomeLayers: random ReLU networks in which some layers have biases,
// many of them so negative that units and whole layers are dead. The ends of each
// spectrum are those of the object's own operator, and the chain of bounds holds.
func TestBiasesOfSomeLayers(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for trial := range 300 {
		network, data := curvaturetest.Random(t, r)
		network.Biases = make([][]float64, network.Layers())
		for p := range network.Biases {
			if r.IntN(3) == 0 {
				continue
			}
			for range network.Widths[p+1] {
				network.Biases[p] = append(network.Biases[p], 3*r.NormFloat64()-float64(r.IntN(4)))
			}
		}
		if err := network.Check(); err != nil {
			t.Fatal(err)
		}
		pt := point(t, network, data)
		chainHolds(t, fmt.Sprintf("network %d %v", trial, network.Widths), pt)
		i := trial % data.Objects
		c := make([]float64, i+1)
		c[i] = 1
		op, err := pt.Operator(curvature.Hessian, c)
		if err != nil {
			t.Fatal(err)
		}
		dense, err := op.Dense(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		values, _, err := eigen.Symmetric(dense, op.Dim(), false, 1)
		if err != nil {
			t.Fatal(err)
		}
		least, largest, err := New(pt, i).Hessian(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// H_i of one object has a null space unless it has very few parameters.
		want := []float64{min(values[0], 0), max(values[len(values)-1], 0), 1e-12}
		curvaturetest.Agree(t, fmt.Sprintf("network %d %v", trial, network.Widths), []float64{least, largest, 1e-12}, want, 1e-9)
	}
}
