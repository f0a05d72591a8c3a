package density

import (
	"bytes"
	"maps"
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
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func params(term string) Params {
	return Params{Term: term, Steps: 30, Probes: 40, Deflate: 3, Seed: 4}
}

// operator is that of the given name over the inputs.
func operator(t *testing.T, inputs map[string][]byte, name string) (*curvature.Point, curvature.Term, *curvature.Operator) {
	t.Helper()
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	term, err := curvature.ParseTerm(name)
	if err != nil {
		t.Fatal(err)
	}
	op, err := pt.Operator(term, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pt, term, op
}

// withOutliers adds the inputs that are about the operator's largest
// eigenvalues.
func withOutliers(t *testing.T, inputs map[string][]byte, name string, count int) map[string][]byte {
	t.Helper()
	pt, term, op := operator(t, inputs, name)
	found, err := op.Ends(t.Context(), curvature.Ends{Top: count, Tolerance: 1e-8, Floor: 1e-12}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := artifact.TermSpectrum{Norm: found.Norm, Method: "lanczos"}
	var vectors []float64
	for _, pair := range found.Top {
		s.Top = append(s.Top, artifact.Eigenvalue{Value: pair.Value, Residual: pair.Residual})
		vectors = append(vectors, pair.Vector...)
	}
	if term != curvature.HTerm {
		traces, err := pt.LayerTraces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Trace = kernel.Sum64(traces)
	}
	out := maps.Clone(inputs)
	if out[Eigenvalues], err = artifact.Encode(s); err != nil {
		t.Fatal(err)
	}
	out[Vectors] = npy.Encode([]int{count, op.Dim()}, vectors)
	return out
}

// TestMoments: the rules' first three moments against those of the exact
// eigenvalues that were not deflated, within five standard errors.
func TestMoments(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 80, 20, 7, 4)
	for _, name := range []string{"H", "G", "R"} {
		p := params(name)
		if p.Bottom = 2; name == "G" { // it has no negative eigenvalue
			p.Bottom = 0
		}
		p.Tolerance = 1e-8
		out, err := Run(t.Context(), p, task.New(withOutliers(t, inputs, name, 5)))
		if err != nil {
			t.Fatal(err)
		}
		d, err := artifact.Decode[artifact.Density](out[Density])
		if err != nil {
			t.Fatal(err)
		}
		_, _, op := operator(t, inputs, name)
		matrix, err := op.Dense(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		exact, _, err := eigen.Symmetric(matrix, op.Dim(), false, 1)
		if err != nil {
			t.Fatal(err)
		}
		outliers := slices.Concat(exact[:p.Bottom], exact[len(exact)-p.Deflate:])
		slices.Reverse(outliers)
		for i, x := range outliers {
			if len(d.Deflated) != len(outliers) || math.Abs(x-d.Deflated[i]) > 1e-8*math.Abs(x) {
				t.Fatalf("%s: deflated are %v, exact %v", name, d.Deflated, outliers)
			}
		}
		all := len(exact)
		exact = exact[p.Bottom : len(exact)-p.Deflate]
		left := len(exact)
		shape, rule := curvaturetest.Floats(t, out[Rule])
		if len(shape) != 3 || shape[0] != p.Probes || shape[1] != 2 || shape[2] != p.Steps {
			t.Fatalf("%s: the rule has shape %v", name, shape)
		}
		scale := max(-exact[0], exact[left-1])
		for moment := range 4 {
			want, mean, square := 0.0, 0.0, 0.0
			for _, x := range exact[:left] {
				want += math.Pow(x/scale, float64(moment)) / float64(left)
			}
			for i := range p.Probes {
				nodes, weights := rule[2*i*p.Steps:][:p.Steps], rule[(2*i+1)*p.Steps:][:p.Steps]
				one := 0.0
				for j, x := range nodes {
					one += weights[j] * math.Pow(x/scale, float64(moment))
				}
				mean += one / float64(p.Probes)
				square += one * one / float64(p.Probes)
			}
			se := math.Sqrt(max(square-mean*mean, 0) / float64(p.Probes-1))
			if math.Abs(mean-want) > 5*se+1e-12 {
				t.Errorf("%s: moment %d is %v ± %v, exact %v", name, moment, mean, se, want)
			}
		}
		if math.Abs(d.FirstMoment-kernel.Sum64(exact[:left])/float64(left)) > 1e-9*scale {
			t.Errorf("%s: exact first moment %v, want %v", name, d.FirstMoment, kernel.Sum64(exact[:left])/float64(left))
		}
		if math.Abs(d.EstimatedMoment-d.FirstMoment) > 5*d.MomentError+1e-12*scale || d.Mass != float64(left)/float64(all) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestShortRules: more steps than the space has dimensions; the rest is
// filled up.
func TestShortRules(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 10, 4, 2, 2)
	p := params("H")
	p.Steps, p.Probes = 50, 2
	out, err := Run(t.Context(), p, task.New(withOutliers(t, inputs, "H", 3)))
	if err != nil {
		t.Fatal(err)
	}
	_, rule := curvaturetest.Floats(t, out[Rule])
	for i := range p.Probes {
		if sum := kernel.Sum64(rule[(2*i+1)*50:][:50]); math.Abs(sum-1) > 1e-12 {
			t.Errorf("the weights of probe %d sum to %v", i, sum)
		}
		if last := rule[(2*i+2)*50-1]; last != 0 {
			t.Errorf("weight 50 of probe %d is %v in a space of 9 dimensions", i, last)
		}
	}
}

func TestWorkersReachNoBit(t *testing.T) {
	inputs := withOutliers(t, curvaturetest.Inputs(t, 1300, 20, 7, 4), "H", 3)
	var want map[string][]byte
	for _, workers := range []int{1, 3, 64} {
		k := task.New(inputs)
		k.Workers = workers
		got, err := Run(t.Context(), params("H"), k)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		for name := range want {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("output %s with %d workers differs", name, workers)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	inputs := withOutliers(t, curvaturetest.Inputs(t, 10, 4, 2, 2), "H", 3)
	for want, change := range map[string]func(*Params){
		"steps":           func(p *Params) { p.Steps = 0 },
		`operator "K"`:    func(p *Params) { p.Term = "K" },
		"nothing":         func(p *Params) { p.Deflate = 12 },
		"12 eigenvalues":  func(p *Params) { p.Bottom = 9 },
		"and -1 deflated": func(p *Params) { p.Bottom = -1 },
		"sample size is ": func(p *Params) { p.SampleSize = 11 },
		"0 probes":        func(p *Params) { p.Probes = 0 },
		"at least 4 vec":  func(p *Params) { p.Deflate = 4 },
	} {
		p := params("H")
		change(&p)
		if _, err := Run(t.Context(), p, task.New(inputs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
}

// TestProbesInParts: with some of the probes kept by a run with fewer, the rules
// and the summary are the same.
func TestProbesInParts(t *testing.T) {
	inputs := withOutliers(t, curvaturetest.Inputs(t, 80, 20, 7, 4), "H", 3)
	p := params("H")
	p.Probes, p.Bottom, p.Tolerance = 5, 2, 1e-6
	whole, err := Run(t.Context(), p, task.New(inputs))
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string][]byte{}
	few := task.New(inputs)
	few.Part = func(name string, f func() ([]byte, error)) ([]byte, error) {
		b, err := f()
		kept[name] = b
		return b, err
	}
	p.Probes = 2
	if _, err := Run(t.Context(), p, few); err != nil || len(kept) != 3 {
		t.Fatalf("%d parts, %v", len(kept), err)
	}
	rest := task.New(inputs)
	rest.Part = func(name string, f func() ([]byte, error)) ([]byte, error) {
		if b, ok := kept[name]; ok {
			return b, nil
		}
		return f()
	}
	p.Probes = 5
	got, err := Run(t.Context(), p, rest)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[Density], whole[Density]) || !bytes.Equal(got[Rule], whole[Rule]) {
		t.Errorf("the parts make %s, want %s", got[Density], whole[Density])
	}
}

// TestUncertified: an eigenvalue whose residual is large, and those after it,
// are not projected out.
func TestUncertified(t *testing.T) {
	inputs := withOutliers(t, curvaturetest.Inputs(t, 80, 20, 7, 4), "H", 3)
	s, err := artifact.Decode[artifact.TermSpectrum](inputs[Eigenvalues])
	if err != nil {
		t.Fatal(err)
	}
	s.Top[1].Residual = 0.01 * s.Norm
	if inputs[Eigenvalues], err = artifact.Encode(s); err != nil {
		t.Fatal(err)
	}
	p := params("H")
	p.Probes = 2
	out, err := Run(t.Context(), p, task.New(inputs))
	if err != nil {
		t.Fatal(err)
	}
	d, err := artifact.Decode[artifact.Density](out[Density])
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Deflated) != 1 || d.Deflated[0] != s.Top[0].Value || d.Mass != float64(d.Parameters-1)/float64(d.Parameters) {
		t.Errorf("%+v", d)
	}
}

// TestZero: where all eigenvalues are zero the density is one node at zero.
func TestZero(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 10, 4, 3, 2)
	weights, err := safetensors.Encode(nil,
		safetensors.Float64Tensor("layers.0.weight", []int{3, 4}, make([]float64, 12)),
		safetensors.Float64Tensor("layers.1.weight", []int{2, 3}, make([]float64, 6)))
	if err != nil {
		t.Fatal(err)
	}
	inputs[mlp.Weights] = weights
	p := params("H")
	p.Steps, p.Probes, p.Bottom = 6, 2, 2
	out, err := Run(t.Context(), p, task.New(withOutliers(t, inputs, "H", 3)))
	if err != nil {
		t.Fatal(err)
	}
	_, rule := curvaturetest.Floats(t, out[Rule])
	for i, x := range rule {
		if weight := i/p.Steps%2 == 1; !weight && x != 0 || weight && x != map[bool]float64{true: 1}[i%p.Steps == 0] {
			t.Errorf("the rule is %v", rule)
			break
		}
	}
}
