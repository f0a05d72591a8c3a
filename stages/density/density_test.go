package density

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

func params(term string) Params {
	return Params{Term: term, Steps: 30, Probes: 40, Deflate: 3, Tolerance: 1e-8, Seed: 4}
}

// TestMoments: the rules' first three moments against those of the exact
// eigenvalues that were not deflated, within five standard errors.
func TestMoments(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 80, 20, 7, 4)
	network, data, err := curvature.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"H", "G", "R"} {
		p := params(name)
		out, err := Run(t.Context(), p, task.New(inputs))
		if err != nil {
			t.Fatal(err)
		}
		d, err := result.Decode[result.Density](out[Density])
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
		matrix, err := op.Dense(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		exact, _, err := eigen.Symmetric(matrix, op.Dim(), false, 1)
		if err != nil {
			t.Fatal(err)
		}
		left := len(exact) - p.Deflate
		for i, x := range d.Deflated {
			if math.Abs(x-exact[len(exact)-1-i]) > 1e-8*x {
				t.Errorf("%s: deflated value %d is %v, exact %v", name, i, x, exact[len(exact)-1-i])
			}
		}
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
		if math.Abs(d.EstimatedMoment-d.FirstMoment) > 5*d.MomentError+1e-12*scale || d.Mass != float64(left)/float64(len(exact)) {
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
	out, err := Run(t.Context(), p, task.New(inputs))
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
	inputs := curvaturetest.Inputs(t, 1300, 20, 7, 4)
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
	inputs := curvaturetest.Inputs(t, 10, 4, 2, 2)
	for want, change := range map[string]func(*Params){
		"steps":           func(p *Params) { p.Steps = 0 },
		`operator "K"`:    func(p *Params) { p.Term = "K" },
		"nothing":         func(p *Params) { p.Deflate = 12 },
		"sample size is ": func(p *Params) { p.SampleSize = 11 },
	} {
		p := params("H")
		change(&p)
		if _, err := Run(t.Context(), p, task.New(inputs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
}
