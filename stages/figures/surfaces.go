package figures

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// The three surfaces of a grid, in the order of the stage surfaces.
const (
	first      = iota // L_k
	second            // L_{k+1}
	difference        // L_{k+1} − L_k
)

// scale returns the power of ten that brings values of that size to 1 … 10, and
// how it is written before a label: nothing if they are legible as they are.
func scale(most float64) (factor float64, text string) {
	if !(most > 0) || most >= 0.1 && most < 1000 {
		return 1, ""
	}
	n := -chart.Decade(most)
	return chart.PowerOf10(n), fmt.Sprintf(`10^{%d}`, n)
}

// changeLabel names the difference of the losses times a power of ten.
func changeLabel(power string) string {
	if power == "" {
		return `$\mathcal{L}_{k+1} - \mathcal{L}_k$`
	}
	return `$` + power + `\,(\mathcal{L}_{k+1} - \mathcal{L}_k)$`
}

func largest(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		most = max(most, math.Abs(v))
	}
	return most
}

func scaled(values []float64, factor float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v * factor)
	}
	return out
}

// withoutRounding returns the differences of a grid, with zeros where what the
// object adds, ℓ_{k+1} − L_k, is only rounding: all losses of a collapsed network
// are equal.
func withoutRounding(differences, losses []float64, k int) []float64 {
	out := slices.Clone(differences)
	for i, d := range out {
		if math.Abs(d)*float64(k+1) < 1e-12*losses[i] {
			out[i] = 0
		}
	}
	return out
}

// directionName names direction i of the stage's four.
func directionName(d artifact.SurfaceDirection, i int) string {
	if d.Kind == "random" {
		return fmt.Sprintf("random %d", i%2+1)
	}
	return fmt.Sprintf("eigenvector %d", i%2+1)
}

// spread returns n values from −radius to radius.
func spread(n int, radius float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		if n > 1 {
			out[i] = float64(radius*float64(2*i-(n-1))) / float64(n-1)
		}
	}
	return out
}

func (p Params) readSurface(inputs map[string][]byte) (artifact.SurfaceSummary, error) {
	s, err := read[artifact.SurfaceSummary](inputs, "surfaces/summary", p.Networks[0])
	if err == nil && len(s.Directions) != 4 {
		err = fmt.Errorf("input %s has %d directions, want two eigenvectors and two random ones", p.Networks[0].Result("surfaces/summary"), len(s.Directions))
	}
	return s, err
}

// drawSurface1D draws the losses along two eigenvectors and two random
// directions, and below each the difference.
func drawSurface1D(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	summary, err := p.readSurface(inputs)
	if err != nil {
		return err
	}
	n := summary.Points
	values, _, err := readValues(inputs, "surfaces/lines", p.Networks[0], 4, 3, n)
	if err != nil {
		return err
	}
	line := func(direction, surface int) []float64 { return values[(3*direction+surface)*n:][:n] }

	k := chart.MathCount(summary.K)
	next := chart.MathCount(summary.K + 1)
	wide := drawing.Stroke{Color: chart.Palette[5], Width: 2.4}
	thin := drawing.Stroke{Color: chart.Black, Width: 0.8, Dash: []float64{3, 2}}
	change := drawing.Stroke{Color: chart.Palette[3], Width: 1.1}
	top := s.Heading(p.title(),
		`mean loss of the first $k$ objects along lines through the trained weights $\theta^*$: eigenvectors of the whole sample’s $H$; filter-normalised random directions`+trained(p.Networks),
		[]chart.Entry{
			{Text: `$\mathcal{L}_k$, $k = ` + k + `$`, Key: chart.StrokeKey(wide)},
			{Text: `$\mathcal{L}_{k+1}$, $k + 1 = ` + next + `$`, Key: chart.StrokeKey(thin)},
			{Text: `$\mathcal{L}_{k+1} - \mathcal{L}_k$`, Key: chart.StrokeKey(change)},
		})

	page := s.Page(top)
	page.Top += chart.PanelTitle
	const gap = 11
	width := float64((page.Right - page.Left - 3*gap) / 4)
	for i, d := range summary.Directions {
		outer := page
		outer.Left += float64(float64(i) * (width + gap))
		outer.Right = outer.Left + width
		upper, lower := outer, outer
		upper.Bottom = outer.Top + float64(0.5*(outer.Bottom-outer.Top)) - 6
		lower.Top = upper.Bottom + 5

		x := chart.Axis{Label: `distance from $\theta^*$`, Low: -d.Radius, High: d.Radius, Most: 5}
		bare := x
		bare.Label, bare.Bare = "", true
		y := lossAxis(append(slices.Clone(line(i, first)), line(i, second)...))
		delta := withoutRounding(line(i, difference), line(i, first), summary.K)
		factor, text := scale(largest(delta))
		delta = scaled(delta, factor)
		z := around(delta)
		if i == 0 {
			y.Label = "mean loss"
		}
		z.Label = changeLabel(text)
		room := max(s.TickWidth(y), s.TickWidth(z))
		y.Room, z.Room = room, room
		if i > 0 {
			y.Label = " " // as much room as the axis below takes
		}
		in, err := chart.NewPanel(s, upper, bare, y)
		if err != nil {
			return err
		}
		below, err := chart.NewPanel(s, lower, x, z)
		if err != nil {
			return err
		}
		at := spread(n, d.Radius)
		in.Curve(at, line(i, first), wide)
		in.Curve(at, line(i, second), thin)
		below.Curve(at, delta, change)
		if largest(delta) == 0 {
			below.Message("all 0")
		}
		for _, panel := range []*chart.Panel{in, below} {
			panel.VerticalLine(0, chart.Stroke(chart.Shade(chart.Grey, 90), 0.6))
			panel.DrawAxes()
		}
		in.Above(directionName(d, i) + `, $v^{\text{T}}H^{(k)}v = ` + chart.Short(d.Curvature) + `$`)
	}
	return nil
}

// lossAxis is linear, or a log axis where the loss grows by more than a factor
// that a linear one can show.
func lossAxis(values []float64) chart.Axis {
	low, high := slices.Min(values), slices.Max(values)
	if low > 0 && high > 40*low {
		a := chart.LogAxis("", low, high)
		a.Most = 6
		return a
	}
	return chart.LinearAxis("", 0, max(high, 1e-300))
}

// around is a linear axis that holds the values and zero.
func around(values []float64) chart.Axis {
	low, high := min(slices.Min(values), 0), max(slices.Max(values), 0)
	if low == high {
		return chart.Axis{Low: -1, High: 1}
	}
	air := float64(0.06 * (high - low))
	return chart.Axis{Low: low - air, High: high + air}
}

// drawSurface2D draws the three surfaces over the plane of two eigenvectors and
// over that of two random directions, as filled contours.
func drawSurface2D(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	summary, err := p.readSurface(inputs)
	if err != nil {
		return err
	}
	if summary.Side < 2 {
		return fmt.Errorf("input %s has no planes: the stage surfaces was not asked for them", p.Networks[0].Result("surfaces/summary"))
	}
	top := s.Heading(p.title(),
		fmt.Sprintf(`mean loss of the first $k = %s$ objects on planes through the trained weights $\theta^*$ (cross): top eigenvectors of the whole sample’s $H$; filter-normalised random directions`, chart.MathCount(summary.K))+trained(p.Networks), nil)
	page := s.Page(top)
	height := float64((page.Bottom - page.Top - 2) / 2)
	for row, result := range []string{"surfaces/eigen_plane", "surfaces/random_plane"} {
		values, _, err := readValues(inputs, result, p.Networks[0], 3, summary.Side, summary.Side)
		if err != nil {
			return err
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
		field := chart.Grid{X: spread(side, along.Radius), Y: spread(side, across.Radius), Values: panel.values}
		in.FillBands(field, panel.at, panel.shade)
		lines := in.Contours(field, panel.at[1:len(panel.at)-1], chart.Stroke(chart.Shade(chart.Ink, 120), 0.4))
		in.LabelContours(lines, panel.texts[1:len(panel.texts)-1], chart.Ink, in.Point(0, 0))
		cross(in)
		if largest(panel.values) == 0 {
			in.Message("all 0")
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
