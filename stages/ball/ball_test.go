package ball

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// network is a random network with Gaussian objects.
func network(t *testing.T, seed int64, objects int, widths ...int) map[string][]byte {
	t.Helper()
	s := rng.New(seed, "ball", "test", 0)
	var tensors []safetensors.Tensor
	for p := range widths[1:] {
		w := make([]float64, widths[p]*widths[p+1])
		for i := range w {
			w[i] = 0.5 * s.Normal()
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
	return map[string][]byte{
		mlp.Images: npy.Encode([]int{objects, widths[0]}, x), mlp.Labels: npy.Encode([]int{objects}, y), mlp.Weights: weights,
	}
}

func params() Params {
	return Params{K: 12, Directions: 3, Radii: []float64{0.001, 0.01, 0.1, 1}, Tolerance: 1e-9}
}

func run(t *testing.T, p Params, in map[string][]byte) (artifact.BallSummary, []float64) {
	t.Helper()
	out, err := Run(t.Context(), p, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	s, err := artifact.Decode[artifact.BallSummary](out[Ball])
	if err != nil {
		t.Fatal(err)
	}
	a, err := npy.Decode(out[Curves])
	if err != nil {
		t.Fatal(err)
	}
	curves, err := npy.Values[float64](a)
	if err != nil {
		t.Fatal(err)
	}
	if a.Shape[0] != 2*(s.Random+s.Eigen) || a.Shape[1] != 2 || a.Shape[2] != len(s.Spheres) {
		t.Fatalf("curves of shape %v for %d and %d directions, %d spheres", a.Shape, s.Random, s.Eigen, len(s.Spheres))
	}
	return s, curves
}

// TestRemainderIsCubic: without hidden units the loss is smooth, so that the
// quadratic model misses R³: halving R divides the remainder by 8.
func TestRemainderIsCubic(t *testing.T) {
	p := params()
	p.Radii = []float64{0.005, 0.01, 0.02}
	s, curves := run(t, p, network(t, 1, 20, 4, 3))
	for row := range 2 * s.Random {
		missed := make([]float64, 3)
		for i := range missed {
			missed[i] = math.Abs(curves[row*6+i] - curves[row*6+3+i])
		}
		for i := range 2 {
			if ratio := missed[i+1] / missed[i]; math.Abs(ratio-8) > 0.6 {
				t.Errorf("direction %d: remainder grows by %v when R doubles, want 8", row, ratio)
			}
		}
	}
	if s.ExceededAt != 0 || s.KinkAdded != 0 || s.KinkNearest != 0 || s.Spheres[2].Flips != 0 {
		t.Errorf("a smooth loss exceeds %v at %v, kinks at %v and %v", s.Allowed, s.ExceededAt, s.KinkAdded, s.KinkNearest)
	}
}

// TestActual compares a sphere with the network itself at θ + R u.
func TestActual(t *testing.T) {
	in := network(t, 2, 20, 5, 4, 3)
	n, data, err := mlp.Decode(in, 0)
	if err != nil {
		t.Fatal(err)
	}
	dim := n.Parameters()
	vectors := make([]float64, 2*dim) // two unit vectors
	vectors[3], vectors[dim+dim-1] = 1, 1
	in[Vectors] = npy.Encode([]int{2, dim}, vectors)
	p := params()
	s, curves := run(t, p, in)
	if s.Eigen != 2 || s.K != 12 {
		t.Fatalf("%d eigenvectors, k = %d", s.Eigen, s.K)
	}
	radii := len(p.Radii)
	for i, r := range p.Radii {
		for sign, step := range []float64{r, -r} {
			flat := n.Flat()
			flat[3] += step
			var moved [][]float64
			for q := range n.Layers() {
				moved = append(moved, flat[n.Offset(q):][:len(n.Weights[q])])
			}
			there, err := mlp.NewNetwork(n.Widths, moved)
			if err != nil {
				t.Fatal(err)
			}
			pt, err := curvature.NewPoint(t.Context(), there, data, 1)
			if err != nil {
				t.Fatal(err)
			}
			want := pt.MeanLoss(13) - pt.MeanLoss(12)
			row := 2*s.Random + sign
			if got := curves[row*2*radii+i]; math.Abs(got-want) > 1e-13 {
				t.Errorf("R = %v: difference %v, want %v", step, got, want)
			}
		}
	}
}

// TestBoundsHold: the pointwise bound is one of the quadratic model in every
// direction; the uniform bound is above it.
func TestBoundsHold(t *testing.T) {
	for seed := range int64(20) {
		s, curves := run(t, params(), network(t, seed, 20, []int{5, 4, 4, 3}[:2+seed%3]...))
		pointwise, _ := s.Form("pointwise")
		uniform, _ := s.Form("uniform")
		for i, x := range s.Spheres {
			for d := range 2 * s.Random {
				if model := math.Abs(curves[(2*d+1)*len(s.Spheres)+i]); model > float64(pointwise[i]*(1+1e-6)) {
					t.Errorf("network %d, R = %v, direction %d: model %v above the bound %v", seed, x.Radius, d, model, pointwise[i])
				}
			}
			if pointwise[i] > float64(uniform[i]*(1+1e-9)) {
				t.Errorf("network %d, R = %v: pointwise %v above uniform %v", seed, x.Radius, pointwise[i], uniform[i])
			}
			if x.Random.Max != x.Largest || x.LargestEigen != 0 || x.Remainder != x.RandomRemainder {
				t.Errorf("network %d: without eigenvectors the sphere %d is %+v", seed, i, x)
			}
			if i > 0 && x.Flips < s.Spheres[i-1].Flips {
				t.Logf("network %d: fewer flips at %v than nearer", seed, x.Radius)
			}
		}
		if math.Abs(s.Spheres[0].Largest-s.AtCentre) > 0.2*s.AtCentre+1e-3 {
			t.Errorf("network %d: %v near the centre, %v at it", seed, s.Spheres[0].Largest, s.AtCentre)
		}
	}
}

// TestExceeded: far from a network of two layers its loss is not quadratic, so the
// difference exceeds the pointwise bound; without hidden units it does not, near
// the weights.
func TestExceeded(t *testing.T) {
	p := params()
	p.Radii = []float64{0.001, 100}
	s, _ := run(t, p, network(t, 3, 20, 5, 4, 4, 3))
	if over := s.Exceeded("pointwise"); !slices.Equal(over, []int{1}) {
		t.Errorf("the pointwise bound is exceeded on the spheres %v", over)
	}
	for _, f := range s.Forms {
		for i, v := range f.Values {
			if slices.Contains(s.Exceeded(f.Name), i) != (v < s.Spheres[i].Largest) {
				t.Errorf("%s on sphere %d: bound %v, largest difference %v", f.Name, i, v, s.Spheres[i].Largest)
			}
		}
	}
	if s.Exceeded("no such bound") != nil {
		t.Error("a bound that does not exist is exceeded")
	}
}

func TestBytesDoNotDependOnWorkers(t *testing.T) {
	in := network(t, 4, 30, 6, 5, 4, 3)
	var first map[string][]byte
	for _, workers := range []int{1, 3} {
		one := task.New(in)
		one.Workers = workers
		out, err := Run(t.Context(), params(), one)
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
	in := network(t, 5, 10, 4, 3)
	in[Vectors] = npy.Encode([]int{1, 5}, make([]float64, 5))
	if _, err := Run(t.Context(), params(), task.New(in)); err == nil || !strings.Contains(err.Error(), "want [any 12]") {
		t.Errorf("vectors of another network: %v", err)
	}
	for says, change := range map[string]func(*Params){
		"0 radii":      func(p *Params) { p.Radii = nil },
		"radii are":    func(p *Params) { p.Radii = []float64{0} },
		"0 directions": func(p *Params) { p.Directions = 0 },
		"tolerance is": func(p *Params) { p.Tolerance = 2 },
		"k = -1":       func(p *Params) { p.K = -1 },
	} {
		p := params()
		change(&p)
		if _, err := Run(t.Context(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
	}
}
