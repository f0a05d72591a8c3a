package claims

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// resampled is log k·|ΔL| over log k, the mean over seeds, with resamples.
type resampled struct {
	points   []ratePoint
	x, y     []float64
	draws    [][]float64 // further y
	widening float64     // of deviations between draws, for the few seeds
}

// resampleRate resamples the means: seeds with replacement, the same for every k
// where all have the same seeds, since these share initial weights; and which
// object is the last one, as a normal deviation of its mean. Deviations are to be
// widened by t·√(n/(n−1))/1.96 for the few seeds.
func (j *judgement) resampleRate(name string, points []ratePoint) *resampled {
	r := &resampled{points: points}
	fewest, paired := len(points[0].changes), true
	for _, p := range points {
		slices.SortStableFunc(p.changes, func(a, b change) int { return int(min(max(a.seed-b.seed, -1), 1)) })
		fewest = min(fewest, len(p.changes))
		paired = paired && slices.EqualFunc(p.changes, points[0].changes, func(a, b change) bool { return a.seed == b.seed })
		r.x, r.y = append(r.x, detmath.Log(float64(p.k))), append(r.y, detmath.Log(p.mean()))
	}
	s := rng.New(j.p.Seed, "claims", name, 0)
	chosen := make([]int, 0, len(points[0].changes))
	for range min(j.p.Resamples, 4000) {
		y := make([]float64, len(points))
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
			y[i] = detmath.Log(max(sum/float64(len(chosen)), p.mean()/1000))
		}
		r.draws = append(r.draws, y)
	}
	n := float64(fewest)
	r.widening = stats.StudentQuantile975(n-1) / normal975 * math.Sqrt(n/(n-1))
	return r
}

// normal975 is the 0.975 quantile of the normal distribution.
const normal975 = 1.959963984540054

// contrast is a linear function of y with its 95 % interval.
type contrast struct {
	artifact.Interval
	draws    []float64
	widening float64
}

func (r *resampled) contrast(of func(y []float64) float64) contrast {
	c := contrast{widening: r.widening}
	for _, y := range r.draws {
		c.draws = append(c.draws, of(y))
	}
	_, deviation := stats.Moments(c.draws)
	half := float64(normal975 * r.widening * deviation)
	estimate := of(r.y)
	c.Interval = artifact.Interval{Estimate: estimate, Low: estimate - half, High: estimate + half}
	return c
}

// above is the one-sided p-value of the contrast being at most the value, and
// whether it is the least that the draws allow.
func (c contrast) above(value float64) (p float64, floor bool) {
	reached := 0
	for _, d := range c.draws {
		if float64(c.widening*(d-c.Estimate)) >= c.Estimate-value {
			reached++
		}
	}
	return float64(1+reached) / float64(1+len(c.draws)), reached == 0
}

// slope is the least-squares slope over the points from … to−1.
func (r *resampled) slope(from, to int) contrast {
	return r.contrast(func(y []float64) float64 { return stats.Slope(r.x[from:to], y[from:to]) })
}

// local is the slope from point i to the next.
func (r *resampled) local(y []float64, i int) float64 { return (y[i+1] - y[i]) / (r.x[i+1] - r.x[i]) }

// curvature is the slope of what a straight line leaves over, against the
// squared distance from the middle: 0 for a power law.
func (r *resampled) curvature() contrast {
	n := len(r.x)
	middle := (r.x[0] + r.x[n-1]) / 2
	squares := make([]float64, n)
	for i, x := range r.x {
		squares[i] = float64((x - middle) * (x - middle))
	}
	rest := func(v []float64) []float64 {
		slope := stats.Slope(r.x, v)
		left := make([]float64, n)
		for i := range v {
			left[i] = v[i] - float64(slope*r.x[i])
		}
		return left
	}
	q := rest(squares)
	return r.contrast(func(y []float64) float64 { return stats.Slope(q, rest(y)) })
}

// table has a row per k, with the local slope to the next.
func (r *resampled) table() artifact.ClaimTable {
	t := artifact.ClaimTable{
		Name:    "k·|ΔL| by k, and its local slope to the next k",
		Columns: []string{"k", "networks", "mean", "least", "largest", "slope", "slope low", "slope high"},
	}
	for i, p := range r.points {
		least, largest := p.changes[0].mean, p.changes[0].mean
		for _, c := range p.changes {
			least, largest = min(least, c.mean), max(largest, c.mean)
		}
		row := []float64{float64(p.k), float64(len(p.changes)), p.mean(), least, largest}
		if i+1 < len(r.points) {
			s := r.contrast(func(y []float64) float64 { return r.local(y, i) })
			row = append(row, s.Estimate, s.Low, s.High)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// evidence writes the means, the local slopes and, where one power law fits all
// sizes, its exponent.
func (r *resampled) evidence(last int, slope contrast) string {
	n := len(r.points)
	means, locals := make([]string, n), make([]string, n-1)
	for i, p := range r.points {
		means[i] = short(p.mean())
		if i+1 < n {
			locals[i] = short(r.local(r.y, i))
		}
	}
	text := fmt.Sprintf("k·|ΔL| = %s at k = %d to %d; local slopes %s; slope from k = %d on %s, 95 %% interval %s to %s over seeds and objects",
		strings.Join(means, ", "), r.points[0].k, r.points[n-1].k, strings.Join(locals, ", "), r.points[last].k,
		short(slope.Estimate), short(slope.Low), short(slope.High))
	if bent := r.curvature(); bent.Low > 0 || bent.High < 0 {
		return text + "; one power law does not fit all sizes, so there is no exponent"
	}
	e := r.slope(0, n)
	return text + fmt.Sprintf("; exponent of |ΔL| over all sizes %s, %s to %s", short(e.Estimate-1), short(e.Low-1), short(e.High-1))
}
