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

// criterionPen is wider for what is drawn first: with little noise the criteria
// agree, and each must stay visible.
func criterionPen(i, n int) drawing.Stroke {
	pen := chart.Line(i)
	pen.Width = 1.1 + float64(0.8*float64(n-1-i))
	return pen
}

// drawSufficientSize draws the sufficient sample size over ε: the closed form of
// each criterion, and for the one without noise what single orders give under
// both definitions.
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
		chart.Entry{Text: fmt.Sprintf("the sample, %s objects: larger sizes are extrapolated", chart.Count(summary.SampleSize)), Key: chart.StrokeKey(pen)})
	small := fmt.Sprintf("lines: closed form of the mean over orders; marks: median and 5 to 95 %% of %s; $D = %d$",
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
			once.draw(in, c)
			always.draw(in, c)
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

func (o orders) draw(in *chart.Panel, c artifact.Criterion) {
	pen := chart.Stroke(o.paint, 0.8)
	for _, x := range c.Sufficient {
		q := o.of(x)
		if q == nil {
			continue
		}
		at := in.Point(x.Epsilon, max(q.Median, 1))
		at.X += o.shift
		top, bottom := in.Y.At(in.Y.Clamp(q.Q95)), in.Y.At(in.Y.Clamp(q.Q05))
		in.Stroke(drawing.Polyline(drawing.Point{X: at.X, Y: bottom}, drawing.Point{X: at.X, Y: top}), pen)
		in.Fill(o.mark(at), o.paint)
	}
}
