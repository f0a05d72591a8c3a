package objects

import (
	"bytes"
	"cmp"
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
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func run(t *testing.T, p Params, workers int, inputs map[string][]byte) map[string][]byte {
	t.Helper()
	k := task.New(inputs)
	k.Workers = workers
	out, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestObjects compares every number with the dense matrices of each object.
func TestObjects(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 15, 12, 6, 5, 4)
	out := run(t, Params{Hessians: -1}, 2, inputs)
	shape, rows := curvaturetest.Floats(t, out[Objects])
	exactShape, hessians := curvaturetest.Floats(t, out[Hessians])
	if len(shape) != 2 || shape[0] != 15 || shape[1] != 4 || exactShape[0] != 15 || exactShape[1] != 3 {
		t.Fatalf("shapes %v and %v", shape, exactShape)
	}
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	found := map[int][2]float64{}
	for at := 0; at < len(hessians); at += 3 {
		found[int(hessians[at])] = [2]float64{hessians[at+1], hessians[at+2]}
	}
	largest, least := 0.0, 0.0
	for i := range 15 {
		c := make([]float64, i+1)
		c[i] = 1
		ends := map[curvature.Term][2]float64{}
		var trace, frobenius float64
		for _, term := range []curvature.Term{curvature.Hessian, curvature.GaussNewton} {
			op, err := pt.Operator(term, c)
			if err != nil {
				t.Fatal(err)
			}
			matrix, err := op.Dense(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if term == curvature.Hessian {
				frobenius = math.Sqrt(kernel.Dot64(matrix, matrix))
				for j := range op.Dim() {
					trace += matrix[j*op.Dim()+j]
				}
			}
			values, _, err := eigen.Symmetric(matrix, op.Dim(), false, 1)
			if err != nil {
				t.Fatal(err)
			}
			ends[term] = [2]float64{values[0], values[len(values)-1]}
		}
		h := ends[curvature.Hessian]
		for name, pair := range map[string][2]float64{
			"loss":    {rows[4*i], pt.Losses[i]},
			"‖G_i‖":   {rows[4*i+1], ends[curvature.GaussNewton][1]},
			"trace":   {rows[4*i+2], trace},
			"‖H_i‖_F": {rows[4*i+3], frobenius},
			"‖H_i‖":   {found[i][0], max(-h[0], h[1])},
			"λ_min":   {found[i][1], h[0]},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-11*(frobenius+1) {
				t.Errorf("object %d: %s is %v, want %v", i, name, pair[0], pair[1])
			}
		}
		largest, least = max(largest, max(-h[0], h[1])), min(least, h[0])
	}
	s, err := artifact.Decode[artifact.ObjectSummary](out[Summary])
	if err != nil {
		t.Fatal(err)
	}
	if s.Exact != 15 || s.NextBound != 0 || math.Abs(s.LargestHessian-largest) > 1e-11*largest || math.Abs(s.LeastHessian-least) > 1e-11*largest {
		t.Errorf("summary %+v, want largest %v, least %v", s, largest, least)
	}

	if !s.MaximumProven {
		t.Error("the maximum over all objects is not proven though each was computed")
	}
	for m := range 15 {
		topByBound(t, pt, inputs, m, found, largest)
	}
}

// topByBound compares the m objects whose H_i are computed with those whose
// bounds, all computed here, are the largest.
func topByBound(t *testing.T, pt *curvature.Point, inputs map[string][]byte, m int, exact map[int][2]float64, largest float64) {
	t.Helper()
	c, err := object.NewConstants(pt)
	if err != nil {
		t.Fatal(err)
	}
	all, err := object.NewBounds(t.Context(), pt, task.New(nil).Part, object.Spread(15, 0), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	squares, err := object.SquaredFrobenius(t.Context(), pt, all.Objects)
	if err != nil {
		t.Fatal(err)
	}
	bounds := make([]float64, 15)
	for i := range bounds {
		bounds[i] = min(all.Row("alpha_plus_c")[i], all.Row("B0_plus_C")[i], math.Sqrt(squares[i]))
		if bounds[i] < exact[i][0]*(1-1e-12) {
			t.Errorf("object %d: bound %v below ‖H_i‖ = %v", i, bounds[i], exact[i][0])
		}
	}
	order := object.Spread(15, 0)
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(bounds[j], bounds[i]) })
	out := run(t, Params{Hessians: m}, 1, inputs)
	_, rows := curvaturetest.Floats(t, out[Hessians])
	for at := range m {
		if i := int(rows[3*at]); i != order[at] || rows[3*at+1] != exact[i][0] {
			t.Errorf("top %d: number %d is object %d with ‖H_i‖ = %v, want object %d", m, at, i, rows[3*at+1], order[at])
		}
	}
	s, err := artifact.Decode[artifact.ObjectSummary](out[Summary])
	if err != nil {
		t.Fatal(err)
	}
	if s.Exact != m || s.NextBound != bounds[order[m]] {
		t.Errorf("top %d: %+v, want next bound %v", m, s, bounds[order[m]])
	}
	if s.MaximumProven && s.LargestHessian < largest*(1-1e-12) || s.MaximumProven != (s.LargestHessian >= s.NextBound) {
		t.Errorf("top %d: %+v, largest of all %v", m, s, largest)
	}
}

// TestLargest: of many objects only few have their bounds computed, and the
// choice is that of the bounds of all.
func TestLargest(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 700, 12, 6, 5, 4)
	all, m := run(t, Params{Hessians: -1}, 2, inputs), 200
	few := run(t, Params{Hessians: m}, 2, inputs)
	_, norms := curvaturetest.Floats(t, all[Hessians])
	_, rows := curvaturetest.Floats(t, few[Hessians])
	s, err := artifact.Decode[artifact.ObjectSummary](few[Summary])
	if err != nil {
		t.Fatal(err)
	}
	chosen := map[int]bool{}
	for at := 0; at < len(rows); at += 3 {
		chosen[int(rows[at])] = true
	}
	proven := 0.0
	for i := range 700 {
		if !chosen[i] && norms[3*i+1] > s.NextBound*(1+1e-9) {
			t.Errorf("object %d has ‖H_i‖ = %v and was not chosen, next bound %v", i, norms[3*i+1], s.NextBound)
		}
		proven = max(proven, norms[3*i+1])
	}
	if len(chosen) != m || !s.MaximumProven || s.LargestHessian != proven {
		t.Errorf("%d objects, %+v, largest of all %v", len(chosen), s, proven)
	}
}

// TestDead: all H_i are zero, and that is proven without computing one.
func TestDead(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 10, 4, 3, 2)
	weights, err := safetensors.Encode(nil,
		safetensors.Float64Tensor("layers.0.weight", []int{3, 4}, make([]float64, 12)),
		safetensors.Float64Tensor("layers.1.weight", []int{2, 3}, make([]float64, 6)))
	if err != nil {
		t.Fatal(err)
	}
	inputs[mlp.Weights] = weights
	for _, m := range []int{0, 3, -1} {
		out := run(t, Params{Hessians: m}, 1, inputs)
		s, err := artifact.Decode[artifact.ObjectSummary](out[Summary])
		if err != nil {
			t.Fatal(err)
		}
		if s.Dead != 10 || s.LargestHessian != 0 || s.NextBound != 0 || !s.MaximumProven {
			t.Errorf("%d Hessians: %+v", m, s)
		}
	}
}

func TestWorkersReachNoBit(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 700, 12, 6, 5, 4)
	want := run(t, Params{Hessians: 20}, 1, inputs)
	for name, b := range run(t, Params{Hessians: 20}, 5, inputs) {
		if !bytes.Equal(b, want[name]) {
			t.Errorf("output %s depends on the number of workers", name)
		}
	}
}

func TestRefuses(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 5, 12, 6, 4)
	if _, err := Run(t.Context(), Params{Hessians: -2}, task.New(inputs)); err == nil || !strings.Contains(err.Error(), "-2 Hessians") {
		t.Errorf("%v", err)
	}
	if _, err := Run(t.Context(), Params{SampleSize: 6}, task.New(inputs)); err == nil || !strings.Contains(err.Error(), "sample size") {
		t.Errorf("%v", err)
	}
}

// TestParts: a run that finds some of its parts gives what a run that finds none
// does.
func TestParts(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 150, 12, 6, 5, 4)
	for _, m := range []int{0, 70, -1} {
		kept := map[string][]byte{}
		k := task.New(inputs)
		k.Part = func(name string, f func() ([]byte, error)) ([]byte, error) {
			b, err := f()
			kept[name] = b
			return b, err
		}
		want, err := Run(t.Context(), Params{Hessians: m}, k)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) < 3 {
			t.Errorf("%d Hessians: only %d parts", m, len(kept))
		}
		found := 0
		k = task.New(inputs)
		k.Part = func(name string, f func() ([]byte, error)) ([]byte, error) {
			if found++; found%2 == 1 {
				return kept[name], nil
			}
			return f()
		}
		got, err := Run(t.Context(), Params{Hessians: m}, k)
		if err != nil {
			t.Fatal(err)
		}
		for output := range want {
			if !bytes.Equal(got[output], want[output]) {
				t.Errorf("%d Hessians: output %s differs", m, output)
			}
		}
	}
}
