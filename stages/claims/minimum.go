package claims

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// What the theory takes for granted about trained weights.
var (
	assumptionMinimum = claim{
		id: "assumption_minimum", source: "Assumption 1", whose: artifact.OfPaper,
		text: "the trained weights θ* are a local minimum of L_k and of L_{k+1}", panel: (*judgement).minimum,
	}
	hessianIsGaussNewton = claim{
		id: "hessian_is_gauss_newton", source: "proof of Theorem 1", whose: artifact.OfPaper,
		text: "the Hessian is its G-term, H ≈ G", panel: (*judgement).gaussNewton,
	}
)

// minimum adds the rows on whether the weights are a local minimum of L_k: at one,
// no eigenvalue of H is negative. An eigenvalue counts as negative where its
// residual and rounding cannot explain it.
func (j *judgement) minimum(q *panel) error {
	for _, s := range q.scopes(func(n network) bool { return n.spectrum != nil && len(n.spectrum.Hessian.Bottom) > 0 }) {
		c := j.row(s.panel, s.name)
		networks := alive(s.networks)
		if len(networks) == 0 {
			c.Tested = "no network has the smallest eigenvalue of H, or all are dead"
			continue
		}
		saddles := shareOf(networks, func(n network) bool {
			least := n.spectrum.Hessian.Bottom[0]
			return least.Value+least.Residual+n.spectrum.Hessian.Rounding < 0
		})
		var gradients, least []float64
		for _, n := range networks {
			gradients = append(gradients, n.spectrum.GradientNorm)
			least = append(least, n.spectrum.Hessian.Bottom[0].Value)
		}
		c.Verdict = saddles.assumption()
		c.Tested = fmt.Sprintf("the smallest eigenvalue of H, with its certificate, of %s", related(c, s.networks))
		c.Effect = saddles.effect("share of networks with a certified negative eigenvalue")
		c.Evidence = fmt.Sprintf("λ_min < 0 beyond its residual on %s; λ_min is %s in the median, the gradient's norm %s",
			saddles, short(stats.Median(least)), short(stats.Median(gradients)))
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "Where training ends, the loss bends down in no direction that was found.",
			artifact.DoesNotHold: "Where training ends the gradient is not zero and the loss bends down in some directions: the minimum about which the theory expands is not there.",
			artifact.Undecided:   "The networks are too few, or disagree, to say whether training ends at minima.",
		}[c.Verdict]
	}
	return nil
}

// smallRest is the share of ‖H‖ up to which H − G counts as negligible.
const smallRest = 0.1

// gaussNewton adds the rows on H ≈ G, by ‖H − G‖/‖H‖.
func (j *judgement) gaussNewton(q *panel) error {
	for _, s := range q.scopes(func(n network) bool { return n.spectrum != nil }) {
		c := j.row(s.panel, s.name)
		var rests, objects, bad []float64
		var networks []network
		for _, n := range alive(s.networks) {
			if n.spectrum.Hessian.Norm == 0 {
				continue
			}
			networks = append(networks, n)
			rests = append(rests, rest(n))
			if rest(n) > smallRest {
				bad = append(bad, float64(n.SampleSize))
			}
			if n.bounds != nil && n.bounds.Hessian.Median > 0 {
				gauss, _ := n.bounds.Bound("B0")
				objects = append(objects, gauss.Values.Median/n.bounds.Hessian.Median)
			}
		}
		if len(networks) == 0 {
			c.Tested = "no network has the spectra of H and of H − G, or all are dead"
			continue
		}
		small := shareOf(networks, func(n network) bool { return rest(n) <= smallRest })
		c.Verdict = small.most()
		c.Tested = fmt.Sprintf("‖H − G‖/‖H‖ of %s", related(c, s.networks))
		c.Effect = &artifact.Effect{Name: "‖H − G‖/‖H‖, median over networks", Interval: median(rests)}
		c.Evidence = fmt.Sprintf("‖H − G‖ is at most %s %% of ‖H‖ on %s", short(100*smallRest), small)
		if len(bad) > 0 {
			b := spread(bad)
			c.Evidence += fmt.Sprintf("; the others were trained on %s objects in the median, %s to %s", short(b.Estimate), short(b.Low), short(b.High))
		}
		if len(objects) > 0 {
			o := spread(objects)
			c.Evidence += fmt.Sprintf("; of single objects ‖G_i‖ is %s of ‖H_i‖ in the median, from %s to %s over networks", short(o.Estimate), short(o.Low), short(o.High))
		}
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "As a rule the rest H − G is small beside H, so that a bound of G says much about H, although it is none of H (T4).",
			artifact.DoesNotHold: "As a rule the rest H − G is not small beside H: a bound of G says little about H (T4).",
			artifact.Undecided:   "The networks do not tell whether the rest H − G is small as a rule.",
		}[c.Verdict]
	}
	return nil
}

// rest is ‖H − G‖/‖H‖.
func rest(n network) float64 { return n.spectrum.HTerm.Norm / n.spectrum.Hessian.Norm }
