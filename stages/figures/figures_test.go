package figures

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart/charttest"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// condition is a figure under some condition of the data.
type condition struct {
	name   string
	p      Params
	inputs map[string][]byte
}

// conditions are all kinds of figures on data as they are and as they may be.
func conditions(t *testing.T) []condition {
	t.Helper()
	var out []condition
	add := func(name string, p Params, inputs map[string][]byte) {
		out = append(out, condition{name, p, inputs})
	}
	p, in := panelOf(t, "hidden_size", "mnist", "direct", 10000, 0)
	add("paper's h", p, in)
	p, in = panelOf(t, "num_layers", "mnist", "direct", 10000, 0)
	add("paper's num_layers", p, in)
	p, in = panelOf(t, "hidden_size", "cifar100", "features", 10000, 0)
	add("one collapsed", p, in)
	p, in = panelOf(t, "hidden_size", "cifar10", "features", 500, 0, 1, 2)
	add("several seeds", p, in)
	p, in = panelOf(t, "hidden_size", "cifar10", "features", 500, 0, 1, 2)
	in = maps.Clone(in)
	dead := p.Networks[1]
	in[dead.Result("differences/curve")], _, in[dead.Result("differences/summary")] = synthetic(t, 500, 0, 0)
	putLosses(t, in, dead, 0)
	add("one of several seeds collapsed", p, in)
	p, in = panelOf(t, "num_layers", "an unknown_set $", "direct", 300, 0, 1, 2)
	add("all collapsed", p, in)
	p, in = panelOf(t, "hidden_size", "mnist", "direct", 2, 0)
	p.Dataset = "日本語のデータ \u202eab\u200f"
	add("two objects", p, in)
	p, in = panelOf(t, "num_layers", "cifar10", "features", 1500, 0)
	p.Figure, p.WidthCM, p.HeightCM, p.Networks = "true_difference", 18, 13, p.Networks[:1]
	add("true difference", p, in)
	p, in = panelOf(t, "hidden_size", "cifar100", "features", 40, 0)
	p.Figure, p.WidthCM, p.Networks = "true_difference", 16, p.Networks[:1]
	add("true difference of a collapsed one", p, in)
	p, in = samplesOf(t, func(int, int64) bool { return false })
	add("MAD", p, in)
	p, in = samplesOf(t, func(k int, seed int64) bool { return k == 1400 && seed == 3 })
	add("MAD, one collapsed", p, in)
	p, in = samplesOf(t, func(int, int64) bool { return true })
	add("MAD, all collapsed", p, in)
	p, in = gridOf(t, 1, false)
	add("MAD grid", p, in)
	p, in = recipesOf(t)
	add("MAD of three recipes", p, in)
	p, in = gridOf(t, 8, true)
	add("MAD grid of 8 seeds", p, in)
	p, in = accuracyOf(t, "accuracy_over_size", 50000, false, 3)
	add("accuracy over size", p, in)
	p, in = accuracyOf(t, "accuracy_over_difference", 400, true, 1)
	add("accuracy over difference, one collapsed", p, in)
	for name, change := range neededStates {
		p, in = neededOf(t, change)
		add("held out over k, "+name, p, in)
	}
	p, in = gridOf(t, 39, false)
	p.Dataset = "cifar10x"
	add("MAD grid of 39 seeds", p, in)
	return out
}

// drawSVG draws a figure as SVG only and reads it.
func drawSVG(t *testing.T, c condition) charttest.Page {
	t.Helper()
	d, err := c.p.draw(c.inputs)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	b, err := d.SVG()
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return charttest.Read(t, b)
}

func TestNothingIsCutOrOverlaps(t *testing.T) {
	for _, c := range conditions(t) {
		for _, size := range [][2]float64{{0, 0}, {9, 8}, {30, 20}} {
			if size[0] > 0 {
				if size[0] < 10 && strings.Contains(c.name, "recipes") {
					continue // several panels need room
				}
				c.p.WidthCM, c.p.HeightCM = size[0], size[1]
			}
			for _, fault := range drawSVG(t, c).Faults() {
				t.Errorf("%s, %v by %v cm: %s", c.name, c.p.WidthCM, c.p.HeightCM, fault)
			}
		}
	}
}

// A log axis cannot show a collapsed network; the figure says so.
func TestCollapsedNetworksAreNamed(t *testing.T) {
	want := map[string][]string{
		"one collapsed":                           {"h = 4: collapsed, all differences 0", "h = 4: no curve in the paper"},
		"all collapsed":                           {"num_layers = 1, num_layers = 3, num_layers = 5, num_layers = 7,", "num_layers = 10: the median seed collapsed, all differences 0"},
		"several seeds":                           {"range of the seeds"},
		"one of several seeds collapsed":          {"range of the seeds that did not collapse", "h = 4 (1 of 3, 1 collapsed): seeds with dead layers", "h = 4"},
		"true difference of a collapsed one":      {"collapsed, all differences 0"},
		"accuracy over difference, one collapsed": {"h = 4 (1 of 1): seeds that collapsed, all differences 0"},
		"held out over k, collapsed":              {"all seeds collapsed"},
		"MAD, one collapsed":                      {"k = 1,400 seed 3: collapsed, all losses equal"},
		"MAD, all collapsed":                      {"k = 100 seed 0, k = 100 seed 1, k = 100 seed 2, k = 100 seed 3, k = 100 seed 4,", "and 25 more: collapsed, all losses equal"},
		"MAD of three recipes":                    {"cold start, by epochs", "cold start, 1,570 updates", "warm start, 1,570 updates", "range of the seeds", "k = 100 seed 2 (cold start, 1,570 updates): collapsed, all losses equal"},
		"MAD grid":                                {"as published (Kiselev & Grabovoy, 2024)", "hidden size h", "num_layers", "one network"},
		"MAD grid of 8 seeds":                     {"h = 4 (3 of 8): collapsed, MAD 0", "range of the seeds"},
		"MAD grid of 39 seeds":                    {"95 % rank band of the seeds"},
		"paper's h":                               {"h = 4", "h = 64", "as published (Kiselev & Grabovoy, 2024)", "|ℒ_{k + 1}(θ) − ℒ_k(θ)|", "Sample size k", "10^{−4}", "8,000"},
	}
	for _, c := range conditions(t) {
		var labels []string
		for _, s := range drawSVG(t, c).Shapes {
			labels = append(labels, s.Label)
		}
		for _, w := range want[c.name] {
			if !slices.Contains(labels, w) {
				t.Errorf("%s: no %q among %q", c.name, w, labels)
			}
		}
		if len(want[c.name]) == 0 && strings.Contains(strings.Join(labels, " "), "collapsed") {
			t.Errorf("%s: speaks of collapsed networks", c.name)
		}
	}
}

// The curve of several seeds is that of the median one, the band the range of those
// that did not collapse.
// TestAccuracyOfCollapsed: networks that a log axis cannot show are named, and the
// published curves are there only for networks of the authors' experiment.
func TestAccuracyOfCollapsed(t *testing.T) {
	for _, c := range []struct {
		figure    string
		k         int
		collapse  bool
		say, hide string
	}{
		{"accuracy_over_size", 50000, true, "as published by the authors", "collapsed"},
		{"accuracy_over_size", 400, false, "accuracy on held-out objects", "as published"},
		{"accuracy_over_difference", 400, true, "h = 4 (2 of 2): seeds that collapsed", "as published"},
	} {
		p, in := accuracyOf(t, c.figure, c.k, c.collapse, 2)
		text := strings.Join(drawSVG(t, condition{c.figure, p, in}).Labels(), "\n")
		if !strings.Contains(text, c.say) || strings.Contains(text, c.hide) {
			t.Errorf("%s, k = %d: says\n%s\nwant %q and not %q", c.figure, c.k, text, c.say, c.hide)
		}
	}
	p, in := accuracyOf(t, "accuracy_over_size", 400, false, 2)
	in[p.Networks[1].Result("held_out_curve/curve")] = artifact.HeldOutCurve{Updates: []float64{1}, Seen: []float64{64}, Accuracy: []float64{0.1}, Loss: []float64{2}}.Encode()
	if _, err := p.draw(in); err == nil || !strings.Contains(err.Error(), "1 evaluations, that of another seed 20") {
		t.Errorf("curves of other lengths: error %v", err)
	}
}

// TestNeededSizeSays: the figure says the size, or why there is none.
func TestNeededSizeSays(t *testing.T) {
	for name, want := range map[string]string{
		"fit": "one doubling gains 0.05 nats: 2,345 objects", "beyond": "nothing is said beyond", "no fit": "no fit: it needs four values of k and four seeds", "collapsed": "all seeds collapsed",
	} {
		p, in := neededOf(t, neededStates[name])
		if text := strings.Join(drawSVG(t, condition{name, p, in}).Labels(), "\n"); !strings.Contains(text, want) {
			t.Errorf("%s: no %q in\n%s", name, want, text)
		}
	}
}

func TestSeeds(t *testing.T) {
	curve := func(last float64) differences {
		return differences{k: []float64{1, 2}, mean: []float64{0, last}, ema: []float64{2 * last, last}}
	}
	g := group{curves: []differences{curve(3), curve(0), curve(9), curve(5)}}
	if got := g.median().ema[1]; got != 3 {
		t.Errorf("the median of 0, 3, 5 and 9 is %v", got)
	}
	k, low, high := g.band()
	if !slices.Equal(k, []float64{1, 2}) || !slices.Equal(low, []float64{6, 3}) || !slices.Equal(high, []float64{18, 9}) {
		t.Errorf("the band at %v is %v to %v", k, low, high)
	}
	if k, _, _ := (group{curves: g.curves[:2]}).band(); k != nil {
		t.Errorf("the band of one living seed is at %v", k)
	}
}

// Equal params and inputs give equal bytes, also when figures are drawn at the
// same time.
func TestBytesAreStable(t *testing.T) {
	for _, c := range slices.DeleteFunc(slices.Concat(conditions(t), curvatureConditions(t)), func(c condition) bool {
		return !slices.Contains([]string{"one collapsed", "true difference", "MAD", "surface_2d alive", "norms_over_k several"}, c.name)
	}) {
		var all [3]map[string][]byte
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() {
				out, err := Run(t.Context(), c.p, task.New(c.inputs))
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
				all[i] = out
			})
		}
		wg.Wait()
		for _, out := range all[1:] {
			if !maps.EqualFunc(all[0], out, bytes.Equal) {
				t.Errorf("%s: two runs differ", c.name)
			}
		}
	}
}

// What is drawn, without the compression.
func TestGolden(t *testing.T) {
	want := map[string]string{
		"paper's h svg":          "dd6d2fc937c2c6c8",
		"paper's h pdf":          "9044da19ac3f3218",
		"paper's h png":          "f6e3d3954bc0d0c2",
		"MAD, one collapsed svg": "36974a1b905f1325",
		"MAD, one collapsed pdf": "3c6a9ffa355ea75d",
		"MAD, one collapsed png": "89cebb550648e4b2",

		"surface_2d alive svg":      "3627581d55f73dd4",
		"surface_2d alive pdf":      "f7a346a01508b695",
		"surface_2d alive png":      "aa801107ddda5cd2",
		"bound_waterfall alive svg": "5fdb08782c00f415",
	}
	for _, c := range slices.Concat(conditions(t), curvatureConditions(t)) {
		if _, golden := want[c.name+" svg"]; !golden {
			continue
		}
		out, err := Run(t.Context(), c.p, task.New(c.inputs))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for name, b := range map[string][]byte{
			" svg": out[OutputSVG],
			" pdf": charttest.PDFPage(t, out[OutputPDF]),
			" png": charttest.Pixels(t, out[OutputPNG]),
		} {
			golden, ok := want[c.name+name]
			if got := fmt.Sprintf("%x", sha256.Sum256(b))[:16]; ok && got != golden {
				t.Errorf("%s%s: SHA-256 begins with %s, want %s: look at the figure before you change this", c.name, name, got, golden)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Params, map[string][]byte)
		want   string
	}{
		{"kind", func(p *Params, _ map[string][]byte) { p.Figure = "pie" }, `unknown figure "pie"`},
		{"nothing", func(p *Params, _ map[string][]byte) { p.Networks = nil }, "no networks"},
		{"size", func(p *Params, _ map[string][]byte) { p.HeightCM = 0 }, "not a size of a figure"},
		{"small", func(p *Params, _ map[string][]byte) { p.HeightCM = 3 }, "too small for the labels"},
		{"twice", func(p *Params, _ map[string][]byte) { p.Networks[1] = p.Networks[0] }, "occurs twice"},
		{"not one num_layers", func(p *Params, _ map[string][]byte) { p.Networks[3].NumLayers = 1 }, "differ in num_layers"},
		{"grid", func(p *Params, _ map[string][]byte) { p.Figure, p.AtHiddenSize, p.AtNumLayers = "mad_grid", 16, 7 }, "no network with num_layers = 7"},
		{"no curve", func(p *Params, in map[string][]byte) { delete(in, p.Networks[2].Result("differences/curve")) }, "input differences/curve/mnist,h=16"},
		{"no summary", func(p *Params, in map[string][]byte) { delete(in, p.Networks[2].Result("differences/summary")) }, "input differences/summary/mnist,h=16"},
		{"other curve", func(p *Params, in map[string][]byte) {
			in[p.Networks[0].Result("differences/curve")], _, _ = synthetic(t, 10, 1, 0)
		}, "9 differences"},
	} {
		p, in := panelOf(t, "hidden_size", "mnist", "direct", 100, 0)
		c.change(&p, in)
		_, err := Run(t.Context(), p, task.New(in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
	p, in := panelOf(t, "hidden_size", "mnist", "direct", 100, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, p, task.New(in)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

// TestReads: each figure lists exactly what it reads.
func TestReads(t *testing.T) {
	for _, c := range append(conditions(t), curvatureConditions(t)...) {
		f, err := Named(c.p.Figure)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(c.name, "grid of") || strings.Contains(c.name, "recipes") || strings.Contains(c.name, "seeds") {
			continue // slow, and of the same figures as others
		}
		inputs := make(map[string][]byte)
		for _, n := range c.p.Networks {
			for _, result := range f.Reads {
				name := n.Result(result)
				if inputs[name] = c.inputs[name]; inputs[name] == nil {
					t.Errorf("%s: no input %s", c.name, name)
				}
			}
		}
		if _, err := c.p.draw(inputs); err != nil {
			t.Errorf("%s: with its own inputs alone: %v", c.name, err)
		}
		for name := range inputs {
			less := maps.Clone(inputs)
			delete(less, name)
			if _, err := c.p.draw(less); err == nil {
				t.Errorf("%s: does not read its input %s", c.name, name)
			}
		}
	}
}
