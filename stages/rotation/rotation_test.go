package rotation

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

const objects, inputs, classes = 40, 9, 3

var widths = mlp.Widths{inputs, 5, 4, classes}

// snapshots of random networks, the last one dead if asked for.
func snapshots(t *testing.T, count int, dead bool) (in map[string][]byte, rows []float32) {
	t.Helper()
	s := rng.New(3, "rotation", "test", 0)
	images, labels := make([]uint8, objects*inputs), make([]uint8, objects)
	for i := range labels {
		labels[i] = uint8(i % classes)
		for j := range inputs {
			images[i*inputs+j] = uint8(s.IntN(256))
		}
	}
	n := widths.Parameters()
	for i := range count {
		for range n {
			v := float32(0.7 * s.Normal())
			if dead && i == count-1 {
				v = 0
			}
			rows = append(rows, v)
		}
	}
	file, err := mlp.EncodeWeights(widths, split(rows[:n]), nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		mlp.Images: npy.Encode([]int{objects, inputs}, images), mlp.Labels: npy.Encode([]int{objects}, labels),
		mlp.Weights: file, Snapshots: npy.Encode([]int{count, n}, rows),
	}, rows
}

func split(row []float32) [][]float32 {
	var list [][]float32
	for p := range widths.Layers() {
		size := widths[p] * widths[p+1]
		list, row = append(list, row[:size]), row[size:]
	}
	return list
}

func params(epochs ...int) Params {
	return Params{SampleSize: objects, Epochs: epochs, Dimension: 3, Tolerance: 1e-12, Seed: 1}
}

func mustRun(t *testing.T, p Params, in map[string][]byte) artifact.Rotation {
	t.Helper()
	out, err := Run(t.Context(), p, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	r, err := artifact.Decode[artifact.Rotation](out[Rotation])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// dense returns the top eigenvectors of the whole Hessian by the dense solver,
// and all eigenvalues descending.
func dense(t *testing.T, in map[string][]byte, row []float32, d int) (vectors [][]float64, values []float64) {
	t.Helper()
	like, data, err := mlp.Decode(in, objects)
	if err != nil {
		t.Fatal(err)
	}
	network, err := like.With(row)
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
	m, err := op.Dense(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := op.Dim()
	ascending, all, err := eigen.Symmetric(m, n, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		values = append(values, ascending[n-1-i])
	}
	for i := range d {
		vectors = append(vectors, all[n-1-i])
	}
	return vectors, values
}

// TestAgainstDense compares values and overlaps with those of whole matrices:
// ‖UᵀV‖_F²/D is the mean squared cosine.
func TestAgainstDense(t *testing.T) {
	in, rows := snapshots(t, 4, false)
	p := params(0, 1, 2, 5)
	r := mustRun(t, p, in)
	n := widths.Parameters()
	var spaces [][][]float64
	for i, s := range r.Snapshots {
		vectors, values := dense(t, in, rows[i*n:(i+1)*n], p.Dimension)
		spaces = append(spaces, vectors)
		for j, v := range s.Values {
			if math.Abs(v-values[j]) > 1e-10*values[0] {
				t.Errorf("epoch %d: eigenvalue %d is %v, dense %v", s.Epoch, j, v, values[j])
			}
		}
		if s.Error > 1e-5 {
			t.Errorf("epoch %d: error %v", s.Epoch, s.Error)
		}
	}
	// 0–1, 0–2, 1–2, 0–5, 1–5, 2–5: all of four.
	if len(r.Pairs) != 6 {
		t.Errorf("%d pairs", len(r.Pairs))
	}
	at := map[int]int{0: 0, 1: 1, 2: 2, 5: 3}
	for _, x := range r.Pairs {
		want := 0.0
		for _, u := range spaces[at[x.From]] {
			for _, v := range spaces[at[x.To]] {
				dot := 0.0
				for i := range u {
					dot += float64(u[i] * v[i])
				}
				want += float64(dot*dot) / float64(p.Dimension)
			}
		}
		if math.Abs(x.Overlap-want) > 1e-6 {
			t.Errorf("overlap of %d and %d is %v, dense %v", x.From, x.To, x.Overlap, want)
		}
		if sum := float64(p.Dimension) * (1 - x.Overlap); math.Abs(x.FrobeniusSine*x.FrobeniusSine-sum) > 1e-9 || x.LargestSine > 1 {
			t.Errorf("sines of %d and %d: %v, %v", x.From, x.To, x.LargestSine, x.FrobeniusSine)
		}
	}
}

// TestSameAndDead: equal weights overlap wholly, and a dead network has no
// eigenspace to speak of.
func TestSameAndDead(t *testing.T) {
	in, rows := snapshots(t, 1, false)
	n := widths.Parameters()
	in[Snapshots] = npy.Encode([]int{2, n}, append(rows, rows...))
	r := mustRun(t, params(3, 4), in)
	if x, ok := r.Pair(3, 4); !ok || 1-x.Overlap > 1e-12 || x.LargestSine > 1e-6 || r.Chance != 3/float64(n) {
		t.Errorf("the same weights overlap by %v, sine %v, chance %v", x.Overlap, x.LargestSine, r.Chance)
	}
	in, _ = snapshots(t, 2, true)
	r = mustRun(t, params(0, 1), in)
	if x, _ := r.Pair(0, 1); x.Error != 1 || r.Snapshots[1].Values[0] != 0 {
		t.Errorf("a dead network: error %v, eigenvalues %v", x.Error, r.Snapshots[1].Values)
	}
}

// TestWorkersReachNoBit: the output is the same bytes for any number of workers.
func TestWorkersReachNoBit(t *testing.T) {
	in, _ := snapshots(t, 3, false)
	var want []byte
	for _, workers := range []int{1, 3, 8} {
		job := task.New(in)
		job.Workers = workers
		out, err := Run(t.Context(), params(0, 1, 2), job)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = out[Rotation]
		}
		if !bytes.Equal(out[Rotation], want) {
			t.Errorf("%d workers give other bytes than 1", workers)
		}
	}
}

func TestErrors(t *testing.T) {
	in, _ := snapshots(t, 2, false)
	for want, change := range map[string]func(p *Params){
		"want 3 snapshots":   func(p *Params) { p.Epochs = []int{0, 1, 2} },
		"at least one":       func(p *Params) { p.Epochs = nil },
		"dimension 0":        func(p *Params) { p.Dimension = 0 },
		"tolerance 2":        func(p *Params) { p.Tolerance = 2 },
		"sample size is 999": func(p *Params) { p.SampleSize = 999 },
	} {
		p := params(0, 1)
		change(&p)
		if _, err := Run(t.Context(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}
