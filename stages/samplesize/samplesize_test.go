package samplesize

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// network is a random network with Gaussian objects, and the top eigenvectors
// of its Hessian.
func network(t *testing.T, seed int64, objects int, widths ...int) map[string][]byte {
	t.Helper()
	s := rng.New(seed, "samplesize", "test", 0)
	var tensors []safetensors.Tensor
	for p := range widths[1:] {
		w := make([]float64, widths[p]*widths[p+1])
		for i := range w {
			w[i] = 0.7 * s.Normal()
		}
		tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprintf("layers.%d.weight", p), []int{widths[p+1], widths[p]}, w))
	}
	weights, err := safetensors.Encode(nil, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float64, objects*widths[0]), make([]uint8, objects)
	for i := range x {
		x[i] = s.Normal()
	}
	for i := range y {
		y[i] = uint8(s.IntN(widths[len(widths)-1]))
	}
	in := map[string][]byte{
		mlp.Images: npy.Encode([]int{objects, widths[0]}, x), mlp.Labels: npy.Encode([]int{objects}, y), mlp.Weights: weights,
	}
	pt, err := curvature.Open(t.Context(), in, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	op, err := pt.Operator(curvature.Hessian, nil)
	if err != nil {
		t.Fatal(err)
	}
	dim := op.Dim()
	random := func(i int) []float64 { return gaussian(0, "start", uint64(i), dim) }
	r, err := eigen.Lanczos(t.Context(), op, eigen.Search{
		Top: min(params().Dimensions, dim), Tolerance: 1e-6, Start: random(0), Restart: func(i int) []float64 { return random(i + 1) }, Workers: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	var vectors []float64
	for _, pair := range r.Top {
		vectors = append(vectors, pair.Vector...)
	}
	in[Vectors] = npy.Encode([]int{len(r.Top), dim}, vectors)
	squares, err := object.SquaredFrobenius(t.Context(), pt, object.Spread(objects, objects))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]float64, objectColumns*objects)
	for i, square := range squares {
		rows[objectColumns*i+frobenius] = math.Sqrt(square)
	}
	in[Objects] = npy.Encode([]int{objects, objectColumns}, rows)
	return in
}

func params() Params {
	p := DefaultParams()
	p.Dimensions, p.Sigmas, p.Epsilons = 3, []float64{0.001, 0.1}, []float64{0.5, 0.1, 0.02}
	p.Draws, p.FullDraws, p.Orders = 200, 200, 50
	return p
}

func run(t *testing.T, p Params, in map[string][]byte) artifact.SampleSizeSummary {
	t.Helper()
	out, err := Run(t.Context(), p, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	s, err := artifact.Decode[artifact.SampleSizeSummary](out[SampleSize])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestClosedFormByEnumeration: over all 5! orders of 5 objects the mean of the
// squared path is V/(k(k+1)) exactly.
func TestClosedFormByEnumeration(t *testing.T) {
	const n, m = 5, 2
	s := rng.New(1, "samplesize", "enumeration", 0)
	model := &curvature.Projected{M: m, C: make([]float64, n*m), B: make([]float64, n*m*m)}
	losses := make([]float64, n)
	for i := range n {
		losses[i] = math.Abs(s.Normal())
		for d := range m {
			model.C[i*m+d] = s.Normal()
			for e := range d + 1 {
				x := s.Normal()
				model.B[i*m*m+d*m+e], model.B[i*m*m+e*m+d] = x, x
			}
		}
	}
	criteria := []artifact.Criterion{{Name: "delta1", Closed: artifact.MonteCarlo{Value: covariance(losses, losses)}}, eigenTerms(losses, model, 0.8)}
	changes := [][]float64{make([]float64, n-1), make([]float64, n-1)}
	sums := [2][n - 1]float64{}
	count := 0
	var permute func(order []int, from int)
	permute = func(order []int, from int) {
		if from == n {
			count++
			walk(order, losses, traces(model), model, criteria, []int{0, 1}, changes)
			for a := range changes {
				for k, v := range changes[a] {
					sums[a][k] += v * v
				}
			}
			return
		}
		for i := from; i < n; i++ {
			order[from], order[i] = order[i], order[from]
			permute(order, from+1)
			order[from], order[i] = order[i], order[from]
		}
	}
	permute([]int{0, 1, 2, 3, 4}, 0)
	for a, c := range criteria {
		for i, sum := range sums[a] {
			k := float64(i + 1)
			if got, want := sum/float64(count), c.Closed.Value/(k*(k+1)); math.Abs(got/want-1) > 1e-12 {
				t.Errorf("%s at k = %v: mean %v, closed form %v", c.Name, k, got, want)
			}
		}
	}
}

// TestThreeWaysAgree: closed form, quadratic draws and the losses themselves,
// in the eigenspace and over all weights.
func TestThreeWaysAgree(t *testing.T) {
	for seed, widths := range [][]int{{4, 3}, {5, 6, 3}, {4, 5, 5, 3}} {
		s := run(t, params(), network(t, int64(seed), 60, widths...))
		if len(s.Criteria) != 5 || s.Criteria[0].Quadratic != nil {
			t.Fatalf("criteria %+v", s.Criteria)
		}
		for _, c := range s.Criteria[1:] {
			if sum := c.Loss + c.Covariance + c.Gradient + c.Curvature; math.Abs(sum/c.Closed.Value-1) > 1e-12 || c.Gradient <= 0 || c.Curvature <= 0 {
				t.Errorf("%v %s: terms %+v", widths, c.Name, c)
			}
			margin := math.Sqrt(c.Quadratic.Error*c.Quadratic.Error + c.Closed.Error*c.Closed.Error)
			if math.Abs(c.Quadratic.Value-c.Closed.Value) > 4.5*margin {
				t.Errorf("%v %s, σ = %v: quadratic %v, closed form %v ± %v", widths, c.Name, c.Sigma, c.Quadratic.Value, c.Closed.Value, margin)
			}
			// At σ = 0.001 the model misses little.
			if c.Sigma == 0.001 && math.Abs(c.Excess.Value) > 0.2*(c.Closed.Value-c.Loss)+4.5*c.Excess.Error {
				t.Errorf("%v %s: losses exceed the model by %v of %v", widths, c.Name, c.Excess.Value, c.Closed.Value-c.Loss)
			}
		}
	}
}

// TestObjectsAreRead: the curvature term grows with the squared norms of the
// objects, and without them, or with those of another sample, there is none.
func TestObjectsAreRead(t *testing.T) {
	in := network(t, 7, 60, 5, 6, 3)
	before := run(t, params(), in).Criteria[4]
	rows, shape, err := npy.Read[float64](in, Objects, -1, objectColumns)
	if err != nil {
		t.Fatal(err)
	}
	mean := 0.0
	for i := range shape[0] {
		at := objectColumns*i + frobenius
		mean += rows[at] * rows[at] / float64(shape[0])
		rows[at] *= 2
	}
	n, s4 := float64(shape[0]), math.Pow(before.Sigma, 4)
	in[Objects] = npy.Encode(shape, rows)
	after := run(t, params(), in).Criteria[4]
	// (σ⁴/4)·2·n/(n−1)·3·mean ‖H_i‖_F² is what four times the squares add.
	if got, want := after.Curvature-before.Curvature, s4/2*n/(n-1)*3*mean; math.Abs(got-want) > 1e-9*want {
		t.Errorf("twice the norms add %v to the curvature term, want %v", got, want)
	}
	in[Objects] = npy.Encode([]int{1, objectColumns}, rows[:objectColumns])
	if _, err := Run(t.Context(), params(), task.New(in)); err == nil || !strings.Contains(err.Error(), "input objects has 1 rows: want one per object, 60") {
		t.Errorf("norms of one object: %v", err)
	}
}

func TestClosedSize(t *testing.T) {
	for _, x := range []float64{0, 0.5, 2, 2.000001, 6, 1e3, 12345.6, 1e10, 999999000000, 1e20} {
		k := float64(closedSize(x))
		if k*(k+1) < x || k > 1 && (k-1)*k >= x {
			t.Errorf("smallest k with k(k+1) ≥ %v is not %v", x, k)
		}
	}
	for _, x := range []float64{1e300, math.Inf(1), math.NaN()} {
		if got := closedSize(x); got != largestSize {
			t.Errorf("size for %v is %d", x, got)
		}
	}
}

// TestSufficient: the first crossing is never after the lasting one, sizes
// grow as ε falls, and a collapsed network needs one object.
func TestSufficient(t *testing.T) {
	s := run(t, params(), network(t, 3, 80, 5, 6, 3))
	for _, c := range s.Criteria {
		var last artifact.Sufficient
		for i, x := range c.Sufficient {
			if i > 0 && x.Closed < last.Closed || x.Beyond != (x.Closed > 80) {
				t.Errorf("%s: %+v after %+v", c.Name, x, last)
			}
			if c.Name == "delta2" {
				if x.First != nil || x.Always != nil {
					t.Errorf("%s has a path: %+v", c.Name, x)
				}
			} else if x.First.Median > x.Always.Median || x.First.Min < 1 || x.Always.Max > 80 {
				t.Errorf("%s: first %+v, always %+v", c.Name, x.First, x.Always)
			}
			last = x
		}
	}
	p := params()
	p.FullDraws = 0
	in := network(t, 3, 20, 5, 6, 3)
	dead := safetensors.Float64Tensor("layers.0.weight", []int{6, 5}, make([]float64, 30))
	weights, err := safetensors.Encode(nil, dead, safetensors.Float64Tensor("layers.1.weight", []int{3, 6}, make([]float64, 18)))
	if err != nil {
		t.Fatal(err)
	}
	in[mlp.Weights] = weights
	s = run(t, p, in)
	for _, c := range s.Criteria {
		for _, x := range c.Sufficient {
			if x.Closed != 1 || x.First.Max != 1 || x.Always.Max != 1 || x.Reached != 1 {
				t.Errorf("collapsed, %s: %+v, first %+v, always %+v", c.Name, x, *x.First, *x.Always)
			}
		}
	}
}

// TestBothDefinitions finds the sizes of Δ₁ again from their definitions, order
// by order: the first k with |L_{k+1} − L_k| ≤ ε, and the least m from which on
// all k have it.
func TestBothDefinitions(t *testing.T) {
	const n = 40
	in := network(t, 6, n, 5, 6, 3)
	p := params()
	p.Orders, p.Epsilons = 9, []float64{0.3, 0.05, 0.01, 1e-9}
	s := run(t, p, in)
	net, data, err := mlp.Decode(in, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), net, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	for e, epsilon := range p.Epsilons {
		var first, always []float64
		for o := range p.Orders {
			order := make([]int, n)
			rng.Permutation(rng.New(p.Seed, "samplesize", "order", uint64(o)), order)
			small := func(k int) bool {
				a, b := 0.0, 0.0
				for i, at := range order[:k+1] {
					if i < k {
						a += pt.Losses[at] / float64(k)
					}
					b += pt.Losses[at] / float64(k+1)
				}
				return math.Abs(b-a) <= epsilon
			}
			f, m := 1, n
			for f < n && !small(f) {
				f++
			}
			for m > 1 && small(m-1) {
				m--
			}
			first, always = append(first, float64(f)), append(always, float64(m))
		}
		x := s.Criteria[0].Sufficient[e]
		if a, b := artifact.NewQuantiles(first), artifact.NewQuantiles(always); *x.First != a || *x.Always != b {
			t.Errorf("ε = %v: first %+v, want %+v; always %+v, want %+v", epsilon, *x.First, a, *x.Always, b)
		}
	}
}

// TestVectorsAreUsed: the eigenvalues are the Rayleigh quotients of the vectors
// of the input, of which there must be enough.
func TestVectorsAreUsed(t *testing.T) {
	in := network(t, 4, 30, 4, 5, 3)
	p := params()
	p.FullDraws, p.Draws = 0, 2
	want := run(t, p, in)
	pt, err := curvature.Open(t.Context(), in, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := npy.Rows[float64](in, Vectors, pt.Network.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	kernel.Scale64(rows[1], -1)
	in[Vectors] = npy.Encode([]int{3, len(rows[0])}, slices.Concat(rows[1], rows[0], rows[2]))
	got := run(t, p, in)
	for i, j := range []int{1, 0, 2} {
		if math.Abs(got.Eigenvalues[i]/want.Eigenvalues[j]-1) > 1e-12 {
			t.Errorf("eigenvalue %d is %v, want %v", i, got.Eigenvalues[i], want.Eigenvalues[j])
		}
	}
	if a, b := want.Criteria[2].Closed.Value, got.Criteria[2].Closed.Value; math.Abs(a/b-1) > 1e-9 {
		t.Errorf("closed form %v, with the vectors in another order %v", a, b)
	}
	in[Vectors] = npy.Encode([]int{1, len(rows[0])}, rows[0])
	if _, err := Run(t.Context(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), "at least 3 vectors") {
		t.Errorf("one vector for 3 dimensions: %v", err)
	}
}

func TestBytesDoNotDependOnWorkers(t *testing.T) {
	in := network(t, 5, 40, 6, 5, 4, 3)
	p := params()
	p.Draws, p.FullDraws = 5, 5
	var first map[string][]byte
	for _, workers := range []int{1, 3} {
		one := task.New(in)
		one.Workers = workers
		out, err := Run(t.Context(), p, one)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out
		}
		for name := range out {
			if !bytes.Equal(first[name], out[name]) {
				t.Errorf("%d workers give other bytes of %s", workers, name)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	in := network(t, 6, 10, 4, 3)
	for says, change := range map[string]func(*Params){
		"has one object":  func(p *Params) { p.SampleSize = 1 },
		"0 dimensions":    func(p *Params) { p.Dimensions = 0 },
		"1 and 200 draws": func(p *Params) { p.Draws = 1 },
		"0 orders":        func(p *Params) { p.Orders = 0 },
		"sigmas are":      func(p *Params) { p.Sigmas = []float64{0.1, 0.1} },
		"epsilons are":    func(p *Params) { p.Epsilons = []float64{0.1, 0.2} },
	} {
		p := params()
		change(&p)
		if _, err := Run(t.Context(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
	}
}
