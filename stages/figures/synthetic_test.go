package figures

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// synthetic returns the inputs of a network whose curve has that MAD: the
// closed form with noise, 100 orders deep, and its moving average. A MAD of 0
// is a collapsed network.
func synthetic(t *testing.T, objects int, mad float64, seed int64) (curve, band, summary []byte) {
	t.Helper()
	s := rng.New(seed, "figures", "synthetic", 0)
	n := objects - 1
	rows := make([]float64, 3*n)
	for i := range n {
		k := float64(i + 1)
		rows[i] = k
		rows[n+i] = mad / (k + 1) * detmath.Exp(0.12*s.Normal())
		rows[2*n+i] = rows[n+i]
		if i > 0 {
			rows[2*n+i] = float64(0.99*rows[2*n+i-1]) + float64(0.01*rows[n+i])
		}
	}
	var ks []float64
	for k := 1; k < n; k += max(1, k/20) {
		ks = append(ks, float64(k))
	}
	ks = append(ks, float64(n))
	m := len(ks)
	b := make([]float64, 3*m)
	for j, k := range ks {
		b[j] = k
		b[m+j] = 0.1 * mad / (k + 1) * math.Abs(1+float64(0.5*s.Normal()))
		b[2*m+j] = 4.5 * mad / (k + 1) * (1 + float64(0.2*s.Float64()))
	}
	summary, err := artifact.Encode(artifact.DifferenceSummary{
		Objects: objects, Permutations: 100, EMA: 0.99, MAD: mad,
		First: rows[n], Last: rows[2*n-1], EMALast: rows[3*n-1],
	})
	if err != nil {
		t.Fatal(err)
	}
	return npy.Encode([]int{3, n}, rows), npy.Encode([]int{3, m}, b), summary
}

// network adds a network of that MAD to a figure and its inputs.
func (p *Params) network(t *testing.T, inputs map[string][]byte, s artifact.Network, mad float64) {
	t.Helper()
	s.Dataset, s.Input = "mnist", "direct"
	p.Networks = append(p.Networks, s)
	curve, band, summary := synthetic(t, s.SampleSize, mad, s.Seed+int64(1000*s.HiddenSize+s.NumLayers))
	inputs[s.Result("differences/curve")], inputs[s.Result("differences/band")], inputs[s.Result("differences/summary")] = curve, band, summary
	putLosses(t, inputs, s, mad)
}

// putLosses adds the summary of the losses of a network of that MAD.
func putLosses(t *testing.T, inputs map[string][]byte, s artifact.Network, mad float64) {
	t.Helper()
	all := float64(2.5*mad/(1+float64(s.SampleSize)/4000)) + float64(0.3*mad)
	if s.SampleSize >= 10000 {
		all = mad
	}
	stats := func(n int, mad float64) artifact.LossStatistics {
		return artifact.LossStatistics{Objects: n, Mean: mad, Std: 2 * mad, MAD: mad, Max: 9, Accuracy: 0.9}
	}
	losses, err := artifact.Encode(artifact.LossSummary{Sample: stats(s.SampleSize, mad), All: stats(10000, all)})
	if err != nil {
		t.Fatal(err)
	}
	inputs[s.Result("losses/summary")] = losses
}

// The paper's MAD, panel by panel: five h, then five num_layers.
var paperMAD = map[string][10]float64{
	"mnist/direct":       {.467, .736, .534, .387, .270, .423, .491, .536, .828, .632},
	"cifar100/features":  {0, .897, 1.040, .888, .577, .802, 1.077, 1.019, .732, .701},
	"cifar10/features":   {.561, .263, .114, .071, .028, .070, .074, .113, .148, .273},
	"fashion_mnist/none": {.430, .636, .623, .490, .461, .462, .546, .625, .619, .651},
}

func panelOf(t *testing.T, figure, dataset, input string, k int, seeds ...int64) (Params, map[string][]byte) {
	t.Helper()
	inputs := make(map[string][]byte)
	p := Params{Figure: figure, Dataset: dataset, Input: input, WidthCM: 12, HeightCM: 9, Published: true}
	for i, v := range [][]int{{4, 8, 16, 32, 64}, {1, 3, 5, 7, 10}}[map[string]int{"hidden_size": 0, "num_layers": 1}[figure]] {
		for _, seed := range seeds {
			s := artifact.Network{HiddenSize: v, NumLayers: 5, SampleSize: k, Seed: seed}
			mad := paperMAD[dataset+"/"+input][i]
			if figure == "num_layers" {
				s.HiddenSize, s.NumLayers = 16, v
				mad = paperMAD[dataset+"/"+input][5+i]
			}
			p.network(t, inputs, s, mad)
		}
	}
	return p, inputs
}

func samplesOf(t *testing.T, dead func(k int, seed int64) bool) (Params, map[string][]byte) {
	t.Helper()
	inputs := make(map[string][]byte)
	p := Params{Figure: "mad_over_k", Dataset: "mnist", Input: "direct", WidthCM: 12, HeightCM: 9}
	for _, k := range []int{100, 200, 370, 720, 1400, 2700, 5200, 10000} {
		for seed := range int64(5) {
			mad := 0.55 * (1 + float64(0.12*float64(seed-2))) * float64(k) / float64(k+150)
			if dead(k, seed) {
				mad = 0
			}
			p.network(t, inputs, artifact.Network{HiddenSize: 16, NumLayers: 5, SampleSize: k, Seed: seed}, mad)
		}
	}
	return p, inputs
}

// recipesOf is mad_over_k of networks that were trained in three ways, one of
// which has a collapsed network.
func recipesOf(t *testing.T) (Params, map[string][]byte) {
	t.Helper()
	p, inputs := samplesOf(t, func(int, int64) bool { return false })
	p.WidthCM = 21
	usual := p.Networks
	for i, recipe := range []string{"cold start, 1,570 updates", "warm start, 1,570 updates"} {
		for _, s := range usual {
			s.Recipe = recipe
			s.Steps, s.After = 1570, []string{"", "50"}[i]
			mad := 2e-4 * float64(s.SampleSize) / 100
			if i == 0 && s.SampleSize == 100 && s.Seed == 2 {
				mad = 0
			}
			putLosses(t, inputs, s, mad)
			p.Networks = append(p.Networks, s)
		}
	}
	return p, inputs
}

// gridOf is the figure mad_grid of the networks that the paper shows, h = 4
// collapsing for every third seed.
func gridOf(t *testing.T, seeds int64, collapse bool) (Params, map[string][]byte) {
	t.Helper()
	inputs := make(map[string][]byte)
	p := Params{Figure: "mad_grid", Dataset: "mnist", Input: "direct", WidthCM: 14, HeightCM: 9, Published: true, AtNumLayers: 5, AtHiddenSize: 16}
	for i, v := range [][2]int{{4, 5}, {8, 5}, {16, 5}, {32, 5}, {64, 5}, {16, 1}, {16, 3}, {16, 7}, {16, 10}} {
		at := i
		if i >= 7 {
			at++ // the paper shows 16, 5 twice
		}
		for seed := range seeds {
			mad := paperMAD["mnist/direct"][at] * detmath.Exp(0.15*rng.New(seed, "figures", "grid", uint64(i)).Normal())
			if collapse && v[0] == 4 && seed%3 == 0 {
				mad = 0
			}
			s := artifact.Network{HiddenSize: v[0], NumLayers: v[1], SampleSize: 10000, Seed: seed}
			p.Networks = append(p.Networks, s)
			putLosses(t, inputs, s, mad)
		}
	}
	return p, inputs
}

// accuracyOf is a figure of the second experiment: networks of the authors' sizes whose
// accuracy rises while they see their sample, those of h = 4 collapsed where that is
// wanted.
func accuracyOf(t *testing.T, figure string, k int, collapse bool, seeds int64) (Params, map[string][]byte) {
	t.Helper()
	inputs := make(map[string][]byte)
	p := Params{Figure: figure, Dataset: "mnist", Input: "direct", WidthCM: 12, HeightCM: 9, Published: true}
	for _, h := range []int{4, 8, 16, 32, 64} {
		for seed := range seeds {
			s := artifact.Network{Dataset: "mnist", Input: "direct", HiddenSize: h, NumLayers: 3, SampleSize: k, Seed: seed}
			mad := 0.4
			if collapse && h == 4 {
				mad = 0
			}
			p.network(t, inputs, s, mad)
			var c artifact.HeldOutCurve
			for i := range 20 {
				part := float64(i+1) / 20
				c.Updates, c.Seen = append(c.Updates, float64(i+1)), append(c.Seen, math.Floor(part*float64(k)))
				c.Accuracy, c.Loss = append(c.Accuracy, 0.1+float64(part*float64(h+int(seed))/100)), append(c.Loss, 2.3-part)
			}
			inputs[s.Result("held_out_curve/curve")] = c.Encode()
		}
	}
	return p, inputs
}

// neededStates are what the size of held_out_over_k may look like.
var neededStates = map[string]func(r *artifact.NeededSize){
	"fit": func(*artifact.NeededSize) {},
	"beyond": func(r *artifact.NeededSize) {
		r.Fit.Beyond, r.Fit.Size = true, artifact.Interval{Estimate: 6400, Low: 6400, High: 6400}
	},
	"no fit":    func(r *artifact.NeededSize) { r.Fit = nil },
	"collapsed": func(r *artifact.NeededSize) { r.Fit, r.Losses, r.LeftOut = nil, nil, r.Seeds },
}

// neededOf is the figure held_out_over_k of losses 0.2 + 8/√k.
func neededOf(t *testing.T, change func(*artifact.NeededSize)) (Params, map[string][]byte) {
	t.Helper()
	n := artifact.Network{Dataset: "mnist", Input: "direct", HiddenSize: 16, NumLayers: 5, SampleSize: 1600}
	r := artifact.NeededSize{Target: 0.05, Sizes: []int{100, 200, 400, 800, 1600}, Seeds: []int64{0, 1, 2, 3}, LeftOut: []int64{}}
	for i := range r.Seeds {
		var row []float64
		for _, k := range r.Sizes {
			row = append(row, 0.2+(8+float64(i)/10)/math.Sqrt(float64(k)))
		}
		r.Losses = append(r.Losses, row)
	}
	r.Fit = &artifact.LawFit{A: 0.2, B: 8, C: 0.5, Size: artifact.Interval{Estimate: 2344.5, Low: 2000, High: 3000}, Limit: 6400}
	change(&r)
	b, err := artifact.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return Params{Figure: "held_out_over_k", Dataset: "mnist", Input: "direct", WidthCM: 12, HeightCM: 9, Networks: []artifact.Network{n}},
		map[string][]byte{n.Result("needed_size/size"): b}
}
