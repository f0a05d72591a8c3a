package neededsize

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// problem are networks whose held-out losses are 0.2 + 8/√k with noise of one per
// cent, and whose training losses have the standard deviation 0.3.
func problem(t *testing.T, seeds int, target float64) (Params, map[string][]byte) {
	t.Helper()
	p, in := Params{Target: target, Resamples: 200}, map[string][]byte{}
	s := rng.New(4, "neededsize", "test", 0)
	for _, k := range []int{100, 200, 400, 800, 1600} {
		for seed := range seeds {
			n := artifact.Network{Dataset: "mnist", Input: "direct", HiddenSize: 8, NumLayers: 2, SampleSize: k, Seed: int64(seed)}
			p.Networks = append(p.Networks, n)
			loss := (0.2 + 8/math.Sqrt(float64(k))) * detmath.Exp(0.01*s.Normal())
			put(t, in, n.Result("held_out/summary"), artifact.LossSummary{Sample: artifact.LossStatistics{Objects: 1000, Mean: loss}})
			put(t, in, n.Result("losses/summary"), artifact.LossSummary{Sample: artifact.LossStatistics{Objects: k, Mean: 0.1, MAD: 0.2, Std: 0.3}})
		}
	}
	return p, in
}

func put(t *testing.T, in map[string][]byte, name string, v any) {
	t.Helper()
	b, err := artifact.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	in[name] = b
}

func run(t *testing.T, p Params, in map[string][]byte) artifact.NeededSize {
	t.Helper()
	out, err := Run(t.Context(), p, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	job := task.New(in)
	job.Workers = 3
	if again, err := Run(t.Context(), p, job); err != nil || !bytes.Equal(again[Size], out[Size]) {
		t.Errorf("three workers: other bytes, %v", err)
	}
	r, err := artifact.Read[artifact.NeededSize](out, Size)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRun: the size is where 8/√k·(1 − 1/√2) falls to the target, unless that is
// beyond four times the largest sample.
func TestRun(t *testing.T) {
	p, in := problem(t, 6, 0.05)
	truth := math.Pow(8*(1-1/math.Sqrt2)/0.05, 2)
	measured := artifact.SampleSizeSummary{Criteria: []artifact.Criterion{{Name: "delta1", Closed: artifact.MonteCarlo{Value: 0.09}}, {Name: "delta2", Sigma: 0.01, Closed: artifact.MonteCarlo{Value: 36}}}}
	put(t, in, p.Networks[len(p.Networks)-1].Result("samplesize/samplesize"), measured)
	r := run(t, p, in)
	if f := r.Fit; f == nil || f.Beyond || f.Limit != 6400 || !(f.Size.Low < truth && truth < f.Size.High) || f.Size.High > 1.5*f.Size.Low || len(r.Seeds) != 6 {
		t.Errorf("fit %+v, want a size of %v", r.Fit, truth)
	}
	// √(0.09/(k(k+1))) = 0.05 at k(k+1) = 36, and √(36/(k(k+1))) at 14400.
	if len(r.Criteria) != 2 || r.Criteria[0].Networks != 6 || math.Abs(r.Criteria[0].Median-5.5207972893961) > 1e-9 || r.Criteria[1].Networks != 1 || math.Abs(r.Criteria[1].Median*(r.Criteria[1].Median+1)-14400) > 1e-6 {
		t.Errorf("criteria %+v", r.Criteria)
	}
	p.Target = 0.005
	if f := run(t, p, in).Fit; !f.Beyond || f.Size != (artifact.Interval{Estimate: 6400, Low: 6400, High: 6400}) {
		t.Errorf("a size of %v is not refused: %+v", 100*truth, f)
	}
}

// TestMisfit: losses that rise with the size are far from any law that falls, those of
// a law with noise of one per cent are not.
func TestMisfit(t *testing.T) {
	p, in := problem(t, 6, 0.05)
	if f := run(t, p, in).Fit; f.Misfit <= 0 || f.Poor() {
		t.Errorf("losses of the law: misfit %v", f.Misfit)
	}
	for _, n := range p.Networks {
		loss := 0.2 + float64(n.SampleSize)/1600
		put(t, in, n.Result("held_out/summary"), artifact.LossSummary{Sample: artifact.LossStatistics{Objects: 1000, Mean: loss}})
	}
	if f := run(t, p, in).Fit; !f.Poor() || f.Misfit < 0.3 {
		t.Errorf("rising losses: misfit %v", f.Misfit)
	}
}

// TestDead: seeds with a dead network are left out, and three seeds are no fit.
func TestDead(t *testing.T) {
	p, in := problem(t, 6, 0.05)
	put(t, in, p.Networks[2].Result("losses/summary"), artifact.LossSummary{Sample: artifact.LossStatistics{Objects: 100, Mean: 2.3, DeadFraction: 1}})
	if r := run(t, p, in); len(r.LeftOut) != 1 || r.LeftOut[0] != 2 || len(r.Losses) != 5 || r.Fit == nil {
		t.Errorf("left out %v of %v", r.LeftOut, r.Seeds)
	}
	p, in = problem(t, 3, 0.05)
	if r := run(t, p, in); r.Fit != nil || len(r.Criteria) != 1 {
		t.Errorf("a fit of three seeds: %+v", r.Fit)
	}
}

func TestRefuses(t *testing.T) {
	p, in := problem(t, 4, 0.05)
	for want, change := range map[string]func(*Params){
		"want a target above 0":      func(p *Params) { p.Target = 0 },
		"100 resamples or more":      func(p *Params) { p.Resamples = 3 },
		"no networks":                func(p *Params) { p.Networks = nil },
		"on 1600 objects is missing": func(p *Params) { p.Networks = p.Networks[:len(p.Networks)-1] },
		"input held_out/summary":     func(p *Params) { p.Networks = append([]artifact.Network{{Given: "x"}}, p.Networks...) },
	} {
		q := p
		change(&q)
		if _, err := Run(t.Context(), q, task.New(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
