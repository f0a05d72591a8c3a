package trajectory

import (
	"bytes"
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func runNorms(t *testing.T, p NormsParams, in map[string][]byte, workers int) (artifact.Norms, []byte) {
	t.Helper()
	k := task.New(in)
	k.Workers = workers
	out, err := RunNorms(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	r, err := artifact.Decode[artifact.Norms](out[Norms])
	if err != nil {
		t.Fatal(err)
	}
	return r, out[Norms]
}

// TestNorms: on all objects the norms are those of Run to twice the tolerance, power
// iterations stay below the norm, the bounds above ‖G‖, and workers change no bit; a
// batch of all objects is all objects.
func TestNorms(t *testing.T) {
	in, p := snapshots(t)
	want, _ := run(t, p, in, 1)
	q := NormsParams{SampleSize: p.SampleSize, Snapshots: p.Snapshots, Epochs: p.Epochs, PowerIterations: 25, Seed: 3}
	got, one := runNorms(t, q, in, 1)
	x, y := got.Points[1], want.Points[1]
	for _, of := range [][2]float64{{x.Hessian, y.Hessian}, {x.GaussNewton, y.GaussNewton}} {
		if !(math.Abs(of[0]-of[1]) <= 2*tolerance*of[1]) {
			t.Errorf("a norm is %v, want %v", of[0], of[1])
		}
	}
	if x.Products == 0 || !(x.PowerHessian > 0) || x.PowerHessian > x.Hessian*(1+tolerance) || !(x.PowerGaussNewton > 0) || x.PowerGaussNewton > x.GaussNewton*(1+tolerance) || x.SpectralBound > x.FrobeniusBound || x.SpectralBound < x.GaussNewton {
		t.Errorf("the point is %+v", x)
	}
	if _, two := runNorms(t, q, in, 2); !bytes.Equal(one, two) {
		t.Error("two workers give other bits than one")
	}
	q.Batch = 60
	if _, all := runNorms(t, q, in, 1); !bytes.Equal(one, all) {
		t.Error("a batch of all objects differs from all objects")
	}
	q.Batch = 20
	few, _ := runNorms(t, q, in, 1)
	q.BatchSeed = 1
	other, _ := runNorms(t, q, in, 1)
	if few.Objects != 20 || few.Points[0].Loss == other.Points[0].Loss {
		t.Errorf("batches of two seeds: %+v, %+v", few, other)
	}
	q.Batch = 61
	if _, err := RunNorms(t.Context(), q, task.New(in)); err == nil {
		t.Error("a batch of more objects than there are is accepted")
	}
}
