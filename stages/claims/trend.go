package claims

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// direction is one of the two trends that the captions claim.
type direction struct {
	id, statement, axis, other string
	rises                      bool
	at                         func(network) (at, other int)
	fixed                      func(Params) int
}

var (
	hiddenSize = direction{
		id: "falls_with_hidden_size", statement: "the loss difference falls with the hidden size",
		axis: "h", other: "num_layers", rises: false,
		at:    func(n network) (int, int) { return n.HiddenSize, n.NumLayers },
		fixed: func(p Params) int { return p.AtNumLayers },
	}
	numLayers = direction{
		id: "rises_with_num_layers", statement: "the loss difference rises with the number of layers",
		axis: "num_layers", other: "h", rises: true,
		at:    func(n network) (int, int) { return n.NumLayers, n.HiddenSize },
		fixed: func(p Params) int { return p.AtHiddenSize },
	}
)

// group is the networks of one size.
type group struct {
	at       int
	networks []network
}

func (g group) mads() []float64 {
	v := make([]float64, len(g.networks))
	for i, n := range g.networks {
		v[i] = n.losses.Sample.MAD
	}
	return v
}

// groups returns the networks of the trend by size, ascending, those trained
// on the k that most sizes have, the largest such k.
func (d direction) groups(p Params, q *panel, withCollapsed bool) []group {
	sizes := map[int][]int{} // by k
	k := 0
	for _, n := range q.networks {
		at, other := d.at(n)
		if other != d.fixed(p) || slices.Contains(sizes[n.SampleSize], at) {
			continue
		}
		sizes[n.SampleSize] = append(sizes[n.SampleSize], at)
	}
	for _, n := range q.networks {
		if a, b := len(sizes[n.SampleSize]), len(sizes[k]); a > b || a == b && n.SampleSize > k {
			k = n.SampleSize
		}
	}
	var list []group
	for _, n := range q.networks {
		at, other := d.at(n)
		if other != d.fixed(p) || n.SampleSize != k || n.collapsed && !withCollapsed {
			continue
		}
		i := slices.IndexFunc(list, func(g group) bool { return g.at == at })
		if i < 0 {
			i = len(list)
			list = append(list, group{at: at})
		}
		list[i].networks = append(list[i].networks, n)
	}
	slices.SortFunc(list, func(a, b group) int { return a.at - b.at })
	return list
}

// trend adds the claim of a trend.
func (j *judgement) trend(q *panel, d direction) error {
	c := j.add(artifact.Claim{
		ID: d.id, Statement: d.statement, Dataset: q.dataset, Input: q.input,
		Scope:      fmt.Sprintf("%s = %d", d.other, d.fixed(j.p)),
		EffectName: "P(larger " + d.axis + " has the larger MAD)",
	})
	versions := []struct {
		name   string
		family *family
	}{{"all", &j.all}, {"without_collapsed", &j.without}}
	both := [2][]group{d.groups(j.p, q, true), d.groups(j.p, q, false)}
	for _, g := range both[0] {
		c.Networks += len(g.networks)
		for _, n := range g.networks {
			if n.collapsed {
				c.Collapsed++
			}
		}
	}
	for i, groups := range both {
		if len(groups) < 2 {
			c.Evidence = fmt.Sprintf("networks of %d sizes at %s%s: a trend needs at least 2", len(groups), c.Scope, [...]string{"", " that have not collapsed"}[i])
			return nil
		}
	}
	for i, v := range versions {
		evidence, decide, err := j.trendEvidence(q, d, v.name, v.family, both[i])
		if err != nil {
			return err
		}
		c.Trends = append(c.Trends, *evidence)
		j.decisions = append(j.decisions, func() { decide(&c.Trends[i]) })
	}
	j.decisions = append(j.decisions, func() {
		c.Verdict = agree(c.Trends[0].Verdict, c.Trends[1].Verdict)
		low, high := j.superiority(q, d, both[0])
		c.Effect = &artifact.Interval{Estimate: c.Trends[0].Superiority, Low: low, High: high}
		c.Test = &c.Trends[0].Test
		c.Evidence = describeTrend(c)
	})
	return nil
}

// trendEvidence tests one version and returns what is to be done when the
// family is complete.
func (j *judgement) trendEvidence(q *panel, d direction, version string, f *family, groups []group) (*artifact.TrendEvidence, func(*artifact.TrendEvidence), error) {
	e := &artifact.TrendEvidence{Version: version, Groups: []artifact.ClaimGroup{}, Neighbours: []artifact.Neighbours{}}
	values := make([][]float64, len(groups))
	for i, g := range groups {
		values[i] = g.mads()
		s := artifact.ClaimGroup{At: g.at, Networks: len(g.networks), MAD: artifact.NewQuantiles(values[i])}
		for _, n := range g.networks {
			if n.collapsed {
				s.Collapsed++
			}
		}
		e.Groups = append(e.Groups, s)
	}
	name := q.dataset + "/" + q.input + "/" + d.id + "/" + version
	t, err := stats.JonckheereTerpstra(values, j.p.Resamples, rng.New(j.p.Seed, "claims", name, 0))
	if err != nil {
		return nil, nil, err
	}
	e.Z, e.Superiority = t.Z, t.Superiority
	e.Ratio = j.ratio(name, values)
	own := f.add(t.P, t.Exact)
	var tests []*artifact.ClaimTest
	for i := range groups[1:] {
		m, err := stats.MannWhitney(values[i], values[i+1], j.p.Resamples, rng.New(j.p.Seed, "claims", name, uint64(i+1)))
		if err != nil {
			return nil, nil, err
		}
		e.Neighbours = append(e.Neighbours, artifact.Neighbours{From: groups[i].at, To: groups[i+1].at, Superiority: m.Superiority})
		tests = append(tests, f.add(m.P, m.Exact))
	}
	return e, func(e *artifact.TrendEvidence) {
		e.Test = *own
		reversed := false
		for i, t := range tests {
			n := &e.Neighbours[i]
			n.Test = *t
			n.Reversed = t.Adjusted <= j.p.Alpha && (n.Superiority > 0.5) != d.rises
			reversed = reversed || n.Reversed
		}
		significant := e.Test.Adjusted <= j.p.Alpha
		along := (e.Superiority > 0.5) == d.rises
		switch {
		case reversed || significant && !along:
			e.Verdict = artifact.DoesNotHold
		case significant:
			e.Verdict = artifact.Holds
		default:
			e.Verdict = artifact.Undecided
		}
	}, nil
}

// ratio is the median of the last group over that of the first, the interval
// by resampling seeds.
func (j *judgement) ratio(name string, values [][]float64) *artifact.Interval {
	first, last := values[0], values[len(values)-1]
	below := stats.Median(first)
	if !(below > 0) {
		return nil
	}
	a, b := make([]float64, len(first)), make([]float64, len(last))
	resamples := min(j.p.Resamples, 2000)
	draws := stats.Bootstrap(resamples, rng.New(j.p.Seed, "claims", name+"/ratio", 0), func(s *rng.Stream) float64 {
		stats.Resample(a, first, s)
		stats.Resample(b, last, s)
		m := stats.Median(a)
		if !(m > 0) {
			return maxRatio
		}
		return min(stats.Median(b)/m, maxRatio)
	})
	low, high := stats.Percentiles(draws, 0.95)
	return &artifact.Interval{Estimate: stats.Median(last) / below, Low: low, High: high}
}

// maxRatio stands for a ratio to a median of zero.
const maxRatio = 1e300

// superiority is the 95 % interval of the effect by resampling seeds within
// sizes.
func (j *judgement) superiority(q *panel, d direction, groups []group) (low, high float64) {
	values, resampled := make([][]float64, len(groups)), make([][]float64, len(groups))
	for i, g := range groups {
		values[i] = g.mads()
		resampled[i] = make([]float64, len(values[i]))
	}
	s := rng.New(j.p.Seed, "claims", q.dataset+"/"+q.input+"/"+d.id+"/effect", 0)
	draws := stats.Bootstrap(min(j.p.Resamples, 1000), s, func(s *rng.Stream) float64 {
		for i := range values {
			stats.Resample(resampled[i], values[i], s)
		}
		return stats.Superiority(resampled)
	})
	return stats.Percentiles(draws, 0.95)
}

func describeTrend(c *artifact.Claim) string {
	t := c.Trends[0]
	first, last := t.Groups[0], t.Groups[len(t.Groups)-1]
	text := fmt.Sprintf("median MAD %s → %s from %d to %d, z = %s, p = %s (Holm %s)",
		short(first.MAD.Median), short(last.MAD.Median), first.At, last.At, short(t.Z), short(t.Test.P), short(t.Test.Adjusted))
	for _, n := range t.Neighbours {
		if n.Reversed {
			text += fmt.Sprintf("; reversed from %d to %d, p = %s (Holm %s)", n.From, n.To, short(n.Test.P), short(n.Test.Adjusted))
		}
	}
	if w := c.Trends[1]; w.Verdict != t.Verdict {
		text += fmt.Sprintf("; with all networks: %s, without the %d collapsed: %s", t.Verdict, c.Collapsed, w.Verdict)
	}
	return text
}
