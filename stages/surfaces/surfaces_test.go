package surfaces

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func params() Params {
	return Params{SampleSize: 30, Points: 9, Side: 5, EigenRadius: 1e-3, RandomRadius: 0.5, Seed: 1}
}

// inputs adds two directions, not eigenvectors: nothing here depends on that.
func inputs(t *testing.T) (map[string][]byte, []float64) {
	in := curvaturetest.Inputs(t, 31, 12, 6, 5, 4)
	network, _, err := mlp.Decode(in, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := network.Parameters()
	v := make([]float64, 2*n)
	for i := range v {
		v[i] = float64((i*7)%11) - 5
	}
	in[Vectors] = npy.Encode([]int{2, n}, v)
	return in, v
}

func run(t *testing.T, p Params, workers int, in map[string][]byte) map[string][]byte {
	t.Helper()
	k := task.New(in)
	k.Workers = workers
	out, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSurfaces compares the centre, a corner and the curvature with points
// evaluated there.
func TestSurfaces(t *testing.T) {
	in, vectors := inputs(t)
	p := params()
	out := run(t, p, 2, in)
	s, err := artifact.Decode[artifact.SurfaceSummary](out[Summary])
	if err != nil {
		t.Fatal(err)
	}
	network, data, err := mlp.Decode(in, 0)
	if err != nil {
		t.Fatal(err)
	}
	losses := func(move func(theta []float64)) (small, large float64) {
		theta := network.Flat()
		move(theta)
		var weights [][]float64
		for i, w := range network.Weights {
			weights = append(weights, theta[network.Offset(i):][:len(w)])
		}
		moved, err := mlp.NewNetwork(network.Widths, weights)
		if err != nil {
			t.Fatal(err)
		}
		pt, err := curvature.NewPoint(t.Context(), moved, data, 1)
		if err != nil {
			t.Fatal(err)
		}
		return pt.MeanLoss(30), pt.MeanLoss(31)
	}
	check := func(what string, small, large, difference float64, move func([]float64)) {
		wantSmall, wantLarge := losses(move)
		for _, d := range []float64{small - wantSmall, large - wantLarge, difference - (wantLarge - wantSmall)} {
			if math.Abs(d) > 1e-13 {
				t.Errorf("%s: L_k %v, L_{k+1} %v, difference %v, want %v, %v", what, small, large, difference, wantSmall, wantLarge)
			}
		}
	}
	unit := func(i int) []float64 {
		n := network.Parameters()
		v := append([]float64(nil), vectors[i*n:(i+1)*n]...)
		kernel.Scale64(v, 1/math.Sqrt(kernel.Dot64(v, v)))
		return v
	}
	shape, lines := curvaturetest.Floats(t, out[Lines])
	if len(shape) != 3 || shape[0] != 4 || shape[1] != 3 || shape[2] != 9 || len(s.Directions) != 4 {
		t.Fatalf("lines have shape %v, %d directions", shape, len(s.Directions))
	}
	for d := range 4 {
		line := lines[d*27:]
		check("centre", line[4], line[9+4], line[18+4], func([]float64) {})
	}
	u, v := unit(0), unit(1)
	check("end of the first line", lines[8], lines[9+8], lines[18+8], func(theta []float64) {
		kernel.Axpy64(theta, s.Directions[0].Radius, u)
	})
	shape, plane := curvaturetest.Floats(t, out[EigenPlane])
	if len(shape) != 3 || shape[0] != 3 || shape[1] != 5 || shape[2] != 5 {
		t.Fatalf("the plane has shape %v", shape)
	}
	check("corner", plane[1*5+4], plane[25+9], plane[50+9], func(theta []float64) {
		kernel.Axpy64(theta, s.Directions[0].Radius, u)
		kernel.Axpy64(theta, -s.Directions[1].Radius/2, v)
	})
	// the middle of a fine line bends as the Hessian says
	step := s.Directions[0].Radius / 4
	bend := (lines[5] - 2*lines[4] + lines[3]) / (step * step)
	if want := s.Directions[0].Curvature; math.Abs(bend-want) > 1e-3*math.Abs(want)+1e-6 {
		t.Errorf("second difference %v, vᵀHv = %v", bend, want)
	}
	theta := network.Flat()
	if want := 0.5 * math.Sqrt(kernel.Dot64(theta, theta)); s.Directions[2].Kind != "random" || math.Abs(s.Directions[2].Radius-want) > 1e-12*want {
		t.Errorf("random direction %+v, want radius %v", s.Directions[2], want)
	}
}

func TestWorkersReachNoBit(t *testing.T) {
	in, _ := inputs(t)
	want := run(t, params(), 1, in)
	for name, b := range run(t, params(), 4, in) {
		if !bytes.Equal(b, want[name]) {
			t.Errorf("output %s depends on the number of workers", name)
		}
	}
}

func TestRefuses(t *testing.T) {
	in, v := inputs(t)
	for want, change := range map[string]func(*Params){
		"odd":         func(p *Params) { p.Points = 8 },
		"radii":       func(p *Params) { p.EigenRadius = 0 },
		"sample size": func(p *Params) { p.SampleSize = 31 },
		"at least 1":  func(p *Params) { p.SampleSize = 0 },
	} {
		p := params()
		change(&p)
		if _, err := Run(t.Context(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
	for want, vectors := range map[string][]byte{
		"input vectors has shape [1 4]": npy.Encode([]int{1, 4}, make([]float64, 4)),
		"has 1 rows: want at least two": npy.Encode([]int{1, len(v) / 2}, v[:len(v)/2]),
	} {
		in[Vectors] = vectors
		if _, err := Run(t.Context(), params(), task.New(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
}
