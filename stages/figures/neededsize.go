package figures

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// drawHeldOutOverK draws the held-out loss over the sample size, one mark per network,
// the offset power law up to the limit of what it is trusted for, and the size from
// which on one doubling gains at most the target.
func drawHeldOutOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	n := p.Networks[0]
	r, err := read[artifact.NeededSize](inputs, "needed_size/size", n)
	if err != nil {
		return err
	}
	if len(r.Sizes) == 0 || slices.ContainsFunc(r.Losses, func(row []float64) bool { return len(row) != len(r.Sizes) }) {
		return fmt.Errorf("input %s has not one loss for each seed and size", n.Result("needed_size/size"))
	}
	smallest, largest := float64(r.Sizes[0]), float64(r.Sizes[len(r.Sizes)-1])
	var values chart.Extent
	for _, row := range r.Losses {
		values.Take(row)
	}
	paint := chart.Palette[0]
	mark := chart.Shade(paint, 110)
	law := drawing.Stroke{Color: chart.Black, Width: 1}
	size := drawing.Stroke{Color: chart.Palette[3], Width: 1.1, Dash: dashed}
	spread := chart.Shade(chart.Palette[3], 40)
	entries := []chart.Entry{{Text: "one network", Key: chart.MarkKey(chart.Disc, mark, drawing.Stroke{}), Slim: true}}
	high := largest
	if f := r.Fit; f != nil {
		high = f.Limit
		entries = append(entries, chart.Entry{Text: `$a + b\,k^{-c}$, $c = ` + chart.Short(f.C) + `$`, Key: chart.StrokeKey(law)})
		if f.Beyond {
			entries = append(entries, chart.Entry{Note: true, Text: "one doubling still gains more at " + chart.Plural(int(f.Limit), "object") + ", four times the largest sample: nothing is said beyond"})
		} else {
			entries = append(entries,
				chart.Entry{Text: "one doubling gains " + fmt.Sprint(r.Target) + " nats: " + chart.Plural(int(math.Ceil(f.Size.Estimate)), "object"), Key: chart.StrokeKey(size)},
				chart.Entry{Text: "95 % interval over the seeds, which learn the same objects", Key: chart.BandKey(spread)})
		}
		if f.Poor() {
			entries = append(entries, chart.Entry{Note: true, Text: fmt.Sprintf("the law misses the mean loss by up to %.0f %%: the size is doubtful", 100*f.Misfit)})
		}
	} else {
		entries = append(entries, chart.Entry{Note: true, Text: "no fit: it needs four values of k and four seeds"})
	}
	var left []string
	for _, seed := range r.LeftOut {
		left = append(left, chart.SeedLabel(seed))
	}
	entries = append(entries, s.Remarks(left, "collapsed, left out")...)
	top := s.Heading(chart.Title(p.Dataset, p.Input, shape(p.Networks)...), "loss on held-out objects, "+chart.Plural(len(r.Losses), "seed"), entries)
	x := chart.Axis{Label: "training objects $k$", Low: smallest / 1.3, High: 1.3 * high, Log: true, Counts: true}
	low, most := 0.0, 1.0
	if len(r.Losses) > 0 {
		low, most = values.Positive()
	}
	if f := r.Fit; f != nil {
		low, most = min(low, fitted(*f).At(f.Limit)), max(most, fitted(*f).At(smallest))
	}
	in, err := chart.NewPanel(s, s.Page(top), x, chart.LinearAxis("held-out loss, nats", math.Max(low-float64(0.1*(most-low)), 0), most))
	if err != nil {
		return err
	}
	if len(r.Losses) == 0 {
		in.Message("all seeds collapsed")
	}
	if f := r.Fit; f != nil {
		bottom, roof := in.Y.Low, in.Y.High
		if !f.Beyond {
			in.Band([]float64{f.Size.Low, f.Size.High}, []float64{bottom, bottom}, []float64{roof, roof}, spread)
			in.VerticalLine(f.Size.Estimate, size)
		}
		const points = 200
		var at, value []float64
		for i := range points + 1 {
			k := float64(smallest * detmath.Exp(float64(detmath.Log(f.Limit/smallest)*float64(i)/points)))
			at, value = append(at, k), append(value, fitted(*f).At(k))
		}
		in.Curve(at, value, law)
	}
	for _, row := range r.Losses {
		for i, v := range row {
			in.Fill(chart.Disc(in.Point(float64(r.Sizes[i]), v)), mark)
		}
	}
	in.DrawAxes()
	return nil
}

// fitted is the law of a fit.
func fitted(f artifact.LawFit) stats.PowerLaw { return stats.PowerLaw{A: f.A, B: f.B, C: f.C} }
