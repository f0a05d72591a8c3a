package figures

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// drawTrueDifference draws the curve without the filter, one panel a network.
func drawTrueDifference(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var all []differences
	var r, k chart.Extent
	for _, n := range p.Series {
		d, err := readDifferences(inputs, n.Network, true)
		if err != nil {
			return err
		}
		all = append(all, d)
		r.Take(d.mean)
		r.Take(d.ema)
		r.Take(d.high)
		k.Take(d.k)
	}
	low, high := r.Positive()
	// The lower edge of a band may reach zero: it is not followed all the way.
	floor := low / 4
	for _, d := range all {
		for _, v := range d.low {
			low = min(low, max(v, floor))
		}
	}

	mean := drawing.Stroke{Color: chart.Palette[0], Width: 0.9}
	spread := chart.Shade(chart.Palette[0], 45)
	filter := drawing.Stroke{Color: chart.Palette[3], Width: 0.8}
	closed := drawing.Stroke{Color: chart.Black, Width: 0.9, Dash: []float64{4, 2.2}}
	first := all[0].summary
	top := s.Heading(p.trueTitle(), p.truePrint(), []chart.Entry{
		{Text: "mean of " + chart.Plural(first.Permutations, "random order"), Key: chart.StrokeKey(mean)},
		{Text: "95 % of the orders", Key: chart.BandKey(spread)},
		{Text: `$\text{MAD}/(k+1)$`, Key: chart.StrokeKey(closed)},
		{Text: fmt.Sprintf("the paper’s moving average, factor %v", first.EMA), Key: chart.StrokeKey(filter)},
	})

	for i, box := range chart.Tile(len(all), s.Page(top)) {
		d := all[i]
		x := chart.Axis{Low: 1, High: max(k.High+1, 10), Log: true, Counts: len(all) == 1}
		y := chart.LogAxis("", low, high)
		if box.Leftmost {
			y.Label = differenceLabel
		}
		if box.Lowest {
			x.Label = "Sample size $k$"
		}
		if len(all) > 1 {
			box.Top += chart.PanelTitle
		}
		in, err := chart.NewPanel(s, box.Frame, x, y)
		if err != nil {
			return err
		}
		if len(all) > 1 {
			in.Above(p.Series[i].Apart(p.Series))
		}
		if d.collapsed() {
			in.Say("collapsed, all differences 0")
		} else {
			drawTrueCurve(in, d, mean, filter, closed, spread)
			in.Corner(`$\text{MAD} = ` + chart.Short(d.summary.MAD) + `$`)
		}
		in.DrawAxes()
	}
	return nil
}

// drawTrueCurve draws the mean at the places of the band only: all of them would be
// thousands of points on the last decade of a log axis.
func drawTrueCurve(p *chart.Panel, d differences, mean, filter, closed drawing.Stroke, spread color.NRGBA) {
	p.Band(d.bandK, d.low, d.high, spread)
	p.Curve(d.k, d.ema, filter)
	at := make([]float64, len(d.bandK))
	form := make([]float64, len(d.bandK))
	for i, k := range d.bandK {
		at[i] = d.mean[int(k)-1]
		form[i] = d.summary.MAD / (k + 1)
	}
	p.Curve(d.bandK, at, mean)
	p.Curve(d.bandK, form, closed)
}

// trueTitle names what the networks share.
func (p Params) trueTitle() string { return p.title(chart.Shape(p.Series)...) }

func (p Params) truePrint() string {
	return "the change of the mean loss without a filter" + chart.Trained(p.Series)
}
