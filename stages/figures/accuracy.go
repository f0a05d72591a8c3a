package figures

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// path is the accuracy of the networks of one width during their trainings: the mean
// over the seeds at each evaluation, with the standard deviation.
type path struct {
	label     string
	stroke    drawing.Stroke
	x         []float64
	mean, low []float64
	high      []float64
	published *published.AccuracyCurve
}

// drawAccuracyOverSize draws the accuracy on held-out objects over the training
// objects seen so far, as the authors do in their second experiment.
func drawAccuracyOverSize(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	return drawAccuracy(s, p, inputs, "training objects seen", "", func(_ artifact.Network, c artifact.HeldOutCurve) ([]float64, error) { return c.Seen, nil })
}

// drawAccuracyOverDifference draws the same accuracy over how much an object changes
// the mean loss of the trained network: the moving average at the k that was seen.
func drawAccuracyOverDifference(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	label := differenceLabel + ` at that $k$, moving average, last weights`
	return drawAccuracy(s, p, inputs, label, "; both axes are functions of the update", func(n artifact.Network, c artifact.HeldOutCurve) ([]float64, error) {
		d, err := readDifferences(inputs, n, false)
		if err != nil {
			return nil, err
		}
		x := make([]float64, len(c.Seen))
		for i, seen := range c.Seen {
			x[i] = d.ema[min(int(seen), len(d.ema))-1]
		}
		return x, nil
	})
}

// drawAccuracy draws one line per width over what x returns for each network.
func drawAccuracy(s *chart.Sheet, p Params, inputs map[string][]byte, label, note string, x func(artifact.Network, artifact.HeldOutCurve) ([]float64, error)) error {
	log := p.Figure == published.AccuracyOverDifference
	paths, collapsed, err := p.paths(inputs, log, x)
	if err != nil {
		return err
	}
	var extent chart.Extent
	var entries []chart.Entry
	seeds, drawn := p.seeds(), false
	for _, line := range paths {
		extent.Take(line.x)
		entries = append(entries, chart.Entry{Text: line.label, Key: chart.StrokeKey(line.stroke)})
		if line.published != nil {
			drawn = true
			extent.Take(line.published.X)
		}
	}
	if seeds > 1 {
		entries = append(entries, chart.Entry{Text: "± standard deviation", Key: chart.BandKey(seedShade(chart.Grey))})
	}
	if drawn {
		entries = append(entries, chart.Entry{Text: "as published by the authors, ± standard deviation of ten", Key: chart.StrokeKey(chart.Faint(chart.Grey))})
	}
	entries = append(entries, s.Remarks(collapsed, "seeds that collapsed, all differences 0")...)
	top := s.Heading(chart.Title(p.Dataset, p.Input, chart.DepthLabel(p.Networks[0].NumLayers)),
		"accuracy on held-out objects during training, mean of "+chart.Plural(seeds, "seed")+trained(p.Networks)+note, entries)
	horizontal := chart.LinearAxis(label, 0, max(extent.High, 5))
	if log {
		if len(paths) == 0 {
			extent.TakeOne(1)
		}
		low, high := extent.Positive()
		horizontal = chart.LogAxis(label, low, high)
	}
	in, err := chart.NewPanel(s, s.Page(top), horizontal, chart.LinearAxis("accuracy", 0, 1))
	if err != nil {
		return err
	}
	for _, line := range paths {
		if c := line.published; c != nil {
			low, high := make([]float64, len(c.X)), make([]float64, len(c.X))
			for i, mean := range c.Mean {
				low[i], high[i] = max(mean-c.Std[i], 0), min(mean+c.Std[i], 1)
			}
			in.Band(c.X, low, high, chart.Shade(line.stroke.Color, 25))
			in.Curve(c.X, c.Mean, chart.Faint(line.stroke.Color))
		}
	}
	for _, line := range paths {
		if seeds > 1 {
			in.Band(line.x, line.low, line.high, seedShade(line.stroke.Color))
		}
	}
	for _, line := range paths {
		in.Curve(line.x, line.mean, line.stroke)
	}
	if len(paths) == 0 {
		in.Message("all networks collapsed")
	}
	in.DrawAxes()
	return nil
}

// seeds is the largest number of networks of one width.
func (p Params) seeds() int {
	most, count := 0, map[int]int{}
	for _, n := range p.Networks {
		count[n.HiddenSize]++
		most = max(most, count[n.HiddenSize])
	}
	return most
}

// paths gathers the networks by their width, in order. Where x is on a log axis,
// networks whose x is 0 are left out and named.
func (p Params) paths(inputs map[string][]byte, log bool, x func(artifact.Network, artifact.HeldOutCurve) ([]float64, error)) (paths []path, collapsed []string, err error) {
	var widths []int
	of := map[int][]artifact.Network{}
	for _, n := range p.Networks {
		if of[n.HiddenSize] == nil {
			widths = append(widths, n.HiddenSize)
		}
		of[n.HiddenSize] = append(of[n.HiddenSize], n)
	}
	for i, h := range widths {
		line := path{label: chart.WidthLabel(h), stroke: chart.Line(i)}
		var xs, ys [][]float64
		lost := 0
		for _, n := range of[h] {
			name := n.Result("held_out_curve/curve")
			c, err := artifact.ReadHeldOutCurve(inputs, name)
			if err != nil {
				return nil, nil, err
			}
			at, err := x(n, c)
			if err != nil {
				return nil, nil, err
			}
			if len(ys) > 0 && len(ys[0]) != len(c.Accuracy) {
				return nil, nil, fmt.Errorf("input %s has %d evaluations, that of another seed %d", name, len(c.Accuracy), len(ys[0]))
			}
			if log && !(at[len(at)-1] > 0) {
				lost++
				continue
			}
			xs, ys = append(xs, at), append(ys, c.Accuracy)
		}
		if lost > 0 {
			collapsed = append(collapsed, fmt.Sprintf("%s (%d of %d)", line.label, lost, len(of[h])))
		}
		if len(ys) == 0 {
			continue
		}
		values := make([]float64, len(ys))
		at := func(rows [][]float64, i int) (mean, deviation float64) {
			for j, row := range rows {
				values[j] = row[i]
			}
			return stats.Moments(values)
		}
		for i := range ys[0] {
			across, _ := at(xs, i)
			mean, deviation := at(ys, i)
			line.x, line.mean = append(line.x, across), append(line.mean, mean)
			line.low, line.high = append(line.low, math.Max(mean-deviation, 0)), append(line.high, math.Min(mean+deviation, 1))
		}
		if n := len(line.x); line.x[0] > line.x[n-1] { // curves are drawn from the left to the right
			for _, list := range [][]float64{line.x, line.mean, line.low, line.high} {
				slices.Reverse(list)
			}
		}
		if n := of[h][0]; p.Published && p.Input == artifact.UsualInput && n.SampleSize == published.AccuracySampleSize {
			c, ok, err := published.Accuracy(p.Dataset, p.Figure, n.HiddenSize, n.NumLayers)
			if err != nil {
				return nil, nil, err
			}
			if ok {
				line.published = &c
			}
		}
		paths = append(paths, line)
	}
	return paths, collapsed, nil
}
