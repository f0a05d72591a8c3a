package landscapes

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// drawSurface2D draws the three surfaces over the plane of two eigenvectors and
// over that of two random directions, as filled contours.
func drawSurface2D(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	summary, err := p.readSurface(inputs)
	if err != nil {
		return err
	}
	if summary.Side < 2 {
		return fmt.Errorf("input %s%s has no planes: the stage surfaces was not asked for them", InputSurface, p.Series[0].Network)
	}
	top := s.Heading(p.title(),
		fmt.Sprintf(`planes through the trained weights $\theta^*$ (cross), $k = %s$: top eigenvectors of $H^{(k)}$; filter-normalised random directions`, chart.MathCount(summary.K))+chart.Trained(p.Series), nil)
	page := s.Page(top)
	height := float64((page.Bottom - page.Top - 2) / 2)
	for row, prefix := range []string{InputEigenPlane, InputRandomPlane} {
		name := prefix + p.Series[0].Network
		values, shape, err := readValues(inputs, name, 3)
		if err != nil {
			return err
		}
		if !slices.Equal(shape, []int{3, summary.Side, summary.Side}) {
			return fmt.Errorf("input %s has shape %v: want 3×%d×%d", name, shape, summary.Side, summary.Side)
		}
		outer := page
		outer.Top += float64(float64(row) * (height + 2))
		outer.Bottom = outer.Top + height
		if err := drawPlanes(s, outer, summary, 2*row, values); err != nil {
			return err
		}
	}
	return nil
}

// drawPlanes draws one row: L_k and L_{k+1} with one scale, their difference
// with its own. i is the first of the plane's two directions.
func drawPlanes(s *chart.Sheet, outer chart.Frame, summary artifact.SurfaceSummary, i int, values []float64) error {
	side := summary.Side
	size := side * side
	along, across := summary.Directions[i], summary.Directions[i+1]
	x := chart.Axis{Label: directionName(along, i), Low: -along.Radius, High: along.Radius, Most: 6}
	y := chart.Axis{Label: directionName(across, i+1), Low: -across.Radius, High: across.Radius, Most: 6}

	losses := lossLevels(values[:2*size])
	delta := withoutRounding(values[2*size:], values[:size], summary.K)
	factor, text := scale(largest(delta))
	delta = scaled(delta, factor)
	changes := changeLevels(delta)
	losses.axis.Label = "mean loss"
	changes.axis.Label = changeLabel(text)

	outer.Top += chart.PanelTitle - 2
	const gap = 8
	label := float64(chart.LabelSize + 5)
	// All three maps are equally large; the first has the label of the y
	// axis in addition, the second and third a colour bar.
	width := (outer.Right - outer.Left - label - s.BarRoom(losses.axis) - s.BarRoom(changes.axis) - 2*gap) / 3
	left := outer.Left
	for j, panel := range []struct {
		title  string
		values []float64
		levels
		bar bool
	}{
		{`$\mathcal{L}_k$`, values[:size], losses, false},
		{`$\mathcal{L}_{k+1}$`, values[size : 2*size], losses, true},
		{`$\mathcal{L}_{k+1} - \mathcal{L}_k$`, delta, changes, true},
	} {
		frame := outer
		frame.Left = left
		frame.Right = left + width
		vertical := y
		if j == 0 {
			frame.Right += label
		} else {
			vertical.Label = ""
		}
		in, err := chart.NewPanel(s, frame, x, vertical)
		if err != nil {
			return err
		}
		field := chart.Field{X: spread(side, along.Radius), Y: spread(side, across.Radius), Values: panel.values}
		in.FillBands(field, panel.at, panel.shade)
		lines := in.Contours(field, panel.at[1:len(panel.at)-1], chart.Stroke(chart.Shade(chart.Ink, 120), 0.4))
		in.LabelContours(lines, panel.texts[1:len(panel.texts)-1], chart.Ink, in.Point(0, 0))
		cross(in)
		if largest(panel.values) == 0 {
			in.Say("all 0")
		}
		in.Above(panel.title)
		in.DrawAxes()
		left = frame.Right + gap
		if panel.bar {
			in.ColourBar(panel.axis, panel.at, panel.shade)
			left += s.BarRoom(panel.axis)
		}
	}
	return nil
}

// cross marks the trained weights.
func cross(in *chart.Panel) {
	const half = 3
	at := in.Point(0, 0)
	for _, pen := range []drawing.Stroke{chart.Stroke(chart.White, 2.2), chart.Stroke(chart.Black, 0.9)} {
		in.Stroke(drawing.Polyline(drawing.Point{X: at.X - half, Y: at.Y}, drawing.Point{X: at.X + half, Y: at.Y}), pen)
		in.Stroke(drawing.Polyline(drawing.Point{X: at.X, Y: at.Y - half}, drawing.Point{X: at.X, Y: at.Y + half}), pen)
	}
}
