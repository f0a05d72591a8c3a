package claims

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// share is how many of n independent networks are as a statement says.
type share struct{ count, n int }

// add counts one more case, which is so or not.
func (s *share) add(so bool) {
	if s.n++; so {
		s.count++
	}
}

// shareOf counts the networks that are so.
func shareOf(networks []network, so func(network) bool) share {
	var s share
	for _, n := range networks {
		s.add(so(n))
	}
	return s
}

// interval is the share among all such networks with its two-sided interval
// (Clopper and Pearson, 1934). It needs a network.
func (s share) interval() artifact.Interval {
	const side = (1 + confidence) / 2
	return artifact.Interval{
		Estimate: float64(s.count) / float64(s.n),
		Low:      1 - stats.ClopperPearson(s.n-s.count, s.n, side),
		High:     stats.ClopperPearson(s.count, s.n, side),
	}
}

// effect is the interval with its name.
func (s share) effect(name string) *artifact.Effect {
	return &artifact.Effect{Name: name, Interval: s.interval()}
}

// String writes "52 of 68 (76.5 %, 95 % interval 64.6 to 85.9 %)".
func (s share) String() string {
	i := s.interval()
	return fmt.Sprintf("%d of %d (%s %%, 95 %% interval %s to %s %%)", s.count, s.n, short(100*i.Estimate), short(100*i.Low), short(100*i.High))
}

// most is the verdict on a statement about networks as a rule: it is true of more
// than half of them. Six networks can decide it.
func (s share) most() artifact.Verdict {
	if s.n == 0 {
		return artifact.NotTested
	}
	switch i := s.interval(); {
	case i.Low > 0.5:
		return artifact.Holds
	case i.High < 0.5:
		return artifact.DoesNotHold
	}
	return artifact.Undecided
}

// exceptions is the share of networks that an assumption on each network may not
// be true of and still describe them.
const exceptions = 0.1

// assumption is the verdict on a statement about every network, where the share
// counts its exceptions: that they are few, or many, must be significant. 29
// networks without an exception decide it.
func (s share) assumption() artifact.Verdict {
	switch {
	case s.n == 0:
		return artifact.NotTested
	case stats.ClopperPearson(s.count, s.n, confidence) <= exceptions:
		return artifact.Holds
	case 1-stats.ClopperPearson(s.n-s.count, s.n, confidence) > exceptions:
		return artifact.DoesNotHold
	}
	return artifact.Undecided
}

// enough is from how many cases on a bound that was never exceeded counts as
// valid: one that fails in a quarter of them is then seen to fail with a
// probability of 94 %.
const enough = 10

// bound is the verdict on a bound, which is stated for all weights, so that one
// violation refutes it; the share counts these.
func (s share) bound() artifact.Verdict {
	switch {
	case s.count > 0:
		return artifact.DoesNotHold
	case s.n == 0:
		return artifact.NotTested
	case s.n < enough:
		return artifact.Undecided
	}
	return artifact.Holds
}

// median is that of the values with a 95 % interval of the population's from
// their order; with fewer than six values the interval is their range.
func median(values []float64) artifact.Interval {
	v := slices.Clone(values)
	slices.Sort(v)
	n, cut := len(v), 0
	for cut+1 < (n+1)/2 && stats.BinomialTail(n-cut, n, 0.5) <= (1-confidence)/2 {
		cut++
	}
	cut = max(cut-1, 0)
	return artifact.Interval{Estimate: stats.Quantile(v, 0.5), Low: v[cut], High: v[n-1-cut]}
}

// spread is the median of the values with their range.
func spread(values []float64) artifact.Interval {
	q := artifact.NewQuantiles(values)
	return artifact.Interval{Estimate: q.Median, Low: q.Min, High: q.Max}
}

// scope is a choice of networks.
type scope struct {
	name string
	*panel
}

// scopes are the networks of the panel that are wanted, each once: all that are
// not dead on every object, and those without a dead object worth mentioning.
func (q *panel) scopes(want func(network) bool) []scope {
	all := q.once().where(want)
	return []scope{{artifact.AllNetworks, all}, {artifact.WithoutCollapsed, all.living()}}
}

// alive leaves out networks that are dead on every object.
func alive(networks []network) []network {
	return slices.DeleteFunc(slices.Clone(networks), func(n network) bool { return n.dead })
}

// related is the population of a row, and from how many initial weights its
// networks come where several share them: those of one size and seed do, whatever
// their samples.
func related(c *artifact.Claim, networks []network) string {
	type origin struct {
		h, l int
		seed int64
	}
	seen := map[origin]bool{}
	for _, n := range networks {
		seen[origin{n.HiddenSize, n.NumLayers, n.Seed}] = true
	}
	if len(seen) == len(networks) {
		return population(c)
	}
	return fmt.Sprintf("%s, which began with %d different weights", population(c), len(seen))
}
