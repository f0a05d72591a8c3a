package main

import (
	"bufio"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/measured"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// printer writes the measurements of a network for people.
type printer struct {
	w     *bufio.Writer
	style term.Style
}

func printNetwork(a *app, shape userfiles.Shape, p *measured.Network) error {
	r := &printer{bufio.NewWriter(a.stdout), a.out}
	s := p.Spectrum
	lines := append(identity(shape, p.WeightDecay), [2]string{"gradient", fmt.Sprintf("%.6g, norm; at a minimum it is 0", s.GradientNorm)})
	if p.WeightDecay > 0 {
		lines = append(lines, [2]string{"weight decay", fmt.Sprintf("%v, added to each eigenvalue of H and G below; loss, gradient, single objects and increments are without it", p.WeightDecay)})
	}
	if names := shape.NotApplicable(); len(names) > 0 {
		lines = append(lines, [2]string{"not applicable", fmt.Sprintf("to %s with %s: %s", shape.Activation, shape.Loss, strings.Join(names, ", "))})
	}
	r.facts(lines)
	r.terms(s, p.Incomplete())
	r.eigenvalues("largest eigenvalues", p.Top, s.Hessian.Top, s.GaussNewton.Top, s.HTerm.Top)
	r.eigenvalues("smallest eigenvalues", p.Bottom, s.Hessian.Bottom, s.GaussNewton.Bottom, s.HTerm.Bottom)
	r.structure(p)
	r.layers(p)
	r.blocks(p)
	r.density(p.Density)
	r.objects(p.Objects)
	r.increments(p.Increments)
	r.bounds(p)
	return r.w.Flush()
}

func (r *printer) heading(text string) { fmt.Fprintf(r.w, "\n%s\n", r.style.Bold(text)) }

// facts writes names, each with what is known of it.
func (r *printer) facts(lines [][2]string) {
	t := term.Table{}
	for _, l := range lines {
		t.Rows = append(t.Rows, l[:])
	}
	_ = t.Text(r.w, r.style)
}

// table writes rows with the columns of numbers, from the given one on, to the
// right; the first row is the heading.
func (r *printer) table(rows [][]string, numbers int) {
	var right []int
	for i := numbers; i < len(rows[0]); i++ {
		right = append(right, i)
	}
	_ = term.Table{Head: rows[0], Rows: rows[1:], Right: right}.Text(r.w, r.style)
}

func significant(x float64) string { return fmt.Sprintf("%.7g", x) }

func magnitude(x float64) string {
	if x == 0 {
		return "0"
	}
	return fmt.Sprintf("%.1e", x)
}

// terms compares H, G and R, and names the lists that may lack a value.
func (r *printer) terms(s artifact.Spectrum, incomplete []string) {
	r.heading("curvature of the mean loss")
	rows := [][]string{{"", "H", "G (Gauss–Newton)", "R = H − G"}}
	row := func(name string, f func(t artifact.TermSpectrum) string) {
		rows = append(rows, []string{name, f(s.Hessian), f(s.GaussNewton), f(s.HTerm)})
	}
	row("spectral norm", func(t artifact.TermSpectrum) string { return significant(t.Norm) })
	name := "trace, exact"
	if s.Hessian.TraceError > 0 {
		name = "trace"
	}
	row(name, func(t artifact.TermSpectrum) string {
		if t.TraceError > 0 {
			return fmt.Sprintf("%s ± %.1g (95 %%)", significant(t.Trace), t.TraceError)
		}
		return significant(t.Trace)
	})
	row("Frobenius norm", func(t artifact.TermSpectrum) string {
		if t.Frobenius == nil {
			return "–"
		}
		return significant(*t.Frobenius)
	})
	row("method", func(t artifact.TermSpectrum) string {
		return map[string]string{"lanczos": "Lanczos", "dense": "whole matrix", "gram": "Gram matrix"}[t.Method]
	})
	row("products", func(t artifact.TermSpectrum) string { return thousands(t.Products) })
	row("converged", func(t artifact.TermSpectrum) string {
		if t.Converged {
			return "yes"
		}
		return "no"
	})
	row("rounding adds up to", func(t artifact.TermSpectrum) string { return magnitude(t.Rounding) })
	row("chance that more was missed", func(t artifact.TermSpectrum) string { return magnitude(t.Missed) })
	if s.Hessian.EstimatorError != nil || s.GaussNewton.EstimatorError != nil {
		row("Lanczos against exact", func(t artifact.TermSpectrum) string {
			if t.EstimatorError == nil {
				return "–"
			}
			return magnitude(*t.EstimatorError)
		})
	}
	r.table(rows, 1)
	for _, list := range incomplete {
		fmt.Fprintf(r.w, "  incomplete: only %s are known to lack none\n", list)
	}
	if s.Ratio > 0 {
		fmt.Fprintf(r.w, "  ‖G‖/‖H‖ = %.4g\n", s.Ratio)
	}
}

// eigenvalues lists one end of the three spectra.
func (r *printer) eigenvalues(title string, most int, h, g, t []artifact.Eigenvalue) {
	count := min(most, max(len(h), len(g), len(t)))
	if count == 0 {
		return
	}
	r.heading(title)
	rows := [][]string{{"", "H", "± sure", "± estimated", "G", "± sure", "R", "± sure"}}
	for i := range count {
		row := []string{fmt.Sprint(i + 1)}
		for at, list := range [][]artifact.Eigenvalue{h, g, t} {
			cells := []string{"", "", ""}
			if i < len(list) {
				cells = []string{significant(list[i].Value), magnitude(list[i].Residual), magnitude(list[i].Error)}
			}
			if at > 0 {
				cells = cells[:2]
			}
			row = append(row, cells...)
		}
		rows = append(rows, row)
	}
	r.table(rows, 1)
}

// structure says what explains the spectrum.
func (r *printer) structure(p *measured.Network) {
	s := p.Spectrum
	r.heading("structure")
	var lines [][2]string
	if s.Hessian.Outliers > 0 {
		lines = append(lines, [2]string{"outliers", fmt.Sprintf("%d of H stand apart by a factor of %.3g, %d of G by %.3g", s.Hessian.Outliers, s.Hessian.Gap, s.GaussNewton.Outliers, s.GaussNewton.Gap)})
	}
	if c := s.ClassStructure; c != nil && len(c.Share) > 0 {
		var shares []string
		for _, x := range c.Share[:min(len(c.Share), 10)] {
			shares = append(shares, fmt.Sprintf("%.0f %%", 100*x))
		}
		lines = append(lines, [2]string{"class means", "explain of G's largest eigenvalues " + strings.Join(shares, ", ")})
	}
	n := s.NullSpace
	if n.Guaranteed > 0 && p.WeightDecay == 0 {
		lines = append(lines, [2]string{"zero eigenvalues", fmt.Sprintf("at least %s of H: softmax shift %d, constant inputs %d", thousands(n.Guaranteed), n.SoftmaxShift, n.ConstantInputs)})
	}
	dead := 0
	for _, d := range n.DeadUnits {
		dead += d
	}
	if dead+n.DeadObjects > 0 {
		lines = append(lines, [2]string{"dead", fmt.Sprintf("%s never active, %s with a hidden layer all zero", term.Count(dead, "unit"), term.Count(n.DeadObjects, "object"))})
	}
	if n.Kink != nil {
		lines = append(lines, [2]string{"nearest kink", fmt.Sprintf("a ReLU flips at a distance of about %.2g in the weights (object %d, layer %d, unit %d; of the first %s)",
			n.Kink.Margin, n.Kink.Object, n.Kink.Layer, n.Kink.Unit, term.Count(n.Kink.Objects, "object"))})
	}
	for i := range lines {
		lines[i][0] = "  " + lines[i][0]
	}
	if len(lines) == 0 {
		lines = [][2]string{{"  none that is known", ""}}
	}
	r.facts(lines)
}

// layers lists the traces and norms of the diagonal blocks.
func (r *printer) layers(p *measured.Network) {
	s := p.Spectrum
	r.heading("layers")
	rows := [][]string{{"", "trace of H_pp"}}
	if p.Of.PiecewiseLinear {
		rows[0][1] = "trace of H_pp = G_pp"
	}
	if s.LayerBlocks != nil {
		rows[0] = append(rows[0], "‖H_pp‖", "largest ‖H_pq‖, q ≠ p")
	}
	for p, trace := range s.LayerTraces {
		row := []string{fmt.Sprintf("W_%d", p+1), significant(trace)}
		if b := s.LayerBlocks; b != nil {
			off := 0.0
			for q, x := range b.Hessian[p] {
				if q != p {
					off = math.Max(off, x)
				}
			}
			row = append(row, significant(b.Hessian[p][p]), significant(off))
		}
		rows = append(rows, row)
	}
	r.table(rows, 1)
}

// blocks lists the ends of the spectra of the diagonal blocks, the empirical Fisher
// matrix and the angles between the gradient and the top eigenvectors.
func (r *printer) blocks(p *measured.Network) {
	l := p.Layers
	if l == nil {
		return
	}
	if len(l.Blocks) > 0 {
		r.heading("diagonal blocks, layer by layer")
		rows := [][]string{{"", "parameters", "λ_max(H_pp)", "± sure", "λ_min(H_pp)", "± sure", "λ_max(G_pp)", "± sure", "trace of G_pp"}}
		for i, b := range l.Blocks {
			row := []string{term.CleanLine(p.Of.Layers[i]), thousands(b.Parameters)}
			for _, list := range [][]artifact.Eigenvalue{b.Hessian.Top, b.Hessian.Bottom, b.GaussNewton.Top} {
				cells := []string{"–", "–"}
				if len(list) > 0 {
					cells = []string{significant(list[0].Value), magnitude(list[0].Residual)}
				}
				row = append(row, cells...)
			}
			rows = append(rows, append(row, significant(b.GaussNewton.Trace)))
		}
		r.table(rows, 1)
		fmt.Fprintln(r.w, "  --json has all values of each in per_layer")
	}
	if f := l.Fisher; f != nil {
		r.heading("empirical Fisher matrix, the mean of g_i g_iᵀ")
		var values []string
		for _, v := range f.Top[:min(len(f.Top), max(p.Top, 1), 6)] {
			values = append(values, significant(v.Value))
		}
		r.facts([][2]string{{"  trace, exact", significant(f.Trace)}, {"  largest eigenvalues", strings.Join(values, ", ")}})
	}
	if cosines := l.GradientCosine; len(cosines) > 0 {
		r.heading("gradient")
		var values []string
		for _, c := range cosines[:min(len(cosines), max(p.Top, 1), 10)] {
			values = append(values, fmt.Sprintf("%.3f", c))
		}
		r.facts([][2]string{{"  |cos| with the top eigenvectors of H", strings.Join(values, ", ")}})
	}
	if p.Of.FisherIsG {
		fmt.Fprintln(r.w, "  the Fisher matrix under the network's own probabilities is G")
	}
}

// ends keeps the first and the last of many names.
func ends(names []string) []string {
	if len(names) <= 4 {
		return names
	}
	return []string{names[0], names[1], "…", names[len(names)-1]}
}

// widths writes 784-16-10.
func widths(list []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", "-")
}

// quantileHead is the heading of what quantileRow writes.
var quantileHead = []string{"", "smallest", "5 %", "median", "95 %", "largest", "mean"}

func quantileRow(name string, q artifact.Quantiles) []string {
	row := []string{name}
	for _, x := range []float64{q.Min, q.Q05, q.Median, q.Q95, q.Max, q.Mean} {
		row = append(row, fmt.Sprintf("%.4g", x))
	}
	return row
}

func (r *printer) density(d *artifact.Density) {
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
func (r *printer) objects(o *measured.Objects) {
	if o == nil {
		return
	}
	var norms, least []float64
	for i, x := range o.Hessian {
		if !math.IsNaN(x) {
			norms, least = append(norms, x), append(least, o.Least[i])
		}
	}
	r.heading("single objects")
	rows := [][]string{quantileHead, quantileRow("loss", artifact.NewQuantiles(o.Loss)), quantileRow("‖G_i‖", artifact.NewQuantiles(o.GaussNewton))}
	name, note := "‖H_i‖", ""
	if len(norms) < len(o.Loss) {
		name = fmt.Sprintf("‖H_i‖ of %d", len(norms))
		note = fmt.Sprintf("  those with the largest bounds; the others are at most %.4g, so the largest of all is not proven\n", o.NextBound)
		if o.Proven {
			note = fmt.Sprintf("  those with the largest bounds; the others are at most %.4g: the largest of all is proven to be among them\n", o.NextBound)
		}
	}
	if len(norms) > 0 {
		rows = append(rows, quantileRow(name, artifact.NewQuantiles(norms)), quantileRow("λ_min(H_i)", artifact.NewQuantiles(least)))
	}
	r.table(rows, 1)
	fmt.Fprint(r.w, note)
}

// increments lists the sizes, or an even choice of them if there are many.
func (r *printer) increments(s *artifact.IncrementSummary) {
	if s == nil {
		return
	}
	const most = 40
	r.heading("one more object, at these weights")
	rows := [][]string{{"k", "‖∇²ℓ_k+1 − H^(k)‖", "|L_k+1 − L_k|", "‖H^(k)‖", "‖G^(k)‖", "‖∇²ℓ_k+1‖"}}
	n, others := len(s.Increments), slices.ContainsFunc(s.Increments, func(i artifact.Increment) bool { return len(i.Others) > 0 })
	if others {
		rows[0] = append(rows[0], "other ‖∇²ℓ_i − H^(k)‖: median", "largest")
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
func (r *printer) bounds(p *measured.Network) {
	if p.Chain == nil {
		return
	}
	r.heading("bounds of single objects")
	if p.Bounds == nil {
		fmt.Fprintln(r.w, "  there is one object: see --json for its bounds")
		return
	}
	b := p.Bounds
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
	fmt.Fprintf(r.w, "  over %s; slack: median of bound/exact, of the uniform bounds (B7 to B10, H_uniform) bound/largest\n", p.BoundsOver())
	s := b.Sample
	r.facts([][2]string{
		{"  mean of objects", fmt.Sprintf("‖H‖ = %.5g ≤ mean of ‖G_i‖ + C_i = %.5g; ‖G‖ ≤ mean ‖G_i‖ = %.5g", s.HessianNorm, s.MeanUpper, s.MeanGN)},
		{"  gradient", fmt.Sprintf("largest of an object %.4g; the paper takes it to be 0 (T3)", b.Constants.LargestGradient)},
		{"  weights", fmt.Sprintf("M_x = %.4g, M_W = %.4g, M = %.4g", b.Constants.LargestInput, b.Constants.LargestLayer, b.Constants.LargestWeight)},
	})
}
