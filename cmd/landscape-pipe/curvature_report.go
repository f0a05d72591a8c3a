package main

import (
	"bufio"
	"fmt"
	"math"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

// report writes a profile for people.
type report struct {
	w     *bufio.Writer
	style term.Style
}

func (p *profile) print(a *app) error {
	r := &report{bufio.NewWriter(a.stdout), a.out}
	s := p.spectrum
	r.facts([][2]string{
		{"network", fmt.Sprintf("%s, %s weights in %s: %s", widths(p.shape.Widths), thousands(s.Parameters), matrices(s.Layers), strings.Join(ends(p.shape.Layers), ", "))},
		{"objects", thousands(s.Objects)},
		{"loss", fmt.Sprintf("%.10g nats, mean over objects", s.Loss)},
		{"gradient", fmt.Sprintf("%.6g, norm; at a minimum it is 0", s.GradientNorm)},
	})
	r.terms(s)
	r.eigenvalues("largest eigenvalues", p.top, s.Hessian.Top, s.GaussNewton.Top, s.HTerm.Top)
	r.eigenvalues("smallest eigenvalues", p.bottom, s.Hessian.Bottom, s.GaussNewton.Bottom, s.HTerm.Bottom)
	r.structure(s)
	r.layers(s)
	r.density(p.density)
	r.objects(p.objects)
	r.increments(p.increments)
	r.bounds(p)
	return r.w.Flush()
}

func (r *report) heading(text string) { fmt.Fprintf(r.w, "\n%s\n", r.style.Bold(text)) }

// facts writes names and what there is to say of each.
func (r *report) facts(lines [][2]string) {
	width := 0
	for _, l := range lines {
		width = max(width, term.Width(l[0]))
	}
	for _, l := range lines {
		fmt.Fprintf(r.w, "%s  %s\n", term.Pad(l[0], width), l[1])
	}
}

// table writes rows with the columns of numbers, from the given one on, to the
// right; the first row is the heading.
func (r *report) table(rows [][]string, numbers int) {
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

// terms compares H, G and R.
func (r *report) terms(s artifact.Spectrum) {
	r.heading("curvature of the mean loss")
	rows := [][]string{{"", "H", "G (Gauss–Newton)", "R = H − G"}}
	row := func(name string, f func(t artifact.TermSpectrum) string) {
		rows = append(rows, []string{name, f(s.Hessian), f(s.GaussNewton), f(s.HTerm)})
	}
	row("spectral norm", func(t artifact.TermSpectrum) string { return significant(t.Norm) })
	row("trace, exact", func(t artifact.TermSpectrum) string { return significant(t.Trace) })
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
	if s.Ratio > 0 {
		fmt.Fprintf(r.w, "  ‖G‖/‖H‖ = %.4g\n", s.Ratio)
	}
}

// eigenvalues lists one end of the three spectra.
func (r *report) eigenvalues(title string, most int, h, g, t []artifact.Eigenvalue) {
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
func (r *report) structure(s artifact.Spectrum) {
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
	lines = append(lines, [2]string{"zero eigenvalues", fmt.Sprintf("at least %s of H: softmax shift %d, constant inputs %d", thousands(n.Guaranteed), n.SoftmaxShift, n.ConstantInputs)})
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
	r.facts(lines)
}

// layers lists the traces and norms of the diagonal blocks.
func (r *report) layers(s artifact.Spectrum) {
	r.heading("layers")
	rows := [][]string{{"", "trace of H_pp = G_pp"}}
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
