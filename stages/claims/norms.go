package claims

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// thesisSource states claims on ‖H‖₂ and ‖G‖₂ during training: N. Kiselev, draft of March
// 2026, chapter 2. It measures one network of each size on one batch; these claims are
// tested over seeds, each with a batch of its own, and on the whole sample where a run
// measures the norms on it.
const thesisSource = "thesis of one of its authors"

var (
	normFallsWithWidth = claim{
		id: "norm_falls_with_width", source: thesisSource, whose: artifact.OfPaper,
		text: "during training ‖H‖ falls with the hidden size h", panel: (*judgement).normFalls,
	}
	normShareTendsToOne = claim{
		id: "norm_share_tends_to_one", source: thesisSource, whose: artifact.OfPaper,
		text: "in training ‖G‖/‖H‖ tends to 1", panel: (*judgement).normShare,
	}
	normBoundGrows = claim{
		id: "norm_bound_grows", source: thesisSource, whose: artifact.OfPaper,
		text: "the bound √2·L·M_x²·M_W^(2L−2) of ‖G‖ grows in training while ‖H‖ falls", panel: (*judgement).normBound,
	}
	powerIterationsFind = claim{
		id: "power_iterations_find_the_norm", whose: artifact.Ours,
		text: "25 power iterations, from which the thesis has its norms, find ‖H‖ to 1 %", panel: (*judgement).powerIterations,
	}
	publishedNorms = claim{
		id: "published_norms", whose: artifact.Ours,
		text: "the norms that the thesis published are consistent with ours", panel: (*judgement).publishedNorms,
	}
)

// normed are the panel's networks whose norms were measured, by recipe.
func (q *panel) normed() []*panel {
	return q.where(func(n network) bool { return n.batch != nil && len(n.batch.Points) > 0 }).recipes()
}

// normRows adds the row of each recipe with such networks, which judged fills in.
func (j *judgement) normRows(q *panel, judged func(c *artifact.Claim, r *panel)) {
	recipes := q.normed()
	for _, r := range recipes {
		judged(j.row(r, artifact.AllNetworks), r)
	}
	if len(recipes) == 0 {
		j.untested(q, "the norms of no network were measured during its training")
	}
}

// pointAt is the point after that epoch, nil where there is none.
func pointAt(n *artifact.Norms, epoch int) *artifact.NormsPoint {
	if n == nil {
		return nil
	}
	if i := slices.IndexFunc(n.Points, func(p artifact.NormsPoint) bool { return p.Epoch == epoch }); i >= 0 {
		return &n.Points[i]
	}
	return nil
}

// ends are the first point after the training began and the last one; ok is false where
// they are one.
func ends(n *artifact.Norms) (first, last artifact.NormsPoint, ok bool) {
	at := slices.IndexFunc(n.Points, func(p artifact.NormsPoint) bool { return p.Epoch > 0 })
	if at < 0 || at == len(n.Points)-1 {
		return first, last, false
	}
	return n.Points[at], n.Points[len(n.Points)-1], true
}

// normEpochs are those at which the norms of any network of the panel were measured.
func (q *panel) normEpochs() []int {
	var list []int
	for _, n := range q.networks {
		for _, p := range n.batch.Points {
			list = append(list, p.Epoch)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// over says on what the norms were measured.
func over(networks []network) string {
	objects := networks[0].batch.Objects
	if slices.ContainsFunc(networks, func(n network) bool { return n.batch.Objects != objects }) {
		return "on random objects"
	}
	return fmt.Sprintf("on %s for each network", plural(objects, "random object"))
}

// normFalls adds a row for each num_layers with several widths: a Jonckheere–Terpstra
// test after each measured epoch.
func (j *judgement) normFalls(q *panel) error {
	found := false
	for _, r := range q.normed() {
		for _, depth := range numLayers.groups(r) {
			if len(hiddenSize.groups(depth.panel)) < 2 {
				continue
			}
			found = true
			if err := j.normFallsAt(depth); err != nil {
				return err
			}
		}
	}
	if !found {
		j.untested(q, "no experiment measures the norms of networks of two or more values of h during training")
	}
	return nil
}

func (j *judgement) normFallsAt(depth group) error {
	c, epochs := j.row(depth.panel, artifact.AllNetworks), depth.normEpochs()
	c.AtNumLayers = &depth.at
	t := artifact.ClaimTable{Name: "‖H‖ on random objects", Columns: []string{"epoch", "hidden_size", "networks", "least", "median", "largest"}}
	onAll := artifact.ClaimTable{Name: "‖H‖ on the whole sample", Columns: t.Columns}
	type tested struct {
		epoch          int
		falls          bool
		handle         handle
		medians, whole string // over the widths
	}
	var tests []tested
	for _, epoch := range epochs {
		var values [][]float64
		var medians, wholes []string
		for _, g := range hiddenSize.groups(depth.panel) {
			var batch, whole []float64
			for _, n := range g.networks {
				if p := pointAt(n.batch, epoch); p != nil {
					batch = append(batch, p.Hessian)
				}
				if p := pointAt(n.norms, epoch); p != nil {
					whole = append(whole, p.Hessian)
				}
			}
			if len(batch) == 0 {
				continue
			}
			values = append(values, batch)
			for _, of := range []struct {
				table  *artifact.ClaimTable
				values []float64
			}{{&t, batch}, {&onAll, whole}} {
				if len(of.values) > 0 {
					q := spread(of.values)
					of.table.Rows = append(of.table.Rows, []float64{float64(epoch), float64(g.at), float64(len(of.values)), q.Low, q.Estimate, q.High})
				}
			}
			medians = append(medians, short(stats.Median(batch)))
			if len(whole) > 0 {
				wholes = append(wholes, short(stats.Median(whole)))
			}
		}
		if len(values) < 2 {
			continue
		}
		name := fmt.Sprintf("%s/%s/%s/%d/norms/%d", c.Dataset, c.Input, c.Recipe, depth.at, epoch)
		r, err := stats.JonckheereTerpstra(values, j.p.Resamples, rng.New(j.p.Seed, "claims", name, 0))
		if err != nil {
			return err
		}
		h := j.test(c, artifact.ClaimTest{Name: fmt.Sprintf("Jonckheere–Terpstra over h after epoch %d", epoch), P: r.P, Exact: r.Exact, Floor: r.Floor})
		tests = append(tests, tested{epoch, r.Superiority < 0.5, h, strings.Join(medians, ", "), strings.Join(wholes, ", ")})
		low, high := j.superiority(name, values)
		c.Effect = &artifact.Effect{
			Name:     fmt.Sprintf("P(the network of larger h has the larger ‖H‖) after epoch %d", epoch),
			Interval: artifact.Interval{Estimate: r.Superiority, Low: low, High: high},
		}
	}
	if c.Tables = append(c.Tables, t); len(onAll.Rows) > 0 {
		c.Tables = append(c.Tables, onAll)
	}
	c.Tested = fmt.Sprintf("‖H‖ %s, of %s by h at num_layers = %d", over(depth.networks), population(c), depth.at)
	j.decide(func() {
		var evidence []string
		at := map[string][]string{} // where it does what
		trained := map[string]int{} // after how many epochs of training
		const falls, rises, flat = "falls with h", "rises with h", "shows no clear change over h"
		for _, x := range tests {
			text := fmt.Sprintf("epoch %d: %s (%s)", x.epoch, x.medians, pBoth(*x.handle.test()))
			if x.whole != "" {
				text += ", on the whole sample " + x.whole
			}
			evidence = append(evidence, text)
			does := flat
			if j.significant(x.handle) {
				if does = rises; x.falls {
					does = falls
				}
			}
			when := "before training"
			if x.epoch > 0 {
				when = fmt.Sprintf("after epoch %d", x.epoch)
				trained[does]++
			}
			at[does] = append(at[does], when)
		}
		switch {
		case len(trained) == 0:
			c.Verdict = artifact.NotTested
		case trained[rises] > 0:
			c.Verdict = artifact.DoesNotHold
		case trained[flat] == 0:
			c.Verdict = artifact.Holds
		default:
			c.Verdict = artifact.Undecided
		}
		c.Evidence = "medians by h, " + strings.Join(evidence, "; ")
		var parts []string
		for _, does := range []string{falls, rises, flat} {
			if len(at[does]) > 0 {
				parts = append(parts, does+" "+list(at[does]))
			}
		}
		c.Conclusion = "‖H‖ " + list(parts) + "."
	})
	return nil
}

// nearOne is how far ‖G‖/‖H‖ may be from 1 after training.
const nearOne = 0.05

// normShare adds the row of each recipe: of how many networks ‖G‖/‖H‖ is near 1 at the
// last epoch and nearer than at the first.
func (j *judgement) normShare(q *panel) error {
	j.normRows(q, func(c *artifact.Claim, r *panel) {
		var near share
		var first, last, whole []float64
		for _, n := range alive(r.networks) {
			points := n.batch.Points
			a, b := points[0], points[len(points)-1]
			if a.Epoch != 0 || len(points) < 2 || b.Hessian == 0 {
				continue
			}
			near.add(math.Abs(1-b.Share()) <= nearOne && math.Abs(1-b.Share()) < math.Abs(1-a.Share()))
			first, last = append(first, a.Share()), append(last, b.Share())
			if n.norms != nil {
				whole = append(whole, n.norms.Points[len(n.norms.Points)-1].Share())
			}
		}
		c.Tested = fmt.Sprintf("‖G‖/‖H‖ %s, before training and at its end, of %s", over(r.networks), population(c))
		if near.n == 0 {
			c.Conclusion = "No living network was measured both before its training and later."
			return
		}
		c.Verdict, c.Effect = near.most(), &artifact.Effect{Name: "‖G‖/‖H‖ at the last epoch, median over networks", Interval: median(last)}
		a, b := spread(first), spread(last)
		c.Evidence = fmt.Sprintf("nearer to 1 than before training, and within %s %% of it, on %s; before training %s in the median (%s to %s), at the end %s (%s to %s)",
			short(100*nearOne), near, short(a.Estimate), short(a.Low), short(a.High), short(b.Estimate), short(b.Low), short(b.High))
		if len(whole) > 0 {
			w := spread(whole)
			c.Evidence += fmt.Sprintf("; on the whole sample %s (%s to %s, %s)", short(w.Estimate), short(w.Low), short(w.High), plural(len(whole), "network"))
		}
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "As a rule the largest eigenvalue of H is that of G where training ends; that H − G is small follows only where its own norm is, which this ratio does not show (T4).",
			artifact.DoesNotHold: "As a rule ‖G‖/‖H‖ is not near 1 where training ends, or no nearer than before.",
			artifact.Undecided:   "The networks do not tell whether ‖G‖/‖H‖ tends to 1 as a rule.",
		}[c.Verdict]
	})
	return nil
}

// normBound adds the row of each recipe: of how many networks the bound with the largest
// Frobenius norm, which the thesis computes, grows from the first epoch after the start
// to the last while ‖H‖ falls.
func (j *judgement) normBound(q *panel) error {
	j.normRows(q, func(c *artifact.Claim, r *panel) {
		var so, grows, valid share
		var bound, norm, slack, tight []float64
		from, to := 0, 0
		for _, n := range alive(r.networks) {
			a, b, ok := ends(n.batch)
			if !ok || a.Hessian == 0 || b.GaussNewton == 0 {
				continue
			}
			from, to = a.Epoch, b.Epoch
			grows.add(b.FrobeniusBound > a.FrobeniusBound)
			so.add(b.FrobeniusBound > a.FrobeniusBound && b.Hessian < a.Hessian)
			valid.add(b.SpectralBound >= b.GaussNewton)
			bound, norm = append(bound, b.FrobeniusBound/a.FrobeniusBound), append(norm, b.Hessian/a.Hessian)
			slack, tight = append(slack, b.FrobeniusBound/b.GaussNewton), append(tight, b.SpectralBound/b.GaussNewton)
		}
		c.Tested = fmt.Sprintf("‖H‖ and the bound %s, of %s", over(r.networks), population(c))
		if so.n == 0 {
			c.Conclusion = "No living network was measured after two epochs of its training."
			return
		}
		c.Verdict, c.Effect = so.most(), so.effect("share of networks whose bound grows while ‖H‖ falls")
		g, h, s, w := spread(bound), spread(norm), spread(slack), spread(tight)
		c.Evidence = fmt.Sprintf("from epoch %d to %d the bound grows and ‖H‖ falls on %s, the bound alone grows on %d; by a factor of %s in the median (%s to %s), ‖H‖ by %s (%s to %s); at the end the bound exceeds ‖G‖ by a factor of %s (%s to %s), with the largest spectral norm in place of the Frobenius norm by %s (%s to %s), valid on %d of %d",
			from, to, so, grows.count, short(g.Estimate), short(g.Low), short(g.High), short(h.Estimate), short(h.Low), short(h.High),
			short(s.Estimate), short(s.Low), short(s.High), short(w.Estimate), short(w.Low), short(w.High), valid.count, valid.n)
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "As a rule the bound and what it bounds go in opposite directions once training has begun: it says nothing of how curvature changes.",
			artifact.DoesNotHold: "As a rule the bound and ‖H‖ do not go in opposite directions.",
			artifact.Undecided:   "The networks do not tell whether the bound grows while ‖H‖ falls as a rule.",
		}[c.Verdict]
	})
	return nil
}

// powerError is how far power iterations may fall below the norm.
const powerError = 0.01

// powerIterations adds the row of each recipe: the share of networks of which power
// iterations miss the norm at some epoch.
func (j *judgement) powerIterations(q *panel) error {
	j.normRows(q, func(c *artifact.Claim, r *panel) {
		var missed share
		var errors []float64
		above, iterations := 0, 0
		worst, at := -1.0, ""
		for _, n := range alive(r.networks) {
			largest := 0.0
			for _, p := range n.batch.Points {
				if p.Hessian == 0 || p.PowerHessian == 0 {
					continue
				}
				e := max(1-float64(p.PowerHessian/p.Hessian), 0)
				if e > worst {
					worst, at = e, fmt.Sprintf("h = %d, num_layers = %d, seed %d, after epoch %d", n.HiddenSize, n.NumLayers, n.Seed, p.Epoch)
				}
				errors, largest, iterations = append(errors, e), max(largest, e), n.batch.PowerIterations
				if p.PowerGaussNewton > p.PowerHessian && p.GaussNewton <= p.Hessian {
					above++
				}
			}
			missed.add(largest > powerError)
		}
		c.Tested = fmt.Sprintf("%d power iterations beside the norm by Lanczos, %s, of %s", iterations, over(r.networks), population(c))
		if len(errors) == 0 {
			c.Conclusion = "No living network was measured by power iterations."
			return
		}
		c.Verdict, c.Effect = missed.assumption(), missed.effect("share of networks whose norm is missed by more than 1 % after some epoch")
		slices.Sort(errors)
		c.Evidence = fmt.Sprintf("missed after some epoch on %s; the error of ‖H‖ is %s %% in the median of %s, %s %% at the 95 %% quantile, %s %% at most (%s); ‖G‖/‖H‖ by power iterations is above 1 in %d of these although the norms say otherwise",
			missed, short(100*stats.Median(errors)), plural(len(errors), "point"), short(100*stats.Quantile(errors, 0.95)), short(100*worst), at, above)
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "Where one eigenvalue leads, so few products are enough.",
			artifact.DoesNotHold: "Norms from so few power iterations are lower bounds, too small by more than 1 % on too many networks; fewer iterations, as the thesis allows, miss more.",
			artifact.Undecided:   "The networks are too few to say how often so few iterations miss the norm.",
		}[c.Verdict]
	})
	return nil
}

// publishedNorms adds the row of each recipe that is the thesis's: for each epoch the
// published ‖H‖, by power iterations, by its rank among those of our seeds.
func (j *judgement) publishedNorms(q *panel) error {
	found := false
	for _, r := range q.where(func(n network) bool {
		return n.Dataset == published.ThesisDataset && n.Bias && n.SampleSize == published.ThesisSampleSize && n.batch != nil && n.batch.Objects == published.ThesisBatch
	}).recipes() {
		t := artifact.ClaimTable{Name: "published beside ours", Columns: []string{
			"hidden_size", "num_layers", "epoch", "published ‖H‖", "rank", "of", "our least", "our median", "our largest",
			"published ‖G‖/‖H‖", "our median", "published bound", "our median",
		}}
		pairs := map[int][]publishedNetwork{}
		bounds := map[int][]publishedNetwork{}
		for _, epoch := range r.normEpochs() {
			for _, cell := range cells(r) {
				first := cell.networks[0]
				x, ok, err := published.Thesis(first.NumLayers+2, first.HiddenSize, epoch)
				if err != nil {
					return err
				}
				var ours, shares, bound []float64
				for _, n := range cell.networks {
					if p := pointAt(n.batch, epoch); p != nil && p.PowerHessian > 0 {
						ours, shares, bound = append(ours, p.PowerHessian), append(shares, p.Share()), append(bound, p.FrobeniusBound)
					}
				}
				if !ok || len(ours) < 2 {
					continue
				}
				pairs[epoch] = append(pairs[epoch], publishedNetwork{first.HiddenSize, first.NumLayers, x.Hessian, ours})
				bounds[epoch] = append(bounds[epoch], publishedNetwork{first.HiddenSize, first.NumLayers, x.Bound, bound})
				t.Rows = append(t.Rows, []float64{
					float64(first.HiddenSize), float64(first.NumLayers), float64(epoch), x.Hessian, float64(stats.TwiceRank(x.Hessian, ours)) / 2, float64(len(ours) + 1),
					slices.Min(ours), stats.Median(ours), slices.Max(ours), x.GaussNewton / x.Hessian, stats.Median(shares), x.Bound, stats.Median(bound),
				})
			}
		}
		if len(pairs) == 0 {
			continue
		}
		found = true
		j.rankNorms(r, t, pairs, bounds)
	}
	if !found {
		j.untested(q, fmt.Sprintf("no networks with biases were trained on %d objects and measured on %d of them as the thesis does", published.ThesisSampleSize, published.ThesisBatch))
	}
	return nil
}

// rankNorms adds the row: of each epoch one test, since the epochs of a network depend
// on each other.
func (j *judgement) rankNorms(q *panel, t artifact.ClaimTable, pairs, bounds map[int][]publishedNetwork) {
	c := j.row(q, artifact.AllNetworks)
	c.Tables = append(c.Tables, t)
	type tested struct {
		epoch  int
		handle handle
		common artifact.Interval
		share  float64
		least  float64
		bound  float64
	}
	var tests []tested
	sizes := 0
	for _, epoch := range q.normEpochs() {
		if len(pairs[epoch]) == 0 {
			continue
		}
		r := newRanked(pairs[epoch])
		sizes = max(sizes, len(pairs[epoch]))
		h := j.test(c, artifact.ClaimTest{Name: fmt.Sprintf("mean rank of the published ‖H‖ after epoch %d", epoch), P: r.test.P(r.ranks(1)), Exact: true})
		name := fmt.Sprintf("%s/%s/%s/norms/published", c.Dataset, c.Input, c.Recipe)
		tests = append(tests, tested{
			epoch, h, r.factor(), r.test.Share(r.ranks(1)), r.detectable(rng.New(j.p.Seed, "claims", name, uint64(epoch))), newRanked(bounds[epoch]).factor().Estimate,
		})
	}
	last := tests[len(tests)-1]
	c.Effect = &artifact.Effect{Name: fmt.Sprintf("published ‖H‖ over ours after epoch %d, the common factor", last.epoch), Interval: last.common}
	c.Tested = fmt.Sprintf("the ranks of the published ‖H‖ of %s among ours by as many power iterations, %s, of %s", plural(sizes, "network"), over(q.networks), population(c))
	j.decide(func() {
		var apart, evidence []string
		clear := true
		for _, x := range tests {
			found := "no common shift of up to 100 % would be found"
			if x.least > 0 {
				found = fmt.Sprintf("a shift of %s %% would be found", short(100*x.least))
			}
			evidence = append(evidence, fmt.Sprintf("after epoch %d common factor %s (95 %% interval %s to %s), mean rank %s, %s, %s, the bound's factor %s",
				x.epoch, short(x.common.Estimate), short(x.common.Low), short(x.common.High), short(x.share), pBoth(*x.handle.test()), found, short(x.bound)))
			if j.significant(x.handle) {
				apart = append(apart, fmt.Sprintf("after epoch %d by a common factor of about %s", x.epoch, short(x.common.Estimate)))
			}
			clear = clear && x.least > 0 && x.least < largestShift+1e-9
		}
		c.Evidence = strings.Join(evidence, "; ")
		switch {
		case len(apart) > 0:
			c.Verdict, c.Conclusion = artifact.DoesNotHold, fmt.Sprintf("The published norms differ from ours %s.", list(apart))
		case clear:
			c.Verdict, c.Conclusion = artifact.Holds, "The published norms lie among ours at each epoch."
		default:
			c.Verdict, c.Conclusion = artifact.Undecided, fmt.Sprintf("The published norms lie among ours at each epoch, but one batch of each network says too little to find a shift of %s %%.", short(100*largestShift))
		}
	})
}
