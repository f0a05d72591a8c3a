package claims

import (
	"flag"
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// worlds is how many simulated worlds each case has; 200 are enough to tell 95 %
// right from 90 %.
var worlds = flag.Int("worlds", 12, "simulated worlds for each case of a verdict")

// world is a kind of simulated runs of which the right verdict on a claim is
// known.
type world struct {
	name  string
	claim claim
	truth artifact.Verdict
	cuts  []Cut
	make  func(s *rng.Stream) []network
}

// check makes so many worlds and counts the verdicts of the rows with that scope:
// 95 % must be right, and at most 5 % may be a false "does not hold". With fewer
// than 200 worlds the limits allow for chance.
func (w world) check(t *testing.T, scope string, count int) {
	t.Helper()
	counts, rows := map[artifact.Verdict]int{}, 0
	for i := range count {
		p := DefaultParams()
		p.Resamples, p.Seed, p.Cuts = 1000, int64(i), w.cuts
		c, err := judge(t.Context(), p, []claim{w.claim}, w.make(rng.New(int64(i), "claims", "worlds "+w.name, 0)), func(int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range c.Claims {
			if x.Scope == scope && x.Input != artifact.AnyInput {
				counts[x.Verdict]++
				rows++
			}
		}
	}
	t.Logf("%s: %v of %d worlds, want %v", w.name, counts, rows, w.truth)
	slack := 0
	if rows < 200 {
		slack = 1 + rows/20
	}
	if rows < count || counts[w.truth] < rows*95/100-slack {
		t.Errorf("%s: %d of %d verdicts are %v", w.name, counts[w.truth], rows, w.truth)
	}
	if wrong := counts[artifact.DoesNotHold]; w.truth != artifact.DoesNotHold && wrong > rows/20+slack {
		t.Errorf("%s: %d of %d verdicts are falsely %v", w.name, wrong, rows, artifact.DoesNotHold)
	}
}

// simulated is a network on MNIST with a lognormal MAD.
func simulated(s *rng.Stream, h, l, k int, seed int64, median, spread float64) network {
	mad := median * noise(s, spread)
	n := network{Network: artifact.Network{Dataset: "mnist", Input: "direct", HiddenSize: h, NumLayers: l, SampleSize: k, Seed: seed}}
	n.losses.Sample = artifact.LossStatistics{Objects: k, Mean: mad, Std: 2 * mad, MAD: mad, Accuracy: 0.9}
	n.differences = artifact.DifferenceSummary{Objects: k, EMA: paperEMA, MAD: mad, EMALast: mad / float64(k)}
	return n
}

// sizes are networks over h, as many seeds of each.
func sizes(seeds int, spread float64, medians ...float64) func(s *rng.Stream) []network {
	return func(s *rng.Stream) (list []network) {
		for i, h := range []int{4, 8, 16, 32, 64}[:len(medians)] {
			for seed := range seeds {
				list = append(list, simulated(s, h, 5, 10000, int64(seed), medians[i], spread))
			}
		}
		return list
	}
}

func TestTrendWorlds(t *testing.T) {
	cuts := []Cut{{"mnist", "direct", "", OverHiddenSize, 5}}
	for _, w := range []world{
		{"falls", fallsWithHiddenSize, artifact.Holds, cuts, sizes(15, 0.2, 0.8, 0.6, 0.45, 0.33, 0.25)},
		{"falls, then is flat", fallsWithHiddenSize, artifact.Holds, cuts, sizes(15, 0.2, 0.8, 0.6, 0.45, 0.33, 0.33)},
		{"rises", fallsWithHiddenSize, artifact.DoesNotHold, cuts, sizes(15, 0.2, 0.25, 0.33, 0.45, 0.6, 0.8)},
		{"falls after a rise", fallsWithHiddenSize, artifact.DoesNotHold, cuts, sizes(15, 0.2, 0.4, 0.8, 0.6, 0.45, 0.33)},
		{"falls, too few seeds", fallsWithHiddenSize, artifact.Undecided, cuts, sizes(3, 0.5, 0.54, 0.52, 0.5, 0.48, 0.46)},
		{"rises, too few seeds", fallsWithHiddenSize, artifact.Undecided, cuts, sizes(3, 0.5, 0.46, 0.48, 0.5, 0.52, 0.54)},
	} {
		w.check(t, all, *worlds)
	}
}

// samples are networks over k whose MAD is as given, with a factor of the seed and
// one of the network.
func samples(seeds int, spread float64, of func(k float64) float64) func(s *rng.Stream) []network {
	return func(s *rng.Stream) (list []network) {
		own := make([]float64, seeds)
		for i := range own {
			own[i] = noise(s, 0.1)
		}
		for _, k := range []int{100, 200, 370, 720, 1400, 2700, 5200, 10000} {
			for seed := range own {
				n := simulated(s, 16, 5, k, int64(seed), own[seed]*of(float64(k)), spread)
				n.values = make([]float64, k+1000)
				for i := range n.values[k:] { // |ℓ − mean| has the mean MAD
					n.values[k+i] = n.losses.Sample.Mean * (1 - 1.25*s.Normal())
				}
				list = append(list, n)
			}
		}
		return list
	}
}

// TestRateWorlds: what saturates holds, also while the transient lasts; what falls
// more slowly than 1/k does not.
func TestRateWorlds(t *testing.T) {
	power := func(exponent float64) func(k float64) float64 {
		return func(k float64) float64 { return 0.5 * detmath.Exp(exponent*detmath.Log(k/10000)) }
	}
	for _, c := range []claim{rateOwnObject, rateNewObject} {
		for _, w := range []world{
			{"like 1/k", c, artifact.Holds, nil, samples(5, 0.06, power(0))},
			{"saturates", c, artifact.Holds, nil, samples(5, 0.05, func(k float64) float64 { return 0.6 * k / (k + 300) })},
			{"faster than 1/k", c, artifact.Holds, nil, samples(5, 0.1, power(-0.3))},
			{"like 1/√k", c, artifact.DoesNotHold, nil, samples(5, 0.06, power(0.5))},
			{"like k^-0.7", c, artifact.DoesNotHold, nil, samples(8, 0.05, power(0.3))},
			{"like 1/k, too noisy", c, artifact.Undecided, nil, samples(5, 0.8, power(0))},
			{"like 1/√k, too few seeds", c, artifact.Undecided, nil, samples(3, 0.1, power(0.5))},
		} {
			w.name = fmt.Sprintf("%s, %s", c.id, w.name)
			w.check(t, all, *worlds)
		}
	}
}

// TestSaturation is the case in which a single power law through all sizes refutes
// a rate that is right: |ΔL| = 0.6·k/(k + 300)/(k − 1).
func TestSaturation(t *testing.T) {
	p := DefaultParams()
	p.Resamples = 1000
	for i := range 100 {
		for _, spread := range []float64{0.03, 0.1} {
			s := rng.New(int64(i), "claims", "saturation", 0)
			networks := samples(5, spread, func(k float64) float64 { return 0.6 * k / (k + 300) })(s)
			c, err := judge(t.Context(), p, []claim{rateOwnObject}, networks, func(int, int) {})
			if err != nil {
				t.Fatal(err)
			}
			if x := c.Claims[0]; x.Verdict == artifact.DoesNotHold || spread < 0.05 && x.Verdict != artifact.Holds {
				t.Errorf("world %d, spread %v: %v, %s", i, spread, x.Verdict, x.Evidence)
			}
		}
	}
}

// TestPublishedWorlds draws the paper's networks from ours: the seeds of each size
// are spread about what the published network would be the draw of.
func TestPublishedWorlds(t *testing.T) {
	all, err := published.All()
	if err != nil {
		t.Fatal(err)
	}
	around := func(seeds int, spread, factor float64) func(s *rng.Stream) []network {
		return func(s *rng.Stream) (list []network) {
			draws := map[[2]int]float64{}
			for _, c := range all {
				size := [2]int{c.HiddenSize, c.NumLayers}
				if c.Dataset != "mnist" || c.Mode != "direct" || draws[size] != 0 {
					continue
				}
				draws[size] = c.EMA[len(c.EMA)-1] * published.SampleSize / noise(s, spread)
				for seed := range seeds {
					list = append(list, simulated(s, size[0], size[1], published.SampleSize, int64(seed), factor*draws[size], spread))
				}
			}
			return list
		}
	}
	for _, w := range []world{
		{"drawn from ours", publishedCurves, artifact.Holds, nil, around(39, 0.2, 1)},
		{"a third lower", publishedCurves, artifact.DoesNotHold, nil, around(39, 0.2, 1.5)},
		{"a third higher", publishedCurves, artifact.DoesNotHold, nil, around(39, 0.2, 1/1.5)},
		{"too few seeds", publishedCurves, artifact.Undecided, nil, around(2, 0.5, 1)},
	} {
		w.check(t, artifact.AllNetworks, *worlds)
	}
}
