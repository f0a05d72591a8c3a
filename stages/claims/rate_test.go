package claims

import (
	"fmt"
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// rateRun has networks on k objects whose MAD goes like k^power.
func rateRun(t *testing.T, s *rng.Stream, power, spread float64, seeds int) *run {
	r := newRun(t)
	for _, k := range []int{100, 300, 1000, 3000} {
		for seed := range seeds {
			mad := float64(0.5 * detmath.Exp(power*detmath.Log(float64(k)/1000)) * noise(s, spread))
			id := r.add("mnist", "direct", 16, 5, k, int64(seed), mad)
			losses := make([]float64, 5000)
			for i := range losses {
				losses[i] = mad + float64(mad*math.Abs(s.Normal()))
			}
			r.inputs[id.Result("losses/losses")] = npy.Encode([]int{len(losses)}, losses)
		}
	}
	return r
}

func TestRateVerdicts(t *testing.T) {
	for _, c := range []struct {
		name   string
		power  float64
		spread float64
		want   artifact.Verdict
	}{
		{"like 1/k", 0, 0.03, artifact.Holds},
		{"slower", 0.3, 0.03, artifact.DoesNotHold},
		{"faster", -0.3, 0.03, artifact.Holds},
		{"too noisy", 0, 1, artifact.Undecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims, _ := rateRun(t, rng.New(9, "claims", c.name, 0), c.power, c.spread, 5).run()
			for _, id := range []string{"rate_own_object", "rate_new_object"} {
				x := find(t, claims, id, "mnist", "direct", all)
				if x.Verdict != c.want {
					t.Errorf("%s: %q, want %q: %s", id, x.Verdict, c.want, x.Evidence)
				}
				if c.spread < 0.1 && math.Abs(x.Effect.Estimate-c.power) > 0.05 {
					t.Errorf("%s: slope %v, want %v", id, x.Effect.Estimate, c.power)
				}
			}
		})
	}
}

// TestRecipes: networks that were trained otherwise have a rate of their own,
// enter no trend and no band, and a shared one counts once among the bounds.
func TestRecipes(t *testing.T) {
	r := rateRun(t, rng.New(9, "claims", "recipes", 0), 0.3, 0.03, 5)
	alone, _ := r.run()
	cold := len(r.params.Networks)
	for _, n := range r.params.Networks[:cold] {
		w := n
		w.Recipe = "warm start, 100 updates"
		if n.SampleSize > 100 { // the smallest network is one of the cold ones
			mad := 0.5
			if n.Seed == 0 {
				mad = 0.51
			}
			w.Seed = r.add(n.Dataset, n.Input, n.HiddenSize, n.NumLayers, n.SampleSize, 100+n.Seed, mad).Seed
			r.params.Networks = r.params.Networks[:len(r.params.Networks)-1]
		}
		r.params.Networks = append(r.params.Networks, w)
	}
	both, _ := r.run()
	if both.Networks != cold+15 {
		t.Errorf("%d networks, want %d", both.Networks, cold+15)
	}
	scopes := map[string]artifact.Claim{}
	for _, c := range both.Claims {
		if c.ID == "rate_own_object" && c.Scope == all {
			scopes[c.Recipe] = c
		}
	}
	plain, warm := scopes[artifact.ByEpochs], scopes[artifact.Warm]
	if len(scopes) != 2 || plain.Networks != 20 || warm.Networks != 20 || plain.Verdict != artifact.DoesNotHold {
		t.Errorf("rates: %q from %d, %q from %d networks", plain.Verdict, plain.Networks, warm.Verdict, warm.Networks)
	}
	if a, b := plain.Effect.Estimate, find(t, alone, "rate_own_object", "mnist", "direct", all).Effect.Estimate; a != b {
		t.Errorf("the slope is %v beside warm networks, %v without", a, b)
	}
	if a, b := find(t, both, "rate_new_object", "mnist", "direct", all).Networks, find(t, alone, "rate_new_object", "mnist", "direct", all).Networks; a != b {
		t.Errorf("the new object counts %d networks, without warm ones %d", a, b)
	}
}

// TestRateCoverage: the 95 % interval holds the true slope about that often,
// although there are only 5 seeds.
func TestRateCoverage(t *testing.T) {
	const runs = 200
	s := rng.New(10, "claims", "coverage", 0)
	inside := 0
	j := &judgement{p: DefaultParams()}
	j.p.Resamples = 400
	for i := range runs {
		var points []ratePoint
		own := make([]float64, 5) // what a seed shares over all k
		for seed := range own {
			own[seed] = 0.1 * s.Normal()
		}
		for _, k := range []int{100, 300, 1000, 3000} {
			p := ratePoint{k: k}
			for seed := range own {
				mean := detmath.Exp(own[seed] + 0.2*s.Normal())
				p.changes = append(p.changes, change{int64(seed), mean, 0.01 * mean})
			}
			points = append(points, p)
		}
		if e := j.resampleRate(fmt.Sprint(i), points).slope(0, len(points)); e.Low <= 0 && 0 <= e.High {
			inside++
		}
	}
	t.Logf("%d of %d intervals hold the slope", inside, runs)
	if inside < 178 { // 190 expected, P(< 178 | 0.95) < 0.001
		t.Errorf("%d of %d intervals hold the slope", inside, runs)
	}
}

// TestRateNotTested: networks of two sample sizes say nothing about a rate, and
// those without the losses of their objects nothing about the algebra.
func TestRateNotTested(t *testing.T) {
	r := newRun(t)
	for _, k := range []int{100, 1000} {
		for seed := range 5 {
			r.add("mnist", "direct", 16, 5, k, int64(seed), 0.5)
		}
	}
	claims, _ := r.run()
	for _, id := range []string{"rate_own_object", "rate_new_object", "rate_fixed_weights"} {
		if x := find(t, claims, id, "mnist", "direct", all); x.Verdict != artifact.NotTested || x.Tested == "" || x.Conclusion == "" {
			t.Errorf("%s: %q, %s", id, x.Verdict, x.Tested)
		}
	}
}

// TestFixedWeights: the algebra is right for any losses, and refuted where the
// summary is not that of the losses.
func TestFixedWeights(t *testing.T) {
	s := rng.New(15, "claims", "test", 0)
	for want, factor := range map[artifact.Verdict]float64{artifact.Holds: 1, artifact.DoesNotHold: 1 + 1e-6} {
		r := newRun(t)
		losses, mean, mad := make([]float64, 500), 0.0, 0.0
		for i := range losses {
			losses[i] = noise(s, 2)
			mean += losses[i] / 500
		}
		for _, l := range losses {
			mad += math.Abs(l-mean) / 500
		}
		n := r.add("mnist", "direct", 16, 5, 500, 0, mad*factor)
		r.inputs[n.Result("losses/losses")] = npy.Encode([]int{500}, losses)
		claims, _ := r.run()
		if x := find(t, claims, "rate_fixed_weights", "mnist", "direct", all); x.Verdict != want {
			t.Errorf("with %v times its MAD: %q, %s", factor, x.Verdict, x.Evidence)
		}
	}
}
