package claims

import (
	"fmt"
	"math"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// What the authors state later of Δ₂ = E (L_{k+1} − L_k)² over θ* + ξ, ξ ~ N(0,
// σ²I), and of Δ₂^(D), with ξ in the space of the top D eigenvectors of H.
var (
	eigenspaceReproduces = claim{
		id: "eigenspace_reproduces", source: laterText, whose: artifact.OfPaper,
		text: "Δ₂ in the top eigenspace of few dimensions D reproduces Δ₂ over all weights", panel: (*judgement).eigenspaceReproduces,
	}
	eigenspaceRate = claim{
		id: "eigenspace_rate", source: laterText, whose: artifact.OfPaper,
		text: "Δ₂ in the top eigenspace falls like 1/k²", panel: (*judgement).eigenspaceRate,
	}
	eigenspaceExtremal = claim{
		id: "eigenspace_extremal", source: laterText, whose: artifact.OfPaper,
		text: "of all spaces of D dimensions the top eigenspace gives the largest Δ₂", panel: (*judgement).eigenspaceExtremal,
	}
)

const laterText = "a later text of the authors, arXiv 2604.14870"

// reproduced is from which share on Δ₂^(D) counts as reproducing Δ₂, and Δ₂ as
// being hardly more than Δ₁.
const reproduced = 0.9

// eigenspace is Δ₁, Δ₂^(D) and Δ₂ of one network at one σ, each times k(k+1).
type eigenspace struct {
	network
	sigma            float64
	plain, top       float64
	whole            artifact.MonteCarlo
	dimension, space int
}

// eigenspaces are those of the networks that are not dead.
func eigenspaces(networks []network) []eigenspace {
	var list []eigenspace
	for _, n := range alive(networks) {
		s := n.samplesize
		for _, top := range s.Criteria {
			for _, whole := range s.Criteria {
				if top.Name == "delta2_eigen" && whole.Name == "delta2" && top.Sigma == whole.Sigma && whole.Closed.Value > 0 {
					list = append(list, eigenspace{n, top.Sigma, top.Loss, top.Closed.Value, whole.Closed, s.Dimensions, s.Parameters})
				}
			}
		}
	}
	return list
}

// ratio is Δ₂^(D)/Δ₂, each less what is left out of it, with two standard errors
// of Δ₂.
func (e eigenspace) ratio(without float64) artifact.Interval {
	a, b := e.top-without, e.whole.Value-without
	if !(b > 0) {
		return artifact.Interval{}
	}
	low, high := a/(b+float64(2*e.whole.Error)), math.MaxFloat64
	if rest := b - float64(2*e.whole.Error); rest > 0 {
		high = a / rest
	}
	return artifact.Interval{Estimate: a / b, Low: low, High: high}
}

// least keeps the smallest of several estimates as the effect of a row.
func least(c *artifact.Claim, name string, r artifact.Interval) {
	if c.Effect == nil || r.Estimate < c.Effect.Estimate {
		c.Effect = &artifact.Effect{Name: name, Interval: r}
	}
}

// noised returns the networks whose sufficient sizes were computed, each once.
func (q *panel) noised() *panel {
	return q.once().where(func(n network) bool { return n.samplesize != nil })
}

const noNoise = "no network has Δ₂ both in the top eigenspace and over all weights, or all are dead"

// eigenspaceReproduces adds the row on Δ₂^(D) against Δ₂. Where the noise adds
// little to Δ₁, which both contain, any D would do: these σ test nothing.
func (j *judgement) eigenspaceReproduces(q *panel) error {
	networks := q.noised()
	c := j.row(networks, artifact.AllNetworks)
	spaces := eigenspaces(networks.networks)
	if len(spaces) == 0 {
		c.Tested = noNoise
		return nil
	}
	tested := 0
	yes, no := 0, 0
	var parts []string
	for _, e := range spaces {
		r := e.ratio(0)
		parts = append(parts, fmt.Sprintf("σ = %s: %s of Δ₂, %s of what the noise adds to Δ₁", short(e.sigma), short(r.Estimate), short(e.ratio(e.plain).Estimate)))
		if e.plain/e.whole.Value >= reproduced {
			continue
		}
		switch tested++; {
		case r.Low >= reproduced:
			yes++
		case r.High < reproduced:
			no++
		}
		least(c, "least Δ₂ in the eigenspace over Δ₂ where the noise matters, two standard errors", r)
	}
	switch {
	case tested == 0:
		c.Verdict = artifact.NotTested
	case no > 0:
		c.Verdict = artifact.DoesNotHold
	case yes == tested:
		c.Verdict = artifact.Holds
	default:
		c.Verdict = artifact.Undecided
	}
	e := spaces[0]
	c.Tested = fmt.Sprintf("D = %d of %d dimensions at %d values of σ, %d of which change Δ₂ by a tenth or more, of %s", e.dimension, e.space, len(spaces), tested, population(c))
	c.Evidence = strings.Join(parts, "; ")
	c.Conclusion = map[artifact.Verdict]string{
		artifact.NotTested:   "At these σ the noise hardly matters: Δ₂ is Δ₁, which any eigenspace contains.",
		artifact.Holds:       "Few dimensions are enough, most of Δ₂ being Δ₁, which every space contains.",
		artifact.DoesNotHold: "The top eigenspace misses more than a tenth of Δ₂.",
		artifact.Undecided:   "Δ₂ over all weights is not known well enough to compare.",
	}[c.Verdict]
	return nil
}

// eigenspaceRate adds the row on the rate, which is algebra: over random orders
// E Δ₂^(D)(k) = V/(k(k+1)). It is verified by the sufficient sizes m*(ε), the
// first k with that at most ε².
func (j *judgement) eigenspaceRate(q *panel) error {
	networks := q.noised()
	c := j.row(networks, artifact.AllNetworks)
	sizes, wrong := 0, 0
	var single []float64
	for _, n := range alive(networks.networks) {
		for _, x := range n.samplesize.Criteria {
			if x.Name != "delta2_eigen" {
				continue
			}
			for _, s := range x.Sufficient {
				at := func(k float64) float64 { return x.Closed.Value / float64(k*(k+1)) }
				k, limit := float64(s.Closed), float64(s.Epsilon*s.Epsilon)
				if s.Closed <= 1 || k >= 1<<53 {
					continue
				}
				sizes++
				if at(k) > float64(limit*(1+identityError)) || at(k-1) < float64(limit*(1-identityError)) {
					wrong++
				}
				if s.First != nil && s.Always != nil && !s.Beyond {
					single = append(single, s.Always.Median/k)
				}
			}
		}
	}
	if sizes == 0 {
		c.Tested = noNoise
		return nil
	}
	c.Tested = fmt.Sprintf("%s m*(ε) of %s", plural(sizes, "sufficient size"), population(c))
	if len(single) > 0 {
		c.Effect = &artifact.Effect{Name: "m*(ε) of single orders over that of their mean, median and range over ε and σ", Interval: spread(single)}
	}
	c.Evidence = fmt.Sprintf("%d of %d differ from k(k+1) = V/ε²", wrong, sizes)
	if c.Verdict = artifact.Holds; wrong > 0 {
		c.Verdict = artifact.DoesNotHold
		c.Conclusion = "The sufficient sizes contradict the algebra: they do not belong to the terms beside them."
		return nil
	}
	c.Conclusion = "This is algebra, as the rate 1/k is: over random orders it is true of any space and any weights."
	return nil
}

// eigenspaceExtremal adds the row on whether another space of as many dimensions
// gives more. No space can have more than Δ₂, and on average one of D of P
// dimensions has D/P of what the noise adds; no other space is measured.
func (j *judgement) eigenspaceExtremal(q *panel) error {
	networks := q.noised()
	c := j.row(networks, artifact.AllNetworks)
	spaces := eigenspaces(networks.networks)
	if len(spaces) == 0 {
		c.Tested = noNoise
		return nil
	}
	most, less := 0, 0
	var parts []string
	for _, e := range spaces {
		r := e.ratio(e.plain)
		average := float64(e.dimension) / float64(e.space)
		switch {
		case r.Low >= reproduced:
			most++
		case r.High < average:
			less++
		}
		parts = append(parts, fmt.Sprintf("σ = %s: %s, a space at random %s", short(e.sigma), short(r.Estimate), short(average)))
		least(c, "least share of what the noise adds over all weights, two standard errors", r)
	}
	switch {
	case less > 0:
		c.Verdict = artifact.DoesNotHold
	case most == len(spaces):
		c.Verdict = artifact.Holds
	default:
		c.Verdict = artifact.Undecided
	}
	e, factor := spaces[0], min(1/c.Effect.Estimate, math.MaxFloat64)
	c.Tested = fmt.Sprintf("what noise in D = %d of %d dimensions adds to Δ₁, against noise in all, of %s", e.dimension, e.space, population(c))
	c.Evidence = strings.Join(parts, "; ")
	c.Conclusion = map[artifact.Verdict]string{
		artifact.Holds:       fmt.Sprintf("No other space can have more than %s times as much.", short(factor)),
		artifact.DoesNotHold: "A space at random has more on average.",
		artifact.Undecided:   fmt.Sprintf("It has far more than a space at random; another may have up to %s times as much.", short(factor)),
	}[c.Verdict]
	return nil
}
