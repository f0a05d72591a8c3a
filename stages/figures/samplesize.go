package figures

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// criterionLabel writes a criterion as the follow-up work does.
func criterionLabel(c artifact.Criterion) string {
	switch c.Name {
	case "delta1":
		return `$\Delta_1$`
	case "delta2_eigen":
		return `$\Delta_2^{(D)}$, $\sigma = ` + chart.Digits(c.Sigma, 1) + `$`
	case "delta2":
		return `$\Delta_2$, $\sigma = ` + chart.Digits(c.Sigma, 1) + `$`
	}
	return chart.Plain(c.Name)
}

// criterionPen is the line of criterion i of n. With little noise the criteria
// agree: of lines on top of each other, the later have the shorter dashes, so that
// all are seen, one after the other.
func criterionPen(i, n int) drawing.Stroke {
	const each = 5
	pen := chart.Line(i)
	pen.Width = 1.5
	if i > 0 {
		pen.Dash = []float64{float64(each * (n - i)), float64(each * i)}
	}
	return pen
}

// drawSufficientSize draws the sufficient sample size over ε: the closed form of
// each criterion, which is of the root mean square over orders, and for the one
// without noise what single orders give under both definitions. Sizes that are not
// reached within the sample are censored.
func drawSufficientSize(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	summary, err := read[artifact.SampleSizeSummary](inputs, "samplesize/samplesize", p.Networks[0])
	if err != nil {
		return err
	}
	var sizes, epsilons chart.Extent
	sizes.TakeOne(1)
	sizes.TakeOne(float64(summary.SampleSize))
	var entries []chart.Entry
	alive := false
	for i, c := range summary.Criteria {
		entries = append(entries, chart.Entry{Text: criterionLabel(c), Key: chart.StrokeKey(criterionPen(i, len(summary.Criteria)))})
		for _, x := range c.Sufficient {
			epsilons.TakeOne(x.Epsilon)
			sizes.TakeOne(float64(x.Closed))
		}
		alive = alive || c.Closed.Value > 1e-24 // below is rounding of equal losses
	}
	if epsilons.High == 0 {
		return fmt.Errorf("no ε to show: the stage samplesize was given none")
	}
	once := orders{paint: chart.Palette[5], mark: chart.Triangle, shift: -2.5, of: func(x artifact.Sufficient) *artifact.Quantiles { return x.First }}
	always := orders{paint: chart.Palette[6], mark: chart.Square, shift: 2.5, of: func(x artifact.Sufficient) *artifact.Quantiles { return x.Always }}
	pen := drawing.Stroke{Color: chart.Grey, Width: 0.8, Dash: []float64{2.5, 2}}
	entries = append(entries,
		chart.Entry{Text: `$\Delta_1$ of single orders: first crossing`, Key: chart.MarkKey(once.mark, once.paint, drawing.Stroke{}), Slim: true},
		chart.Entry{Text: "for all larger sizes", Key: chart.MarkKey(always.mark, always.paint, drawing.Stroke{}), Slim: true},
		chart.Entry{Text: "open, or arrow: not reached within the sample", Key: censoredKey(always), Slim: true},
		chart.Entry{Text: fmt.Sprintf("the sample, %s objects: larger sizes are extrapolated", chart.Count(summary.SampleSize)), Key: chart.StrokeKey(pen)})
	small := fmt.Sprintf("lines: closed form, root mean square over all orders; marks: median and 5 to 95 %% of %s; $D = %d$",
		chart.Plural(summary.Orders, "order"), summary.Dimensions)
	top := s.Heading(p.title(), small+trained(p.Networks), entries)

	low, high := epsilons.Positive()
	x := chart.LogAxis(`$\epsilon$: change of the loss by one more object`, low, high)
	low, high = sizes.Positive()
	y := chart.LogAxis(`sufficient size $m^*(\epsilon)$`, low, high)
	y.Counts = true
	y.Low = 0.7
	in, err := chart.NewPanel(s, s.Page(top), x, y)
	if err != nil {
		return err
	}
	sample := in.Y.At(float64(summary.SampleSize))
	in.Stroke(drawing.Polyline(drawing.Point{X: in.Inner.Left, Y: sample}, drawing.Point{X: in.Inner.Right, Y: sample}), pen)
	for i, c := range summary.Criteria {
		var through []drawing.Point
		for _, x := range c.Sufficient {
			through = append(through, in.Point(x.Epsilon, max(float64(x.Closed), 1)))
		}
		in.Stroke(drawing.Polyline(through...), criterionPen(i, len(summary.Criteria)))
	}
	for _, c := range summary.Criteria {
		if c.Name == "delta1" {
			once.draw(in, c, float64(summary.SampleSize))
			always.draw(in, c, float64(summary.SampleSize))
		}
	}
	if !alive {
		in.Message("collapsed, all losses equal: one object is enough")
	}
	in.DrawAxes()
	return nil
}

// orders is how sizes of single orders are drawn.
type orders struct {
	paint color.NRGBA
	mark  chart.Mark
	shift float64 // to the side, in points
	of    func(artifact.Sufficient) *artifact.Quantiles
}

// draw draws medians with whiskers. An order that does not reach ε within the
// sample counts as the sample size: a median there is open, a whisker an arrow.
func (o orders) draw(in *chart.Panel, c artifact.Criterion, sample float64) {
	pen := chart.Stroke(o.paint, 0.8)
	for _, x := range c.Sufficient {
		q := o.of(x)
		if q == nil {
			continue
		}
		at := in.Point(x.Epsilon, max(q.Median, 1))
		at.X += o.shift
		top, bottom := in.Y.At(in.Y.Clamp(q.Q95)), in.Y.At(in.Y.Clamp(q.Q05))
		if q.Q95 >= sample {
			top -= arrowLength
			arrow(in.Sheet, drawing.Point{X: at.X, Y: top}, pen)
		}
		in.Stroke(drawing.Polyline(drawing.Point{X: at.X, Y: bottom}, drawing.Point{X: at.X, Y: top}), pen)
		if q.Median >= sample {
			in.Open(o.mark, at, o.paint)
		} else {
			in.Fill(o.mark(at), o.paint)
		}
	}
}

// arrowLength is how far an arrow goes beyond the sample size, in points.
const arrowLength = 7

// arrow draws the tip of an arrow upwards.
func arrow(s *chart.Sheet, tip drawing.Point, pen drawing.Stroke) {
	const half, high = 2, 2.6
	s.Stroke(drawing.Polyline(drawing.Point{X: tip.X - half, Y: tip.Y + high}, tip, drawing.Point{X: tip.X + half, Y: tip.Y + high}), pen)
}

// censoredKey is the sample of a censored mark with its arrow.
func censoredKey(o orders) func(*chart.Sheet, drawing.Point, float64) {
	return func(s *chart.Sheet, at drawing.Point, w float64) {
		pen := chart.Stroke(o.paint, 0.8)
		at.X += float64(w / 2)
		tip := drawing.Point{X: at.X, Y: at.Y - 5}
		s.Stroke(drawing.Polyline(at, tip), pen)
		arrow(s, tip, pen)
		s.Open(o.mark, at, o.paint)
	}
}
