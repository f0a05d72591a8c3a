package claims

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// What the paper reads off Lemma 1: that h·M is small, and how the curvature and
// the loss difference depend on the size of the network.
var (
	smallWeights = claim{
		id: "small_weights", source: "after Lemma 1", whose: artifact.OfPaper,
		text: "if h is large, the largest weight M is small, so that hM is probably less than one", panel: (*judgement).smallWeights,
	}
	hessianScaling = claim{
		id: "hessian_scaling", source: "after Lemma 1", whose: artifact.OfPaper, text: "‖H‖ is proportional to L·(hM)^(2L)",
		panel: func(j *judgement, q *panel) error {
			j.scaling(q, "‖H‖", func(n network) float64 { return n.spectrum.Hessian.Norm })
			return nil
		},
	}
	lossScaling = claim{
		id: "loss_scaling", source: "after Lemma 2", whose: artifact.OfPaper, text: "|L_{k+1} − L_k| is proportional to L·(hM)^(2L)/k",
		panel: func(j *judgement, q *panel) error {
			j.scaling(q, "MAD", func(n network) float64 { return n.losses.Sample.MAD })
			return nil
		},
	}
)

// scaled is hM, the base of Lemma 1.
func scaled(n network) float64 {
	return float64(float64(n.bounds.Constants.Width) * n.bounds.Constants.LargestWeight)
}

// smallWeights adds the rows on hM < 1. Dead networks have weights too.
func (j *judgement) smallWeights(q *panel) error {
	for _, s := range q.scopes(func(n network) bool { return n.bounds != nil }) {
		c := j.row(s.panel, s.name)
		if len(s.networks) == 0 {
			c.Tested = "no network has the constants of the bounds"
			continue
		}
		var widths []int
		var values, sizes []float64
		for _, n := range s.networks {
			values, sizes = append(values, scaled(n)), append(sizes, float64(n.HiddenSize))
			if !slices.Contains(widths, n.HiddenSize) {
				widths = append(widths, n.HiddenSize)
			}
		}
		slices.Sort(widths)
		var medians []string
		for _, h := range widths {
			var of []float64
			for i, v := range values {
				if sizes[i] == float64(h) {
					of = append(of, v)
				}
			}
			medians = append(medians, fmt.Sprintf("%s at h = %d", short(stats.Median(of)), h))
		}
		below := shareOf(s.networks, func(n network) bool { return scaled(n) < 1 })
		c.Verdict = below.most()
		c.Tested = fmt.Sprintf("hM, M the largest |weight| of all layers, of %s", related(c, s.networks))
		c.Effect = &artifact.Effect{Name: "hM, median over networks", Interval: median(values)}
		all := spread(values)
		c.Evidence = fmt.Sprintf("hM < 1 on %s; hM is %s to %s, in the median %s", below, short(all.Low), short(all.High), list(medians))
		if len(widths) > 1 {
			c.Evidence += "; rank correlation of hM with h " + short(stats.RankCorrelation(sizes, values))
		}
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "As a rule hM is below one, where Lemma 1 falls with the depth.",
			artifact.DoesNotHold: "As a rule hM is above one, where Lemma 1 grows like its power 2L: it is far too high.",
			artifact.Undecided:   "The networks do not tell on which side of one hM is as a rule.",
		}[c.Verdict]
	}
	return nil
}

// scaling adds the rows on whether a quantity grows with the layers as L·(hM)^(2L)
// does: its logarithm within networks of one h, all trained on the same k by the
// paper's recipe.
func (j *judgement) scaling(q *panel, name string, of func(network) float64) {
	want := func(n network) bool {
		return n.Recipe == "" && n.bounds != nil && n.spectrum != nil && n.objects != nil
	}
	k := q.where(want).usualSample()
	for _, s := range q.scopes(func(n network) bool { return want(n) && n.SampleSize == k }) {
		c := j.row(s.panel, s.name)
		var networks []network
		for _, n := range alive(s.networks) {
			if of(n) > 0 && n.spectrum.Hessian.Norm > 0 && n.objects.LargestHessian > 0 {
				networks = append(networks, n)
			}
		}
		if len(networks) == 0 {
			c.Tested = "no network trained by the paper's recipe has its curvature measured, or all are dead"
			continue
		}
		c.AtK = &k
		c.Tested = fmt.Sprintf("the slope of log %s over the layers within each h, of %s", name, related(c, s.networks))
		measured, ok := layerSlope(networks, func(n network) float64 { return detmath.Log(of(n)) })
		predicted, _ := layerSlope(networks, predictedLog)
		if !ok {
			c.Verdict = artifact.Undecided
			c.Evidence = "there are fewer than three networks beyond one per h and slope"
			c.Conclusion = "The networks are too few to see how it grows with the layers."
			continue
		}
		low, high := float64(predicted.Estimate/2), float64(predicted.Estimate*3/2)
		low, high = min(low, high), max(low, high)
		switch {
		case measured.High < low || measured.Low > high:
			c.Verdict = artifact.DoesNotHold
		case measured.Low >= low && measured.High <= high:
			c.Verdict = artifact.Holds
		default:
			c.Verdict = artifact.Undecided
		}
		c.Effect = &artifact.Effect{Name: fmt.Sprintf("slope of log %s per layer", name), Interval: measured}
		byNorm, _ := layerSlope(networks, func(n network) float64 { return logPower(n, n.bounds.Constants.LargestLayer) })
		c.Evidence = fmt.Sprintf("slope %s per layer, 95 %% interval %s to %s; L·(hM)^(2L) has %s, L·M_W^(2L) of Theorem 1 %s; rank correlation of L·(hM)^(2L) %s",
			short(measured.Estimate), short(measured.Low), short(measured.High), short(predicted.Estimate), short(byNorm.Estimate), correlations(networks))
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds: fmt.Sprintf("%s grows with the layers as the bound does, within half of its slope.", name),
			artifact.DoesNotHold: fmt.Sprintf("%s grows by a factor of %s per layer, the bound by %s: it does not describe how %s depends on the depth.",
				name, short(detmath.Exp(measured.Estimate)), short(detmath.Exp(predicted.Estimate)), name),
			artifact.Undecided: "The networks do not tell how it grows with the layers.",
		}[c.Verdict]
	}
}

// usualSample is the sample size k that most networks of the panel have, the
// largest of several.
func (q *panel) usualSample() int {
	counts, k := map[int]int{}, 0
	for _, n := range q.networks {
		counts[n.SampleSize]++
	}
	for _, n := range q.networks {
		if a, b := counts[n.SampleSize], counts[k]; a > b || a == b && n.SampleSize > k {
			k = n.SampleSize
		}
	}
	return k
}

// predictedLog is log L·(hM)^(2L).
func predictedLog(n network) float64 { return logPower(n, scaled(n)) }

// logPower is log L·base^(2L).
func logPower(n network, base float64) float64 {
	l := float64(n.bounds.WeightLayers)
	return detmath.Log(l) + float64(2*l*detmath.Log(base))
}

// layerSlope is the least-squares slope of a quantity over the number of layers,
// each h with an intercept of its own, with Student's interval; ok is false where
// fewer than three degrees of freedom are left.
func layerSlope(networks []network, of func(network) float64) (slope artifact.Interval, ok bool) {
	groups := map[int][]network{}
	var widths []int
	for _, n := range networks {
		if groups[n.HiddenSize] == nil {
			widths = append(widths, n.HiddenSize)
		}
		groups[n.HiddenSize] = append(groups[n.HiddenSize], n)
	}
	var x, y []float64 // less their means within an h
	for _, h := range widths {
		size := float64(len(groups[h]))
		var mx, my float64
		for _, n := range groups[h] {
			mx += float64(n.bounds.WeightLayers) / size
			my += of(n) / size
		}
		for _, n := range groups[h] {
			x, y = append(x, float64(n.bounds.WeightLayers)-mx), append(y, of(n)-my)
		}
	}
	var xy, xx, rest float64
	for i := range x {
		xy += float64(x[i] * y[i])
		xx += float64(x[i] * x[i])
	}
	free := float64(len(x) - len(widths) - 1)
	if !(xx > 0) || free < 3 {
		return artifact.Interval{}, false
	}
	estimate := xy / xx
	for i := range x {
		r := y[i] - float64(estimate*x[i])
		rest += float64(r * r)
	}
	half := float64(stats.StudentQuantile975(free) * math.Sqrt(rest/free/xx))
	return artifact.Interval{Estimate: estimate, Low: estimate - half, High: estimate + half}, true
}

// correlations writes the rank correlations of L·(hM)^(2L) with what it is said to
// be proportional to.
func correlations(networks []network) string {
	var bound []float64
	for _, n := range networks {
		bound = append(bound, predictedLog(n))
	}
	var parts []string
	for _, q := range []struct {
		name string
		of   func(network) float64
	}{
		{"‖H‖", func(n network) float64 { return n.spectrum.Hessian.Norm }},
		{"the largest ‖H_i‖", func(n network) float64 { return n.objects.LargestHessian }},
		{"MAD", func(n network) float64 { return n.losses.Sample.MAD }},
	} {
		var values []float64
		for _, n := range networks {
			values = append(values, q.of(n))
		}
		parts = append(parts, fmt.Sprintf("with %s %s", q.name, short(stats.RankCorrelation(bound, values))))
	}
	return list(parts)
}
