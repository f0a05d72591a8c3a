package figures

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
)

// group holds the networks with one value of what a figure varies, one per seed.
// They share a colour, a legend entry and a published curve.
type group struct {
	label     string
	stroke    drawing.Stroke
	curves    []differences
	collapsed int // all differences are 0
	dead      int // networks some of whose objects get no signal, the collapsed ones included
	published *published.Curve
}

// median returns the curve of the median seed: the one whose last value has as
// many above as below it, the lower of the two middle ones.
func (g group) median() differences {
	byLast := slices.SortedStableFunc(slices.Values(g.curves), func(a, b differences) int {
		return cmp.Compare(a.ema[len(a.ema)-1], b.ema[len(b.ema)-1])
	})
	return byLast[(len(byLast)-1)/2]
}

// band returns, at some of the k, the range of the seeds that did not collapse;
// nothing for less than two of them.
func (g group) band() (k, low, high []float64) {
	alive := slices.DeleteFunc(slices.Clone(g.curves), differences.collapsed)
	if len(alive) < 2 {
		return nil, nil, nil
	}
	shortest := slices.MinFunc(alive, func(a, b differences) int { return cmp.Compare(len(a.k), len(b.k)) })
	const places = 400 // more than a page can show
	every := max(1, len(shortest.k)/places)
	values := make([]float64, len(alive))
	for i := 0; i < len(shortest.k); i += every {
		for j, c := range alive {
			values[j] = c.ema[i]
		}
		k, low, high = append(k, shortest.k[i]), append(low, slices.Min(values)), append(high, slices.Max(values))
	}
	return k, low, high
}

// drawOverHiddenSize draws the figure hidden_size as the paper does.
func drawOverHiddenSize(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	return drawPaper(s, p, inputs, chart.DepthLabel(p.Networks[0].NumLayers), func(n artifact.Network) (int, string) {
		return n.HiddenSize, chart.WidthLabel(n.HiddenSize)
	})
}

// drawOverNumLayers draws the figure num_layers as the paper does.
func drawOverNumLayers(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	return drawPaper(s, p, inputs, chart.WidthLabel(p.Networks[0].HiddenSize), func(n artifact.Network) (int, string) {
		return n.NumLayers, chart.DepthLabel(n.NumLayers)
	})
}

// drawPaper draws a figure over what varies. The function returns its value for a
// network, and a label; fixed names what does not vary.
func drawPaper(s *chart.Sheet, p Params, inputs map[string][]byte, fixed string, varies func(artifact.Network) (int, string)) error {
	groups, err := p.groups(inputs, varies)
	if err != nil {
		return err
	}
	var r, k chart.Extent
	for _, g := range groups {
		m := g.median()
		r.Take(m.ema)
		k.Take(m.k)
		_, low, high := g.band()
		r.Take(low)
		r.Take(high)
		if g.published != nil {
			r.Take(g.published.EMA)
		}
	}

	top := s.Heading(chart.Title(p.Dataset, p.Input, fixed), p.smallPrint(groups), describe(s, groups, p.asPublished()))
	low, high := r.Positive()
	y := chart.LogAxis(differenceLabel, low, high)
	x := chart.LinearAxis("Sample size $k$", 0, max(k.High, 5))
	in, err := chart.NewPanel(s, s.Page(top), x, y)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if at, low, high := g.band(); at != nil {
			in.Band(at, low, high, seedShade(g.stroke.Color))
		}
	}
	for _, g := range groups {
		if g.published != nil {
			in.Curve(floats(g.published.K), g.published.EMA, chart.Faint(g.stroke.Color))
		}
	}
	for _, g := range groups {
		m := g.median()
		in.Curve(m.k, m.ema, g.stroke)
	}
	in.DrawAxes()
	return nil
}

// seedShade is the colour of the band over seeds; bands of several groups overlap.
func seedShade(c color.NRGBA) color.NRGBA { return chart.Shade(c, 45) }

// groups reads the curves and gathers them by the value that the figure
// varies, in the order of the networks.
func (p Params) groups(inputs map[string][]byte, varies func(artifact.Network) (int, string)) ([]group, error) {
	mode := map[string]string{"direct": published.Direct, "features": published.Extraction}[p.Input]
	paper, _ := published.Panel(p.Dataset)
	var groups []group
	at := make(map[int]int)
	for _, s := range p.Networks {
		value, label := varies(s)
		i, ok := at[value]
		if !ok {
			i = len(groups)
			at[value] = i
			g := group{label: label, stroke: chart.Line(i)}
			if p.Published && s.SampleSize == published.SampleSize {
				c, ok, err := published.Published(published.Name{
					Mode: mode, Dataset: paper, Figure: p.Figure, HiddenSize: s.HiddenSize, NumLayers: s.NumLayers,
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
		d, err := readDifferences(inputs, s, false)
		if err != nil {
			return nil, err
		}
		l, err := read[artifact.LossSummary](inputs, "losses/summary", s)
		if err != nil {
			return nil, err
		}
		g := &groups[i]
		g.curves = append(g.curves, d)
		if d.collapsed() {
			g.collapsed++
		}
		if d.collapsed() || l.Sample.DeadFraction > 0 {
			g.dead++
		}
	}
	return groups, nil
}

// describe returns the legend: the groups, the published curves, the band, and
// remarks on curves that cannot be seen and on dead networks.
func describe(s *chart.Sheet, groups []group, asPublished string) []chart.Entry {
	var entries []chart.Entry
	var collapsed, dead, missing []string
	published, seeds, lost := false, 1, 0
	for _, g := range groups {
		seeds, lost = max(seeds, len(g.curves)), lost+g.collapsed
		switch {
		case !g.median().collapsed():
			entries = append(entries, chart.Entry{Text: g.label, Key: chart.StrokeKey(g.stroke)})
		case g.published != nil: // its colour still needs a name
			entries = append(entries, chart.Entry{Text: g.label, Key: chart.StrokeKey(chart.Faint(g.stroke.Color))})
		case g.collapsed < len(g.curves):
			entries = append(entries, chart.Entry{Text: g.label, Key: chart.BandKey(seedShade(g.stroke.Color))})
		}
		if n := len(g.curves); n > 1 && g.dead > 0 && g.collapsed < n {
			dead = append(dead, fmt.Sprintf("%s (%d of %d, %d collapsed)", g.label, g.dead, n, g.collapsed))
		}
		if g.median().collapsed() {
			collapsed = append(collapsed, g.label)
		}
		if g.published == nil {
			missing = append(missing, g.label)
		}
		published = published || g.published != nil
	}
	if seeds > 1 {
		text := "range of the seeds"
		if lost > 0 {
			text += " that did not collapse"
		}
		entries = append(entries, chart.Entry{Text: text, Key: chart.BandKey(seedShade(chart.Grey))})
	}
	if published {
		entries = append(entries, chart.Entry{Text: asPublished, Key: chart.StrokeKey(chart.Faint(chart.Grey))})
	} else {
		missing = nil
	}
	what := "collapsed, all differences 0"
	if seeds > 1 {
		what = "the median seed collapsed, all differences 0"
	}
	entries = append(entries, s.Remarks(collapsed, what)...)
	entries = append(entries, s.Remarks(dead, "seeds with dead layers")...)
	return append(entries, s.Remarks(missing, "no curve in the paper")...)
}

// asPublished names the paper's values in a legend. Beside a stand-in they are those
// of other objects.
func (p Params) asPublished() string {
	if paper, standIn := published.Panel(p.Dataset); standIn {
		return "as published of " + chart.DatasetName(paper) + ", for orientation"
	}
	return "as published (Kiselev & Grabovoy, 2024)"
}

// smallPrint says how the curves were made.
func (p Params) smallPrint(groups []group) string {
	d, seeds := groups[0].curves[0].summary, 1
	for _, g := range groups {
		seeds = max(seeds, len(g.curves))
	}
	text := fmt.Sprintf("mean of %s, moving average with factor %v", chart.Plural(d.Permutations, "random order"), d.EMA)
	if seeds > 1 {
		text = fmt.Sprintf("the median of %d seeds; ", seeds) + text
	}
	return text + trained(p.Networks)
}

func floats(k []int) []float64 {
	out := make([]float64, len(k))
	for i, v := range k {
		out[i] = float64(v)
	}
	return out
}
