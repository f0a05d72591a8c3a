package eigen

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// solved is everything that this package computes of one operator.
type solved struct {
	Values, Top, Bottom, Residuals, Bounds, Nodes, Certified []float64
	Complete                                                 int // of Top
	Products                                                 int
}

// solve computes it for the matrix times 2^k, and returns it divided by 2^k.
func solve(t *testing.T, m dense, k int) solved {
	t.Helper()
	scaled := dense{m.n, append([]float64(nil), m.a...)}
	for i, x := range scaled.a {
		scaled.a[i] = math.Ldexp(x, k)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("times 2^%d: %v", k, err)
		}
	}
	var s solved
	back := func(list *[]float64, x float64) { *list = append(*list, math.Ldexp(x, -k)) }
	values, rows, err := Symmetric(append([]float64(nil), scaled.a...), m.n, true, 1)
	check(err)
	for _, v := range values {
		back(&s.Values, v)
	}
	r := rand.New(rand.NewPCG(3, 4))
	start := normals(r, m.n)
	found, err := Lanczos(t.Context(), scaled, Search{Top: 3, Bottom: 2, Tolerance: 1e-10, Start: start, Workers: 1, Rounding: 1e-14})
	check(err)
	top, _, err := Complete(t.Context(), scaled, found, Completion{
		Chance: 1e-6, Tolerance: 1e-9, MaxProducts: 500, Workers: 1,
		Random: func(i int) []float64 { return normals(rand.New(rand.NewPCG(5, uint64(i))), m.n) },
	})
	check(err)
	s.Complete, s.Products = top.Values, found.Products
	for _, p := range found.Top {
		back(&s.Top, p.Value)
		back(&s.Residuals, p.Residual)
		back(&s.Residuals, p.Error)
	}
	for _, p := range found.Bottom {
		back(&s.Bottom, p.Value)
	}
	for _, x := range []float64{found.Block, found.Rounding, found.Norm} {
		back(&s.Bounds, x)
	}
	rules, err := Quadrature(t.Context(), scaled, Probing{Steps: 6, Probes: [][]float64{start}, Workers: 1})
	check(err)
	for _, x := range rules[0].Nodes {
		back(&s.Nodes, x)
	}
	pairs, err := Certify(t.Context(), scaled, rows[:3], 1)
	check(err)
	for _, p := range pairs {
		back(&s.Certified, p.Value)
		back(&s.Certified, p.Residual)
	}
	return s
}

// TestScale: an operator times a power of two has the same results times that
// power, bit by bit, even where squares of its entries over- or underflow.
func TestScale(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 30)
	for i := range values {
		values[i] = r.NormFloat64()
	}
	m := withSpectrum(r, values)
	want := solve(t, m, 0)
	for _, k := range []int{-30, 200, -450, -700, -880, 450, 900} {
		if diff := cmp.Diff(want, solve(t, m, k)); diff != "" {
			t.Errorf("times 2^%d (-want +got):\n%s", k, diff)
		}
	}
}

// TestNegligible: an operator whose products have lost their digits counts as
// zero.
func TestNegligible(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := withSpectrum(r, normals(r, 40))
	kernel.Scale64(m.a, 0x1p-1000)
	kernel.Scale64(m.a, 0x1p-65)
	found, err := Lanczos(t.Context(), m, Search{
		Top: 2, Bottom: 1, Tolerance: 1e-10, Start: normals(r, 40), Workers: 1,
		Restart: func(i int) []float64 { return normals(rand.New(rand.NewPCG(7, uint64(i))), 40) },
	})
	if err != nil {
		t.Fatal(err)
	}
	top, bottom, err := Complete(t.Context(), m, found, Completion{
		Chance: 1e-6, Tolerance: 1e-9, MaxProducts: 500, Workers: 1,
		Random: func(i int) []float64 { return normals(rand.New(rand.NewPCG(5, uint64(i))), 40) },
	})
	if err != nil || top.Values != 2 || bottom.Values != 1 || found.Norm != 0 || found.Top[0].Value != 0 || found.Bottom[0].Value != 0 {
		t.Errorf("%v, %v, %+v, %v", top, bottom, found, err)
	}
}
