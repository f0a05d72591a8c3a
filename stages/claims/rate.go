package claims

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// The rate needs this many sizes, and this many seeds at each.
const (
	rateSizes = 3
	rateSeeds = 4
)

// change is |ΔL| of one network: the mean over the objects that can be the one
// added, and the standard error of that mean.
type change struct {
	seed         int64
	mean, spread float64
}

// ownSample is the change by an object of the training sample,
// |L_k − L_{k−1}| averaged over which of the k comes last: exactly MAD/(k−1).
func ownSample(n network) (change, bool) {
	s := n.losses.Sample
	k := float64(s.Objects)
	// Var|d| = E d² − MAD²
	variance := max(float64(s.Std*s.Std)*(k-1)/k-float64(s.MAD*s.MAD), 0)
	return change{n.Seed, s.MAD / (k - 1), math.Sqrt(variance/k) / (k - 1)}, s.Objects > 1
}

// newObject is the change by an object that the network was not trained on,
// |ℓ_j − L_k|/(k+1) averaged over the objects j after the sample.
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
	return change{n.Seed, mean / float64(k+1), deviation / math.Sqrt(float64(len(gaps))) / float64(k+1)}, true
}

// rateClaim is one of the two readings of the rate.
type rateClaim struct {
	id, statement string
	change        func(network) (change, bool)
	size          func(k int) float64 // the k of |L_{k+1} − L_k| that the change counts for
}

var rateClaims = []rateClaim{
	{"rate_own_object", "networks trained on k objects change their mean loss at most like 1/k by one of their objects", ownSample, func(k int) float64 { return float64(k - 1) }},
	{"rate_new_object", "networks trained on k objects change their mean loss at most like 1/k by a new object", newObject, func(k int) float64 { return float64(k + 1) }},
}

// cell is the networks of one size and recipe: a rate over k.
type cell struct {
	h, l   int
	recipe string
}

func (n network) cell() cell { return cell{n.HiddenSize, n.NumLayers, n.Recipe} }

func (c cell) String() string {
	text := fmt.Sprintf("h = %d, num_layers = %d", c.h, c.l)
	if c.recipe != "" {
		text += "; " + c.recipe
	}
	return text
}

// rates adds the claims of the rate for each network size that was trained on
// several sample sizes. At fixed weights the rate would be an identity.
func (j *judgement) rates(q *panel) {
	sizes := map[cell][]int{}
	var cells []cell
	for _, n := range q.networks {
		c := n.cell()
		if sizes[c] == nil {
			cells = append(cells, c)
		}
		if !slices.Contains(sizes[c], n.SampleSize) {
			sizes[c] = append(sizes[c], n.SampleSize)
		}
	}
	for _, r := range rateClaims {
		found := false
		for _, c := range cells {
			if len(sizes[c]) >= rateSizes {
				found = true
				j.rate(q, r, c)
			}
		}
		if !found {
			j.add(artifact.Claim{
				ID: r.id, Statement: r.statement, Dataset: q.dataset, Input: q.input,
				Evidence: fmt.Sprintf("no network size was trained on %d sample sizes; at fixed weights the rate is an identity", rateSizes),
			})
		}
	}
}

// ratePoint is the changes of one k.
type ratePoint struct {
	k       int
	changes []change
}

func (j *judgement) rate(q *panel, r rateClaim, of cell) {
	c := j.add(artifact.Claim{
		ID: r.id, Statement: r.statement, Dataset: q.dataset, Input: q.input,
		Scope: of.String(), EffectName: "exponent of k",
	})
	for i, f := range []*family{&j.all, &j.without} {
		var points []ratePoint
		for _, n := range q.networks {
			if n.cell() != of {
				continue
			}
			if i == 0 {
				c.Networks++
				if n.collapsed {
					c.Collapsed++
				}
			} else if n.collapsed {
				continue
			}
			v, ok := r.change(n)
			if !ok {
				continue
			}
			at := slices.IndexFunc(points, func(p ratePoint) bool { return p.k == n.SampleSize })
			if at < 0 {
				at = len(points)
				points = append(points, ratePoint{k: n.SampleSize})
			}
			points[at].changes = append(points[at].changes, v)
		}
		slices.SortFunc(points, func(a, b ratePoint) int { return a.k - b.k })
		points = slices.DeleteFunc(points, func(p ratePoint) bool { return len(p.changes) < rateSeeds || meanChange(p.changes) == 0 })
		if len(points) < rateSizes {
			if c.Evidence == "" {
				c.Evidence = fmt.Sprintf("%d sample sizes with %d seeds or more%s: an exponent needs %d", len(points), rateSeeds,
					[...]string{"", " that have not collapsed"}[i], rateSizes)
			}
			continue
		}
		version := [...]string{"all", "without_collapsed"}[i]
		e, p := j.exponent(fmt.Sprintf("%s/%s/%s/%s/%s", q.dataset, q.input, r.id, c.Scope, version), points, r.size)
		e.Version = version
		test := f.add(p, false)
		c.Rates = append(c.Rates, e)
		at := len(c.Rates) - 1
		j.decisions = append(j.decisions, func() {
			e := &c.Rates[at]
			e.Test = *test
			switch {
			case e.Exponent.Estimate > -1 && test.Adjusted <= j.p.Alpha:
				e.Verdict = artifact.DoesNotHold
			case e.Exponent.High <= -1+j.p.RateMargin:
				e.Verdict = artifact.Holds
			default:
				e.Verdict = artifact.Undecided
			}
		})
	}
	if len(c.Rates) == 2 {
		j.decisions = append(j.decisions, func() {
			c.Verdict = agree(c.Rates[0].Verdict, c.Rates[1].Verdict)
			e := c.Rates[0]
			c.Effect, c.Test = &e.Exponent, &e.Test
			c.Evidence = fmt.Sprintf("exponent %s, 95 %% interval %s to %s over seeds and orders, k = %d to %d; exponent −1: p = %s (Holm %s)",
				short(e.Exponent.Estimate), short(e.Exponent.Low), short(e.Exponent.High),
				e.Points[0].K, e.Points[len(e.Points)-1].K, short(e.Test.P), short(e.Test.Adjusted))
		})
	}
}

func meanChange(changes []change) float64 {
	sum := 0.0
	for _, c := range changes {
		sum += c.mean
	}
	return sum / float64(len(changes))
}

// exponent fits the slope of log |ΔL| over log k, |ΔL| the mean over seeds,
// and resamples it: seeds with replacement, the same for every k where all have
// the same seeds, since these share initial weights; and which object is the
// last one, as a normal deviation of its mean. The spread is widened by
// t·√(n/(n−1))/1.96 for the few seeds.
func (j *judgement) exponent(name string, points []ratePoint, size func(k int) float64) (artifact.RateEvidence, float64) {
	e := artifact.RateEvidence{Points: []artifact.RatePoint{}}
	x, y := make([]float64, len(points)), make([]float64, len(points))
	fewest, paired := len(points[0].changes), true
	for i, p := range points {
		slices.SortStableFunc(p.changes, func(a, b change) int { return int(min(max(a.seed-b.seed, -1), 1)) })
		fewest = min(fewest, len(p.changes))
		paired = paired && slices.EqualFunc(p.changes, points[0].changes, func(a, b change) bool { return a.seed == b.seed })
		x[i], y[i] = detmath.Log(size(p.k)), detmath.Log(meanChange(p.changes))
		at := artifact.RatePoint{K: p.k, Networks: len(p.changes), Mean: meanChange(p.changes), Low: p.changes[0].mean}
		for _, c := range p.changes {
			at.Low, at.High = min(at.Low, c.mean), max(at.High, c.mean)
		}
		e.Points = append(e.Points, at)
	}
	estimate := stats.Slope(x, y)
	chosen := make([]int, 0, len(points[0].changes))
	draws := stats.Bootstrap(min(j.p.Resamples, 4000), rng.New(j.p.Seed, "claims", name, 0), func(s *rng.Stream) float64 {
		for i, p := range points {
			if i == 0 || !paired {
				chosen = chosen[:0]
				for range p.changes {
					chosen = append(chosen, s.IntN(len(p.changes)))
				}
			}
			sum := 0.0
			for _, at := range chosen {
				c := p.changes[at]
				sum += c.mean + float64(c.spread*s.Normal())
			}
			// All chosen networks may have collapsed.
			y[i] = detmath.Log(max(sum/float64(len(chosen)), meanChange(p.changes)/1000))
		}
		return stats.Slope(x, y)
	})
	n := float64(fewest)
	widen := stats.StudentQuantile975(n-1) / 1.959963984540054 * math.Sqrt(n/(n-1))
	_, deviation := stats.Moments(draws)
	half := float64(1.959963984540054 * widen * deviation)
	e.Exponent = artifact.Interval{Estimate: estimate, Low: estimate - half, High: estimate + half}
	reached := 0
	for _, d := range draws {
		if float64(widen*math.Abs(d-estimate)) >= math.Abs(estimate+1) {
			reached++
		}
	}
	return e, float64(1+reached) / float64(1+len(draws))
}
