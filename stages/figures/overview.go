package figures

import (
	"fmt"
	"image/color"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// drawLossesDifference draws the paper's overview picture from measured losses: L_k,
// L_{k+1} and their difference as surfaces in perspective, over the plane of two
// eigenvectors about the weights. The first two have one scale.
func drawLossesDifference(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	summary, err := p.readSurface(inputs)
	if err != nil {
		return err
	}
	if summary.Side < 2 {
		return fmt.Errorf("input %s has no planes: the stage surfaces was not asked for them", p.Networks[0].Result("surfaces/summary"))
	}
	values, _, err := readValues(inputs, "surfaces/eigen_plane", p.Networks[0], 3, summary.Side, summary.Side)
	if err != nil {
		return err
	}
	top := s.Heading(p.title(),
		fmt.Sprintf(`mean loss of the first $k = %s$ objects and of one more over the plane of two eigenvectors of the whole sample’s $H$ through the trained weights $\theta^*$ (dot)`, chart.MathCount(summary.K))+trained(p.Networks), nil)
	page := s.Page(top)
	page.Top += chart.PanelTitle + 4

	side := summary.Side
	size := side * side
	delta := withoutRounding(values[2*size:], values[:size], summary.K)
	factor, power := scale(largest(delta))
	delta = scaled(delta, factor)
	losses, changes := lossHeights(values[:2*size]), changeHeights(delta)
	losses.axis.Label, changes.axis.Label = "mean loss", changeLabel(power)

	// The lower of the two near corners is in front, so that it hides the least.
	mirrored := values[0] < values[side-1]
	bar := losses.bar(s)
	width := float64((page.Right - page.Left - bar - changes.bar(s)) / 3)
	left := page.Left
	for _, panel := range []struct {
		title  string
		values []float64
		heights
		bar bool
	}{
		{`$\mathcal{L}_k$`, values[:size], losses, false},
		{`$\mathcal{L}_{k+1}$`, values[size : 2*size], losses, true},
		{`$\mathcal{L}_{k+1} - \mathcal{L}_k$`, delta, changes, true},
	} {
		outer := chart.Frame{Left: left, Top: page.Top, Right: left + width, Bottom: page.Bottom}
		drawScene(s, outer, mirrored, summary.Directions, side, panel.values, panel.heights)
		title := s.Fit(panel.title+extremes(panel.values), chart.LabelSize, width)
		s.DrawText(title, float64((outer.Left+outer.Right)/2), outer.Top-4, 0.5, chart.Black)
		left += width
		if panel.bar {
			between := float64(0.2 * (outer.Bottom - outer.Top))
			beside := chart.Panel{Sheet: s, Inner: chart.Frame{Left: outer.Left, Top: outer.Top + between, Right: outer.Right - chart.PanelGap, Bottom: outer.Bottom - between}}
			beside.ColourBar(panel.axis, panel.levels, func(i int) color.NRGBA { return panel.paint((panel.levels[i] + panel.levels[i+1]) / 2) })
			left += panel.heights.bar(s)
		}
	}
	return nil
}

// extremes says of a surface its value at the weights and the ends of its range, by
// which two surfaces that look the same can be told apart.
func extremes(values []float64) string {
	return fmt.Sprintf(`: $%s$ at $\theta^*$, from $%s$ to $%s$`, chart.Short(values[len(values)/2]), chart.Short(slices.Min(values)), chart.Short(slices.Max(values)))
}

// heights are what the heights of a surface and its colours mean.
type heights struct {
	axis   chart.Axis
	levels []float64 // of the colour bar
	paint  func(value float64) color.NRGBA
}

// bar is the width of the colour bar beside a surface.
func (h heights) bar(s *chart.Sheet) float64 { return s.BarRoom(h.axis) - chart.PanelGap }

// shades is how many colours the colour bar has.
const shades = 48

// lossHeights start at zero.
func lossHeights(values []float64) heights {
	return newHeights(chart.LinearAxis("", 0, max(largest(values), 1e-300)), chart.Sequential)
}

// changeHeights lie on both sides of zero.
func changeHeights(values []float64) heights {
	most := largest(values)
	if most == 0 {
		most = 1
	}
	_, axis := evenLevels(-most, most, 6)
	return newHeights(axis, chart.Diverging)
}

func newHeights(axis chart.Axis, ramp chart.Ramp) heights {
	axis.Most = 6
	h := heights{axis: axis}
	for i := range shades + 1 {
		h.levels = append(h.levels, axis.Low+float64(float64(i)*(axis.High-axis.Low)/shades))
	}
	h.paint = func(v float64) color.NRGBA { return ramp.At((v - axis.Low) / (axis.High - axis.Low)) }
	return h
}

// drawScene draws one surface over the plane, with the trained weights.
func drawScene(s *chart.Sheet, outer chart.Frame, mirrored bool, directions []artifact.SurfaceDirection, side int, values []float64, h heights) {
	x := chart.Axis{Label: directionName(directions[0], 0), Low: -directions[0].Radius, High: directions[0].Radius, Most: 4}
	y := chart.Axis{Label: directionName(directions[1], 1), Low: -directions[1].Radius, High: directions[1].Radius, Most: 4}
	z := h.axis
	z.Label = ""
	c := chart.NewScene(s, outer, mirrored, x, y, z)
	c.Surface(chart.Grid{X: spread(side, directions[0].Radius), Y: spread(side, directions[1].Radius), Values: values}, h.paint)
	at := c.Point(0, 0, values[side/2*side+side/2])
	s.Fill(drawing.Circle(at, 2.2), chart.White)
	s.Fill(drawing.Circle(at, 1.4), chart.Black)
	if largest(values) == 0 {
		s.DrawTextHaloed(s.Set("all 0", chart.LabelSize), at.X, at.Y-8, 0.5, chart.Grey, 255)
	}
}
