package increments

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func params() Params {
	return Params{Sizes: []int{1, 2, 7, 30}, Rotation: 3, Others: 4, Tolerance: 1e-10, Seed: 1}
}

func run(t *testing.T, p Params, workers int, inputs map[string][]byte) (artifact.IncrementSummary, map[string][]byte) {
	t.Helper()
	k := task.New(inputs)
	k.Workers = workers
	out, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	s, err := artifact.Decode[artifact.IncrementSummary](out[Increments])
	if err != nil {
		t.Fatal(err)
	}
	return s, out
}

// solve returns the dense spectrum of Σ c_i times the term.
func solve(t *testing.T, pt *curvature.Point, term curvature.Term, c []float64) (values []float64, rows [][]float64) {
	t.Helper()
	op, err := pt.Operator(term, c)
	if err != nil {
		t.Fatal(err)
	}
	matrix, err := op.Dense(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	values, rows, err = eigen.Symmetric(matrix, op.Dim(), true, 1)
	if err != nil {
		t.Fatal(err)
	}
	return values, rows
}

func norm(values []float64) float64 { return max(-values[0], values[len(values)-1]) }

// TestIncrements compares with dense matrices.
func TestIncrements(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 33, 12, 6, 5, 4)
	p := params()
	got, out := run(t, p, 2, inputs)
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	for at, k := range p.Sizes {
		x := got.Increments[at]
		difference := append(curvature.Prefix(k, k), 1)
		for i := range k {
			difference[i] = -difference[i]
		}
		own := make([]float64, k+1)
		own[k] = 1
		d, _ := solve(t, pt, curvature.Hessian, difference)
		h, before := solve(t, pt, curvature.Hessian, curvature.Prefix(k, k))
		_, after := solve(t, pt, curvature.Hessian, curvature.Prefix(k+1, k+1))
		g, _ := solve(t, pt, curvature.GaussNewton, curvature.Prefix(k, k))
		object, _ := solve(t, pt, curvature.Hessian, own)
		for name, pair := range map[string][2]float64{
			"increment": {x.HessianNorm, norm(d)}, "‖H^(k)‖": {x.SampleHessian, norm(h)},
			"‖G^(k)‖": {x.SampleGN, norm(g)}, "‖H_{k+1}‖": {x.ObjectHessian, norm(object)},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-9*pair[1] {
				t.Errorf("k = %d: %s is %v, want %v", k, name, pair[0], pair[1])
			}
		}
		if want := math.Abs(pt.MeanLoss(k+1) - pt.MeanLoss(k)); math.Abs(x.AbsLoss-want) > 1e-14 {
			t.Errorf("k = %d: |L_{k+1} − L_k| is %v, want %v", k, x.AbsLoss, want)
		}
		checkOthers(t, pt, x, norm(h))
		top := func(rows [][]float64) [][]float64 { return rows[len(rows)-p.Rotation:] }
		if sine := largestSine(t, top(before), top(after)); math.Abs(x.LargestSine-sine) > 1e-9+2*x.EigenspaceError {
			t.Errorf("k = %d: largest sine %v, want %v (error %g)", k, x.LargestSine, sine, x.EigenspaceError)
		}
		if x.FrobeniusSine < x.LargestSine || x.FrobeniusSine > x.LargestSine*math.Sqrt(float64(p.Rotation))*(1+1e-12) || x.EigenspaceDim != p.Rotation {
			t.Errorf("k = %d: %+v", k, x)
		}
	}
	shape, table := curvaturetest.Floats(t, out[Table])
	if len(shape) != 2 || shape[0] != 4 || shape[1] != 10 || table[10*3] != 30 || table[10*3+1] != got.Increments[3].HessianNorm || table[10*3+9] != got.Increments[3].OthersMax {
		t.Errorf("the table has shape %v, last row %v", shape, table[30:])
	}
}

// checkOthers compares ‖H_i − H^(k)‖ with the dense matrix, and with what follows
// from the triangle inequality.
func checkOthers(t *testing.T, pt *curvature.Point, x artifact.Increment, mean float64) {
	t.Helper()
	behind := pt.Data.Objects - x.K - 1
	if len(x.Others) != min(4, behind) {
		t.Fatalf("k = %d: %d other objects of %d", x.K, len(x.Others), behind)
	}
	largest := 0.0
	for _, o := range x.Others {
		c := make([]float64, o.Object+1)
		for i := range x.K {
			c[i] = -1 / float64(x.K)
		}
		c[o.Object] = 1
		d, _ := solve(t, pt, curvature.Hessian, c)
		if math.Abs(o.HessianNorm-norm(d)) > 1e-9*norm(d) || o.Residual > 1e-4*norm(d) {
			t.Errorf("k = %d: ‖H_%d − H^(k)‖ is %v ± %g, want %v", x.K, o.Object, o.HessianNorm, o.Residual, norm(d))
		}
		least, most, err := object.New(pt, o.Object).Hessian(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if one := max(-least, most); math.Abs(one-mean) > o.HessianNorm*(1+1e-9)+o.Residual || o.HessianNorm > (one+mean)*(1+1e-9) {
			t.Errorf("k = %d: ‖H_%d‖ = %v and ‖H^(k)‖ = %v, ‖H_i − H^(k)‖ = %v", x.K, o.Object, one, mean, o.HessianNorm)
		}
		largest = max(largest, o.HessianNorm)
	}
	if x.OthersMax != largest || x.OthersMedian > largest || len(x.Others) > 0 && x.OthersMedian <= 0 {
		t.Errorf("k = %d: median %v, largest %v of %v", x.K, x.OthersMedian, x.OthersMax, x.Others)
	}
}

// largestSine is √(1 − σ²) of the smallest singular value σ of AᵀB.
func largestSine(t *testing.T, a, b [][]float64) float64 {
	t.Helper()
	r := len(a)
	m, gram := make([]float64, r*r), make([]float64, r*r)
	for i := range r {
		for j := range r {
			m[i*r+j] = kernel.Dot64(a[i], b[j])
		}
	}
	kernel.MulTN64(gram, m, m, r, r, r, false)
	values, _, err := eigen.Symmetric(gram, r, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	return math.Sqrt(max(1-values[0], 0))
}

// TestWithoutRotation gives the same norms.
func TestWithoutRotation(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 33, 12, 6, 5, 4)
	p := params()
	with, _ := run(t, p, 1, inputs)
	p.Rotation = 0
	without, _ := run(t, p, 1, inputs)
	for i, x := range without.Increments {
		if x.EigenspaceDim != 0 || x.LargestSine != 0 {
			t.Errorf("k = %d: %+v", x.K, x)
		}
		if want := with.Increments[i].SampleHessian; math.Abs(x.SampleHessian-want) > 1e-9*want {
			t.Errorf("k = %d: ‖H^(k)‖ is %v, with rotation %v", x.K, x.SampleHessian, want)
		}
	}
}

func TestWorkersReachNoBit(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 1300, 12, 6, 5, 4)
	p := params()
	p.Sizes = []int{10, 700, 1299}
	_, want := run(t, p, 1, inputs)
	_, got := run(t, p, 3, inputs)
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("output %s depends on the number of workers", name)
		}
	}
}

func TestRefuses(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 20, 12, 6, 4)
	for want, change := range map[string]func(*Params){
		"ascending":     func(p *Params) { p.Sizes = []int{5, 2} },
		"sizes []":      func(p *Params) { p.Sizes = nil },
		"there is none": func(p *Params) { p.Sizes = []int{20} },
		"-1 others":     func(p *Params) { p.Sizes, p.Others = []int{5}, -1 },
		"rotation -1":   func(p *Params) { p.Sizes, p.Rotation = []int{5}, -1 },
	} {
		p := params()
		p.Sizes = []int{3}
		change(&p)
		if _, err := Run(t.Context(), p, task.New(inputs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
}
