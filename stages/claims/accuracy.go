package claims

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// The authors' second experiment relates the accuracy on held-out objects to the
// change of the loss, along one training: both are functions of the update, so any
// network that learns shows it. The statement that can fail is about networks of one
// size and different seeds.
var (
	accuracyWithinCurve = claim{
		id: "accuracy_within_a_curve", source: "slides of its authors", whose: artifact.OfPaper,
		text: "along a training, the smaller the change of the loss, the higher the accuracy on held-out objects", panel: (*judgement).withinCurve,
	}
	accuracyAcrossNetworks = claim{
		id: "accuracy_across_networks", whose: artifact.Ours,
		text: "of networks of one size, those with the smaller loss difference are more accurate on held-out objects", panel: (*judgement).acrossNetworks,
	}
	accuracyPublished = claim{
		id: "accuracy_published_curves", whose: artifact.Ours,
		text: "our accuracy curves are those that the authors published", panel: (*judgement).publishedAccuracy,
	}
)

// withinCurve adds the row of each recipe: the rank correlation along each training.
func (j *judgement) withinCurve(q *panel) error {
	watched := q.where(func(n network) bool { return n.curve != nil })
	if len(watched.networks) == 0 {
		j.row(watched, artifact.AllNetworks).Tested = "no training was evaluated on held-out objects on its way"
		return nil
	}
	for _, r := range watched.recipes() {
		c := j.row(r, artifact.AllNetworks)
		var values []float64
		falling := 0
		for _, n := range r.living().networks {
			x := make([]float64, len(n.curve.Seen))
			for i, seen := range n.curve.Seen {
				x[i] = n.changes[min(int(seen), len(n.changes))-1]
			}
			values = append(values, stats.RankCorrelation(x, n.curve.Accuracy))
			if values[len(values)-1] < 0 {
				falling++
			}
		}
		c.Tested = "rank correlation of the accuracy with |L_{k+1} − L_k| of the last weights at the k seen so far, along each training of " + population(c) + ", living ones only"
		if len(values) == 0 {
			c.Verdict, c.Conclusion = artifact.Undecided, "No network lives."
			continue
		}
		slices.Sort(values)
		c.Effect = &artifact.Effect{Name: "rank correlation along a training (median, 5 % and 95 % quantile)", Interval: artifact.Interval{
			Estimate: stats.Quantile(values, 0.5), Low: stats.Quantile(values, 0.05), High: stats.Quantile(values, 0.95),
		}}
		c.Evidence = fmt.Sprintf("negative along %d of %d trainings", falling, len(values))
		switch {
		case c.Effect.High < 0:
			c.Verdict, c.Conclusion = artifact.Holds, "By construction: both axes are functions of the update, so any network that learns shows it."
		case c.Effect.Low > 0:
			c.Verdict, c.Conclusion = artifact.DoesNotHold, "Accuracy falls along the trainings."
		default:
			c.Verdict, c.Conclusion = artifact.Undecided, "Some networks do not get more accurate while they are trained."
		}
	}
	return nil
}

// fewestSeeds is the least number of seeds of a cell whose correlation is estimated.
const fewestSeeds = 8

// acrossNetworks adds the row of each recipe: in each cell of networks of one size,
// sample size and training, the rank correlation of MAD with the held-out accuracy
// over the seeds, with an interval by resampling them.
func (j *judgement) acrossNetworks(q *panel) error {
	held := q.where(func(n network) bool { return n.heldOut != nil })
	if len(held.networks) == 0 {
		j.row(held, artifact.AllNetworks).Tested = "no network was evaluated on held-out objects"
		return nil
	}
	for _, r := range held.recipes() {
		c := j.row(r, artifact.AllNetworks)
		c.Tested = fmt.Sprintf("rank correlation of MAD with the held-out accuracy over the seeds of each size, %s, sizes of %d seeds or more", population(c), fewestSeeds)
		t := artifact.ClaimTable{Name: "rank correlation by size", Columns: []string{"hidden_size", "num_layers", "k", "networks", "living", "median held-out accuracy", "rank correlation", "low", "high"}}
		var below, above, unclear []string
		for _, cell := range cells(r) {
			first := cell.networks[0]
			var mad, accuracy []float64
			for _, n := range cell.networks {
				mad, accuracy = append(mad, n.losses.Sample.MAD), append(accuracy, n.heldOut.Sample.Accuracy)
			}
			if len(mad) < fewestSeeds {
				continue
			}
			key := first.Network
			key.Seed = 0
			r := j.correlation(c.ID+"/"+key.ID(), mad, accuracy)
			t.Rows = append(t.Rows, []float64{
				float64(first.HiddenSize), float64(first.NumLayers), float64(first.SampleSize), float64(len(mad)), float64(len(cell.living().networks)),
				stats.Median(accuracy), r.Estimate, r.Low, r.High,
			})
			text := fmt.Sprintf("h = %d, num_layers = %d, k = %d: %s (%s to %s, accuracy %s)", first.HiddenSize, first.NumLayers, first.SampleSize,
				short(r.Estimate), short(r.Low), short(r.High), short(stats.Median(accuracy)))
			switch {
			case r.High < 0:
				below = append(below, text)
			case r.Low > 0:
				above = append(above, text)
			default:
				unclear = append(unclear, text)
			}
		}
		c.Tables = append(c.Tables, t)
		all := slices.Concat(below, above, unclear)
		if len(all) == 0 {
			c.Verdict, c.Conclusion = artifact.Undecided, fmt.Sprintf("No size has %d seeds.", fewestSeeds)
			continue
		}
		c.Evidence = list(all)
		c.Conclusion = fmt.Sprintf("The interval of the correlation lies below 0 for %d of %s, above 0 for %d and includes 0 for %d.", len(below), plural(len(all), "size"), len(above), len(unclear))
		switch {
		case len(above) > 0:
			c.Verdict = artifact.DoesNotHold
		case len(unclear) == 0:
			c.Verdict = artifact.Holds
		default:
			c.Verdict = artifact.Undecided
		}
	}
	return nil
}

// cells returns a panel for each size, sample size and training, in order of
// appearance.
func cells(q *panel) []*panel {
	of := map[artifact.Network]*panel{}
	var list []*panel
	for _, n := range q.networks {
		key := n.Network
		key.Seed = 0
		if of[key] == nil {
			of[key] = &panel{dataset: q.dataset, input: q.input}
			list = append(list, of[key])
		}
		of[key].networks = append(of[key].networks, n)
	}
	return list
}

// correlation is a rank correlation with its interval by resampling the pairs, whose
// random numbers the name tells from those of others.
func (j *judgement) correlation(name string, x, y []float64) artifact.Interval {
	a, b := make([]float64, len(x)), make([]float64, len(x))
	draws := stats.Bootstrap(min(j.p.Resamples, 2000), rng.New(j.p.Seed, "claims", name, 0), func(s *rng.Stream) float64 {
		for i := range a {
			at := s.IntN(len(x))
			a[i], b[i] = x[at], y[at]
		}
		return stats.RankCorrelation(a, b)
	})
	i := artifact.Interval{Estimate: stats.RankCorrelation(x, y)}
	i.Low, i.High = stats.Percentiles(draws, confidence)
	return i
}

// publishedAccuracy compares our curves over the sample size with the published ones,
// at the sizes of these: Welch's test at each, the least p-value of a curve times the
// number of its points.
func (j *judgement) publishedAccuracy(q *panel) error {
	ours := q.where(func(n network) bool {
		return n.curve != nil && n.Recipe == "" && n.Input == artifact.UsualInput && n.SampleSize == published.AccuracySampleSize &&
			n.curve.Seen[len(n.curve.Seen)-1] == published.AccuracySampleSize // one epoch
	})
	var curves []published.AccuracyCurve
	var of []*panel
	for _, cell := range cells(ours) {
		n := cell.networks[0]
		p, ok, err := published.Accuracy(n.Dataset, published.AccuracyOverSize, n.HiddenSize, n.NumLayers)
		if err != nil {
			return err
		}
		if ok && len(cell.networks) > 1 {
			curves, of = append(curves, p), append(of, cell)
		}
	}
	c := j.row(ours, artifact.AllNetworks)
	if len(curves) == 0 {
		c.Tested = fmt.Sprintf("no two networks of a published size were trained on %d objects as the authors do and evaluated on the way", published.AccuracySampleSize)
		return nil
	}
	t := artifact.ClaimTable{Name: "accuracy by size", Columns: []string{"hidden_size", "objects seen", "ours", "our standard deviation", "published", "published standard deviation", "t", "p"}}
	inside, points := 0, 0
	var tests []handle
	var worst []string
	for i, p := range curves {
		least, text := 1.0, ""
		at := 0
		for k, x := range p.X {
			values := of[i].accuracyAt(x)
			if len(values) < 2 {
				continue
			}
			at++
			mean, deviation := stats.Moments(values)
			r := stats.Welch(mean, deviation, len(values), p.Mean[k], p.Std[k], published.AccuracyTrainings)
			points++
			if mean >= p.Mean[k]-p.Std[k] && mean <= p.Mean[k]+p.Std[k] {
				inside++
			}
			if r.P <= least {
				least, text = r.P, fmt.Sprintf("h = %d most after %s objects: %s, published %s ± %s", p.HiddenSize, short(x), short(mean), short(p.Mean[k]), short(p.Std[k]))
			}
			t.Rows = append(t.Rows, []float64{float64(p.HiddenSize), x, mean, deviation, p.Mean[k], p.Std[k], r.T, r.P})
		}
		if at == 0 {
			continue
		}
		tests = append(tests, j.test(c, artifact.ClaimTest{Name: fmt.Sprintf("Welch at %d sizes, h = %d", at, p.HiddenSize), P: min(1, float64(float64(at)*least))}))
		worst = append(worst, text)
	}
	c.Tables = append(c.Tables, t)
	c.Tested = fmt.Sprintf("the mean accuracy of %s at the published sizes, by Welch's test", population(c))
	if points == 0 {
		c.Verdict, c.Conclusion = artifact.NotTested, "No evaluation is at a published size."
		return nil
	}
	share := float64(inside) / float64(points)
	c.Effect = &artifact.Effect{Name: "share of points inside the published mean ± standard deviation", Interval: artifact.Interval{Estimate: share, Low: share, High: share}}
	j.decide(func() {
		var apart []string
		for i, h := range tests {
			if j.significant(h) {
				apart = append(apart, worst[i])
			}
		}
		c.Evidence = fmt.Sprintf("inside at %d of %s; the points of a curve depend on each other; %s", inside, plural(points, "point"), list(worst))
		switch {
		case len(apart) > 0:
			c.Verdict, c.Conclusion = artifact.DoesNotHold, fmt.Sprintf("%d of %s differ by more than chance: %s.", len(apart), plural(len(tests), "curve"), list(apart))
		case share >= 0.9:
			c.Verdict, c.Conclusion = artifact.Holds, "No curve differs by more than chance."
		default:
			c.Verdict, c.Conclusion = artifact.Undecided, "No curve differs by more than chance, but many points lie outside the published band: more seeds must tell."
		}
	})
	return nil
}

// accuracyAt are the accuracies of the networks after so many objects.
func (q *panel) accuracyAt(seen float64) []float64 {
	var values []float64
	for _, n := range q.networks {
		if i := slices.Index(n.curve.Seen, seen); i >= 0 {
			values = append(values, n.curve.Accuracy[i])
		}
	}
	return values
}
