package claims

import (
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// ranked are published networks with the test of their ranks.
type ranked struct {
	pairs []publishedNetwork
	test  *stats.RankTest
}

func newRanked(pairs []publishedNetwork) *ranked {
	sizes := make([]int, len(pairs))
	for i, p := range pairs {
		sizes[i] = len(p.ours)
	}
	return &ranked{pairs, stats.NewRankTest(sizes)}
}

// ranks are those of the published values divided by a factor.
func (r *ranked) ranks(factor float64) []int {
	list := make([]int, len(r.pairs))
	for i, p := range r.pairs {
		list[i] = stats.TwiceRank(p.published/factor, p.ours)
	}
	return list
}

// factor is the common factor of published over ours: that which brings the mean
// rank to the middle, and between the outermost two that the test does not reject.
// Only ratios of a published value to one of ours are tried, where a rank changes.
// 0 where there are none.
func (r *ranked) factor() artifact.Interval {
	var tried []float64
	for _, p := range r.pairs {
		for _, o := range p.ours {
			if o > 0 && p.published > 0 {
				tried = append(tried, p.published/o)
			}
		}
	}
	if len(tried) == 0 {
		return artifact.Interval{}
	}
	slices.Sort(tried)
	first := func(is func(share, p float64) bool) float64 { // the larger the factor, the lower the share
		at, _ := slices.BinarySearchFunc(tried, true, func(f float64, _ bool) int {
			ranks := r.ranks(f)
			if is(r.test.Share(ranks), r.test.P(ranks)) {
				return 1
			}
			return -1
		})
		return tried[min(at, len(tried)-1)]
	}
	return artifact.Interval{
		Estimate: first(func(share, _ float64) bool { return share <= 0.5 }),
		Low:      first(func(share, p float64) bool { return share <= 0.5 || p > 1-confidence }),
		High:     first(func(share, p float64) bool { return share < 0.5 && p <= 1-confidence }),
	}
}

// Shifts that are tried, and how often each.
const (
	shiftStep   = 0.05
	shiftTrials = 1000
)

// detectable is the least common shift, in steps of 5 %, of which the test finds
// both directions with the wanted probability: each published value is one of our
// seeds times the shift, ranked among the others. 0 if even 100 % would be missed.
func (r *ranked) detectable(s *rng.Stream) float64 {
	sizes := make([]int, len(r.pairs))
	for i, p := range r.pairs {
		if len(p.ours) < 2 {
			return 0
		}
		sizes[i] = len(p.ours) - 1
	}
	test, ranks := stats.NewRankTest(sizes), make([]int, len(r.pairs))
	power := func(factor float64) float64 {
		found := 0
		for range shiftTrials {
			for i, p := range r.pairs {
				at := s.IntN(len(p.ours))
				x := float64(factor * p.ours[at])
				if ranks[i] = stats.TwiceRank(x, p.ours); x > p.ours[at] { // not among the others
					ranks[i] -= 2
				} else if x == p.ours[at] {
					ranks[i]--
				}
			}
			if test.P(ranks) <= 1-confidence {
				found++
			}
		}
		return float64(found) / shiftTrials
	}
	for step := 1; step <= 20; step++ {
		shift := float64(shiftStep * float64(step))
		if power(1+shift) >= detection && power(1/(1+shift)) >= detection {
			return shift
		}
	}
	return 0
}
