package claims

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// The bounds of ‖H_i‖ that the paper, or its correction, states.
var (
	theorem1Printed = claim{
		id: "theorem_1_printed", source: "Theorem 1", whose: artifact.OfPaper, text: "Theorem 1 as printed bounds ‖H_i‖",
		panel: func(j *judgement, q *panel) error { j.printedCurvature(q, "B9", "T1", theoremProven); return nil },
	}
	lemma1Printed = claim{
		id: "lemma_1_printed", source: "Lemma 1", whose: artifact.OfPaper, text: "Lemma 1 as printed bounds ‖H_i‖",
		panel: func(j *judgement, q *panel) error {
			j.printedCurvature(q, "B10", "T1, T7, T11", lemmaProven)
			return nil
		},
	}
	correctedCurvature = claim{
		id: "corrected_uniform_curvature", source: "Theorem 1", whose: artifact.Corrected, text: "the corrected uniform bound bounds ‖H_i‖",
		panel: (*judgement).correctedCurvature,
	}
)

// corrected is the name of the corrected uniform bound of ‖H_i‖.
const corrected = "H_uniform"

// curvature is the bounds of one network's objects.
type curvature struct {
	objects            int
	bound, uniform     artifact.BoundStatistics
	largest            float64 // the largest ‖H_i‖ that is known
	constants          artifact.BoundsConstants
	violated, violates bool // by the bound, by the corrected one
}

// curvatures are the bounds of that name of the networks that are not dead.
func (q *panel) curvatures(name string) []curvature {
	var list []curvature
	for _, n := range alive(q.networks) {
		c := curvature{objects: n.bounds.Objects + n.bounds.Top, largest: n.bounds.Hessian.Max, constants: n.bounds.Constants}
		c.bound, _ = n.bounds.Bound(name)
		c.uniform, _ = n.bounds.Bound(corrected)
		if n.objects != nil {
			c.largest = max(c.largest, n.objects.LargestHessian)
		}
		// The largest norm may be that of an object that was not evaluated here.
		c.violated = c.bound.ViolationsHessian > 0 || exceeds(c.largest, c.bound.Values.Max)
		c.violates = c.uniform.ViolationsHessian > 0 || exceeds(c.largest, c.uniform.Values.Max)
		list = append(list, c)
	}
	return list
}

// exceeds says whether a norm is above its bound by more than rounding explains.
func exceeds(norm, bound float64) bool { return float64(norm*(1-identityError)) > bound }

// ratios are numerator/denominator of the networks where the latter is not 0.
func ratios(list []curvature, of func(curvature) (numerator, denominator float64)) []float64 {
	var values []float64
	for _, c := range list {
		if a, b := of(c); b > 0 {
			values = append(values, min(a/b, math.MaxFloat64))
		}
	}
	return values
}

// bounded returns the networks with that bound, each once.
func (q *panel) bounded(name string) *panel {
	return q.once().where(func(n network) bool {
		if n.bounds == nil {
			return false
		}
		_, ok := n.bounds.Bound(name)
		_, also := n.bounds.Bound(corrected)
		return ok && also
	})
}

// printedCurvature adds the row of a bound of ‖H_i‖ as printed. Where it is above
// the corrected bound it is implied, and the network could not have refuted it;
// only the other networks test it.
func (j *judgement) printedCurvature(q *panel, name, errors string, proven func([]curvature) string) {
	of := q.bounded(name)
	c := j.row(of, artifact.AllNetworks)
	list := of.curvatures(name)
	if len(list) == 0 {
		c.Tested = "no network has bounds, or all are dead"
		return
	}
	margins := ratios(list, func(c curvature) (float64, float64) { return c.bound.Values.Max, c.uniform.Values.Max })
	var test, all share
	objects := 0
	for _, x := range list {
		objects += x.objects
		all.add(x.violated)
		if x.violated || x.violates || x.bound.Values.Max < x.uniform.Values.Max {
			test.add(x.violated)
		}
	}
	c.Verdict = test.bound()
	c.Tested = fmt.Sprintf("%d objects of %s; %d of the networks could refute the bound", objects, related(c, of.networks), test.n)
	if len(margins) > 0 {
		c.Effect = &artifact.Effect{Name: "printed over corrected bound, which implies it from 1 on, median and range over networks", Interval: spread(margins)}
	}
	c.Evidence = fmt.Sprintf("violated on %s; %s", noneOf(all.count, all.n), proven(list))
	if slack := ratios(list, func(c curvature) (float64, float64) { return c.bound.Values.Max, c.largest }); len(slack) > 0 {
		s := spread(slack)
		c.Evidence += fmt.Sprintf("; it is %s to %s times the largest ‖H_i‖", short(s.Low), short(s.High))
	}
	c.Conclusion = map[artifact.Verdict]string{
		artifact.NotTested:   fmt.Sprintf("Implied by the corrected bound at these weights, which could not refute it; false in general: there is a counterexample with small weights (%s).", errors),
		artifact.Undecided:   "Of the networks whose weights are small enough to refute it there are too few.",
		artifact.Holds:       fmt.Sprintf("No network whose weights are small enough to refute it does; it is false in general nevertheless (%s).", errors),
		artifact.DoesNotHold: fmt.Sprintf("Below the exact norm on %s: false as printed (%s).", plural(all.count, "network"), errors),
	}[c.Verdict]
}

// theoremProven says how small M_W is, and from where on Theorem 1 bounds ‖G_i‖
// in spite of its error: √2 M_W² ≥ ½ ≥ ‖A‖.
func theoremProven(list []curvature) string {
	smallest := math.Inf(1)
	for _, c := range list {
		smallest = min(smallest, c.constants.LargestLayer)
	}
	return fmt.Sprintf("M_W is at least %s, and from 0.595 on the statement is proven for G", short(smallest))
}

// lemmaProven says on how many networks M_W ≤ hM, which the proof of Lemma 1 needs.
func lemmaProven(list []curvature) string {
	so := 0
	for _, c := range list {
		if k := c.constants; k.LargestLayer <= float64(float64(k.Width)*k.LargestWeight) {
			so++
		}
	}
	return fmt.Sprintf("M_W ≤ hM, which its proof needs, on %d of %d", so, len(list))
}

// correctedCurvature adds the row of the corrected bound of ‖H_i‖. It is a
// theorem: a violation would be an error of ours.
func (j *judgement) correctedCurvature(q *panel) error {
	of := q.bounded(corrected)
	c := j.row(of, artifact.AllNetworks)
	list := of.curvatures(corrected)
	if len(list) == 0 {
		c.Tested = "no network has bounds, or all are dead"
		return nil
	}
	var violated share
	objects := 0
	for _, x := range list {
		objects += x.objects
		violated.add(x.violates)
	}
	c.Verdict = violated.bound()
	c.Tested = fmt.Sprintf("%d objects of %s", objects, related(c, of.networks))
	c.Evidence = "violated on " + noneOf(violated.count, violated.n)
	if slack := ratios(list, func(c curvature) (float64, float64) { return c.uniform.Values.Max, c.largest }); len(slack) > 0 {
		c.Effect = &artifact.Effect{Name: "bound over the largest ‖H_i‖, median and range over networks", Interval: spread(slack)}
	}
	c.Conclusion = map[artifact.Verdict]string{
		artifact.Undecided:   "Never below an exact norm, on few networks; it is proven for all.",
		artifact.Holds:       "Never below an exact norm, as proven; its slack says how little it tells.",
		artifact.DoesNotHold: "Below an exact norm: our proof or our program is wrong.",
	}[c.Verdict]
	return nil
}
