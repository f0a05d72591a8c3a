package claims

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// publishedCurves compares the paper's networks with ours of the same size: the
// last value of the smoothed curve by its rank among our seeds. The mean of the
// ranks tests a shift that all networks share. A network that two figures show
// counts once. Collapsed networks count, since the paper's may have collapsed.
var publishedCurves = claim{
	id: "published_curves", source: "its figures", whose: artifact.Ours,
	text: "the published curves are consistent with ours", panel: (*judgement).published,
}

const (
	// paperEMA is the paper's moving average; the last value of a curve
	// smoothed otherwise is another number.
	paperEMA = 0.99
	// largestShift is the common shift that must be found with detection: a
	// run that would miss it says nothing about the published curves.
	largestShift = 0.25
	detection    = 0.8
)

// mode is what the paper calls an input.
func mode(input string) string {
	if input == "features" {
		return published.Extraction
	}
	return input
}

// publishedCurve is one of the paper's curves in the central 95 % rank band of our
// seeds, or outside it; the band needs at least 39 seeds.
type publishedCurve struct {
	h, l      int
	published float64
	band      stats.Band
}

// publishedNetwork is a network of the paper with ours of its size.
type publishedNetwork struct {
	h, l      int
	published float64
	ours      []float64
}

func (j *judgement) published(q *panel) error {
	all, err := published.All()
	if err != nil {
		return err
	}
	ours := q.where(func(n network) bool {
		return n.Recipe == "" && n.SampleSize == published.SampleSize && n.differences.EMA == paperEMA
	})
	var pairs []publishedNetwork
	var curves []publishedCurve
	sizes := []artifact.Network{}
	paper, standIn := published.Panel(q.dataset)
	for _, curve := range all {
		if curve.Dataset != paper || curve.Mode != mode(q.input) {
			continue
		}
		last, same := curve.EMA[len(curve.EMA)-1], ours.ofSize(curve.HiddenSize, curve.NumLayers)
		if band, ok := stats.RankBand(same, confidence); ok {
			curves = append(curves, publishedCurve{curve.HiddenSize, curve.NumLayers, last, band})
		}
		size := artifact.Network{HiddenSize: curve.HiddenSize, NumLayers: curve.NumLayers}
		if slices.Contains(sizes, size) {
			continue
		}
		sizes = append(sizes, size)
		if len(same) > 0 {
			pairs = append(pairs, publishedNetwork{curve.HiddenSize, curve.NumLayers, last, same})
		}
	}
	if len(sizes) == 0 {
		return nil // the paper shows no such panel
	}
	of := ours.where(func(n network) bool {
		return slices.Contains(sizes, artifact.Network{HiddenSize: n.HiddenSize, NumLayers: n.NumLayers})
	})
	c := j.row(of, artifact.AllNetworks)
	k := published.SampleSize
	c.AtK = &k
	if standIn {
		c.Tested = fmt.Sprintf("stand-in: these are other objects of %s than the paper's networks learnt", paper)
		c.Conclusion = "The paper's curves are drawn beside these networks for orientation only."
		return nil
	}
	if len(pairs) == 0 {
		c.Tested = fmt.Sprintf("no network of the %d published sizes was trained on %d objects", len(sizes), k)
		return nil
	}
	c.Tested = fmt.Sprintf("the ranks of %d published networks of %d among %s", len(pairs), len(sizes), population(c))
	table := artifact.ClaimTable{Name: "last value of the smoothed curve", Columns: []string{"hidden_size", "num_layers", "published", "rank", "of", "median of ours"}}
	r := newRanked(pairs)
	for i, p := range pairs {
		table.Rows = append(table.Rows, []float64{float64(p.h), float64(p.l), p.published, float64(r.ranks(1)[i]) / 2, float64(len(p.ours) + 1), stats.Median(p.ours)})
	}
	c.Tables = append(c.Tables, table)
	outside := inBands(c, curves)
	common := r.factor()
	c.Effect = &artifact.Effect{Name: "published over ours, the common factor", Interval: common}
	t := j.test(c, artifact.ClaimTest{Name: "mean rank of the published networks", P: r.test.P(r.ranks(1)), Exact: true})
	least := r.detectable(rng.New(j.p.Seed, "claims", c.Dataset+"/"+c.Input+"/published", 0))
	j.decide(func() {
		c.Verdict = artifact.Undecided
		switch {
		case j.significant(t):
			c.Verdict = artifact.DoesNotHold
		case least > 0 && least < largestShift+1e-9:
			c.Verdict = artifact.Holds
		}
		c.Evidence = fmt.Sprintf("mean rank %s of %s (0.5: in the middle), %s", short(r.test.Share(r.ranks(1))), plural(len(pairs), "network"), pBoth(*t.test()))
		found := "not even a common shift of 100 % would be found"
		if least > 0 {
			found = fmt.Sprintf("a common shift of %s %% would give p ≤ %s with a probability of %s %% or more", short(100*least), short(1-confidence), short(100*detection))
		}
		c.Evidence += outside + fmt.Sprintf("; common factor %s, 95 %% interval %s to %s; %s", short(common.Estimate), short(common.Low), short(common.High), found)
		switch c.Verdict {
		case artifact.Holds:
			c.Conclusion = fmt.Sprintf("The paper's %s are consistent with ours; %s.", plural(len(pairs), "network"), found)
		case artifact.DoesNotHold:
			c.Conclusion = fmt.Sprintf("The paper's networks differ from ours by a common factor of about %s.", short(common.Estimate))
		default:
			c.Conclusion = fmt.Sprintf("Our seeds are too few to compare with: %s.", found)
		}
	})
	return nil
}

// ofSize are the last values of the smoothed curves of the panel's networks of that
// size.
func (q *panel) ofSize(h, l int) []float64 {
	var values []float64
	for _, n := range q.networks {
		if n.HiddenSize == h && n.NumLayers == l {
			values = append(values, n.differences.EMALast)
		}
	}
	return values
}

// inBands adds the table of the published curves beside our bands, and says how many
// lie outside; nothing where no size has enough seeds. Two curves of one size have
// one band.
func inBands(c *artifact.Claim, curves []publishedCurve) string {
	if len(curves) == 0 {
		return ""
	}
	t := artifact.ClaimTable{
		Name:    "published curves beside the central 95 % rank band of our seeds, last value",
		Columns: []string{"hidden_size", "num_layers", "published", "band low", "band high", "outside"},
	}
	outside := 0
	for _, x := range curves {
		out := 0.0
		if !x.band.Contains(x.published) {
			out = 1
			outside++
		}
		t.Rows = append(t.Rows, []float64{float64(x.h), float64(x.l), x.published, x.band.Low, x.band.High, out})
	}
	c.Tables = append(c.Tables, t)
	return fmt.Sprintf("; %d of %s outside the central 95 %% rank band of our seeds, where about one in twenty is expected", outside, plural(len(curves), "published curve"))
}
