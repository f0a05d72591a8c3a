package eigen

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// dense is an operator with a known matrix.
type dense struct {
	n int
	a []float64
}

func (d dense) Dim() int { return d.n }

func (d dense) Apply(_ context.Context, dst, src []float64, block int) error {
	for b := range block {
		for i := range d.n {
			dst[b*d.n+i] = kernel.Dot64(d.a[i*d.n:(i+1)*d.n], src[b*d.n:(b+1)*d.n])
		}
	}
	return nil
}

func normals(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}

// withSpectrum returns QᵀΛQ for a random orthogonal Q, made by reflectors.
func withSpectrum(r *rand.Rand, values []float64) dense {
	n := len(values)
	a := make([]float64, n*n)
	for i, v := range values {
		a[i*n+i] = v
	}
	for range 3 {
		v := normals(r, n)
		kernel.Normalise64(v)
		// A ← (I − 2vvᵀ) A (I − 2vvᵀ)
		w := make([]float64, n)
		for i := range n {
			w[i] = 2 * kernel.Dot64(a[i*n:(i+1)*n], v)
		}
		shift := kernel.Dot64(v, w)
		for i := range n {
			for j := range n {
				a[i*n+j] += -v[i]*w[j] - w[i]*v[j] + 2*shift*v[i]*v[j]
			}
		}
	}
	for i := range n {
		for j := range i {
			a[i*n+j] = a[j*n+i]
		}
	}
	return dense{n, a}
}

// spectra are the difficult cases: clusters, multiplicities, zeros, scales.
func spectra(r *rand.Rand, n int) map[string][]float64 {
	random, clustered, multiple, graded, outliers := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		random[i] = r.NormFloat64()
		clustered[i] = 1 + 1e-10*r.Float64()
		multiple[i] = float64(i % 3)
		graded[i] = math.Pow(10, -12*float64(i)/float64(n))
		outliers[i] = 0.01 * r.NormFloat64()
	}
	for i := 0; i < min(n, 12); i++ {
		outliers[i] = float64(3+i*i) * 0.3
	}
	return map[string][]float64{
		"random": random, "clustered": clustered, "multiple": multiple, "graded": graded, "outliers": outliers,
		"zero": make([]float64, n),
	}
}

// TestSymmetricAgreesWithGonum takes gonum's EigenSym as the oracle.
func TestSymmetricAgreesWithGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 5, 31, 32, 33, 64, 65, 130} {
		for name, values := range spectra(r, n) {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				m := withSpectrum(r, values)
				var oracle mat.EigenSym
				if !oracle.Factorize(mat.NewSymDense(n, append([]float64(nil), m.a...)), false) {
					t.Fatal("the oracle failed")
				}
				want := oracle.Values(nil)
				got, rows, err := Symmetric(append([]float64(nil), m.a...), n, true, 2)
				if err != nil {
					t.Fatal(err)
				}
				norm := max(math.Abs(want[0]), math.Abs(want[n-1]), 1e-300)
				for i := range got {
					if diff := math.Abs(got[i] - want[i]); diff > 1e-13*norm*math.Sqrt(float64(n)) {
						t.Errorf("value %d: %v, want %v", i, got[i], want[i])
					}
					image := make([]float64, n)
					if err := m.Apply(t.Context(), image, rows[i], 1); err != nil {
						t.Fatal(err)
					}
					kernel.Axpy64(image, -got[i], rows[i])
					if r := math.Sqrt(kernel.Dot64(image, image)); r > 2e-13*norm*math.Sqrt(float64(n)) {
						t.Errorf("vector %d: residual %g", i, r)
					}
					for j := range i + 1 {
						want := 0.0
						if i == j {
							want = 1
						}
						if d := kernel.Dot64(rows[i], rows[j]); math.Abs(d-want) > 1e-13*float64(n) {
							t.Errorf("vectors %d and %d: inner product %g", i, j, d)
						}
					}
				}
			})
		}
	}
}

func TestSymmetricRefuses(t *testing.T) {
	if _, _, err := Symmetric([]float64{1, 2, 3}, 2, false, 1); err == nil {
		t.Error("3 entries for a 2×2 matrix: no error")
	}
	if _, _, err := Symmetric([]float64{1, math.NaN(), 0, 1}, 2, false, 1); err == nil {
		t.Error("NaN: no error")
	}
}

// TestSymmetricIgnoresWorkers: not a bit depends on the number of workers.
func TestSymmetricIgnoresWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m := withSpectrum(r, spectra(r, 150)["outliers"])
	want, _, err := Symmetric(append([]float64(nil), m.a...), m.n, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{2, 3, 8} {
		got, _, err := Symmetric(append([]float64(nil), m.a...), m.n, false, workers)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
				t.Fatalf("%d workers: value %d is %v, with one worker %v", workers, i, got[i], want[i])
			}
		}
	}
}

func TestLanczosFindsBothEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for name, values := range spectra(r, 300) {
		for _, maxBasis := range []int{0, 60} {
			t.Run(fmt.Sprintf("%s/%d", name, maxBasis), func(t *testing.T) {
				m := withSpectrum(r, values)
				exact, _, err := Symmetric(append([]float64(nil), m.a...), m.n, false, 2)
				if err != nil {
					t.Fatal(err)
				}
				bottom := 5
				if name == "graded" && maxBasis > 0 {
					bottom = 0 // a bottom graded towards zero is out of reach of 60 vectors
				}
				result, err := Lanczos(t.Context(), m, Search{
					Top: 10, Bottom: bottom, Tolerance: 1e-9, Floor: 1e-12, MaxBasis: maxBasis, MaxSteps: 3000, Workers: 2, Rounding: 1e-14,
					Start: normals(r, m.n), Restart: func(int) []float64 { return normals(r, m.n) },
				})
				if err != nil {
					t.Fatal(err)
				}
				if !result.Converged {
					t.Fatalf("not converged after %d products", result.Products)
				}
				norm := max(math.Abs(exact[0]), math.Abs(exact[m.n-1]))
				image := make([]float64, m.n)
				check := func(end string, i int, p Pair, want float64) {
					slack := p.Residual + result.Rounding + 1e-13*norm
					nearest := math.Inf(1)
					for _, e := range exact {
						nearest = min(nearest, math.Abs(p.Value-e))
					}
					if nearest > slack {
						t.Errorf("%s %d: %v ± %g, but the nearest eigenvalue is %g away", end, i, p.Value, slack, nearest)
					}
					if math.Abs(p.Value-want) > max(1e-9*math.Abs(want), 1e-12*norm, slack) {
						t.Errorf("%s %d: %v, exact %v", end, i, p.Value, want)
					}
					if p.Residual > 1e-4*norm {
						t.Errorf("%s %d: residual %g", end, i, p.Residual)
					}
					// the residual comes from products with the basis: a product with the vector itself agrees
					if err := m.Apply(t.Context(), image, p.Vector, 1); err != nil {
						t.Fatal(err)
					}
					kernel.Axpy64(image, -p.Value, p.Vector)
					if direct := math.Sqrt(kernel.Dot64(image, image)); math.Abs(direct-p.Residual) > result.Rounding+1e-14*norm {
						t.Errorf("%s %d: residual %g, by a product of its own %g", end, i, p.Residual, direct)
					}
				}
				for i, p := range result.Top {
					check("top", i, p, exact[m.n-1-i])
				}
				for i, p := range result.Bottom {
					check("bottom", i, p, exact[i])
				}
			})
		}
	}
}

// TestQuadratureMoments: with n steps the rules reproduce the moments of the
// measure exactly; with few, their mean reproduces the trace.
func TestQuadratureMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	m := withSpectrum(r, spectra(r, 80)["random"])
	start := normals(r, m.n)
	for _, steps := range []int{4, 10, 80, 200} {
		rules, err := Quadrature(t.Context(), m, Probing{Steps: steps, Probes: [][]float64{start}, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		v := append([]float64(nil), start...)
		kernel.Normalise64(v)
		w := append([]float64(nil), v...)
		for moment := range min(2*steps, 8) {
			want := kernel.Dot64(v, w)
			got := 0.0
			for i, node := range rules[0].Nodes {
				got += rules[0].Weights[i] * math.Pow(node, float64(moment))
			}
			if math.Abs(got-want) > 1e-9*math.Pow(3.5, float64(moment)) {
				t.Errorf("%d steps, moment %d: %g, want %g", steps, moment, got, want)
			}
			next := make([]float64, m.n)
			if err := m.Apply(t.Context(), next, w, 1); err != nil {
				t.Fatal(err)
			}
			w = next
		}
	}
}

// TestQuadratureDeflates: what is projected out has no weight left.
func TestQuadratureDeflates(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	m := withSpectrum(r, spectra(r, 100)["outliers"])
	_, rows, err := Symmetric(append([]float64(nil), m.a...), m.n, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := Quadrature(t.Context(), m, Probing{Steps: 30, Probes: [][]float64{normals(r, m.n), normals(r, m.n)}, Deflate: rows[88:], Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		for i, node := range rule.Nodes {
			if node > 0.1 && rule.Weights[i] > 1e-12 {
				t.Errorf("node %g of weight %g: the outliers were deflated", node, rule.Weights[i])
			}
		}
	}
}

func TestLanczosRefuses(t *testing.T) {
	m := dense{2, []float64{1, 0, 0, math.NaN()}}
	for name, s := range map[string]Search{
		"nothing wanted": {Start: []float64{1, 1}},
		"short start":    {Top: 1, Start: []float64{1}},
		"zero start":     {Top: 1, Start: []float64{0, 0}},
		"not finite":     {Top: 1, Start: []float64{1, 1}},
	} {
		if _, err := Lanczos(t.Context(), m, s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
