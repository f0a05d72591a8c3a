package trajectory

import (
	"bytes"
	"math"
	"slices"
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
	in[Spectrum] = spectrumOf(network.Parameters(), 60)
	return in, Params{SampleSize: 60, Snapshots: []int{0, 2, 5}, Epochs: []int{0, 2, 5}, Seed: 3}
}

// spectrumOf is a spectrum as the trained network's could be.
func spectrumOf(parameters, objects int) []byte {
	of := func(top, bottom, residual float64) artifact.TermSpectrum {
		return artifact.TermSpectrum{
			Norm: max(top, -bottom), Top: []artifact.Eigenvalue{{Value: top, Residual: residual}}, Bottom: []artifact.Eigenvalue{{Value: bottom}},
		}
	}
	b, err := artifact.Encode(artifact.Spectrum{
		Objects: objects, Parameters: parameters,
		Hessian: of(7, -2, 0.5), GaussNewton: of(6, 0, 0.25), HTerm: of(3, -4, 0.125),
	})
	if err != nil {
		panic(err)
	}
	return b
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

// TestTrainedWeights: where the weights are those of the trained network, the ends of
// the spectra are those that are known of it.
func TestTrainedWeights(t *testing.T) {
	in, p := snapshots(t)
	network, err := mlp.DecodeNetwork(in[mlp.Weights])
	if err != nil {
		t.Fatal(err)
	}
	var row []float32
	narrow := make([][]float32, len(network.Weights))
	for i, w := range network.Weights {
		for _, x := range w {
			narrow[i] = append(narrow[i], float32(x))
		}
		row = append(row, narrow[i]...)
	}
	if in[mlp.Weights], err = mlp.EncodeWeights(network.Widths, narrow, nil); err != nil {
		t.Fatal(err)
	}
	searched, _ := run(t, p, in, 1)
	row[3] += 0.001 // one weight differs
	in[Snapshots] = npy.Encode([]int{3, network.Parameters()}, slices.Concat(row, row, row))
	differs, _ := run(t, p, in, 1)
	x := searched.Points[0]
	if x.Hessian != 7 || x.Largest != 7 || x.Least != -2 || x.GaussNewton != 6 || x.HTerm != 4 || x.Residual != 0.5 || !(x.Trace > 0) {
		t.Errorf("the trained weights have %+v", x)
	}
	for _, y := range append(differs.Points, searched.Points[1]) {
		if y.Hessian == x.Hessian || y.GaussNewton == x.GaussNewton || y.HTerm == x.HTerm {
			t.Errorf("other weights have %+v", y)
		}
	}
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
// workers. The epoch before changes only where the search starts.
func TestEpochsAreChosen(t *testing.T) {
	in, p := snapshots(t)
	all, want := run(t, p, in, 1)
	if _, got := run(t, p, in, 3); !bytes.Equal(got, want) {
		t.Error("the output depends on the number of workers")
	}
	p.Epochs = []int{2}
	one, _ := run(t, p, in, 1)
	if len(one.Points) != 1 || one.Points[0].Epoch != 2 {
		t.Fatalf("epoch 2 alone is %+v", one.Points)
	}
	a, b := one.Points[0], all.Points[1]
	for _, x := range [][2]float64{{a.Hessian, b.Hessian}, {a.Least, b.Least}, {a.GaussNewton, b.GaussNewton}, {a.HTerm, b.HTerm}} {
		if math.Abs(x[0]-x[1]) > tolerance*math.Abs(x[1]) {
			t.Errorf("epoch 2 alone is %+v, among all %+v", a, b)
		}
	}
}

// TestPartsOfEpochs: a run that goes on from the parts of an interrupted one gives the
// same bits.
func TestPartsOfEpochs(t *testing.T) {
	in, p := snapshots(t)
	parts := map[string][]byte{}
	computed := 0
	part := func(name string, f func() ([]byte, error)) ([]byte, error) {
		if b, ok := parts[name]; ok {
			return b, nil
		}
		computed++
		b, err := f()
		parts[name] = b
		return b, err
	}
	k := task.New(in)
	k.Part = part
	whole, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	delete(parts, "epoch 5")
	rest, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	if computed != 4 || !bytes.Equal(rest[Trajectory], whole[Trajectory]) {
		t.Errorf("%d parts were computed, want 4; %s, whole %s", computed, rest[Trajectory], whole[Trajectory])
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
		"over 59 objects":         func(p *Params) { p.SampleSize = 59 },
	} {
		p := good
		change(&p)
		if _, err := Run(t.Context(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
}
