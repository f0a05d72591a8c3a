package layers

import (
	"bytes"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func params() Params {
	return Params{
		Blocks: true, Diagonal: true, Fisher: true, Top: 5, Bottom: 3, Tolerance: 1e-9, Floor: 1e-12, Chance: 1e-9, Seed: 1,
		Steps: 12, Probes: 4,
	}
}

// given are the inputs of a random network with what the stage spectra says of it:
// its traces, and two orthonormal vectors, the first along the gradient.
func given(t *testing.T) (map[string][]byte, *curvature.Point) {
	t.Helper()
	inputs := maps.Clone(curvaturetest.Inputs(t, 80, 12, 6, 5, 3))
	pt, err := curvature.Open(t.Context(), inputs, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	traces, err := pt.LayerTraces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if inputs[Spectrum], err = artifact.Encode(artifact.Spectrum{LayerTraces: traces}); err != nil {
		t.Fatal(err)
	}
	first, err := pt.Gradient(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	kernel.Normalise64(first)
	second := make([]float64, len(first))
	second[0] = 1
	kernel.Axpy64(second, -first[0], first)
	kernel.Normalise64(second)
	inputs[Vectors] = npy.Encode([]int{2, len(first)}, append(first, second...))
	return inputs, pt
}

func run(t *testing.T, p Params, inputs map[string][]byte, workers int) (artifact.Layers, map[string][]byte) {
	t.Helper()
	k := task.New(inputs)
	k.Workers = workers
	out, err := Run(t.Context(), p, k)
	if err != nil {
		t.Fatal(err)
	}
	l, err := artifact.Decode[artifact.Layers](out[Layers])
	if err != nil {
		t.Fatal(err)
	}
	return l, out
}

// TestBlocks compares the blocks that Lanczos and the whole solution find with
// those cut out of the whole H and G, and everything else with its definition.
func TestBlocks(t *testing.T) {
	inputs, pt := given(t)
	lanczos, out := run(t, params(), inputs, 2)
	p := params()
	p.Dense = 1000
	dense, _ := run(t, p, inputs, 1)
	n := pt.Network
	for term, of := range map[curvature.Term]func(artifact.LayerSpectrum) artifact.TermSpectrum{
		curvature.Hessian:     func(l artifact.LayerSpectrum) artifact.TermSpectrum { return l.Hessian },
		curvature.GaussNewton: func(l artifact.LayerSpectrum) artifact.TermSpectrum { return l.GaussNewton },
	} {
		op, err := pt.Operator(term, nil)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := op.Dense(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for layer := range n.Layers() {
			lo, hi := n.Offset(layer), n.Offset(layer+1)
			var block []float64
			trace := 0.0
			for i := lo; i < hi; i++ {
				block = append(block, whole[i*op.Dim()+lo:i*op.Dim()+hi]...)
				trace += whole[i*op.Dim()+i]
			}
			values, _, err := eigen.Symmetric(block, hi-lo, false, 1)
			if err != nil {
				t.Fatal(err)
			}
			for name, got := range map[string]artifact.LayerSpectrum{"lanczos": lanczos.Blocks[layer], "dense": dense.Blocks[layer]} {
				s := of(got)
				if got.Parameters != hi-lo || s.Method != name || math.Abs(s.Trace-trace) > 1e-12*trace {
					t.Errorf("%v of layer %d: %d parameters, method %s, trace %v, want %d, %s, %v", term, layer, got.Parameters, s.Method, s.Trace, hi-lo, name, trace)
				}
				for i, e := range s.Top {
					if want := values[len(values)-1-i]; math.Abs(e.Value-want) > 1e-8*s.Norm {
						t.Errorf("%v of layer %d, %s: value %d is %v, want %v", term, layer, name, i, e.Value, want)
					}
				}
			}
		}
	}
	if c := lanczos.GradientCosine; len(c) != 2 || math.Abs(c[0]-1) > 1e-12 || c[1] > 1e-12 {
		t.Errorf("cosines of the gradient with itself and with what is orthogonal to it: %v", c)
	}
	for layer, b := range lanczos.Blocks { // random signs have the exact first moment of a diagonal matrix
		if len(b.Nodes) != 4 || len(b.Weights) != 4 {
			t.Fatalf("layer %d: %d rules", layer, len(b.Nodes))
		}
		for probe, nodes := range b.Nodes {
			total := 0.0
			for i := range nodes {
				total += b.Weights[probe][i]
			}
			if math.Abs(total-1) > 1e-12 {
				t.Errorf("layer %d: the weights of probe %d add up to %v", layer, probe, total)
			}
		}
	}
	shape, diagonals := curvaturetest.Floats(t, out[Diagonals])
	want, err := pt.Diagonal(t.Context(), curvature.GaussNewton)
	if err != nil {
		t.Fatal(err)
	}
	if len(shape) != 2 || shape[0] != 2 {
		t.Fatalf("diagonals of shape %v", shape)
	}
	curvaturetest.Agree(t, "diagonal of G", diagonals[shape[1]:], want, 0)
	fisher(t, pt, *lanczos.Fisher)
}

// fisher compares the empirical Fisher matrix with the gradients of the objects.
func fisher(t *testing.T, pt *curvature.Point, got artifact.TermSpectrum) {
	t.Helper()
	k, dim := pt.Data.Objects, pt.Network.Parameters()
	matrix, trace := make([]float64, dim*dim), 0.0
	for i := range k {
		c := make([]float64, i+1)
		c[i] = 1
		g, err := pt.Gradient(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for a, x := range g {
			kernel.Axpy64(matrix[a*dim:(a+1)*dim], x/float64(k), g)
		}
		trace += kernel.Dot64(g, g) / float64(k)
	}
	eigen.Symmetrise(matrix, dim)
	values, _, err := eigen.Symmetric(matrix, dim, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Trace-trace) > 1e-12*trace || len(got.Top) != 5 {
		t.Errorf("trace %v, want %v; %d values", got.Trace, trace, len(got.Top))
	}
	for i, e := range got.Top {
		if want := values[dim-1-i]; math.Abs(e.Value-want) > 1e-8*got.Norm {
			t.Errorf("value %d of the empirical Fisher matrix is %v, want %v", i, e.Value, want)
		}
	}
}

// TestSameBits: neither workers nor kept parts change a bit, and what is not asked
// for is not there.
func TestSameBits(t *testing.T) {
	inputs, _ := given(t)
	_, want := run(t, params(), inputs, 1)
	kept := map[string][]byte{}
	for round := range 2 {
		k := task.New(inputs)
		k.Workers = 4
		k.Part = func(name string, f func() ([]byte, error)) ([]byte, error) {
			if b, ok := kept[name]; ok {
				return b, nil
			}
			b, err := f()
			kept[name] = b
			return b, err
		}
		got, err := Run(t.Context(), params(), k)
		if err != nil {
			t.Fatal(err)
		}
		for name := range want {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("round %d: output %s differs", round, name)
			}
		}
	}
	p := params()
	p.Blocks, p.Diagonal, p.Fisher = false, false, false
	l, out := run(t, p, inputs, 1)
	if shape, _ := curvaturetest.Floats(t, out[Diagonals]); l.Blocks != nil || l.Fisher != nil || shape[0] != 0 {
		t.Errorf("nothing was asked for, and there are %+v and %d diagonals", l, shape[0])
	}
	p.Top = 0
	if _, err := Run(t.Context(), p, task.New(inputs)); err == nil || !strings.Contains(err.Error(), "at least one eigenvalue") {
		t.Errorf("error %v", err)
	}
}
