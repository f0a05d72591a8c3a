package claims

import (
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// run is a synthetic run: networks with the numbers that claims reads.
type run struct {
	t      *testing.T
	params Params
	inputs map[string][]byte
}

func newRun(t *testing.T) *run {
	p := DefaultParams()
	p.Resamples = 1000
	return &run{t: t, params: p, inputs: map[string][]byte{}}
}

// add adds a network with that MAD; 0 has collapsed.
func (r *run) add(dataset, input string, h, l, k int, seed int64, mad float64) artifact.Network {
	r.t.Helper()
	n := artifact.Network{Dataset: dataset, Input: input, HiddenSize: h, NumLayers: l, SampleSize: k, Seed: seed}
	s := artifact.LossStatistics{Objects: k, Mean: mad, Std: 2 * mad, MAD: mad, Max: 10 * mad, Accuracy: 0.9}
	if mad == 0 {
		s.Mean, s.DeadFraction = 2.3, 1
	}
	all := s
	all.Objects = max(k, 10000)
	r.encode(n.Result("losses/summary"), artifact.LossSummary{Sample: s, All: all})
	d := artifact.DifferenceSummary{Objects: k, Permutations: 100, EMA: 0.99, MAD: mad, First: mad / 2, Last: mad / float64(k), EMALast: 1.01 * mad / float64(k)}
	b, err := artifact.Encode(d)
	if err != nil {
		r.t.Fatal(err)
	}
	r.inputs[n.Result("differences/summary")] = b
	r.params.Networks = append(r.params.Networks, n)
	for _, c := range []Cut{{dataset, input, "", OverHiddenSize, 5}, {dataset, input, "", OverNumLayers, 16}} {
		if !slices.Contains(r.params.Cuts, c) {
			r.params.Cuts = append(r.params.Cuts, c)
		}
	}
	return n
}

func (r *run) encode(name string, s artifact.LossSummary) {
	b, err := artifact.Encode(s)
	if err != nil {
		r.t.Fatal(err)
	}
	r.inputs[name] = b
}

func (r *run) run() (artifact.Claims, map[string][]byte) {
	r.t.Helper()
	out, err := Run(r.t.Context(), r.params, task.New(r.inputs))
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := artifact.Decode[artifact.Claims](out[Claims])
	if err != nil {
		r.t.Fatal(err)
	}
	return c, out
}

// find returns the first row of a claim on a data set, an input and a scope.
func find(t *testing.T, c artifact.Claims, id, dataset, input, scope string) artifact.Claim {
	t.Helper()
	for _, x := range c.Claims {
		if x.ID == id && x.Dataset == dataset && x.Input == input && x.Scope == scope {
			return x
		}
	}
	t.Fatalf("no row of %s on %s, %s, %s", id, dataset, input, scope)
	return artifact.Claim{}
}

// noise draws lognormal factors.
func noise(s *rng.Stream, spread float64) float64 { return detmath.Exp(spread * s.Normal()) }

// hidden adds seeds of the networks over h with the given medians.
func (r *run) hidden(s *rng.Stream, dataset, input string, seeds int, spread float64, medians ...float64) {
	for i, h := range []int{4, 8, 16, 32, 64}[:len(medians)] {
		for seed := range seeds {
			r.add(dataset, input, h, 5, 10000, int64(seed), medians[i]*noise(s, spread))
		}
	}
}
