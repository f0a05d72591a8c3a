package bounds

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// inputs are a random network of those widths, its weights of about that size,
// objects of Gaussian values, and the ends of the spectrum of H.
func inputs(t *testing.T, seed int64, objects int, scale float64, widths ...int) map[string][]byte {
	t.Helper()
	return networkInputs(t, seed, objects, scale, false, widths...)
}

// networkInputs are those of a network with or without biases.
func networkInputs(t *testing.T, seed int64, objects int, scale float64, biased bool, widths ...int) map[string][]byte {
	t.Helper()
	s := rng.New(seed, "bounds", "test", 0)
	var tensors []safetensors.Tensor
	for p := range widths[1:] {
		w := make([]float64, widths[p]*widths[p+1])
		for i := range w {
			w[i] = scale * s.Normal()
		}
		tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprintf("layers.%d.weight", p), []int{widths[p+1], widths[p]}, w))
		if biased {
			b := make([]float64, widths[p+1])
			for i := range b {
				b[i] = scale * s.Normal()
			}
			tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprintf("layers.%d.bias", p), []int{widths[p+1]}, b))
		}
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
	extent, err := pt.Range(t.Context(), curvature.Hessian, nil, 1e-9, 0)
	if err != nil {
		t.Fatal(err)
	}
	in[Eigenvalues] = eigenvalues(t, extent)
	return in
}

// eigenvalues is the artifact of that name.
func eigenvalues(t *testing.T, e curvature.Range) []byte {
	t.Helper()
	b, err := artifact.Encode(artifact.TermSpectrum{
		Norm: e.Norm(), Method: "lanczos",
		Top: []artifact.Eigenvalue{{Value: e.Largest, Residual: e.Residual}}, Bottom: []artifact.Eigenvalue{{Value: e.Least, Residual: e.Residual}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func params() Params {
	return Params{Objects: 10, Top: 5, Increments: []int{1, 5, 20}, Tolerance: 1e-9}
}

func run(t *testing.T, p Params, in map[string][]byte) artifact.BoundsSummary {
	t.Helper()
	out, err := Run(t.Context(), p, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	s, err := artifact.Decode[artifact.BoundsSummary](out[Bounds])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNothingIsViolated on random networks of different depth and scale, half of them
// with biases: the corrected bounds hold in their order, for objects, the sample, the increment.
func TestNothingIsViolated(t *testing.T) {
	for seed := range int64(30) {
		widths := []int{6, 5, 4, 4, 3, 3}[:3+seed%4]
		scale := []float64{0.05, 0.3, 1}[seed%3]
		in := networkInputs(t, seed, 30, scale, seed%2 == 1, append(widths, 4)...)
		s := run(t, params(), in)
		if s.AnyViolations {
			t.Errorf("network %d: violations in %+v", seed, s)
		}
		if s.Objects != 10 || s.Top != 5 || len(s.Bounds) != len(object.BoundNames) || len(s.Increments) != 3 || len(s.Losses) != 3 {
			t.Fatalf("network %d: %d and %d objects, %d bounds, %d increments", seed, s.Objects, s.Top, len(s.Bounds), len(s.Increments))
		}
		for _, i := range s.Increments {
			if i.Lower > i.Norm*(1+1e-6)+1e-12 || i.Norm > i.Upper*(1+1e-6)+1e-12 || i.Upper > i.Sum*(1+1e-6)+1e-12 {
				t.Errorf("network %d: increment out of order: %+v", seed, i)
			}
		}
		if b := s.Sample; b.HessianNorm > b.MeanUpper*(1+1e-6) || b.MeanGN > b.LargestGN*(1+1e-12) || b.SpreadNorm > b.SpreadMean*(1+1e-6) {
			t.Errorf("network %d: sample out of order: %+v", seed, b)
		}
		for _, l := range s.Losses {
			for j := range l.Radii {
				uniform, pointwise := l.Forms[4].Values[j], l.Forms[5].Values[j]
				if pointwise > uniform*(1+1e-9) {
					t.Errorf("network %d, k = %d, R = %v: pointwise %v above uniform %v", seed, l.K, l.Radii[j], pointwise, uniform)
				}
			}
			if at := l.Forms[5].Values[0]; math.Abs(at-l.Actual) > 1e-15 {
				t.Errorf("network %d: at R = 0 the pointwise form is %v, the difference %v", seed, at, l.Actual)
			}
		}
		var numbers []string
		for _, e := range s.Errors {
			numbers = append(numbers, e.Number)
		}
		if want := []string{"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11"}; !slices.Equal(numbers, want) {
			t.Errorf("errors %v, want %v", numbers, want)
		}
	}
}

// TestSecondSummand: with biases the second summand of Theorem 1 stays, with exponents
// that are smaller by 2 (T5); without, it goes.
func TestSecondSummand(t *testing.T) {
	for _, biased := range []bool{false, true} {
		s := run(t, params(), networkInputs(t, 3, 30, 0.8, biased, 6, 5, 4))
		m := s.Constants.LargestLayer
		want := 0.0
		if biased {
			want = math.Sqrt2 * (1 + m*m)
		}
		if e := s.Errors[4]; e.Number != "T5" || math.Abs(e.Corrected-want) > 1e-12*want || math.Abs(e.Printed-math.Sqrt2*(m*m+m*m*m*m)) > 1e-12*e.Printed {
			t.Errorf("biases %v, M_W = %v: %+v, want %v", biased, m, e, want)
		}
	}
}

// TestPrintedTheoremIsFlagged: with one small weight matrix Theorem 1 as
// printed is below ‖G_i‖ of every object (T1), the corrected bound is not.
func TestPrintedTheoremIsFlagged(t *testing.T) {
	s := run(t, params(), inputs(t, 1, 30, 1e-3, 6, 4))
	b9, _ := s.Bound("B9")
	b8, _ := s.Bound("B8")
	if b9.Violations != s.Objects+s.Top || b9.ViolationsHessian != s.Objects+s.Top || b8.Violations != 0 || b9.OutOfOrder == 0 {
		t.Errorf("printed: %+v, corrected: %+v", b9, b8)
	}
	if !s.Errors[0].Violation || s.Constants.Theorem1Holds || s.AnyViolations {
		t.Errorf("T1 %+v, constants %+v, any violations %v", s.Errors[0], s.Constants, s.AnyViolations)
	}
	if s.KinkBound != 0 {
		t.Errorf("a network without hidden units has a kink at %v", s.KinkBound)
	}
}

// TestSlack: the slack of the chain is the product of its steps for an object
// alone, that of a uniform bound is over the largest norm, and the top objects do
// not bend the quantiles.
func TestSlack(t *testing.T) {
	in := inputs(t, 3, 30, 0.5, 6, 5, 4)
	p := params()
	p.Objects, p.Top = 1, 0
	s := run(t, p, in)
	product := 1.0
	for _, name := range []string{"B2", "B3", "B4", "B5", "B6"} {
		b, _ := s.Bound(name)
		product *= b.Step
		if math.Abs(b.Slack/product-1) > 1e-12 || math.Abs(b.Step/b.StepOfMedians-1) > 1e-12 {
			t.Errorf("%s: slack %v, product of the steps %v, step %v and of medians %v", name, b.Slack, product, b.Step, b.StepOfMedians)
		}
	}
	few, more := params(), params()
	few.Top = 0
	a, b := run(t, few, in), run(t, more, in)
	for i := range a.Bounds {
		x, y := a.Bounds[i].Values, b.Bounds[i].Values
		if y.Max < x.Max {
			t.Errorf("%s: more objects lower the maximum", a.Bounds[i].Name)
		}
		y.Max = x.Max
		if x != y {
			t.Errorf("%s: quantiles %+v with the top objects, %+v without", a.Bounds[i].Name, y, x)
		}
	}
	for _, x := range b.Bounds {
		exact := b.GaussNewton.Max
		if x.Of == "H" {
			exact = b.Hessian.Max
		}
		if x.Uniform && (x.Values.Min != x.Values.Max || x.Slack != x.Values.Max/exact) {
			t.Errorf("%s is uniform: slack %v, values %+v, largest norm %v", x.Name, x.Slack, x.Values, exact)
		}
	}
	if b.Bounds[0].Values.Max != b.GaussNewton.Max {
		t.Errorf("the largest ‖G_i‖ %v is not among the evaluated ones, %v", b.GaussNewton.Max, b.Bounds[0].Values.Max)
	}
}

func TestBytesDoNotDependOnWorkers(t *testing.T) {
	in := inputs(t, 4, 30, 0.5, 6, 5, 4, 3)
	var first []byte
	for _, workers := range []int{1, 3} {
		one := task.New(in)
		one.Workers = workers
		out, err := Run(t.Context(), params(), one)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out[Bounds]
		}
		if !bytes.Equal(first, out[Bounds]) {
			t.Errorf("%d workers give other bytes", workers)
		}
	}
}

func TestErrors(t *testing.T) {
	good := inputs(t, 5, 10, 0.5, 4, 3)
	for says, p := range map[string]Params{
		"has one object":     {SampleSize: 1, Tolerance: 0.1},
		"tolerance is 0":     {},
		"increments are":     {Tolerance: 0.1, Increments: []int{3, 3}},
		"sample size is 11:": {Tolerance: 0.1, SampleSize: 11},
	} {
		if _, err := Run(t.Context(), p, task.New(good)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
	}
	delete(good, mlp.Weights)
	if _, err := Run(t.Context(), params(), task.New(good)); err == nil || !strings.Contains(err.Error(), "input weights") {
		t.Errorf("without weights: %v", err)
	}
}

// TestEigenvaluesAreUsed: the ends of the spectrum of H are those of the input,
// and nothing else depends on them.
func TestEigenvaluesAreUsed(t *testing.T) {
	in := inputs(t, 3, 30, 0.3, 6, 5, 4, 4)
	want := run(t, params(), in)
	given := curvature.Range{Least: -1, Largest: 2.5, Residual: 1e-7}
	in[Eigenvalues] = eigenvalues(t, given)
	got := run(t, params(), in)
	if got.Sample.Residual != 1e-7 || got.Sample.HessianNorm != 2.5 || got.Sample.LeastEigenvalue != -1 {
		t.Errorf("the sample is %+v, the spectrum %+v", got.Sample, given)
	}
	got.Sample.HessianNorm, got.Sample.Residual, got.Sample.LeastEigenvalue = want.Sample.HessianNorm, want.Sample.Residual, want.Sample.LeastEigenvalue
	got.Sample.Violation, got.AnyViolations = want.Sample.Violation, want.AnyViolations
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	spectrum := artifact.TermSpectrum{Top: []artifact.Eigenvalue{{Value: 1}}}
	var err error
	if in[Eigenvalues], err = artifact.Encode(spectrum); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), params(), task.New(in)); err == nil || !strings.Contains(err.Error(), "0 at the bottom") {
		t.Errorf("without a smallest eigenvalue: %v", err)
	}
}
