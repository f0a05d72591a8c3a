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
	points []ratePoint
	x, y   []float64
	draws  [][]float64 // further y
}

// resampleRate resamples the means: seeds with replacement, the same for all k,
// since the networks of a seed share initial weights; and which object is the last
// one, as a normal deviation of its mean. Seeds of one k only are drawn among
// themselves.
func (j *judgement) resampleRate(name string, points []ratePoint) *resampled {
	r := &resampled{points: points}
	times := map[int64]int{} // at how many k a seed occurs
	for _, p := range points {
		r.x, r.y = append(r.x, detmath.Log(float64(p.k))), append(r.y, detmath.Log(p.mean()))
		for _, c := range p.changes {
			times[c.seed]++
		}
	}
	var shared []int64 // seeds of several k
	alone := make([][]int64, len(points))
	for i, p := range points {
		for _, c := range p.changes {
			switch {
			case times[c.seed] == 1:
				alone[i] = append(alone[i], c.seed)
			case !slices.Contains(shared, c.seed):
				shared = append(shared, c.seed)
			}
		}
	}
	slices.Sort(shared)
	s := rng.New(j.p.Seed, "claims", name, 0)
	drawn := map[int64]int{} // how often
	draw := func(seeds []int64) {
		for _, seed := range seeds {
			drawn[seed] = 0
		}
		for range seeds {
			drawn[seeds[s.IntN(len(seeds))]]++
		}
	}
	for range min(j.p.Resamples, 4000) {
		y := make([]float64, len(points))
		draw(shared)
		for i, p := range points {
			draw(alone[i])
			sum, n := 0.0, 0
			for _, c := range p.changes {
				for range drawn[c.seed] {
					sum += c.mean + float64(c.spread*s.Normal())
					n++
				}
			}
			// None of a k with few seeds may be drawn, and all that are may have
			// collapsed.
			y[i] = r.y[i]
			if n > 0 {
				y[i] = detmath.Log(max(sum/float64(n), p.mean()/1000))
			}
		}
		r.draws = append(r.draws, y)
	}
	return r
}

// contrast is a linear function of y with its 95 % interval.
type contrast struct {
	artifact.Interval
	err     float64 // standard error
	freedom int     // degrees of freedom
}

// contrast is a function of the points from … to−1. Its error is the deviation
// of its draws times √(n/(n−1)), with n − 1 degrees of freedom for the n seeds of
// the k that has fewest.
func (r *resampled) contrast(from, to int, of func(y []float64) float64) contrast {
	fewest := len(r.points[from].changes)
	for _, p := range r.points[from:to] {
		fewest = min(fewest, len(p.changes))
	}
	draws := make([]float64, len(r.draws))
	for i, y := range r.draws {
		draws[i] = of(y)
	}
	_, deviation := stats.Moments(draws)
	n := float64(fewest)
	c := contrast{err: deviation * math.Sqrt(n/(n-1)), freedom: fewest - 1}
	estimate, half := of(r.y), float64(stats.StudentQuantile975(n-1)*c.err)
	c.Interval = artifact.Interval{Estimate: estimate, Low: estimate - half, High: estimate + half}
	return c
}

// above is the one-sided p-value of the contrast being at most the value.
func (c contrast) above(value float64) float64 {
	switch d := c.Estimate - value; {
	case c.err > 0:
		return stats.StudentTail(d/c.err, c.freedom)
	case d > 0:
		return 0
	}
	return 1
}

// slope is the least-squares slope over the points from … to−1.
func (r *resampled) slope(from, to int) contrast {
	return r.contrast(from, to, func(y []float64) float64 { return stats.Slope(r.x[from:to], y[from:to]) })
}

// local is the slope from point i to the next.
func (r *resampled) local(y []float64, i int) float64 { return (y[i+1] - y[i]) / (r.x[i+1] - r.x[i]) }

// curvature is the slope of what a straight line leaves over, against the
// squared distance from the middle: 0 for a power law.
func (r *resampled) curvature() contrast {
	n := len(r.x)
	middle := float64((r.x[0] + r.x[n-1]) / 2)
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
	return r.contrast(0, n, func(y []float64) float64 { return stats.Slope(q, rest(y)) })
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
			s := r.contrast(i, i+2, func(y []float64) float64 { return r.local(y, i) })
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
