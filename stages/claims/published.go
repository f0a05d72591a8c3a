package claims

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// The paper's moving average; the last value of a curve smoothed otherwise is
// another number.
const paperEMA = 0.99

// outsideByChance is the share of published curves that lie outside a 95 %
// band by chance.
const outsideByChance = 0.05

// mode is what the paper calls an input.
func mode(input string) string {
	if input == "features" {
		return published.Extraction
	}
	return input
}

// published compares the paper's curves of the panel with ours of the same
// size: the last value of the smoothed curve against the central rank band of
// the seeds, and the number outside against Binomial(curves, 0.05). Collapsed
// networks count.
func (j *judgement) published(q *panel) error {
	all, err := published.All()
	if err != nil {
		return err
	}
	c := artifact.Claim{
		ID: "published_curves", Statement: "the published curves are draws from the same distribution as ours",
		Dataset: q.dataset, Input: q.input, Scope: fmt.Sprintf("k = %d", published.SampleSize), EffectName: "share of curves outside the 95 % band",
	}
	var found []artifact.PublishedCurve
	decided, outside := 0, 0
	counted := map[string]bool{}
	for _, curve := range all {
		if curve.Dataset != q.dataset || curve.Mode != mode(q.input) {
			continue
		}
		row := artifact.PublishedCurve{
			Figure: curve.Figure, HiddenSize: curve.HiddenSize, NumLayers: curve.NumLayers, Published: curve.EMA[len(curve.EMA)-1],
		}
		var ours []float64
		for _, n := range q.networks {
			if n.HiddenSize != curve.HiddenSize || n.NumLayers != curve.NumLayers || n.SampleSize != published.SampleSize || n.differences.EMA != paperEMA {
				continue
			}
			ours = append(ours, n.differences.EMALast)
			if !counted[n.ID()] {
				counted[n.ID()] = true
				c.Networks++
				if n.collapsed {
					c.Collapsed++
				}
			}
		}
		row.Networks = len(ours)
		if len(ours) > 0 {
			row.Median = stats.Median(ours)
		}
		if band, ok := stats.RankBand(ours, 0.95); ok {
			row.Decided, row.Low, row.High, row.Coverage = true, band.Low, band.High, band.Coverage
			row.Inside = band.Contains(row.Published)
			decided++
			if !row.Inside {
				outside++
			}
		}
		found = append(found, row)
	}
	if len(found) == 0 {
		return nil // the paper shows no such panel
	}
	claim := j.add(c)
	claim.Curves = found
	if decided == 0 {
		claim.Evidence = fmt.Sprintf("no size has the %d seeds that a 95 %% band needs", stats.SmallestBand)
		return nil
	}
	p := stats.BinomialTail(outside, decided, outsideByChance)
	test := j.all.add(p, true)
	j.without.add(p, true)
	j.decisions = append(j.decisions, func() {
		share := float64(outside) / float64(decided)
		claim.Test, claim.Effect = test, &artifact.Interval{Estimate: share, Low: share, High: share}
		claim.Verdict = artifact.Holds
		if test.Adjusted <= j.p.Alpha {
			claim.Verdict = artifact.DoesNotHold
		}
		claim.Evidence = fmt.Sprintf("%d of %d curves lie outside, %s expected; p = %s (Holm %s)",
			outside, decided, short(outsideByChance*float64(decided)), short(test.P), short(test.Adjusted))
		if decided < len(found) {
			claim.Evidence += fmt.Sprintf("; %d curves have too few seeds", len(found)-decided)
		}
	})
	return nil
}
