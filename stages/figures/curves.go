package figures

import (
	"fmt"
	"image/color"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// differences are the outputs of the stage of that name for a network.
type differences struct {
	k, mean, ema []float64 // the curve, k = 1, 2, …
	bandK        []float64 // where the band is taken; nil unless it was asked for
	low, high    []float64
	summary      artifact.DifferenceSummary
}

const differenceLabel = `$|\mathcal{L}_{k+1}(\theta) - \mathcal{L}_k(\theta)|$`

// collapsed reports whether all differences are zero, because all losses are
// equal: the network has died.
func (d differences) collapsed() bool {
	for _, v := range d.mean {
		if v != 0 {
			return false
		}
	}
	return true
}

func readDifferences(inputs map[string][]byte, network artifact.Network, band bool) (differences, error) {
	var d differences
	rows, err := readRows(inputs, "differences/curve", network)
	if err != nil {
		return d, err
	}
	d.k, d.mean, d.ema = rows[0], rows[1], rows[2]
	if d.summary, err = read[artifact.DifferenceSummary](inputs, "differences/summary", network); err != nil {
		return d, err
	}
	if len(d.k) != d.summary.Objects-1 {
		return d, fmt.Errorf("input %s has %d differences, but its summary is of %d objects", network.Result("differences/curve"), len(d.k), d.summary.Objects)
	}
	if !band {
		return d, nil
	}
	if rows, err = readRows(inputs, "differences/band", network); err != nil {
		return d, err
	}
	d.bandK, d.low, d.high = rows[0], rows[1], rows[2]
	if last := d.bandK[len(d.bandK)-1]; last > float64(len(d.k)) {
		return d, fmt.Errorf("input %s goes to k = %v, beyond the curve's %d", network.Result("differences/band"), last, len(d.k))
	}
	return d, nil
}

// readRows reads three rows: ascending k from 1 and two rows of finite values that
// are not negative.
func readRows(inputs map[string][]byte, result string, network artifact.Network) (rows [3][]float64, err error) {
	name := network.Result(result)
	values, shape, err := readValues(inputs, result, network, 3, -1)
	if err != nil {
		return rows, err
	}
	n := shape[1]
	if n == 0 {
		return rows, fmt.Errorf("input %s has no columns", name)
	}
	for i := range rows {
		rows[i] = values[i*n : (i+1)*n]
	}
	for i, k := range rows[0] {
		if !(k >= 1 && k <= 1e9) || k != math.Floor(k) || i > 0 && k <= rows[0][i-1] {
			return rows, fmt.Errorf("input %s: k is %v in column %d: want ascending whole numbers", name, k, i)
		}
		for _, row := range rows[1:] {
			if v := row[i]; v < 0 {
				return rows, fmt.Errorf("input %s: %v at k = %v is negative", name, v, k)
			}
		}
	}
	return rows, nil
}

// drawTrueDifference draws the curve without the filter.
func drawTrueDifference(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	d, err := readDifferences(inputs, p.Networks[0], true)
	if err != nil {
		return err
	}
	var r, k chart.Extent
	r.Take(d.mean)
	r.Take(d.ema)
	r.Take(d.high)
	k.Take(d.k)
	low, high := r.Positive()
	// The lower edge of a band may reach zero: the axis ends before.
	floor := low / 4
	for _, v := range d.low {
		low = min(low, max(v, floor))
	}

	mean := drawing.Stroke{Color: chart.Palette[0], Width: 0.9}
	spread := chart.Shade(chart.Palette[0], 45)
	filter := drawing.Stroke{Color: chart.Palette[3], Width: 0.8}
	closed := drawing.Stroke{Color: chart.Black, Width: 0.9, Dash: []float64{4, 2.2}}
	top := s.Heading(p.title(), "the change of the mean loss without a filter"+trained(p.Networks), []chart.Entry{
		{Text: "mean of " + chart.Plural(d.summary.Permutations, "random order"), Key: chart.StrokeKey(mean)},
		{Text: "95 % of the orders", Key: chart.BandKey(spread)},
		{Text: `$\text{MAD}/(k+1)$`, Key: chart.StrokeKey(closed)},
		{Text: fmt.Sprintf("the paper’s moving average, factor %v", d.summary.EMA), Key: chart.StrokeKey(filter)},
	})
	x := chart.Axis{Label: "Sample size $k$", Low: 1, High: max(k.High+1, 10), Log: true, Counts: true}
	in, err := chart.NewPanel(s, s.Page(top), x, chart.LogAxis(differenceLabel, low, high))
	if err != nil {
		return err
	}
	if d.collapsed() {
		in.Message("collapsed, all differences 0")
	} else {
		drawTrueCurve(in, d, mean, filter, closed, spread)
		in.Corner(`$\text{MAD} = ` + chart.Short(d.summary.MAD) + `$`)
	}
	in.DrawAxes()
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
