package trajectory

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// snapshots adds to the inputs three snapshots of the network: its own weights,
// half of them, and zeros.
func snapshots(t *testing.T) (map[string][]byte, Params) {
	t.Helper()
	in := curvaturetest.Inputs(t, 70, 14, 6, 5, 4)
	network, err := mlp.DecodeNetwork(in[mlp.Weights])
	if err != nil {
		t.Fatal(err)
	}
	var rows []float32
	for _, scale := range []float64{1, 0.5, 0} {
		for _, w := range network.Weights {
			for _, x := range w {
				rows = append(rows, float32(scale*x))
			}
		}
	}
	in[Snapshots] = npy.Encode([]int{3, network.Parameters()}, rows)
	return in, Params{SampleSize: 60, Snapshots: []int{0, 2, 5}, Epochs: []int{0, 2, 5}, Seed: 3}
}

func run(t *testing.T, p Params, in map[string][]byte, workers int) (artifact.Trajectory, []byte) {
	t.Helper()
	k := task.New(in)
	k.Workers = workers
	out, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	r, err := artifact.Decode[artifact.Trajectory](out[Trajectory])
	if err != nil {
		t.Fatal(err)
	}
	return r, out[Trajectory]
}

// TestAgreesWithDense: the norms to 1e-3 and the trace, gradient and bounds exactly,
// of the weights and of half of them; zero weights have no curvature.
func TestAgreesWithDense(t *testing.T) {
	in, p := snapshots(t)
	r, _ := run(t, p, in, 2)
	rows, err := npy.Rows[float32](in, Snapshots, r.Parameters)
	if err != nil || len(r.Points) != 3 || r.Objects != 60 {
		t.Fatalf("%+v, %v", r, err)
	}
	like, data, err := mlp.Decode(in, p.SampleSize)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range r.Points[:2] {
		weights := make([][]float64, len(like.Weights))
		row := rows[i]
		for j, w := range like.Weights {
			for at := range w {
				weights[j] = append(weights[j], float64(row[at]))
			}
			row = row[len(w):]
		}
		network, err := mlp.NewNetwork(like.Widths, weights)
		if err != nil {
			t.Fatal(err)
		}
		pt, err := curvature.NewPoint(t.Context(), network, data, 1)
		if err != nil {
			t.Fatal(err)
		}
		near := func(what string, got, want, relative float64) {
			if math.Abs(got-want) > relative*math.Abs(want) {
				t.Errorf("epoch %d: %s is %v, want %v", x.Epoch, what, got, want)
			}
		}
		for _, of := range []struct {
			term curvature.Term
			norm float64
		}{{curvature.Hessian, x.Hessian}, {curvature.GaussNewton, x.GaussNewton}, {curvature.HTerm, x.HTerm}} {
			op, err := pt.Operator(of.term, nil)
			if err != nil {
				t.Fatal(err)
			}
			matrix, err := op.Dense(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			trace := 0.0
			for d := range op.Dim() {
				trace += matrix[d*op.Dim()+d]
			}
			values, _, err := eigen.Symmetric(matrix, op.Dim(), false, 1)
			if err != nil {
				t.Fatal(err)
			}
			least, largest := values[0], values[len(values)-1]
			near("norm of "+of.term.String(), of.norm, max(-least, largest), 1e-3)
			if of.term == curvature.Hessian {
				near("λ_max", x.Largest, largest, 1e-3)
				near("λ_min", x.Least, least, 1e-3)
				near("trace", x.Trace, trace, 1e-12)
			}
		}
		near("loss", x.Loss, pt.MeanLoss(60), 0)
		c, err := object.NewConstants(pt)
		if err != nil {
			t.Fatal(err)
		}
		bounds, err := object.New(pt, 0).Bounds(c)
		if err != nil {
			t.Fatal(err)
		}
		for b, name := range object.BoundNames {
			if got, ok := map[string]float64{"B7": x.CorrectedGaussNewton, "H_uniform": x.CorrectedHessian, "B9": x.Theorem1, "B10": x.Lemma1}[name]; ok {
				near(name, got, bounds[b], 0)
			}
		}
	}
	if x := r.Points[2]; x.Epoch != 5 || x.Hessian != 0 || x.Share() != 0 || math.Abs(x.Loss-math.Log(4)) > 1e-15 {
		t.Errorf("zero weights: %+v", x)
	}
}

// TestEpochsAreChosen: some of the snapshots, with the same bits for any number of
// workers.
func TestEpochsAreChosen(t *testing.T) {
	in, p := snapshots(t)
	all, _ := run(t, p, in, 1)
	p.Epochs = []int{2}
	one, want := run(t, p, in, 1)
	if len(one.Points) != 1 || one.Points[0] != all.Points[1] {
		t.Errorf("epoch 2 alone is %+v, among all %+v", one.Points, all.Points[1])
	}
	if _, got := run(t, p, in, 3); !bytes.Equal(got, want) {
		t.Error("the output depends on the number of workers")
	}
}

func TestRefuses(t *testing.T) {
	in, good := snapshots(t)
	for want, change := range map[string]func(*Params){
		"at least one":            func(p *Params) { p.Epochs = nil },
		"want ascending":          func(p *Params) { p.Epochs = []int{2, 0} },
		"want 2 snapshots":        func(p *Params) { p.Snapshots = []int{0, 2} },
		"no snapshot after":       func(p *Params) { p.Epochs = []int{1} },
		"sample size is 71: want": func(p *Params) { p.SampleSize = 71 },
	} {
		p := good
		change(&p)
		if _, err := Run(t.Context(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
}
