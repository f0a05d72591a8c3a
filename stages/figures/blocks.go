package figures

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// drawLayerBlocks draws the spectral norms of the blocks of H and G as two
// maps of numbers with one scale.
func drawLayerBlocks(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	name := p.Networks[0].Result("spectra/spectrum")
	spectrum, err := read[artifact.Spectrum](inputs, "spectra/spectrum", p.Networks[0])
	if err != nil {
		return err
	}
	b := spectrum.LayerBlocks
	if b == nil {
		return fmt.Errorf("input %s has no layer blocks: the stage spectra was not asked for them", name)
	}
	var norms chart.Extent
	for _, rows := range [][][]float64{b.Hessian, b.GaussNewton} {
		for _, row := range rows {
			if len(row) != spectrum.Layers {
				return fmt.Errorf("input %s: a row of %d blocks, want %d", name, len(row), spectrum.Layers)
			}
			norms.Take(row)
		}
	}
	low, high := norms.Positive()
	scale := chart.LogAxis(`$\|\partial^2\mathcal{L}/\partial W_q\partial W_p\|_2$`, max(low, high/1e12), high)
	small := fmt.Sprintf("spectral norm of each block of two layers, mean over %s%s", chart.Plural(spectrum.Objects, "object"), trained(p.Networks))
	var entries []chart.Entry
	if norms.High == 0 {
		entries = []chart.Entry{{Text: "collapsed, all norms 0", Note: true}}
	}
	top := s.Heading(p.title(), small, entries)

	const gap = 14
	page := s.Page(top)
	page.Top += chart.PanelTitle
	page.Right -= s.BarRoom(scale)
	width := float64((page.Right - page.Left - gap) / 2)
	shade := func(v float64) color.NRGBA {
		if !(v > 0) {
			return chart.White
		}
		a := detmath.Log(scale.Low)
		return chart.Sequential.At((detmath.Log(v) - a) / (detmath.Log(scale.High) - a))
	}
	var last *chart.Panel
	for i, term := range []struct {
		title string
		norms [][]float64
	}{{"Hessian $H$", b.Hessian}, {"Gauss–Newton term $G$", b.GaussNewton}} {
		outer := page
		outer.Left += float64(float64(i) * (width + gap))
		outer.Right = outer.Left + width
		x, y := layerAxis(spectrum.Layers), layerAxis(spectrum.Layers)
		y.Low, y.High = y.High, y.Low // the first layer at the top
		in, err := chart.NewPanel(s, outer, x, y)
		if err != nil {
			return err
		}
		drawBlocks(in, term.norms, shade)
		in.Above(term.title)
		in.DrawAxes()
		last = in
	}
	levels := make([]float64, 97)
	for i := range levels {
		t := float64(i) / float64(len(levels)-1)
		a := detmath.Log(scale.Low)
		levels[i] = detmath.Exp(a + float64(t*(detmath.Log(scale.High)-a)))
	}
	last.ColourBar(scale, levels, func(i int) color.NRGBA { return shade(levels[i]) })
	return nil
}

// layerAxis is an axis of weight matrices.
func layerAxis(layers int) chart.Axis {
	a := chart.Axis{Low: 0.5, High: float64(layers) + 0.5}
	for p := range layers {
		a.Marks = append(a.Marks, chart.Tick{Value: float64(p + 1), Label: fmt.Sprintf("$W_{%d}$", p+1)})
	}
	return a
}

// drawBlocks fills the cells and writes each norm into its cell if it fits in
// legible size.
func drawBlocks(in *chart.Panel, norms [][]float64, shade func(float64) color.NRGBA) {
	const smallest = 3.8 // points
	n := len(norms)
	cell := (in.Inner.Right - in.Inner.Left) / float64(n)
	size := min(chart.TickSize, 0.45*(in.Inner.Bottom-in.Inner.Top)/float64(n))
	for _, row := range norms {
		for _, v := range row {
			if l := in.Set("$"+shortest(v)+"$", size); l.Width > cell-2 {
				size = size * (cell - 2) / l.Width
			}
		}
	}
	for q, row := range norms {
		for p, v := range row {
			a, b := in.Point(float64(p)+0.5, float64(q)+0.5), in.Point(float64(p)+1.5, float64(q)+1.5)
			c := shade(v)
			in.Fill(drawing.Rectangle(a, b), c)
			in.Stroke(drawing.Rectangle(a, b), chart.Stroke(chart.White, 0.6))
			if size < smallest {
				continue
			}
			l := in.Set("$"+shortest(v)+"$", size)
			in.DrawText(l, (a.X+b.X)/2, float64((a.Y+b.Y)/2)+float64(0.33*size), 0.5, chart.ContrastColor(c))
		}
	}
}

// shortest writes a norm with two digits.
func shortest(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 99.5 && v < 9999.5:
		return fmt.Sprintf("%.0f", v)
	}
	return chart.Digits(v, 2)
}
