package figures

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
)

// group is the networks of one value of what a figure varies: they share a
// colour, a legend entry and a published curve.
type group struct {
	label     string
	stroke    drawing.Stroke
	series    []Series
	curves    []differences
	published *published.Curve
}

const differenceLabel = `$|\mathcal{L}_{k+1}(\theta) - \mathcal{L}_k(\theta)|$`

// drawPaper draws hidden_size and num_layers as the paper does.
func drawPaper(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	groups, err := p.groups(inputs)
	if err != nil {
		return err
	}
	var r, k chart.Extent
	for _, g := range groups {
		for _, c := range g.curves {
			r.Take(c.ema)
			k.Take(c.k)
		}
		if g.published != nil {
			r.Take(g.published.EMA)
		}
	}

	fixed := chart.DepthLabel(p.Series[0].NumLayers)
	if p.Figure == NumLayers {
		fixed = chart.WidthLabel(p.Series[0].HiddenSize)
	}
	top := s.Heading(p.title(fixed), p.smallPrint(groups[0].curves[0]), describe(s, groups))
	low, high := r.Positive()
	y := chart.LogAxis(differenceLabel, low, high)
	x := chart.LinearAxis("Sample size $k$", 0, max(k.High, 5))
	in, err := chart.NewPanel(s, s.Page(top), x, y)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.published != nil {
			in.Curve(floats(g.published.K), g.published.EMA, chart.Faint(g.stroke.Color))
		}
	}
	for _, g := range groups {
		for _, c := range g.curves {
			in.Curve(c.k, c.ema, g.stroke)
		}
	}
	in.DrawAxes()
	return nil
}

// groups reads the curves and gathers them by the value that the figure
// varies, in the order of the series.
func (p Params) groups(inputs map[string][]byte) ([]group, error) {
	mode := map[string]string{"direct": published.Direct, "features": published.Extraction}[p.Input]
	var groups []group
	at := make(map[int]int)
	for _, s := range p.Series {
		value, label := s.HiddenSize, chart.WidthLabel(s.HiddenSize)
		if p.Figure == NumLayers {
			value, label = s.NumLayers, chart.DepthLabel(s.NumLayers)
		}
		i, ok := at[value]
		if !ok {
			i = len(groups)
			at[value] = i
			g := group{label: label, stroke: chart.Line(i)}
			if p.Published && s.SampleSize == published.SampleSize {
				c, ok, err := published.Published(published.Name{
					Mode: mode, Dataset: p.Dataset, Figure: p.Figure, HiddenSize: s.HiddenSize, NumLayers: s.NumLayers,
				})
				if err != nil {
					return nil, err
				}
				if ok {
					g.published = &c
				}
			}
			groups = append(groups, g)
		}
		d, err := readDifferences(inputs, s.Network, false)
		if err != nil {
			return nil, err
		}
		groups[i].series = append(groups[i].series, s)
		groups[i].curves = append(groups[i].curves, d)
	}
	return groups, nil
}

// describe returns the legend: the groups, the published curves, and remarks
// that name each curve that cannot be seen.
func describe(s *chart.Sheet, groups []group) []chart.Entry {
	var entries []chart.Entry
	var collapsed, missing []string
	published := false
	for _, g := range groups {
		alive := false
		for i, c := range g.curves {
			if !c.collapsed() {
				alive = true
				continue
			}
			text := g.label
			if len(g.curves) > 1 {
				text += " " + chart.SeedLabel(g.series[i].Seed)
			}
			collapsed = append(collapsed, text)
		}
		switch {
		case alive:
			entries = append(entries, chart.Entry{Text: g.label, Key: chart.StrokeKey(g.stroke)})
		case g.published != nil: // its colour still needs a name
			entries = append(entries, chart.Entry{Text: g.label, Key: chart.StrokeKey(chart.Faint(g.stroke.Color))})
		}
		if g.published == nil {
			missing = append(missing, g.label)
		}
		published = published || g.published != nil
	}
	if published {
		entries = append(entries, chart.Entry{Text: "as published (Kiselev & Grabovoy, 2024)", Key: chart.StrokeKey(chart.Faint(chart.Grey))})
	} else {
		missing = nil
	}
	entries = append(entries, s.Remarks(collapsed, "collapsed, all differences 0")...)
	return append(entries, s.Remarks(missing, "no curve in the paper")...)
}

// smallPrint says how the curves were made.
func (p Params) smallPrint(d differences) string {
	return fmt.Sprintf("mean of %s, moving average with factor %v", chart.Plural(d.summary.Permutations, "random order"), d.summary.EMA) + chart.Trained(p.Series)
}

func floats(k []int) []float64 {
	out := make([]float64, len(k))
	for i, v := range k {
		out[i] = float64(v)
	}
	return out
}
