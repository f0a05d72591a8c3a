package claims

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// boundClaim is a bound that the paper, or its correction, states.
type boundClaim struct{ id, statement, bound string }

var boundClaims = []boundClaim{
	{"theorem1_as_printed", "Theorem 1 as printed bounds ‖H_i‖ (false for small weights: T1)", "B9"},
	{"lemma1_as_printed", "Lemma 1 as printed bounds ‖H_i‖ (false for small weights and wide layers: T1, T7)", "B10"},
	{"corrected_bound", "the corrected uniform bound holds for ‖H_i‖, and the chain of bounds below it", "H_uniform"},
}

// bounds adds the claims that a bound holds. They need no test: one object
// below is a counterexample, and none says that it held on these networks.
func (j *judgement) bounds(q *panel) {
	for _, b := range boundClaims {
		c := j.add(artifact.Claim{
			ID: b.id, Statement: b.statement, Dataset: q.dataset, Input: q.input,
			Scope: "evaluated objects", EffectName: "median bound/‖H_i‖, middle network",
		})
		violations, objects := 0, 0
		var slack []float64
		for _, n := range q.networks {
			if n.bounds == nil {
				continue
			}
			s, ok := n.bounds.Bound(b.bound)
			if !ok {
				continue
			}
			c.Networks++
			if n.collapsed {
				c.Collapsed++
			}
			objects += n.bounds.Objects + n.bounds.Top
			violations += s.ViolationsHessian
			if !s.Printed && n.bounds.AnyViolations && s.ViolationsHessian == 0 {
				violations++
			}
			if n.bounds.Hessian.Median > 0 {
				slack = append(slack, min(s.Values.Median/n.bounds.Hessian.Median, math.MaxFloat64))
			}
		}
		if c.Networks == 0 {
			c.Evidence = "no network of this panel has bounds"
			continue
		}
		c.Verdict = artifact.Holds
		if violations > 0 {
			c.Verdict = artifact.DoesNotHold
		}
		c.Evidence = fmt.Sprintf("%d violations on %d objects of %d networks", violations, objects, c.Networks)
		if len(slack) > 0 {
			s := artifact.NewQuantiles(slack)
			c.Effect = &artifact.Interval{Estimate: s.Median, Low: s.Min, High: s.Max}
			c.Evidence += fmt.Sprintf("; it is %s to %s times the exact norm", short(s.Min), short(s.Max))
		}
	}
	j.lossBound(q)
}

// lossBound adds the claim that Lemma 2 as printed bounds the loss difference
// on spheres about θ*.
func (j *judgement) lossBound(q *panel) {
	c := j.add(artifact.Claim{
		ID: "lemma2_as_printed", Statement: "Lemma 2 as printed bounds |L_{k+1} − L_k| at ‖θ − θ*‖ = R (it lacks the gradient and the remainder: T3, T10)",
		Dataset: q.dataset, Input: q.input, Scope: "measured spheres", EffectName: "bound/largest difference, middle network",
	})
	points, violations := 0, 0
	var slack []float64
	for _, n := range q.networks {
		if n.ball == nil {
			continue
		}
		c.Networks++
		if n.collapsed {
			c.Collapsed++
		}
		form, ok := n.ball.Form("lemma2_theorem1")
		if !ok {
			continue
		}
		for i, v := range form {
			points++
			if v < n.ball.Spheres[i].Largest {
				violations++
			}
			if n.ball.Spheres[i].Largest > 0 {
				slack = append(slack, min(v/n.ball.Spheres[i].Largest, math.MaxFloat64))
			}
		}
	}
	if points == 0 {
		c.Evidence = "no network of this panel has a ball test"
		return
	}
	c.Verdict = artifact.Holds
	if violations > 0 {
		c.Verdict = artifact.DoesNotHold
	}
	c.Evidence = fmt.Sprintf("%d violations on %d spheres of %d networks", violations, points, c.Networks)
	if len(slack) > 0 {
		s := artifact.NewQuantiles(slack)
		c.Effect = &artifact.Interval{Estimate: s.Median, Low: s.Min, High: s.Max}
		c.Evidence += fmt.Sprintf("; it is %s to %s times the largest difference", short(s.Min), short(s.Max))
	}
}

// independence adds, for each data set of which both inputs exist, the claim
// that the trends do not depend on the input.
func (j *judgement) independence(panels []*panel) {
	var datasets []string
	for _, q := range panels {
		if !slices.Contains(datasets, q.dataset) {
			datasets = append(datasets, q.dataset)
		}
	}
	for _, dataset := range datasets {
		for _, d := range []direction{hiddenSize, numLayers} {
			c := j.add(artifact.Claim{
				ID: d.id + "_for_any_input", Statement: "whether " + d.statement + " does not depend on the input", Dataset: dataset,
			})
			verdicts := map[string]string{}
			for _, x := range j.claims {
				if x.ID == d.id && x.Dataset == dataset {
					verdicts[x.Input] = x.Verdict
					c.Networks += x.Networks
					c.Collapsed += x.Collapsed
				}
			}
			a, direct := verdicts["direct"]
			b, features := verdicts["features"]
			switch {
			case !direct || !features:
				have := "direct"
				if !direct {
					have = "features"
				}
				c.Evidence = "the run has networks on one input only, " + have
			case a == artifact.Undecided || b == artifact.Undecided:
				c.Evidence = fmt.Sprintf("direct: %s, features: %s", a, b)
			default:
				c.Verdict = artifact.Holds
				if a != b {
					c.Verdict = artifact.DoesNotHold
				}
				c.Evidence = fmt.Sprintf("direct: %s, features: %s", a, b)
			}
		}
	}
}
