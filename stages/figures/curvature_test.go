package figures

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart/charttest"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// sizes are of the figures as they are published, in centimetres.
var sizes = map[string][2]float64{
	"spectral_density": {17, 8.5}, "top_eigenvalues": {12, 13.5}, "norms_over_k": {12, 9}, "increments_over_k": {17, 9}, "object_norms": {12, 9},
	"layer_blocks": {17, 9}, "surface_1d": {20, 9}, "surface_2d": {20, 12.5}, "losses_difference": {23, 7.2},
	"bound_waterfall": {16, 12}, "bound_over_k": {17, 9.5}, "difference_over_radius": {13, 11}, "sufficient_size": {12, 9.5}, "rotation_over_epochs": {12, 9}, "curvature_over_epochs": {20, 17}, "norms_over_epochs": {20, 20},
}

// curvatureConditions are all figures of curvature: of a trained network, of one with
// other layers, of a collapsed one and, where they can show several, of several.
func curvatureConditions(t *testing.T) []condition {
	t.Helper()
	once.Do(func() { made = makeConditions(t) })
	return slices.Clone(made)
}

var (
	once sync.Once
	made []condition
)

func makeConditions(t *testing.T) []condition {
	inputs := make(map[string][]byte)
	alive := put(t, inputs, artifact.Network{HiddenSize: 16, NumLayers: 5, SampleSize: 10000}, true)
	deep := put(t, inputs, artifact.Network{HiddenSize: 64, NumLayers: 10, SampleSize: 10000, Seed: 1}, true)
	dead := put(t, inputs, artifact.Network{HiddenSize: 4, NumLayers: 5, SampleSize: 10000}, false)
	var several []artifact.Network
	for _, k := range []int{100, 1400, 10000} {
		for seed := range int64(3) {
			several = append(several, put(t, inputs, artifact.Network{HiddenSize: 16, NumLayers: 5, SampleSize: k, Seed: 10 + seed}, k != 1400 || seed != 1))
		}
	}
	var out []condition
	for _, f := range All {
		if f.ReadsOf("losses", "differences", "held_out_curve", "needed_size") {
			continue
		}
		p := Params{Figure: f.Name, Dataset: "mnist", Input: "direct", WidthCM: sizes[f.Name][0], HeightCM: sizes[f.Name][1]}
		add := func(name string, series ...artifact.Network) {
			p.Networks = series
			out = append(out, condition{f.Name + " " + name, p, inputs})
		}
		add("alive", alive)
		add("deep", deep)
		add("dead", dead)
		if f.Shows != One {
			add("several", several...)
		}
		if f.Name == "norms_over_k" {
			p.WidthCM *= 1.4
			both := slices.Clone(several)
			for _, s := range several[3:] {
				s.Recipe = "warm start, 1,570 updates"
				both = append(both, s)
			}
			add("recipes", both...)
		}
	}
	return out
}

// pages are the figures that several tests look at, by name.
var pages = make(map[string]charttest.Page)

func page(t *testing.T, c condition) charttest.Page {
	t.Helper()
	p, ok := pages[c.name]
	if !ok {
		p = drawSVG(t, c)
		pages[c.name] = p
	}
	return p
}

func TestNothingOfCurvatureIsCutOrOverlaps(t *testing.T) {
	for _, c := range curvatureConditions(t) {
		for _, fault := range page(t, c).Faults() {
			t.Errorf("%s: %s", c.name, fault)
		}
		if !strings.HasSuffix(c.name, "deep") {
			continue
		}
		c.p.WidthCM, c.p.HeightCM = 1.6*c.p.WidthCM, 1.6*c.p.HeightCM
		for _, fault := range drawSVG(t, c).Faults() {
			t.Errorf("%s, larger: %s", c.name, fault)
		}
	}
}

// What an axis cannot show is said, and only then.
func TestCollapsedCurvatureIsNamed(t *testing.T) {
	want := map[string]string{
		"spectral_density": "collapsed, all eigenvalues 0", "top_eigenvalues": "collapsed, all eigenvalues 0", "norms_over_k": "collapsed, all norms 0",
		"increments_over_k": "collapsed, all norms 0", "object_norms": "collapsed, all norms 0", "layer_blocks": "collapsed, all norms 0",
		"surface_1d": "all 0", "surface_2d": "all 0", "losses_difference": "all 0", "bound_waterfall": "collapsed, all exact norms 0",
		"bound_over_k": "seed 0: collapsed, all measured values 0", "difference_over_radius": "collapsed, the difference at θ^∗ is 0",
		"sufficient_size": "collapsed, all losses equal: one object is enough", "rotation_over_epochs": "collapsed, all eigenvalues 0", "curvature_over_epochs": "seed 0: collapsed, all norms 0",
		"norms_over_epochs": "seed 0: collapsed, all norms 0",
	}
	for _, c := range curvatureConditions(t) {
		labels := page(t, c).Labels()
		kind, state, _ := strings.Cut(c.name, " ")
		text := strings.Join(labels, "\n")
		switch state {
		case "dead":
			if !slices.Contains(labels, want[kind]) {
				t.Errorf("%s: no %q among %q", c.name, want[kind], labels)
			}
		case "recipes":
			for _, w := range []string{"cold start, by epochs", "warm start, 1,570 updates", "1,400 objects, seed 11, warm start, 1,570 updates: collapsed, all norms 0"} {
				if !strings.Contains(text, w) {
					t.Errorf("%s: no %q among %q", c.name, w, labels)
				}
			}
		case "several":
			if !strings.Contains(text, "1,400 objects, seed 11: collapsed") {
				t.Errorf("%s: the collapsed network is not named: %q", c.name, labels)
			}
		default:
			if strings.Contains(text, "collapsed") || strings.Contains(text, "all 0") {
				t.Errorf("%s: speaks of a collapsed network", c.name)
			}
		}
	}
}

// Each figure says what it is made to say.
func TestFiguresSay(t *testing.T) {
	want := map[string][]string{
		"top_eigenvalues alive":        {"MNIST, direct inputs, h = 16, num_layers = 5", "after K − 1 = 9: λ_9/λ_{10} = 1.20", "after K = 10: λ_{10}/λ_{11} = 1.20", "relative error", "share", "converged; an eigenvalue is missing with probability ≤ 7 × 10^{−10}"},
		"top_eigenvalues dead":         {"converged; no eigenvalue is missing"},
		"spectral_density alive":       {"eigenvalue λ", "|λ|", "91.0 % of the eigenvalues of H are too near 0 to be resolved"},
		"object_norms alive":           {"5 objects dead, all norms 0", "1 object below the axis", "of their mean: ‖H‖_2 = 303, ‖G‖_2 = 302"},
		"layer_blocks alive":           {"W_7", "300", "30"},
		"surface_1d alive":             {"eigenvector 1, v^TH^{(k)}v = 300", "10^4 (ℒ_{k + 1} − ℒ_k)"},
		"bound_waterfall alive":        {"B_9 Theorem 1 as printed", "exact ‖H_i‖_2", "÷ 7.0", "slack"},
		"bound_waterfall deep":         {"does not hold: 150 exact norms above it"},
		"difference_over_radius alive": {"as printed, with Theorem 1: 1.0 × 10^9 at R = 0.001", "model off by 10 % from R = 0.10 (eigenvectors), R = 1.0 (random)", "nearest flip: R = 5.0 × 10^{−6}"},
		"rotation_over_epochs alive":   {"with the snapshot before", "with that after epoch 10", "with that before training", "epoch"},
		"curvature_over_epochs alive":  {"h = 16, num_layers = 5", "epoch", "loss, nats"},
		"norms_over_epochs alive":      {"h = 16, num_layers = 5", "the bound, num_layers = 5", "‖H‖_2 on the whole sample", "what it bounds, ‖G‖_2"},
		"rotation_over_epochs deep":    {"open: no clear gap behind the eigenspace"},
		"norms_over_k several":         {"range of the seeds", "spectral norm", "converged; an eigenvalue is missing with probability ≤ 7 × 10^{−10}"},
		"sufficient_size alive":        {"the sample, 10,000 objects: larger sizes are extrapolated", "open, or arrow: not reached within the sample", "Δ_2^{(D)}, σ = 0.01"},
	}
	for _, c := range curvatureConditions(t) {
		labels := page(t, c).Labels()
		for _, w := range want[c.name] {
			if !slices.Contains(labels, w) {
				t.Errorf("%s: no %q among %q", c.name, w, labels)
			}
		}
		delete(want, c.name)
	}
	for name := range want {
		t.Errorf("no figure %s", name)
	}
}

func TestCurvatureRefuses(t *testing.T) {
	all := curvatureConditions(t)
	of := func(name string) condition {
		return all[slices.IndexFunc(all, func(c condition) bool { return c.name == name })]
	}
	id := of("surface_2d alive").p.Networks[0]
	for _, c := range []struct {
		name, figure string
		change       func(*Params, map[string][]byte)
		want         string
	}{
		{"kind", "layer_blocks alive", func(p *Params, _ map[string][]byte) { p.Figure = "pie" }, `unknown figure "pie": known are hidden_size, num_layers`},
		{"nothing", "layer_blocks alive", func(p *Params, _ map[string][]byte) { p.Networks = nil }, "no networks"},
		{"two", "layer_blocks alive", func(p *Params, _ map[string][]byte) { p.Networks = append(p.Networks, p.Networks[0]) }, "2 networks: the figure shows one"},
		{"twice", "norms_over_k alive", func(p *Params, _ map[string][]byte) { p.Networks = append(p.Networks, p.Networks[0]) }, "occurs twice"},
		{"size", "layer_blocks alive", func(p *Params, _ map[string][]byte) { p.WidthCM = math.NaN() }, "not a size of a figure"},
		{"small", "surface_2d alive", func(p *Params, _ map[string][]byte) { p.HeightCM = 4 }, "too small for the labels"},
		{"no spectrum", "layer_blocks alive", func(_ *Params, in map[string][]byte) { delete(in, id.Result("spectra/spectrum")) }, "input " + id.Result("spectra/spectrum")},
		{"lines", "surface_1d alive", func(_ *Params, in map[string][]byte) {
			in[id.Result("surfaces/lines")] = npy.Encode([]int{1, 1, 1}, []float64{1})
		}, "shape [1 1 1]: want [4 3 21]"},
		{"infinite", "surface_1d alive", func(_ *Params, in map[string][]byte) {
			in[id.Result("surfaces/lines")] = npy.Encode([]int{4, 3, 21}, slices.Repeat([]float64{math.Inf(1)}, 252))
		}, "value 0 is +Inf"},
		{"of another term", "spectral_density alive", func(_ *Params, in map[string][]byte) {
			d, err := artifact.Decode[artifact.Density](in[id.Result("density/density")])
			d.Term = "G"
			in[id.Result("density/density")] = encode(t, d, err)
		}, "is of G"},
		{"of another exact spectrum", "spectral_density alive", func(_ *Params, in map[string][]byte) {
			in[id.Result("spectra/exact")] = npy.Encode([]int{2}, []float64{1, 2})
		}, "has 2 eigenvalues, want none or 13984"},
	} {
		x := of(c.figure)
		inputs := maps.Clone(x.inputs)
		x.p.Networks = slices.Clone(x.p.Networks)
		c.change(&x.p, inputs)
		_, err := Run(t.Context(), x.p, task.New(inputs))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x := of("layer_blocks alive")
	if _, err := Run(ctx, x.p, task.New(x.inputs)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

// Levels are round numbers, ascend and enclose the values.
func TestLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(1e-6, 1e3).Draw(t, "low")
		high := low * rapid.Float64Range(1.001, 1e7).Draw(t, "factor")
		for _, l := range []levels{lossLevels([]float64{low, high}), changeLevels([]float64{-low, high})} {
			if len(l.at) < 3 || len(l.at) > 40 || len(l.at) != len(l.texts) {
				t.Errorf("%d levels, %d texts", len(l.at), len(l.texts))
			}
			if !slices.IsSorted(l.at) || l.at[0] > low*(1+1e-9) || l.at[len(l.at)-1] < high*(1-1e-9) {
				t.Errorf("levels %v from %v to %v", l.at, low, high)
			}
		}
		if l := changeLevels([]float64{-low, high}); !slices.Contains(l.at, 0) {
			t.Errorf("no level 0 among %v", l.at)
		}
	})
}

// Beside the zone that is hidden the density is that of all nodes, those inside the
// zone too, with a band of two standard errors over the probes.
func TestSmoothingPrecedesHiding(t *testing.T) {
	d := density{Density: artifact.Density{Parameters: 100, Probes: 3, Steps: 2, Mass: 1}}
	for _, share := range []float64{0.2, 0.3, 0.4} { // just below 1, and far above
		d.nodes, d.weights = append(d.nodes, []float64{0.99, 100}), append(d.weights, []float64{share, 1 - share})
	}
	c := d.smoothDecades([]float64{0}, 1) // from |λ| = 1 on
	peak := bell(math.Log10(0.99)/decadeWidth) / decadeWidth
	if want := 0.3 * peak; math.Abs(c.mean[0]-want) > 1e-12*want {
		t.Errorf("the density at 1 is %v, want %v", c.mean[0], want)
	}
	if want := 2 * 0.1 * peak / math.Sqrt(3); math.Abs(c.high[0]-c.mean[0]-want) > 1e-12*peak || math.Abs(c.mean[0]-c.low[0]-want) > 1e-12*peak {
		t.Errorf("the band is from %v to %v about %v, want ± %v", c.low[0], c.high[0], c.mean[0], want)
	}
}

// The bells of a density sum to the share of the eigenvalues on the axis.
func TestSmoothingKeepsTheShare(t *testing.T) {
	inputs := make(map[string][]byte)
	n := put(t, inputs, artifact.Network{HiddenSize: 16, NumLayers: 5, SampleSize: 10000}, true)
	d, err := readDensity(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	grid := make([]float64, 4000)
	for i := range grid {
		grid[i] = -20 + 0.1*float64(i)
	}
	c := d.smooth(grid, 1, func(v float64) (float64, bool) { return v, true })
	sum := 0.0
	for i := range grid {
		sum += 0.1 * c.mean[i]
		if c.low[i] > c.mean[i]+1e-15 || c.high[i] < c.mean[i]-1e-15 {
			t.Fatalf("the mean at %v is outside of the probes' range", grid[i])
		}
	}
	want := d.Mass + 5./13984
	if math.Abs(sum-want) > 1e-6 {
		t.Errorf("the density sums to %v, want %v", sum, want)
	}
	// Half of two nodes' distance, about 0.285, is 2 bells of a tenth of a power of ten.
	if r, want := d.unresolved(), 0.285/(2*0.1*math.Ln10); math.Abs(r-want) > 0.12 {
		t.Errorf("not resolved within %v, want about %v", r, want)
	}
}
