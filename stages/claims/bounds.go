package claims

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// The bounds that the paper, or its correction, states.
var (
	theorem1Printed = claim{
		id: "theorem_1_printed", source: "Theorem 1", whose: artifact.OfPaper, text: "Theorem 1 as printed bounds ‖H_i‖",
		panel: func(j *judgement, q *panel) error { j.curvatureBound(q, "B9"); return nil },
	}
	lemma1Printed = claim{
		id: "lemma_1_printed", source: "Lemma 1", whose: artifact.OfPaper, text: "Lemma 1 as printed bounds ‖H_i‖",
		panel: func(j *judgement, q *panel) error { j.curvatureBound(q, "B10"); return nil },
	}
	correctedCurvature = claim{
		id: "corrected_uniform_curvature", source: "Theorem 1", whose: artifact.Corrected, text: "the corrected uniform bound bounds ‖H_i‖",
		panel: func(j *judgement, q *panel) error { j.curvatureBound(q, "H_uniform"); return nil },
	}
	lemma2Printed = claim{
		id: "lemma_2_printed", source: "Lemma 2", whose: artifact.OfPaper, text: "Lemma 2 as printed bounds |L_{k+1} − L_k| at ‖θ − θ*‖ = R",
		panel: func(j *judgement, q *panel) error { j.lossBound(q, "lemma2_theorem1"); return nil },
	}
)

// curvatureBound adds the row of a bound of ‖H_i‖.
func (j *judgement) curvatureBound(q *panel, bound string) {
	of := q.once().where(func(n network) bool {
		if n.bounds == nil {
			return false
		}
		_, ok := n.bounds.Bound(bound)
		return ok
	})
	c := j.row(of, artifact.AllNetworks)
	if len(of.networks) == 0 {
		c.Tested = "no network of this panel has bounds"
		return
	}
	living, violations, objects := 0, 0, 0
	var slack []float64
	for _, n := range of.networks {
		if n.dead {
			continue
		}
		living++
		s, _ := n.bounds.Bound(bound)
		objects += n.bounds.Objects + n.bounds.Top
		if s.ViolationsHessian > 0 {
			violations++
		}
		if n.bounds.Hessian.Max > 0 {
			slack = append(slack, min(s.Values.Median/n.bounds.Hessian.Max, math.MaxFloat64))
		}
	}
	c.Tested = fmt.Sprintf("%d objects of %s", objects, population(c))
	c.Verdict = artifact.Holds
	if violations > 0 {
		c.Verdict = artifact.DoesNotHold
	}
	c.Evidence = "violated on " + noneOf(violations, living)
	if len(slack) > 0 {
		s := artifact.NewQuantiles(slack)
		c.Effect = &artifact.Effect{Name: "bound over the largest ‖H_i‖, median and range over networks", Interval: artifact.Interval{Estimate: s.Median, Low: s.Min, High: s.Max}}
	}
}

// lossBound adds the row of a bound of the loss difference on spheres about θ*.
func (j *judgement) lossBound(q *panel, bound string) {
	of := q.once().where(func(n network) bool {
		if n.ball == nil {
			return false
		}
		_, ok := n.ball.Form(bound)
		return ok
	})
	c := j.row(of, artifact.AllNetworks)
	if len(of.networks) == 0 {
		c.Tested = "no network of this panel has a ball test"
		return
	}
	points, violations := 0, 0
	for _, n := range of.networks {
		form, _ := n.ball.Form(bound)
		for i, v := range form {
			points++
			if v < n.ball.Spheres[i].Largest {
				violations++
			}
		}
	}
	c.Tested = fmt.Sprintf("%s about %s", plural(points, "sphere"), population(c))
	c.Verdict = artifact.Holds
	if violations > 0 {
		c.Verdict = artifact.DoesNotHold
	}
	c.Evidence = fmt.Sprintf("exceeded on %d of %d spheres", violations, points)
}
