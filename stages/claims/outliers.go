package claims

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

var kOutliers = claim{
	id: "k_outliers", source: "after Sagun et al. and Papyan", whose: artifact.OfPaper,
	text: "exactly as many eigenvalues as there are classes stand apart from the bulk", panel: (*judgement).outliers,
}

// apart is from which ratio of neighbours on the upper eigenvalue stands apart.
const apart = 1.5

// gaps returns λ_{K−1}/λ_K and λ_K/λ_{K+1} of G for K classes; ok is false where
// so many positive eigenvalues are not known.
func gaps(n network) (before, after float64, ok bool) {
	classes := n.spectrum.Widths[len(n.spectrum.Widths)-1]
	top := n.spectrum.GaussNewton.Top
	if classes < 2 || len(top) <= classes || !(top[classes].Value > 0) {
		return 0, 0, false
	}
	k := classes - 1 // of λ_K, counted from 0
	return top[k-1].Value / top[k].Value, top[k].Value / top[k+1].Value, true
}

// outliers adds the rows on whether K outliers stand apart: that the ratio after
// the K-th eigenvalue of G is large, and larger than the one before it. The
// largest ratio of all would depend on how many eigenvalues are listed.
func (j *judgement) outliers(q *panel) error {
	for _, s := range q.scopes(func(n network) bool { return n.spectrum != nil && len(n.spectrum.Widths) > 1 }) {
		c := j.row(s.panel, s.name)
		var networks []network
		var before, after, shares, others []float64
		for _, n := range alive(s.networks) {
			a, b, ok := gaps(n)
			if !ok {
				continue
			}
			networks = append(networks, n)
			before, after = append(before, a), append(after, b)
			if x := n.spectrum.ClassStructure; x != nil {
				classes := n.spectrum.Widths[len(n.spectrum.Widths)-1]
				if len(x.Share) > classes {
					shares, others = append(shares, mean(x.Share[:classes])), append(others, mean(x.Share[classes:]))
				}
			}
		}
		if len(networks) == 0 {
			c.Tested = "no network has more eigenvalues of G listed than there are classes (curvature.top), or all are dead"
			continue
		}
		gap := func(n network) (before, after float64) {
			before, after, _ = gaps(n)
			return before, after
		}
		exactly := shareOf(networks, func(n network) bool { a, b := gap(n); return b >= apart && b > a })
		fewer := shareOf(networks, func(n network) bool { a, b := gap(n); return a >= apart && a >= b })
		c.Verdict = exactly.most()
		c.Tested = fmt.Sprintf("the eigenvalues K−1, K and K+1 of G, K classes, of %s", related(c, s.networks))
		c.Effect = exactly.effect(fmt.Sprintf("share of networks with λ_K/λ_{K+1} of %s or more and above λ_{K−1}/λ_K", short(apart)))
		c.Evidence = fmt.Sprintf("K stand apart on %s, K−1 on %s; λ_{K−1}/λ_K is %s and λ_K/λ_{K+1} %s in the median",
			exactly, fewer, short(stats.Median(before)), short(stats.Median(after)))
		if len(shares) > 0 {
			c.Evidence += fmt.Sprintf("; the class means explain %s of the first K and %s of those after them, medians over networks", short(stats.Median(shares)), short(stats.Median(others)))
		}
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "As a rule one eigenvalue per class stands apart.",
			artifact.DoesNotHold: fmt.Sprintf("As a rule there is no gap after as many eigenvalues as classes; %s have one after one eigenvalue fewer.", plural(fewer.count, "network")),
			artifact.Undecided:   "The networks do not tell whether there is a gap after as many eigenvalues as classes.",
		}[c.Verdict]
	}
	return nil
}

// mean of a list that is not empty.
func mean(values []float64) float64 {
	m, _ := stats.Moments(values)
	return m
}
