package landscapes

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/vector"
)

// The three surfaces of a grid, in the order of the stage surfaces.
const (
	first      = iota // L_k
	second            // L_{k+1}
	difference        // L_{k+1} − L_k
)

// scale is the power of ten that brings values of that size to 1 … 10, and how
// it is written before a label; none for what can be read as it is.
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
// object adds, ℓ_{k+1} − L_k, is no more than rounding: of a collapsed network
// all losses are equal.
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
func directionName(d result.SurfaceDirection, i int) string {
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

func (p Params) readSurface(inputs map[string][]byte) (result.SurfaceSummary, error) {
	s, err := read[result.SurfaceSummary](inputs, InputSurface+p.Series[0].Network)
	if err == nil && len(s.Directions) != 4 {
		err = fmt.Errorf("input %s%s has %d directions, want two eigenvectors and two random ones", InputSurface, p.Series[0].Network, len(s.Directions))
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
	name := InputLines + p.Series[0].Network
	values, shape, err := readValues(inputs, name, 3)
	if err != nil {
		return err
	}
	n := summary.Points
	if !slices.Equal(shape, []int{4, 3, n}) {
		return fmt.Errorf("input %s has shape %v: want 4×3×%d", name, shape, n)
	}
	line := func(direction, surface int) []float64 { return values[(3*direction+surface)*n:][:n] }

	k := chart.MathCount(summary.K)
	next := chart.MathCount(summary.K + 1)
	wide := vector.Stroke{Color: chart.Palette[5], Width: 2.4}
	thin := vector.Stroke{Color: chart.Black, Width: 0.8, Dash: []float64{3, 2}}
	change := vector.Stroke{Color: chart.Palette[3], Width: 1.1}
	top := s.Heading(p.title(),
		`loss along lines through the trained weights $\theta^*$: eigenvectors of $H^{(k)}$ and filter-normalised random directions`+chart.Trained(p.Series),
		[]chart.Entry{
			{Text: `$\mathcal{L}_k$, $k = ` + k + `$`, Key: chart.StrokeKey(wide)},
			{Text: `$\mathcal{L}_{k+1}$, $k + 1 = ` + next + `$`, Key: chart.StrokeKey(thin)},
			{Text: `$\mathcal{L}_{k+1} - \mathcal{L}_k$`, Key: chart.StrokeKey(change)},
		})

	page := s.Page(top)
	page.Top += chart.PanelTitle
	const gap = 11
	width := (page.Right - page.Left - 3*gap) / 4
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
			below.Say("all 0")
		}
		for _, panel := range []*chart.Panel{in, below} {
			panel.Upright(0, chart.Stroke(chart.Shade(chart.Grey, 90), 0.6))
			panel.DrawAxes()
		}
		in.Above(directionName(d, i) + `, $v^{\text{T}}Hv = ` + chart.Short(d.Curvature) + `$`)
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
	air := 0.06 * (high - low)
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
		return fmt.Errorf("input %s%s has no planes: the stage surfaces was not asked for them", InputSurface, p.Series[0].Network)
	}
	top := s.Heading(p.title(),
		fmt.Sprintf(`planes through the trained weights $\theta^*$ (cross), $k = %s$: top eigenvectors of $H^{(k)}$; filter-normalised random directions`, chart.MathCount(summary.K))+chart.Trained(p.Series), nil)
	page := s.Page(top)
	height := (page.Bottom - page.Top - 2) / 2
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
func drawPlanes(s *chart.Sheet, outer chart.Frame, summary result.SurfaceSummary, i int, values []float64) error {
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
	for _, pen := range []vector.Stroke{chart.Stroke(chart.White, 2.2), chart.Stroke(chart.Black, 0.9)} {
		in.Stroke(vector.Polyline(vector.Point{X: at.X - half, Y: at.Y}, vector.Point{X: at.X + half, Y: at.Y}), pen)
		in.Stroke(vector.Polyline(vector.Point{X: at.X, Y: at.Y - half}, vector.Point{X: at.X, Y: at.Y + half}), pen)
	}
}

// levels are the bands of a map of contours.
type levels struct {
	at    []float64
	texts []string // of each level's line; empty for none
	axis  chart.Axis
	shade func(i int) color.NRGBA
}

// lossLevels returns about twelve levels: evenly spaced, or 1, 2, 5 times the
// powers of ten where the loss spans more than a linear scale can show.
func lossLevels(values []float64) levels {
	low, high := slices.Min(values), slices.Max(values)
	var l levels
	if low > 0 && high > 20*low {
		l.axis = chart.Axis{Low: low, High: high, Log: true}
		l.at = append(l.at, low)
		digits := []float64{1, 1.5, 2, 3, 5, 7}
		if high > 400*low {
			digits = []float64{1, 2, 5}
		}
		if high > 1e5*low {
			digits = []float64{1}
		}
		for n := chart.Decade(low); n <= chart.Decade(high); n++ {
			for _, digit := range digits {
				if v := float64(digit * chart.PowerOf10(n)); v > low && v < high {
					l.at = append(l.at, v)
				}
			}
		}
		l.at = append(l.at, high)
	} else {
		l.at, l.axis = evenLevels(low, high, 12)
	}
	l.texts = make([]string, len(l.at))
	for i := 1; i < len(l.at)-1; i += 2 {
		l.texts[i] = "$" + round(l.at[i]) + "$"
	}
	n := len(l.at) - 1
	l.shade = func(i int) color.NRGBA { return chart.Sequential.At(float64(i) / float64(max(n-1, 1))) }
	return l
}

// changeLevels returns levels that lie evenly on both sides of zero; zero is
// a line between two bands.
func changeLevels(values []float64) levels {
	most := largest(values)
	if most == 0 {
		most = 1
	}
	var l levels
	l.at, l.axis = evenLevels(-most, most, 12)
	l.texts = make([]string, len(l.at))
	middle := float64(l.axis.High - l.axis.Low)
	for i, v := range l.at {
		if math.Abs(v) < 1e-9*middle {
			l.at[i], v = 0, 0
		}
		if i%2 == (len(l.at)-1)/2%2 {
			l.texts[i] = "$" + round(v) + "$"
		}
	}
	n := len(l.at) - 1
	l.shade = func(i int) color.NRGBA { return chart.Diverging.At((float64(i) + 0.5) / float64(n)) }
	return l
}

// round writes a level, which is a round number, without digits that are none.
func round(v float64) string {
	if a := math.Abs(v); a == 0 || a >= 1e-3 && a < 1e5 {
		text := strconv.FormatFloat(v, 'f', 6, 64)
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return chart.Digits(v, 1)
}

// evenLevels returns about n levels at round numbers that enclose low to high.
func evenLevels(low, high float64, n int) ([]float64, chart.Axis) {
	if !(high > low) {
		high = low + max(math.Abs(low), 1e-12)
	}
	step := (high - low) / float64(n)
	power := chart.PowerOf10(chart.Decade(step))
	for _, digit := range []float64{1, 2, 2.5, 5, 10} {
		if digit*power >= step*0.999 {
			step = float64(digit * power)
			break
		}
	}
	from, to := int(math.Floor(low/step+1e-9)), int(math.Ceil(high/step-1e-9))
	var at []float64
	for i := from; i <= to; i++ {
		at = append(at, float64(float64(i)*step))
	}
	return at, chart.Axis{Low: at[0], High: at[len(at)-1]}
}
