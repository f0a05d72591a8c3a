package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

// quantileHead is the heading of what quantileRow writes.
var quantileHead = []string{"", "smallest", "5 %", "median", "95 %", "largest", "mean"}

func quantileRow(name string, q artifact.Quantiles) []string {
	row := []string{name}
	for _, x := range []float64{q.Min, q.Q05, q.Median, q.Q95, q.Max, q.Mean} {
		row = append(row, fmt.Sprintf("%.4g", x))
	}
	return row
}

func (r *report) density(d *artifact.Density) {
	if d == nil {
		return
	}
	r.heading(fmt.Sprintf("spectral density of H: %s, %s, %s", term.Count(d.Steps, "step"), term.Count(d.Probes, "probe"), term.Count(len(d.Deflated), "eigenvalue")+" projected out"))
	r.facts([][2]string{
		{"  mean eigenvalue of the rest", fmt.Sprintf("%.5g exact, %.5g ± %.1g by the quadrature", d.FirstMoment, d.EstimatedMoment, d.MomentError)},
		{"  nodes and weights", "density_rule.npy of -o, density of --json"},
	})
}

// objects shows the distributions over objects.
func (r *report) objects(o *perObject) {
	if o == nil {
		return
	}
	var norms, least []float64
	for i, x := range o.hessian {
		if !math.IsNaN(x) {
			norms, least = append(norms, x), append(least, o.least[i])
		}
	}
	r.heading("single objects")
	rows := [][]string{quantileHead, quantileRow("loss", artifact.NewQuantiles(o.loss)), quantileRow("‖G_i‖", artifact.NewQuantiles(o.gaussNewton))}
	name, note := "‖H_i‖", ""
	if len(norms) < len(o.loss) {
		name = fmt.Sprintf("‖H_i‖ of %d", len(norms))
		note = fmt.Sprintf("  those with the largest bounds; the others are at most %.4g, so the largest of all is not proven\n", o.next)
		if o.proven {
			note = fmt.Sprintf("  those with the largest bounds; the others are at most %.4g: the largest of all is proven to be among them\n", o.next)
		}
	}
	if len(norms) > 0 {
		rows = append(rows, quantileRow(name, artifact.NewQuantiles(norms)), quantileRow("λ_min(H_i)", artifact.NewQuantiles(least)))
	}
	r.table(rows, 1)
	fmt.Fprint(r.w, note)
}

// increments lists the sizes, some of them where there are many.
func (r *report) increments(s *artifact.IncrementSummary) {
	if s == nil {
		return
	}
	const most = 40
	r.heading("one more object, at these weights")
	rows := [][]string{{"k", "‖H_k+1 − H^(k)‖", "|L_k+1 − L_k|", "‖H^(k)‖", "‖G^(k)‖", "‖H_k+1‖"}}
	n, others := len(s.Increments), slices.ContainsFunc(s.Increments, func(i artifact.Increment) bool { return len(i.Others) > 0 })
	if others {
		rows[0] = append(rows[0], "other ‖H_i − H^(k)‖: median", "largest")
	}
	for at := range min(n, most) {
		i := s.Increments[at*n/min(n, most)]
		row := []string{thousands(i.K), significant(i.HessianNorm), significant(i.AbsLoss), significant(i.SampleHessian), significant(i.SampleGN), significant(i.ObjectHessian)}
		switch {
		case len(i.Others) > 0:
			row = append(row, significant(i.OthersMedian), significant(i.OthersMax))
		case others:
			row = append(row, "–", "–")
		}
		rows = append(rows, row)
	}
	r.table(rows, 1)
	if n > most {
		fmt.Fprintf(r.w, "  %d of %s sizes, evenly spread; --json and -o have all\n", most, thousands(n))
	}
}

// boundWords say what the bounds are.
var boundWords = map[string]string{
	"B10": "Lemma 1 as printed (T1, T7)", "B9": "Theorem 1 as printed (T1)", "B8": "corrected exponent", "B7": "with ‖A‖ ≤ ½",
	"B6": "norm of each layer", "B5": "the object's A", "B4": "its activations", "B3": "its masks",
	"B2": "joint Jacobian", "B1": "block comparison", "B0": "exact",
	"C": "of the H-term", "alpha_plus_c": "B1 and C by blocks", "B0_plus_C": "B0 + C", "H_uniform": "uniform, corrected",
}

// bounds lists the chain from loose to tight with the slack of each bound.
func (r *report) bounds(p *profile) {
	if p.chain == nil {
		return
	}
	r.heading("bounds of single objects")
	if p.bounds == nil {
		fmt.Fprintln(r.w, "  there is one object: see --json for its bounds")
		return
	}
	b := p.bounds
	rows := [][]string{{"", "", "of", "median", "largest", "slack"}}
	for i := range b.Bounds {
		s := b.Bounds[len(b.Bounds)-1-i]
		words, slack := boundWords[s.Name], fmt.Sprintf("%.3g", s.Slack)
		if s.Of == "R" {
			slack = "–" // no exact ‖R_i‖ is known
		}
		if s.Violations > 0 {
			words += fmt.Sprintf(", VIOLATION on %d of %d", s.Violations, b.Objects)
		}
		rows = append(rows, []string{s.Name, words, "‖" + s.Of + "_i‖", fmt.Sprintf("%.4g", s.Values.Median), fmt.Sprintf("%.4g", s.Values.Max), slack})
	}
	r.table(rows, 3)
	fmt.Fprintf(r.w, "  over %s; slack: median of bound/exact\n", p.boundsOver())
	s := b.Sample
	r.facts([][2]string{
		{"  mean of objects", fmt.Sprintf("‖H‖ = %.5g ≤ mean of ‖G_i‖ + C_i = %.5g; ‖G‖ ≤ mean ‖G_i‖ = %.5g", s.HessianNorm, s.MeanUpper, s.MeanGN)},
		{"  gradient", fmt.Sprintf("largest of an object %.4g; the paper takes it to be 0 (T3)", b.Constants.LargestGradient)},
		{"  weights", fmt.Sprintf("M_x = %.4g, M_W = %.4g, M = %.4g", b.Constants.LargestInput, b.Constants.LargestLayer, b.Constants.LargestWeight)},
	})
}
