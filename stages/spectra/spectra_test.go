package spectra

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func params() Params {
	return Params{
		Top: 12, Bottom: 6, HTermEnds: 4, Tolerance: 1e-8, Floor: 1e-12,
		Classes: true, BlockSteps: 3, KinkObjects: 20, Vectors: 12, Seed: 1,
	}
}

func run(t *testing.T, p Params, workers int, inputs map[string][]byte) (artifact.Spectrum, map[string][]byte) {
	t.Helper()
	k := task.New(inputs)
	k.Workers = workers
	last := 0
	k.Progress = func(done, total int) {
		if done < last || done > total {
			t.Errorf("progress goes from %d to %d of %d", last, done, total)
		}
		last = done
	}
	out, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	s, err := artifact.Decode[artifact.Spectrum](out[Spectrum])
	if err != nil {
		t.Fatal(err)
	}
	return s, out
}

// TestLanczosAgreesWithDense: the three ways to the same spectrum, and what
// follows from each.
func TestLanczosAgreesWithDense(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 60, 20, 7, 6, 4)
	estimated, out := run(t, params(), 2, inputs)
	p := params()
	p.Dense = 1000
	dense, exact := run(t, p, 1, inputs)
	p = params()
	p.Gram = 1000
	gram, _ := run(t, p, 1, inputs)

	if estimated.Hessian.Method != "lanczos" || dense.HTerm.Method != "dense" || gram.GaussNewton.Method != "gram" || gram.Hessian.Method != "lanczos" {
		t.Errorf("methods %s, %s, %s, %s", estimated.Hessian.Method, dense.HTerm.Method, gram.GaussNewton.Method, gram.Hessian.Method)
	}
	for _, c := range []struct {
		name      string
		got, want artifact.TermSpectrum
	}{
		{"H", estimated.Hessian, dense.Hessian}, {"G", estimated.GaussNewton, dense.GaussNewton},
		{"R", estimated.HTerm, dense.HTerm}, {"G by Gram", gram.GaussNewton, dense.GaussNewton},
	} {
		if len(c.got.Top) != len(c.want.Top) || len(c.got.Bottom) != len(c.want.Bottom) {
			t.Fatalf("%s: %d top, %d bottom, want %d, %d", c.name, len(c.got.Top), len(c.got.Bottom), len(c.want.Top), len(c.want.Bottom))
		}
		both := append(append([]artifact.Eigenvalue(nil), c.got.Top...), c.got.Bottom...)
		for i, want := range append(append([]artifact.Eigenvalue(nil), c.want.Top...), c.want.Bottom...) {
			if d := math.Abs(both[i].Value - want.Value); d > 1e-8*math.Abs(want.Value)+1e-11*c.want.Norm {
				t.Errorf("%s: value %d is %v, want %v", c.name, i, both[i].Value, want.Value)
			}
		}
		if e := c.want.EstimatorError; e == nil || *e > 1e-8 {
			t.Errorf("%s: estimator error %v", c.name, e)
		}
		if math.Abs(c.got.Norm-c.want.Norm) > 1e-9*c.want.Norm {
			t.Errorf("%s: norm %v, want %v", c.name, c.got.Norm, c.want.Norm)
		}
	}
	if dense.Hessian.Frobenius == nil || estimated.Hessian.Frobenius != nil {
		t.Error("the Frobenius norm is exact if and only if the matrix was formed")
	}
	if g, d := *gram.GaussNewton.Frobenius, *dense.GaussNewton.Frobenius; math.Abs(g-d) > 1e-11*d {
		t.Errorf("Frobenius norm of G is %v by Gram, %v dense", g, d)
	}
	if shape, _ := curvaturetest.Floats(t, out[Exact]); !slices.Equal(shape, []int{0}) {
		t.Errorf("Lanczos knows eigenvalues of shape %v, want none", shape)
	}
	_, all := curvaturetest.Floats(t, exact[Exact])
	if len(all) != dense.Parameters || !slices.IsSorted(all) || all[len(all)-1] != dense.Hessian.Top[0].Value || all[0] != dense.Hessian.Bottom[0].Value {
		t.Errorf("%d exact eigenvalues from %v to %v, want %d with the ends of %+v", len(all), all[0], all[len(all)-1], dense.Parameters, dense.Hessian)
	}
	if sum := kernel.Sum64(all); math.Abs(sum-dense.Hessian.Trace) > 1e-11*dense.Hessian.Trace {
		t.Errorf("all eigenvalues sum to %v, the trace is %v", sum, dense.Hessian.Trace)
	}
	trace := 0.0
	for _, x := range estimated.LayerTraces {
		trace += x
	}
	if math.Abs(trace-estimated.Hessian.Trace) > 1e-13*trace || estimated.HTerm.Trace != 0 {
		t.Errorf("traces %v, %v, by layers %v", estimated.Hessian.Trace, estimated.HTerm.Trace, trace)
	}
	if estimated.NullSpace.ConstantInputs < 2 || estimated.NullSpace.Kink == nil || estimated.LayerBlocks == nil || estimated.ClassStructure == nil {
		t.Errorf("missing parts: %+v", estimated)
	}
	eigenvectors(t, inputs, estimated, out[Vectors])
}

// eigenvectors checks the vectors against the operator.
func eigenvectors(t *testing.T, inputs map[string][]byte, s artifact.Spectrum, file []byte) {
	t.Helper()
	shape, v := curvaturetest.Floats(t, file)
	if len(shape) != 2 || shape[0] != 12 || shape[1] != s.Parameters {
		t.Fatalf("vectors have shape %v", shape)
	}
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	op, err := pt.Operator(curvature.Hessian, nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]float64
	for i := range shape[0] {
		rows = append(rows, v[i*shape[1]:(i+1)*shape[1]])
	}
	pairs, err := eigen.Certify(t.Context(), op, rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pairs {
		if math.Abs(p.Value-s.Hessian.Top[i].Value) > 1e-12*s.Hessian.Norm || p.Residual > 1.1*s.Hessian.Top[i].Residual+1e-12*s.Hessian.Norm {
			t.Errorf("vector %d: Rayleigh quotient %v ± %g, listed %+v", i, p.Value, p.Residual, s.Hessian.Top[i])
		}
		if d := kernel.Dot64(rows[i], rows[i]); math.Abs(d-1) > 1e-13 {
			t.Errorf("vector %d has squared length %v", i, d)
		}
	}
}

// TestWorkersReachNoBit and neither does the order of goroutines.
func TestWorkersReachNoBit(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 1400, 20, 9, 6, 4)
	p := params()
	p.Dense = 1000
	for name, p := range map[string]Params{"lanczos": params(), "dense": p} {
		_, want := run(t, p, 1, inputs)
		_, got := run(t, p, 4, inputs)
		for output := range want {
			if !bytes.Equal(got[output], want[output]) {
				t.Errorf("%s: output %s depends on the number of workers", name, output)
			}
		}
	}
}

// TestIncompleteIsSolvedWhole: where the search cannot exclude that a value is missing,
// a small matrix is solved whole, and a large one has a list that says so.
func TestIncompleteIsSolvedWhole(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 1400, 20, 9, 6, 4)
	p := params()
	p.Chance = 1e-300 // more than the products of a run can show
	cut, _ := run(t, p, 1, inputs)
	p.Whole = 1000
	found, _ := run(t, p, 1, inputs)
	p.Dense = 1000
	want, _ := run(t, p, 1, inputs)
	if cut.Hessian.Converged || cut.Hessian.Complete.Whole() || cut.Hessian.Complete.Products == 0 || len(cut.Hessian.Bottom) == p.Bottom {
		t.Errorf("H is called complete: %+v", cut.Hessian)
	}
	h, exact := found.Hessian, want.Hessian
	if h.Method != "dense" || !h.Converged || h.Complete != nil || h.Missed != 0 || !slices.Equal(h.Top, exact.Top) || !slices.Equal(h.Bottom, exact.Bottom) {
		t.Errorf("H is %+v, want %+v", h, exact)
	}
}

// TestEdges: one matrix (R = 0), a dead network, a sample of one.
func TestEdges(t *testing.T) {
	s, _ := run(t, params(), 1, curvaturetest.Inputs(t, 20, 6, 3))
	if s.HTerm.Norm != 0 || s.Hessian.Norm == 0 || s.Layers != 1 {
		t.Errorf("one matrix: ‖R‖ = %v, ‖H‖ = %v", s.HTerm.Norm, s.Hessian.Norm)
	}
	p := params()
	p.SampleSize = 1
	if s, _ = run(t, p, 1, curvaturetest.Inputs(t, 20, 20, 5, 3)); s.Objects != 1 {
		t.Errorf("%d objects", s.Objects)
	}
	dead := curvaturetest.Inputs(t, 20, 20, 5, 3)
	weights, err := safetensors.Encode(nil,
		safetensors.Float64Tensor("layers.0.weight", []int{5, 20}, make([]float64, 100)),
		safetensors.Float64Tensor("layers.1.weight", []int{3, 5}, make([]float64, 15)))
	if err != nil {
		t.Fatal(err)
	}
	dead[mlp.Weights] = weights
	s, _ = run(t, params(), 1, dead)
	if s.Hessian.Norm != 0 || s.NullSpace.DeadObjects != 20 || s.NullSpace.DeadUnits[0] != 5 || s.NullSpace.Kink == nil || s.NullSpace.Kink.Margin != 0 {
		t.Errorf("a dead network: ‖H‖ = %v, null space %+v", s.Hessian.Norm, s.NullSpace)
	}
}

func TestRefuses(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 20, 20, 5, 3)
	for want, change := range map[string]func(*Params){
		"top":         func(p *Params) { p.Top = 0 },
		"tolerance":   func(p *Params) { p.Tolerance = 0 },
		"negative":    func(p *Params) { p.Dense = -1 },
		"eigenvector": func(p *Params) { p.Vectors = 13 },
		"sample size": func(p *Params) { p.SampleSize = 21 },
	} {
		p := params()
		change(&p)
		if _, err := Run(t.Context(), p, task.New(inputs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, params(), task.New(inputs)); err == nil {
		t.Error("a cancelled run returned no error")
	}
}

// planted is a network with eigenvalues of a known multiplicity m.
type planted struct {
	name   string
	widths []int
	plant  func(weights [][]float32, m int)
}

// plants make the multiplicity in different ways. With a zero last layer each
// eigenvalue of G occurs K − 1 times. H commutes with the exchange of equal units,
// so of m + 1 of them each eigenvalue of a difference occurs m times.
func plants(m int) []planted {
	equalUnits := func(weights [][]float32, widths []int, units ...int) {
		in, out, after := widths[0], widths[1], widths[2]
		for _, u := range units[1:] {
			copy(weights[0][u*in:(u+1)*in], weights[0][units[0]*in:(units[0]+1)*in])
			for row := range after {
				weights[1][row*out+u] = weights[1][row*out+units[0]]
			}
		}
	}
	first := make([]int, m+1) // the first m + 1 units
	var odd, even []int       // two sets of equal units that alternate
	for i := range first {
		first[i] = i
		odd, even = append(odd, 2*i+1), append(even, 2*i)
	}
	heads, one, two, pair := []int{12, 9, 7, m + 1}, []int{12, 14, 5, 3}, []int{10, 26, 4, 3}, []int{12, 14, 5, 2}
	return []planted{
		{"zero head", heads, func(w [][]float32, m int) { clear(w[2]) }},
		{"repeated unit", one, func(w [][]float32, m int) { equalUnits(w, one, first...) }},
		{"permuted copies", two, func(w [][]float32, m int) {
			equalUnits(w, two, even...)
			equalUnits(w, two, odd...)
		}},
		{"two classes", pair, func(w [][]float32, m int) { equalUnits(w, pair, first...) }},
	}
}

// TestNoCopyIsMissed plants eigenvalues of multiplicities 2 to 12: with a limit on
// the chance the lists of Lanczos are those of the whole matrices as far as they
// go, and a list that ends early says so.
func TestNoCopyIsMissed(t *testing.T) {
	incomplete := 0
	for m := 2; m <= 12; m++ {
		for _, c := range plants(m) {
			inputs := curvaturetest.Inputs(t, 60, c.widths...)
			network, err := mlp.DecodeNetwork(inputs[mlp.Weights])
			if err != nil {
				t.Fatal(err)
			}
			weights := make([][]float32, len(network.Weights))
			for p, matrix := range network.Weights {
				for _, x := range matrix {
					weights[p] = append(weights[p], float32(x))
				}
			}
			c.plant(weights, m)
			if inputs[mlp.Weights], err = mlp.EncodeWeights(network.Widths, weights, nil); err != nil {
				t.Fatal(err)
			}
			p := params()
			p.Chance, p.Classes, p.BlockSteps, p.KinkObjects = 1e-9, false, 0, 0
			found, _ := run(t, p, 2, inputs)
			p.Dense = 1000
			whole, _ := run(t, p, 2, inputs)
			for _, of := range []struct {
				name      string
				got, want artifact.TermSpectrum
			}{{"H", found.Hessian, whole.Hessian}, {"G", found.GaussNewton, whole.GaussNewton}, {"R", found.HTerm, whole.HTerm}} {
				name := fmt.Sprintf("%s, multiplicity %d, %s", c.name, m, of.name)
				got, want := of.got, of.want
				if got.Converged != got.Complete.Whole() {
					t.Errorf("%s: converged is %v, complete %+v", name, got.Converged, *got.Complete)
				}
				if !got.Complete.Whole() {
					incomplete++
					if next := got.Complete.NextTop; got.Complete.Top < got.Complete.AskedTop && (next == nil || next.Copies < 1) {
						t.Errorf("%s: the list ends before no value: %+v", name, *got.Complete)
					}
				} else if got.Missed > 1e-9 || len(got.Top) != len(want.Top) || len(got.Bottom) != len(want.Bottom) {
					t.Errorf("%s: complete with a chance of %v and %d and %d values", name, got.Missed, len(got.Top), len(got.Bottom))
				}
				for i := range got.Complete.Top {
					if d := math.Abs(got.Top[i].Value - want.Top[i].Value); d > 1e-7*want.Norm {
						t.Errorf("%s: value %d is %v, want %v", name, i, got.Top[i].Value, want.Top[i].Value)
					}
				}
				for i := range got.Complete.Bottom {
					if d := math.Abs(got.Bottom[i].Value - want.Bottom[i].Value); d > 1e-7*want.Norm {
						t.Errorf("%s: bottom value %d is %v, want %v", name, i, got.Bottom[i].Value, want.Bottom[i].Value)
					}
				}
			}
		}
	}
	if incomplete > 0 {
		t.Errorf("%d lists are incomplete: want them whole", incomplete)
	}
}
