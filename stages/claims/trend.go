package claims

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// A trend is a Jonckheere–Terpstra test of MAD, the one number that decides a
// curve. The claim is right if the test is significant and no step from a size
// to the next is significantly reversed (Mann–Whitney); it is wrong if the test
// or a step is significant the other way. Networks of a size that does not train
// look smooth and are not, so a row without dead and partly dead networks stands
// beside the row of all. Of networks that were trained until a goal it is a row
// without those that did not reach it, and both say what share that is.
var (
	fallsWithHiddenSize = claim{
		id: "falls_with_hidden_size", source: "captions of its figures", whose: artifact.OfPaper,
		text: "the loss difference falls with the hidden size h", all: func(j *judgement, panels []*panel) error { return j.trends(panels, hiddenSize) },
	}
	risesWithNumLayers = claim{
		id: "rises_with_num_layers", source: "captions of its figures", whose: artifact.OfPaper,
		text: "the loss difference rises with the number of layers", all: func(j *judgement, panels []*panel) error { return j.trends(panels, numLayers) },
	}
)

// direction is one of the two trends.
type direction struct {
	over, axis, other string
	rises             bool
	at                func(network) (at, other int)
}

var (
	hiddenSize = direction{over: OverHiddenSize, axis: "h", other: "num_layers", at: func(n network) (int, int) { return n.HiddenSize, n.NumLayers }}
	numLayers  = direction{over: OverNumLayers, axis: "num_layers", other: "h", rises: true, at: func(n network) (int, int) { return n.NumLayers, n.HiddenSize }}
)

// group is the networks of one size.
type group struct {
	at int
	*panel
}

func (g group) mads() []float64 {
	v := make([]float64, len(g.networks))
	for i, n := range g.networks {
		v[i] = n.losses.Sample.MAD
	}
	return v
}

// groups returns the panel's networks by size, ascending.
func (d direction) groups(q *panel) []group {
	var sizes []int
	for _, n := range q.networks {
		if at, _ := d.at(n); !slices.Contains(sizes, at) {
			sizes = append(sizes, at)
		}
	}
	slices.Sort(sizes)
	list := make([]group, len(sizes))
	for i, size := range sizes {
		list[i] = group{size, q.where(func(n network) bool { at, _ := d.at(n); return at == size })}
	}
	return list
}

// sampleSize is the k on which most sizes were trained, the largest such k.
func (d direction) sampleSize(q *panel) int {
	sizes := map[int][]int{} // by k
	k := 0
	for _, n := range q.networks {
		if at, _ := d.at(n); !slices.Contains(sizes[n.SampleSize], at) {
			sizes[n.SampleSize] = append(sizes[n.SampleSize], at)
		}
	}
	for _, n := range q.networks {
		if a, b := len(sizes[n.SampleSize]), len(sizes[k]); a > b || a == b && n.SampleSize > k {
			k = n.SampleSize
		}
	}
	return k
}

// trends adds the rows of a trend, for each cut that has several sizes, and
// those over all inputs of a data set.
func (j *judgement) trends(panels []*panel, d direction) error {
	first := len(j.rows)
	for _, q := range panels {
		found := false
		for _, c := range j.p.Cuts {
			if c.Dataset != q.dataset || c.Input != q.input || c.Over != d.over {
				continue
			}
			at := q.where(func(n network) bool { _, other := d.at(n); return n.Recipe == c.Recipe && other == c.At })
			k := d.sampleSize(at)
			at = at.where(func(n network) bool { return n.SampleSize == k })
			if len(d.groups(at)) < 2 {
				continue
			}
			found = true
			scopes := []string{artifact.AllNetworks, artifact.WithoutCollapsed}
			if _, until := at.reached(); until > 0 {
				scopes[1] = artifact.GoalReached
			}
			for _, scope := range scopes {
				if err := j.trend(at, d, c.At, k, scope); err != nil {
					return err
				}
			}
		}
		if !found {
			j.untested(q, "no experiment has networks of two or more values of "+d.axis)
		}
	}
	j.anyInput(panels, j.rows[first:])
	return nil
}

// trend adds the row of one cut and scope.
func (j *judgement) trend(q *panel, d direction, at, k int, scope string) error {
	all := d.groups(q)
	tested, failed := all, []string{}
	if scope != artifact.AllNetworks {
		tested = nil
	}
	for _, g := range all {
		left := g.living()
		if scope == artifact.GoalReached {
			left = g.where(func(n network) bool { return n.end != nil && n.end.Reached })
		}
		most := 2*len(left.networks) > len(g.networks)
		switch lost := len(g.networks) - len(left.networks); {
		case !most && scope == artifact.GoalReached:
			failed = append(failed, fmt.Sprintf("most networks of %s = %d do not reach it (%d of %d, median accuracy %s)",
				d.axis, g.at, lost, len(g.networks), short(g.accuracy())))
		case !most:
			failed = append(failed, fmt.Sprintf("%s = %d does not train (%d of %d networks are dead or partly dead, median accuracy %s)",
				d.axis, g.at, lost, len(g.networks), short(g.accuracy())))
		case scope != artifact.AllNetworks:
			tested = append(tested, group{g.at, left})
		}
	}
	c := j.row(q, scope)
	c.AtK = &k
	if d.rises {
		c.AtHiddenSize = &at
	} else {
		c.AtNumLayers = &at
	}
	c.Tested = fmt.Sprintf("MAD of %s by %s at %s = %d", population(c), d.axis, d.other, at)
	switch {
	case scope == artifact.WithoutCollapsed && len(failed) > 0:
		c.Tested += ", living ones only, of sizes of which most live"
	case scope == artifact.WithoutCollapsed:
		c.Tested += ", living ones only"
	case scope == artifact.GoalReached && len(failed) > 0:
		c.Tested += ", only those that reached the goal, of sizes of which most did"
	case scope == artifact.GoalReached:
		c.Tested += ", only those that reached the goal"
	}
	missed := q.missed()
	c.Tables = append(c.Tables, d.table(all))
	if len(tested) < 2 {
		c.Verdict = artifact.Undecided
		c.Evidence = fmt.Sprintf("%s of %s: a trend needs two", plural(len(tested), "value"), d.axis)
		c.Conclusion = "Too few sizes train to see a trend; " + list(failed) + missed + "."
		return nil
	}
	t, err := j.steps(c, d, tested)
	if err != nil {
		return err
	}
	if scope == artifact.WithoutCollapsed {
		if err := j.sweep(c, d, all); err != nil {
			return err
		}
	}
	j.decide(func() {
		c.Verdict = t.verdict(j)
		c.Evidence = t.evidence()
		c.Conclusion = t.conclusion(j, failed, missed)
	})
	return nil
}

// median of a number over the group.
func (g group) median(of func(artifact.LossStatistics) float64) float64 {
	v := make([]float64, len(g.networks))
	for i, n := range g.networks {
		v[i] = of(n.losses.Sample)
	}
	return stats.Median(v)
}

func (g group) accuracy() float64 {
	return g.median(func(s artifact.LossStatistics) float64 { return s.Accuracy })
}

func (g group) loss() float64 {
	return g.median(func(s artifact.LossStatistics) float64 { return s.Mean })
}

// relative is MAD over the mean loss, 0 where there is no loss.
func (g group) relative() float64 {
	return g.median(func(s artifact.LossStatistics) float64 {
		if s.Mean == 0 {
			return 0
		}
		return s.MAD / s.Mean
	})
}

// table describes the groups.
func (d direction) table(groups []group) artifact.ClaimTable {
	t := artifact.ClaimTable{
		Name: "MAD by size", Columns: []string{d.over, "networks", "living", "dead", "median accuracy", "median mean loss", "median MAD over mean loss", "MAD q05", "MAD q25", "MAD median", "MAD q75", "MAD q95"},
	}
	goals := slices.ContainsFunc(groups, func(g group) bool { _, until := g.reached(); return until > 0 })
	if goals {
		t.Columns = append(t.Columns, "reached the goal", "median epochs")
	}
	for _, g := range groups {
		var c artifact.Claim
		count(&c, g.networks)
		s := artifact.NewQuantiles(g.mads())
		row := []float64{
			float64(g.at), float64(c.Networks), float64(c.Living), float64(c.Dead), g.accuracy(), g.loss(), g.relative(), s.Q05, s.Q25, s.Median, s.Q75, s.Q95,
		}
		if goals {
			reached, _ := g.reached()
			row = append(row, float64(reached), stats.Median(g.epochs()))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// trendTests are the tests of one row.
type trendTests struct {
	direction
	row    *artifact.Claim
	groups []group
	values [][]float64
	whole  handle
	steps  []handle  // from each group to the next
	above  []float64 // P(a value of the next group exceeds one of this), by step
	ratio  *artifact.Interval
	z      float64
}

// steps enters the tests of the whole trend and of its steps.
func (j *judgement) steps(c *artifact.Claim, d direction, groups []group) (*trendTests, error) {
	t := &trendTests{direction: d, row: c, groups: groups}
	for _, g := range groups {
		t.values = append(t.values, g.mads())
	}
	name := fmt.Sprintf("%s/%s/%s/%d/%s/%d/%s", c.Dataset, c.Input, c.Recipe, c.Updates, d.over, *first(c.AtNumLayers, c.AtHiddenSize), c.Scope)
	r, err := stats.JonckheereTerpstra(t.values, j.p.Resamples, rng.New(j.p.Seed, "claims", name, 0))
	if err != nil {
		return nil, err
	}
	t.z = r.Z
	t.whole = j.test(c, artifact.ClaimTest{Name: "Jonckheere–Terpstra over " + d.axis, P: r.P, Exact: r.Exact, Floor: r.Floor})
	low, high := j.superiority(name, t.values)
	c.Effect = &artifact.Effect{
		Name:     "P(the network of larger " + d.axis + " has the larger MAD)",
		Interval: artifact.Interval{Estimate: r.Superiority, Low: low, High: high},
	}
	for i := range groups[1:] {
		m, err := stats.MannWhitney(t.values[i], t.values[i+1], j.p.Resamples, rng.New(j.p.Seed, "claims", name, uint64(i+1)))
		if err != nil {
			return nil, err
		}
		t.above = append(t.above, m.Superiority)
		t.steps = append(t.steps, j.test(c, artifact.ClaimTest{
			Name: fmt.Sprintf("Mann–Whitney from %s = %d to %d", d.axis, groups[i].at, groups[i+1].at), P: m.P, Exact: m.Exact, Floor: m.Floor,
		}))
	}
	t.ratio = j.ratio(name, t.values)
	return t, nil
}

// first is the one that is not nil.
func first(a, b *int) *int {
	if a != nil {
		return a
	}
	return b
}

// kinds of steps.
const (
	unclear = iota
	along
	against
)

// kind says where a step goes.
func (t *trendTests) kind(j *judgement, i int) int {
	switch {
	case !j.significant(t.steps[i]):
		return unclear
	case (t.above[i] > 0.5) == t.rises:
		return along
	}
	return against
}

func (t *trendTests) verdict(j *judgement) artifact.Verdict {
	for i := range t.steps {
		if t.kind(j, i) == against {
			return artifact.DoesNotHold
		}
	}
	switch {
	case !j.significant(t.whole):
		return artifact.Undecided
	case (t.row.Effect.Estimate > 0.5) == t.rises:
		return artifact.Holds
	}
	return artifact.DoesNotHold
}

// evidence has the numbers of the whole trend.
func (t *trendTests) evidence() string {
	a, b := t.groups[0], t.groups[len(t.groups)-1]
	text := fmt.Sprintf("median MAD %s → %s from %s = %d to %d", short(stats.Median(t.values[0])), short(stats.Median(t.values[len(t.values)-1])), t.axis, a.at, b.at)
	if t.ratio != nil {
		text += fmt.Sprintf(" (ratio %s, 95 %% interval %s to %s)", short(t.ratio.Estimate), short(t.ratio.Low), short(t.ratio.High))
	}
	text += fmt.Sprintf("; median mean loss %s → %s, MAD over it %s → %s", short(a.loss()), short(b.loss()), short(a.relative()), short(b.relative()))
	text += fmt.Sprintf("; z = %s, %s; steps:", short(t.z), pBoth(*t.whole.test()))
	for i, h := range t.steps {
		if i > 0 {
			text += ";"
		}
		text += fmt.Sprintf(" %d to %d %s", t.groups[i].at, t.groups[i+1].at, pBoth(*h.test()))
	}
	return text
}

// conclusion says where MAD falls, rises and does neither, which sizes do not train,
// and how many networks missed a goal.
func (t *trendTests) conclusion(j *judgement, failed []string, missed string) string {
	var parts []string
	for i := 0; i < len(t.steps); {
		to := i + 1
		for to < len(t.steps) && t.kind(j, to) == t.kind(j, i) {
			to++
		}
		verb := "falls"
		if (t.kind(j, i) == along) == t.rises {
			verb = "rises"
		}
		if t.kind(j, i) == unclear {
			verb = "shows no clear change"
		}
		parts = append(parts, fmt.Sprintf("%s from %s = %d to %d (%s)", verb, t.axis, t.groups[i].at, t.groups[to].at, pRange(t.steps[i:to], t.kind(j, i) == unclear)))
		i = to
	}
	text := "MAD " + list(parts)
	if len(failed) > 0 {
		text += "; " + list(failed)
		switch t.row.Scope {
		case artifact.WithoutCollapsed:
			text += " and is left out"
		case artifact.GoalReached:
			text += ", which are left out"
		}
	}
	return text + missed + "."
}

// pRange writes the p-values of several tests: of significant ones the largest.
func pRange(tests []handle, unclear bool) string {
	least, largest := *tests[0].test(), *tests[0].test()
	for _, h := range tests {
		if h.test().P < least.P {
			least = *h.test()
		}
		if h.test().P > largest.P {
			largest = *h.test()
		}
	}
	switch {
	case len(tests) == 1:
		return pText(largest)
	case unclear:
		return fmt.Sprintf("p = %s to %s", short(least.P), short(largest.P))
	}
	return fmt.Sprintf("p ≤ %s each", short(largest.P))
}

// deadShares are the limits from which networks are left out in turn; above
// them, those with any dead object.
var deadShares = []float64{1, 0.5, 0.1, 0.01, 0}

// sweep tests the trend with other limits of the dead share. These tests decide
// nothing and are not in the family.
func (j *judgement) sweep(c *artifact.Claim, d direction, all []group) error {
	t := artifact.ClaimTable{
		Name:    "without networks whose dead share is above or at the limit, and sizes of which half or fewer are left",
		Columns: []string{"limit", "networks", "smallest " + d.over, "P(larger has the larger MAD)", "p"},
	}
	before := 0
	for i, limit := range deadShares {
		var values [][]float64
		networks, smallest := 0, 0
		for _, g := range all {
			left := group{g.at, g.where(func(n network) bool {
				return !n.dead && (n.losses.Sample.DeadFraction < limit || n.losses.Sample.DeadFraction == 0)
			})}
			if 2*len(left.networks) <= len(g.networks) {
				continue
			}
			if len(values) == 0 {
				smallest = g.at
			}
			values = append(values, left.mads())
			networks += len(left.networks)
		}
		switch {
		case len(values) < 2:
			continue
		case networks == before: // the lower the limit, the fewer are left: these are the same
			row := slices.Clone(t.Rows[len(t.Rows)-1])
			row[0] = limit
			t.Rows = append(t.Rows, row)
			continue
		}
		before = networks
		r, err := stats.JonckheereTerpstra(values, j.p.Resamples, rng.New(j.p.Seed, "claims", c.Dataset+"/"+c.Input+"/"+d.over+"/sweep", uint64(i)))
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, []float64{limit, float64(networks), float64(smallest), r.Superiority, r.P})
	}
	c.Tables = append(c.Tables, t)
	return nil
}

// ratio is the median of the last group over that of the first, the interval
// by resampling seeds; nil where a median is 0.
func (j *judgement) ratio(name string, values [][]float64) *artifact.Interval {
	first, last := values[0], values[len(values)-1]
	below := stats.Median(first)
	if !(below > 0) {
		return nil
	}
	a, b := make([]float64, len(first)), make([]float64, len(last))
	draws := stats.Bootstrap(min(j.p.Resamples, 2000), rng.New(j.p.Seed, "claims", name+"/ratio", 0), func(s *rng.Stream) float64 {
		stats.Resample(a, first, s)
		stats.Resample(b, last, s)
		m := stats.Median(a)
		if !(m > 0) {
			return maxRatio
		}
		return min(stats.Median(b)/m, maxRatio)
	})
	low, high := stats.Percentiles(draws, confidence)
	return &artifact.Interval{Estimate: stats.Median(last) / below, Low: low, High: high}
}

// maxRatio stands for a ratio to a median of zero.
const maxRatio = 1e300

// superiority is the interval of the effect by resampling seeds within sizes.
func (j *judgement) superiority(name string, values [][]float64) (low, high float64) {
	resampled := make([][]float64, len(values))
	for i := range values {
		resampled[i] = make([]float64, len(values[i]))
	}
	draws := stats.Bootstrap(min(j.p.Resamples, 1000), rng.New(j.p.Seed, "claims", name+"/effect", 0), func(s *rng.Stream) float64 {
		for i := range values {
			stats.Resample(resampled[i], values[i], s)
		}
		return stats.Superiority(resampled)
	})
	return stats.Percentiles(draws, confidence)
}
