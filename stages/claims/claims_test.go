package claims

import (
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
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

func find(t *testing.T, c artifact.Claims, id, dataset, input string) artifact.Claim {
	t.Helper()
	for _, x := range c.Claims {
		if x.ID == id && x.Dataset == dataset && x.Input == input {
			return x
		}
	}
	t.Fatalf("no claim %s of %s %s", id, dataset, input)
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

func TestTrendVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		medians []float64
		seeds   int
		want    string
		says    string
	}{
		{"falls", []float64{0.7, 0.6, 0.5, 0.4, 0.3}, 12, artifact.Holds, "from 4 to 64"},
		{"rises", []float64{0.3, 0.4, 0.5, 0.6, 0.7}, 12, artifact.DoesNotHold, "z = "},
		// Falls as a whole, yet rises at first, like the paper's MNIST.
		{"reversed once", []float64{0.5, 0.7, 0.5, 0.35, 0.25}, 39, artifact.DoesNotHold, "reversed from 4 to 8"},
		{"flat", []float64{0.5, 0.5, 0.5, 0.5, 0.5}, 8, artifact.Undecided, "p = "},
		{"one size", []float64{0.5}, 8, artifact.Undecided, "networks of 1 sizes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRun(t)
			r.hidden(rng.New(5, "claims", "test", 0), "mnist", "direct", c.seeds, 0.1, c.medians...)
			claims, _ := r.run()
			x := find(t, claims, "falls_with_hidden_size", "mnist", "direct")
			if x.Verdict != c.want || !strings.Contains(x.Evidence, c.says) {
				t.Errorf("verdict %q: %s; want %q, %q", x.Verdict, x.Evidence, c.want, c.says)
			}
			if y := find(t, claims, "rises_with_num_layers", "mnist", "direct"); y.Verdict != artifact.Undecided {
				t.Errorf("num_layers is %q with one size", y.Verdict)
			}
			if y := find(t, claims, "falls_with_hidden_size_for_any_input", "mnist", ""); y.Verdict != artifact.Undecided || !strings.Contains(y.Evidence, "one input only, direct") {
				t.Errorf("independence is %q: %s", y.Verdict, y.Evidence)
			}
		})
	}
}

// TestCollapsedDecide: networks that fail at small h look smooth; a verdict
// that depends on them does not stand.
func TestCollapsedDecide(t *testing.T) {
	r := newRun(t)
	s := rng.New(6, "claims", "test", 0)
	for i, h := range []int{4, 8, 16} {
		for seed := range 20 {
			mad := 0.5 * noise(s, 0.1)
			if i == 2 && seed < 18 {
				mad = 0
			}
			r.add("mnist", "direct", h, 5, 10000, int64(seed), mad)
		}
	}
	claims, _ := r.run()
	x := find(t, claims, "falls_with_hidden_size", "mnist", "direct")
	if x.Verdict != artifact.Undecided || x.Collapsed != 18 || x.Trends[0].Verdict != artifact.Holds || x.Trends[1].Verdict != artifact.Undecided {
		t.Errorf("verdict %q from %q and %q, %d collapsed: %s", x.Verdict, x.Trends[0].Verdict, x.Trends[1].Verdict, x.Collapsed, x.Evidence)
	}
	if !strings.Contains(x.Evidence, "without the 18 collapsed") {
		t.Errorf("evidence %q does not say so", x.Evidence)
	}
}

// TestFalseAlarms: without any trend, the probability that a run has any
// verdict other than undecided is at most alpha. 150 runs with 2 panels, 4
// trends and 12 pairs each: 7.5 expected at most, P(> 15) < 0.005.
func TestFalseAlarms(t *testing.T) {
	const runs = 150
	s := rng.New(7, "claims", "test", 0)
	alarms := 0
	for range runs {
		r := newRun(t)
		r.params.Resamples = 100 // the p-values are exact
		for _, dataset := range []string{"a", "b"} {
			r.hidden(s, dataset, "direct", 8, 0.2, 0.5, 0.5, 0.5, 0.5)
			for _, l := range []int{1, 3, 7} {
				for seed := range 8 {
					r.add(dataset, "direct", 16, l, 10000, int64(seed), 0.5*noise(s, 0.2))
				}
			}
		}
		claims, _ := r.run()
		alarm := false
		for _, c := range claims.Claims {
			alarm = alarm || len(c.Trends) > 0 && c.Verdict != artifact.Undecided
		}
		if alarm {
			alarms++
		}
	}
	t.Logf("%d of %d runs without a trend have a verdict", alarms, runs)
	if alarms > 15 {
		t.Errorf("%d of %d runs without a trend have a verdict", alarms, runs)
	}
}

// TestTrendSample: the sample size that most sizes have is taken, even where
// one network size was trained on more objects.
func TestTrendSample(t *testing.T) {
	r := newRun(t)
	s := rng.New(8, "claims", "sample", 0)
	r.hidden(s, "mnist", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	for seed := range 12 {
		r.add("mnist", "direct", 16, 5, 20000, int64(seed), 0.9*noise(s, 0.1))
		r.add("mnist", "direct", 16, 5, 100, int64(seed), 0.9*noise(s, 0.1))
	}
	claims, _ := r.run()
	if c := find(t, claims, "falls_with_hidden_size", "mnist", "direct"); c.Verdict != artifact.Holds || c.Networks != 36 {
		t.Errorf("%q from %d networks: %s", c.Verdict, c.Networks, c.Evidence)
	}
}

func TestIndependence(t *testing.T) {
	r := newRun(t)
	s := rng.New(8, "claims", "test", 0)
	r.hidden(s, "mnist", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	r.hidden(s, "mnist", "features", 12, 0.1, 0.3, 0.5, 0.7)
	r.hidden(s, "cifar10", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	r.hidden(s, "cifar10", "features", 12, 0.1, 0.6, 0.4, 0.2)
	r.hidden(s, "cifar100", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	r.hidden(s, "cifar100", "features", 12, 0.5, 0.5, 0.5, 0.5) // no trend: nothing to agree with
	claims, _ := r.run()
	for dataset, want := range map[string]string{"mnist": artifact.DoesNotHold, "cifar10": artifact.Holds, "cifar100": artifact.Undecided} {
		if c := find(t, claims, "falls_with_hidden_size_for_any_input", dataset, ""); c.Verdict != want {
			t.Errorf("%s: %q, want %q: %s", dataset, c.Verdict, want, c.Evidence)
		}
	}
}

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
		want   string
	}{
		{"like 1/k", 0, 0.03, artifact.Holds},
		{"slower", 0.3, 0.03, artifact.DoesNotHold},
		{"faster", -0.3, 0.03, artifact.Holds},
		{"too noisy", 0, 1, artifact.Undecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims, _ := rateRun(t, rng.New(9, "claims", c.name, 0), c.power, c.spread, 5).run()
			for _, id := range []string{"rate_own_object", "rate_new_object"} {
				x := find(t, claims, id, "mnist", "direct")
				if x.Verdict != c.want {
					t.Errorf("%s: %q, want %q: %s", id, x.Verdict, c.want, x.Evidence)
				}
				if c.spread < 0.1 && math.Abs(x.Effect.Estimate-(c.power-1)) > 0.05 {
					t.Errorf("%s: exponent %v, want %v", id, x.Effect.Estimate, c.power-1)
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
		if c.ID == "rate_own_object" {
			scopes[c.Scope] = c
		}
	}
	plain, warm := scopes["h = 16, num_layers = 5"], scopes["h = 16, num_layers = 5; warm start, 100 updates"]
	if len(scopes) != 2 || plain.Networks != 20 || warm.Networks != 20 || plain.Verdict != artifact.DoesNotHold {
		t.Errorf("rates: %q from %d, %q from %d networks", plain.Verdict, plain.Networks, warm.Verdict, warm.Networks)
	}
	if a, b := plain.Effect.Estimate, find(t, alone, "rate_own_object", "mnist", "direct").Effect.Estimate; a != b {
		t.Errorf("the exponent is %v beside warm networks, %v without", a, b)
	}
	if a, b := find(t, both, "falls_with_hidden_size", "mnist", "direct").Networks, find(t, alone, "falls_with_hidden_size", "mnist", "direct").Networks; a != b {
		t.Errorf("the trend counts %d networks, without warm ones %d", a, b)
	}
}

// TestRateCoverage: the 95 % interval holds the true exponent about that often,
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
				mean := detmath.Exp(own[seed]+0.2*s.Normal()) / float64(k)
				p.changes = append(p.changes, change{int64(seed), mean, 0.01 * mean})
			}
			points = append(points, p)
		}
		e, _ := j.exponent(fmt.Sprint(i), points, func(k int) float64 { return float64(k) })
		if e.Exponent.Low <= -1 && -1 <= e.Exponent.High {
			inside++
		}
	}
	t.Logf("%d of %d intervals hold the exponent", inside, runs)
	if inside < 178 { // 190 expected, P(< 178 | 0.95) < 0.001
		t.Errorf("%d of %d intervals hold the exponent", inside, runs)
	}
}

// TestPublishedCurves: the paper's own values are compared with seeds about
// them, and with seeds far away.
func TestPublishedCurves(t *testing.T) {
	mads := map[int]float64{4: 0.467, 8: 0.736, 16: 0.535, 32: 0.387, 64: 0.270}
	for _, c := range []struct {
		name   string
		factor float64
		seeds  int
		want   string
		says   string
	}{
		{"same", 1, 39, artifact.Holds, "0 of 6 curves lie outside"},
		{"other", 2, 39, artifact.DoesNotHold, "6 of 6"},
		{"too few seeds", 1, 38, artifact.Undecided, "39 seeds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRun(t)
			s := rng.New(11, "claims", "published", 0)
			for _, h := range []int{4, 8, 16, 32, 64} {
				for seed := range c.seeds {
					r.add("mnist", "direct", h, 5, 10000, int64(seed), c.factor*mads[h]*noise(s, 0.15))
				}
			}
			claims, _ := r.run()
			x := find(t, claims, "published_curves", "mnist", "direct")
			if x.Verdict != c.want || !strings.Contains(x.Evidence, c.says) || len(x.Curves) != 10 {
				t.Errorf("%q with %d curves: %s; want %q, %q", x.Verdict, len(x.Curves), x.Evidence, c.want, c.says)
			}
		})
	}
}

func TestTables(t *testing.T) {
	r := newRun(t)
	r.hidden(rng.New(12, "claims", "test", 0), "mnist", "direct", 5, 0.1, 0.7, 0.5, 0.3)
	claims, out := r.run()
	rows, err := csv.NewReader(strings.NewReader(string(out[CSV]))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows[0], columns) || len(rows) != 1+len(claims.Claims) {
		t.Errorf("%d rows under %v for %d claims", len(rows), rows[0], len(claims.Claims))
	}
	for _, c := range claims.Claims {
		for _, name := range []string{Table, Markdown} {
			if !strings.Contains(string(out[name]), strings.ReplaceAll(c.Evidence, "|", `\|`)) && !strings.Contains(string(out[name]), c.Evidence) {
				t.Errorf("%s does not hold the evidence %q", name, c.Evidence)
			}
		}
	}
}

// TestBytes: the outputs are the same bytes on every platform.
func TestBytes(t *testing.T) {
	r := rateRun(t, rng.New(13, "claims", "test", 0), 0.1, 0.2, 5)
	s := rng.New(13, "claims", "test", 1)
	r.hidden(s, "mnist", "direct", 6, 0.3, 0.7, 0.5, 0.3)
	for seed := range 3 { // ties: permuted at random
		r.add("mnist", "direct", 4, 5, 10000, int64(seed+6), 0)
		r.add("mnist", "direct", 16, 1, 10000, int64(seed), 0.5*noise(s, 0.2))
	}
	_, out := r.run()
	h := sha256.New()
	for _, name := range []string{Claims, CSV, Table, Markdown} {
		h.Write(out[name])
	}
	const want = "2af443d63f15cdb1f1bcfbe097059d747f5fb41d71ef217809090b0a9970502b"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("digest of the outputs is %s, want %s", got, want)
	}
}

func TestErrors(t *testing.T) {
	r := newRun(t)
	id := r.add("mnist", "direct", 4, 5, 100, 0, 0.5)
	for name, change := range map[string]func(*run){
		"alpha is 0":                 func(r *run) { r.params.Alpha = 0 },
		"input losses/summary/":      func(r *run) { delete(r.inputs, id.Result("losses/summary")) },
		"input differences/summary/": func(r *run) { r.inputs[id.Result("differences/summary")] = []byte("{\"of\":1}\n") },
		"200 and 100 objects, want 100": func(r *run) {
			r.encode(id.Result("losses/summary"), artifact.LossSummary{Sample: artifact.LossStatistics{Objects: 200}})
		},
		"input losses/losses/":  func(r *run) { r.inputs[id.Result("losses/losses")] = []byte("x") },
		"input bounds/bounds/":  func(r *run) { r.inputs[id.Result("bounds/bounds")] = []byte("x") },
		"want at least the 100": func(r *run) { r.inputs[id.Result("losses/losses")] = npy.Encode([]int{3}, []float64{1, 2, 3}) },
	} {
		bad := newRun(t)
		bad.add("mnist", "direct", 4, 5, 100, 0, 0.5)
		change(bad)
		if _, err := Run(t.Context(), bad.params, task.New(bad.inputs)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not say %q", err, name)
		}
	}
}
