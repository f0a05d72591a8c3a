package claims

import (
	"fmt"
	"math"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// The bounds of the loss difference away from θ*, and what the paper concludes
// from them.
var (
	lemma2Printed = claim{
		id: "lemma_2_printed", source: "Lemma 2", whose: artifact.OfPaper,
		text: "Lemma 2 as printed bounds |L_{k+1} − L_k| at ‖θ − θ*‖ = R", panel: (*judgement).lemma2,
	}
	correctedUniformLoss = claim{
		id: "corrected_uniform_loss", source: "Lemma 2", whose: artifact.Corrected,
		text:  "Lemma 2 with all constants corrected bounds |L_{k+1} − L_k| at ‖θ − θ*‖ = R",
		panel: func(j *judgement, q *panel) error { j.correctedLoss(q, "uniform"); return nil },
	}
	correctedPointwiseLoss = claim{
		id: "corrected_pointwise_loss", source: "Lemma 2", whose: artifact.Corrected,
		text:  "Lemma 2 corrected, with the constants of the object that is added, bounds |L_{k+1} − L_k| at ‖θ − θ*‖ = R",
		panel: func(j *judgement, q *panel) error { j.correctedLoss(q, "pointwise"); return nil },
	}
	slowerFartherAway = claim{
		id: "slower_farther_away", source: "after Lemma 2", whose: artifact.OfPaper,
		text: "the farther from θ*, the slower the convergence of the loss", panel: (*judgement).farther,
	}
)

// sphere is a measured sphere about the weights of a network.
type sphere struct {
	artifact.Sphere
	bound, uniform float64
}

// spheres are those about the networks that are not dead, with a bound.
func spheres(networks []network, bound string) []sphere {
	var list []sphere
	for _, n := range alive(networks) {
		values, _ := n.ball.Form(bound)
		uniform, _ := n.ball.Form("uniform")
		for i, v := range values {
			list = append(list, sphere{n.ball.Spheres[i], v, uniform[i]})
		}
	}
	return list
}

// measuredBalls returns the networks with spheres, each once.
func (q *panel) measuredBalls() *panel {
	return q.once().where(func(n network) bool { return n.ball != nil && len(n.ball.Spheres) > 0 })
}

const noBall = "no network has its loss measured on spheres, or all are dead"

// lemma2 adds the row of Lemma 2 as printed. On spheres where it is above the
// corrected bound, and that above the difference, it is implied.
func (j *judgement) lemma2(q *panel) error {
	of := q.measuredBalls()
	c := j.row(of, artifact.AllNetworks)
	list := spheres(of.networks, "lemma2_theorem1")
	if len(list) == 0 {
		c.Tested = noBall
		return nil
	}
	var test, all share
	var margins, slack []float64
	for _, s := range list {
		violated := s.bound < s.Largest
		all.add(violated)
		if violated || s.bound < s.uniform || s.uniform < s.Largest {
			test.add(violated)
		}
		margins = append(margins, min(s.bound/s.uniform, math.MaxFloat64))
		slack = append(slack, min(s.bound/s.Largest, math.MaxFloat64))
	}
	c.Verdict = test.bound()
	c.Tested = fmt.Sprintf("%s about %s; %d of them could refute the bound", plural(len(list), "sphere"), population(c), test.n)
	c.Effect = &artifact.Effect{Name: "printed over corrected bound, which implies it from 1 on, median and range over spheres", Interval: spread(margins)}
	s := spread(slack)
	c.Evidence = fmt.Sprintf("exceeded on %s; it is %s to %s times the largest difference", ofSpheres(all), short(s.Low), short(s.High))
	const errors = "T1 to T4, T10"
	c.Conclusion = map[artifact.Verdict]string{
		artifact.NotTested:   fmt.Sprintf("Implied by the corrected bound at these weights, which could not refute it; false in general: it lacks the gradient and the remainder, and there is a counterexample with small weights (%s).", errors),
		artifact.Undecided:   "Of the spheres that could refute it there are too few.",
		artifact.Holds:       fmt.Sprintf("No sphere that could refute it does; it is false in general nevertheless (%s).", errors),
		artifact.DoesNotHold: fmt.Sprintf("Below the measured difference on %s: false as printed (%s).", plural(all.count, "sphere"), errors),
	}[c.Verdict]
	return nil
}

// ofSpheres is like noneOf, for spheres. Those about one network share directions.
func ofSpheres(s share) string {
	return fmt.Sprintf("%d of %d, at most %s %% of such spheres (one-sided 95 %% limit, were they independent)",
		s.count, s.n, short(100*stats.ClopperPearson(s.count, s.n, confidence)))
}

// correctedLoss adds the row of a corrected bound of the difference. It has no
// term for the remainder of Taylor's expansion, which no bound of the paper has,
// so it may be exceeded.
func (j *judgement) correctedLoss(q *panel, bound string) {
	of := q.measuredBalls()
	c := j.row(of, artifact.AllNetworks)
	list := spheres(of.networks, bound)
	if len(list) == 0 {
		c.Tested = noBall
		return
	}
	var exceeded share
	var factors []float64
	first := ""
	for _, s := range list {
		factors = append(factors, min(s.bound/s.Largest, math.MaxFloat64))
		above := s.Largest > s.bound
		exceeded.add(above)
		if above && first == "" {
			first = fmt.Sprintf(", first at R = %s: %s against %s", short(s.Radius), short(s.Largest), short(s.bound))
		}
	}
	c.Verdict = exceeded.bound()
	c.Tested = fmt.Sprintf("%s about %s", plural(len(list), "sphere"), population(c))
	c.Effect = &artifact.Effect{Name: "bound over the largest difference, median and range over spheres", Interval: spread(factors)}
	c.Evidence = "exceeded on " + ofSpheres(exceeded) + first
	c.Conclusion = map[artifact.Verdict]string{
		artifact.Undecided:   "Never exceeded, on few spheres.",
		artifact.Holds:       "Never exceeded, and within a factor that tells something: the bound to use.",
		artifact.DoesNotHold: "Exceeded: without the remainder of Taylor's expansion, from its third order and from ReLUs that flip, there is no bound (T10).",
	}[c.Verdict]
}

// noticeable is from which factor on a difference counts as having grown.
const noticeable = 1.1

// course says how values over spheres begin and end, and where they have grown.
func course(spheres []artifact.Sphere, values [][]float64) string {
	at := func(i int) string { return fmt.Sprintf("%s at R = %s", short(values[i][0]), short(spheres[i].Radius)) }
	text := fmt.Sprintf("%s to %s", at(0), at(len(values)-1))
	for i, v := range values {
		if from := values[0][0]; from > 0 && v[0] > float64(from*noticeable) {
			return text + fmt.Sprintf(", more than a tenth above the first at R = %s", short(spheres[i].Radius))
		}
	}
	return text
}

// farther adds the row on whether the difference grows with the distance from θ*,
// in random directions and in the worst ones. The distances are ranked against
// both.
func (j *judgement) farther(q *panel) error {
	of := q.measuredBalls()
	c := j.row(of, artifact.AllNetworks)
	networks := alive(of.networks)
	if len(networks) == 0 {
		c.Tested = noBall
		return nil
	}
	c.Tested = fmt.Sprintf("|L_{k+1} − L_k| on spheres about %s: the median over random directions, and the largest of all", population(c))
	type rising struct {
		up   bool
		test handle
	}
	var both []rising
	var growth []float64
	var parts []string
	for _, n := range networks {
		var random, largest [][]float64
		for _, s := range n.ball.Spheres {
			random, largest = append(random, []float64{s.Random.Median}), append(largest, []float64{s.Largest})
		}
		if len(random) < 2 {
			continue
		}
		for i, values := range [][][]float64{random, largest} {
			name := [...]string{"random directions", "the largest"}[i]
			r, err := stats.JonckheereTerpstra(values, j.p.Resamples, rng.New(j.p.Seed, "claims", c.ID+"/"+n.ID(), uint64(i)))
			if err != nil {
				return err
			}
			t := j.test(c, artifact.ClaimTest{Name: name + " rise with R", P: r.P, Exact: r.Exact, Floor: r.Floor})
			both = append(both, rising{r.Superiority > 0.5, t})
			parts = append(parts, name+" "+course(n.ball.Spheres, values))
			if from := values[0][0]; i == 0 && from > 0 {
				growth = append(growth, values[len(values)-1][0]/from)
			}
		}
	}
	if len(growth) > 0 {
		c.Effect = &artifact.Effect{Name: "difference on the largest over that on the smallest sphere, random directions, median and range over networks", Interval: spread(growth)}
	}
	c.Verdict = artifact.Undecided
	j.decide(func() {
		up, down := 0, 0
		var ps []string
		for _, b := range both {
			ps = append(ps, pBoth(*b.test.test()))
			switch {
			case j.significant(b.test) && b.up:
				up++
			case j.significant(b.test):
				down++
			}
		}
		switch {
		case down > 0:
			c.Verdict = artifact.DoesNotHold
		case up > 0 && up == len(both):
			c.Verdict = artifact.Holds
		}
		c.Evidence = strings.Join(append(parts, list(ps)), "; ")
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "Away from the trained weights one more object changes the loss more.",
			artifact.DoesNotHold: "In some directions one more object changes the loss less, the farther they lead.",
			artifact.Undecided:   "The difference does not grow from sphere to sphere in random and in the worst directions alike, or the spheres are few.",
		}[c.Verdict]
	})
	return nil
}
