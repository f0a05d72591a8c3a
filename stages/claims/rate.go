package claims

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

const (
	// The rate needs this many sizes, and this many seeds at each.
	rateSizes = 3
	rateSeeds = 4
	// levelSlope is a slope of log k·|ΔL| over log k that what levels off may
	// still have: k/(k + 300), bounded by 1, has 0.1 at k = 2,700. A slope
	// significantly above it refutes the rate, unless the local slopes fall.
	levelSlope = 0.1
	// largestSlope is what must be excluded where no rise is seen, by an interval
	// of less than that to either side unless the slope is clearly negative:
	// without that, the networks say nothing.
	largestSlope = 0.25
)

// The statement is "at most like 1/k", so what decides is whether k·|ΔL| still
// rises over the last sizes. A power law fitted from the first size on would
// measure how much was learnt at small k.
var (
	rateFixedWeights = claim{
		id: "rate_fixed_weights", source: "Lemma 2", whose: artifact.OfPaper,
		text: "at fixed weights one more object changes the mean loss at most like 1/k", panel: (*judgement).fixedWeights,
	}
	rateOwnObject = claim{
		id: "rate_own_object", whose: artifact.Ours,
		text:  "networks trained on k objects change their mean loss at most like 1/k by one of these objects",
		panel: func(j *judgement, q *panel) error { j.rates(q, ownObject); return nil },
	}
	rateNewObject = claim{
		id: "rate_new_object", whose: artifact.Ours,
		text:  "networks trained on k objects change their mean loss at most like 1/k by a new object",
		panel: func(j *judgement, q *panel) error { j.rates(q, newObject); return nil },
	}
)

// change is k·|ΔL| of one network: the mean over the objects that can be the one
// added, and the standard error of that mean.
type change struct {
	seed         int64
	mean, spread float64
}

// ownObject is the change by an object of the training sample, (k−1)·|L_k −
// L_{k−1}| averaged over which of the k comes last: exactly MAD.
func ownObject(n network) (change, bool) {
	s := n.losses.Sample
	k := float64(s.Objects)
	// Var|d| = E d² − MAD²
	variance := max(float64(s.Std*s.Std)*(k-1)/k-float64(s.MAD*s.MAD), 0)
	return change{n.Seed, s.MAD, math.Sqrt(variance / k)}, s.Objects > 1
}

// newObject is the change by an object that the network was not trained on,
// (k+1)·|L_{k+1} − L_k| = |ℓ_j − L_k| averaged over the objects j after the
// sample.
func newObject(n network) (change, bool) {
	k := n.SampleSize
	if n.values == nil || len(n.values) < k+2 {
		return change{}, false
	}
	gaps := make([]float64, len(n.values)-k)
	for i, l := range n.values[k:] {
		gaps[i] = math.Abs(l - n.losses.Sample.Mean)
	}
	mean, deviation := stats.Moments(gaps)
	return change{n.Seed, mean, deviation / math.Sqrt(float64(len(gaps)))}, true
}

// identityError is the largest relative error of the algebra, beside rounding of the
// means, which is relative to the mean loss: a network that hardly learnt has losses
// that differ by less.
const (
	identityError = 1e-9
	meanRounding  = 1e-15
)

// fixedWeights adds the row of the rate at fixed weights, which is algebra: over
// random orders of any losses E|L_k − L_{k−1}| is MAD/(k−1) for the last of k
// objects, and E|L_{k+1} − L_k| ≤ s/√(k(k+1)) for every k. It is verified from
// the losses, by taking each object out in turn.
func (j *judgement) fixedWeights(q *panel) error {
	of := q.once().where(func(n network) bool { return n.values != nil && n.SampleSize > 1 })
	c := j.row(of, artifact.AllNetworks)
	largest, checked := 0.0, 0
	var measured []float64
	for _, n := range of.networks {
		if n.dead {
			continue
		}
		sample := n.values[:n.SampleSize]
		k, sum := float64(len(sample)), 0.0
		for _, l := range sample {
			sum += l
		}
		mean := 0.0
		for _, l := range sample {
			mean += math.Abs(sum/k-(sum-l)/(k-1)) / k
		}
		closed := n.losses.Sample.MAD / (k - 1)
		largest = max(largest, (math.Abs(mean-closed)-float64(meanRounding*math.Abs(sum/k)))/closed)
		measured = append(measured, n.differences.Last/closed)
		checked++
	}
	if checked == 0 {
		c.Tested = "no network has the losses of its objects"
		return nil
	}
	c.Tested = fmt.Sprintf("mean |L_k − L_{k−1}| over which object is the last, against MAD/(k−1), for %s", population(c))
	ratio := artifact.NewQuantiles(measured)
	c.Effect = &artifact.Effect{
		Name:     "mean |L_k − L_{k−1}| of the random orders over MAD/(k−1), median and range over networks",
		Interval: artifact.Interval{Estimate: ratio.Median, Low: ratio.Min, High: ratio.Max},
	}
	c.Evidence = fmt.Sprintf("the largest relative difference on %s is %s", plural(checked, "network"), short(largest))
	if c.Verdict = artifact.Holds; !(largest <= identityError) {
		c.Verdict = artifact.DoesNotHold
		c.Conclusion = "The losses contradict the algebra: losses and summary do not belong together."
		return nil
	}
	c.Conclusion = "This is algebra, since the running mean of any numbers changes so: it is true for any weights, trained or not, and says nothing about a landscape."
	return nil
}

// ratePoint is the changes of one k.
type ratePoint struct {
	k       int
	changes []change
}

// mean of the changes over seeds.
func (p ratePoint) mean() float64 {
	sum := 0.0
	for _, c := range p.changes {
		sum += c.mean
	}
	return sum / float64(len(p.changes))
}

// points returns the changes of the networks by k, ascending.
func points(networks []network, of func(network) (change, bool)) []ratePoint {
	var list []ratePoint
	for _, n := range networks {
		v, ok := of(n)
		if !ok {
			continue
		}
		at := slices.IndexFunc(list, func(p ratePoint) bool { return p.k == n.SampleSize })
		if at < 0 {
			at = len(list)
			list = append(list, ratePoint{k: n.SampleSize})
		}
		list[at].changes = append(list[at].changes, v)
	}
	slices.SortFunc(list, func(a, b ratePoint) int { return a.k - b.k })
	return list
}

// rates adds the rows of a reading of the rate, for each network size and
// recipe with several sample sizes.
func (j *judgement) rates(q *panel, of func(network) (change, bool)) {
	found := false
	for _, r := range q.recipes() {
		type size struct{ h, l int }
		sizes := map[size][]int{}
		var order []size
		for _, n := range r.networks {
			s := size{n.HiddenSize, n.NumLayers}
			if sizes[s] == nil {
				order = append(order, s)
			}
			if !slices.Contains(sizes[s], n.SampleSize) {
				sizes[s] = append(sizes[s], n.SampleSize)
			}
		}
		for _, s := range order {
			if len(sizes[s]) < rateSizes {
				continue
			}
			found = true
			of1 := r.where(func(n network) bool { return n.HiddenSize == s.h && n.NumLayers == s.l })
			j.rate(of1, s.h, s.l, artifact.AllNetworks, of)
			j.rate(of1.living(), s.h, s.l, artifact.WithoutCollapsed, of)
		}
	}
	if !found {
		j.untested(q, fmt.Sprintf("no network size was trained on %d sample sizes", rateSizes))
	}
}

// rate adds one row.
func (j *judgement) rate(q *panel, h, l int, scope string, of func(network) (change, bool)) {
	c := j.row(q, scope)
	c.AtHiddenSize, c.AtNumLayers = &h, &l
	list := points(q.networks, of)
	list = slices.DeleteFunc(list, func(p ratePoint) bool { return len(p.changes) < rateSeeds || p.mean() == 0 })
	c.Tested = fmt.Sprintf("k·|ΔL| of %s, h = %d, num_layers = %d", population(c), h, l)
	if len(list) < rateSizes {
		c.Verdict = artifact.Undecided
		c.Evidence = fmt.Sprintf("%s with %d seeds or more: a rate needs %d", plural(len(list), "sample size"), rateSeeds, rateSizes)
		c.Conclusion = "There are too few seeds or sample sizes to see a rate."
		return
	}
	name := fmt.Sprintf("%s/%s/%s/%s/%d/%d/%d/%s", c.Dataset, c.Input, c.ID, c.Recipe, c.Updates, h, l, scope)
	r := j.resampleRate(name, list)
	last := len(list) - max(rateSizes, (len(list)+2)/3)
	slope := r.slope(last, len(list))
	bend := r.contrast(last, len(list), func(y []float64) float64 {
		n := len(list)
		return r.local(y, n-2) - r.local(y, last)
	})
	c.Effect = &artifact.Effect{
		Name:     fmt.Sprintf("slope of log k·|ΔL| over log k, k = %d to %d", list[last].k, list[len(list)-1].k),
		Interval: slope.Interval,
	}
	c.Tables = append(c.Tables, r.table())
	t := j.test(c, artifact.ClaimTest{Name: fmt.Sprintf("slope above %s", short(levelSlope)), P: slope.above(levelSlope)})
	j.decide(func() {
		slower, levels := j.significant(t), bend.High < 0
		switch {
		case slower && !levels:
			c.Verdict = artifact.DoesNotHold
		case !slower && slope.High < largestSlope && (slope.High-slope.Estimate < largestSlope || slope.High < -largestSlope):
			c.Verdict = artifact.Holds
		default:
			c.Verdict = artifact.Undecided
		}
		c.Evidence = r.evidence(last, slope) + fmt.Sprintf("; slope above %s: %s", short(levelSlope), pBoth(*t.test()))
		c.Conclusion = rateConclusion(c.Verdict, slope.Interval, levels)
	})
}

// rateConclusion says what follows from the slope of log k·|ΔL| at the largest
// sizes.
func rateConclusion(v artifact.Verdict, slope artifact.Interval, levels bool) string {
	switch {
	case v == artifact.Holds && slope.High < 0:
		return "At the largest sample sizes k·|ΔL| falls: the change is smaller than a constant over k."
	case v == artifact.Holds:
		return fmt.Sprintf("At the largest sample sizes no rise of k·|ΔL| is seen, and one faster than k^%s is excluded: the change falls like 1/k.", short(slope.High))
	case v == artifact.DoesNotHold:
		return fmt.Sprintf("At the largest sample sizes k·|ΔL| still rises, like k^%s: the change falls more slowly than 1/k.", short(slope.Estimate))
	case levels:
		return "At the largest sample sizes k·|ΔL| still rises, but ever more slowly: only larger samples can tell whether it is bounded."
	}
	return fmt.Sprintf("The slope of k·|ΔL| at the largest sample sizes is only known to lie between %s and %s: more seeds or larger samples must tell.", short(slope.Low), short(slope.High))
}
