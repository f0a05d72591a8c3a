package figures

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// publishedEMA is the factor of the paper's moving average.
const publishedEMA = 0.99

// column holds the networks with one value of what a panel varies.
type column struct {
	value     int
	mad       []float64
	collapsed int
	published float64 // of the paper's curve; 0 if it has none
}

// drawMADGrid draws the MAD of the losses over h and over num_layers: one mark
// per seed, the median, a band over seeds, and the paper's curves as the MAD that
// they imply.
func drawMADGrid(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var overWidth, overDepth []column
	for _, n := range p.Networks {
		l, err := read[artifact.LossSummary](inputs, "losses/summary", n)
		if err != nil {
			return err
		}
		if n.NumLayers == p.AtNumLayers {
			overWidth = addTo(overWidth, n.HiddenSize, l.Sample.MAD)
		}
		if n.HiddenSize == p.AtHiddenSize {
			overDepth = addTo(overDepth, n.NumLayers, l.Sample.MAD)
		}
	}
	if len(overWidth) == 0 || len(overDepth) == 0 {
		return fmt.Errorf("no network with num_layers = %d or none with hidden_size = %d", p.AtNumLayers, p.AtHiddenSize)
	}
	for _, columns := range [][]column{overWidth, overDepth} {
		slices.SortFunc(columns, func(a, b column) int { return a.value - b.value })
	}
	if p.Published {
		for _, panel := range []struct {
			figure  string
			columns []column
		}{{published.HiddenSize, overWidth}, {published.NumLayers, overDepth}} {
			for i := range panel.columns {
				var err error
				if panel.columns[i].published, err = p.publishedMAD(p.Dataset, p.Input, panel.figure, panel.columns[i].value); err != nil {
					return err
				}
			}
		}
	}

	paint := chart.Palette[0]
	spread := chart.Shade(paint, 45)
	median := drawing.Stroke{Color: paint, Width: 1.1}
	most, seeds, published, all := 0.0, 0, false, append(append([]column(nil), overWidth...), overDepth...)
	for _, c := range all {
		seeds = max(seeds, len(c.mad))
		published = published || c.published > 0
		for _, v := range c.mad {
			most = max(most, v)
		}
		most = max(most, c.published)
	}
	entries := []chart.Entry{
		{Text: "one network", Key: chart.MarkKey(chart.Disc, chart.Shade(paint, 110), drawing.Stroke{}), Slim: true},
		{Text: "median", Key: chart.StrokeKey(median)},
	}
	rank := ranked(all)
	if rank {
		entries = append(entries, chart.Entry{Text: "95 % rank band of the seeds", Key: chart.BandKey(spread)})
	} else if seeds > 1 {
		entries = append(entries, chart.Entry{Text: "range of the seeds", Key: chart.BandKey(spread)})
	}
	if published {
		entries = append(entries, chart.Entry{Text: p.asPublished(), Key: chart.OpenKey(chart.Diamond, chart.Palette[3]), Slim: true})
	}
	var dead []string
	for i, c := range all {
		if c.collapsed > 0 {
			label := chart.WidthLabel(c.value)
			if i >= len(overWidth) {
				label = chart.DepthLabel(c.value)
			}
			dead = append(dead, fmt.Sprintf("%s (%d of %d)", label, c.collapsed, len(c.mad)))
		}
	}
	entries = append(entries, s.Remarks(dead, "collapsed, MAD 0")...)
	small := "mean absolute deviation of the losses on the training sample"
	if k, ok := chart.Common(p.Networks, func(s artifact.Network) int { return s.SampleSize }); ok {
		small += "; trained on " + chart.Plural(k, "object")
	}
	top := s.Heading(chart.Title(p.Dataset, p.Input), small+", "+chart.Plural(seeds, "seed"), entries)

	y := chart.LinearAxis("MAD", 0, max(most, 1e-9))
	page := s.Page(top)
	page.Top += chart.PanelTitle
	left, right := page, page
	left.Right = float64((page.Left+page.Right)/2) + chart.LabelSize
	right.Left = left.Right + chart.PanelGap
	for i, panel := range []struct {
		chart.Frame
		columns      []column
		label, title string
	}{
		{left, overWidth, "hidden size $h$", chart.DepthLabel(p.AtNumLayers)},
		{right, overDepth, "num_layers", chart.WidthLabel(p.AtHiddenSize)},
	} {
		x := chart.Axis{Label: panel.label, Low: 0.5, High: float64(len(panel.columns)) + 0.5}
		for j, c := range panel.columns {
			x.Marks = append(x.Marks, chart.Tick{Value: float64(j + 1), Label: strconv.Itoa(c.value)})
		}
		vertical := y
		if i > 0 {
			vertical.Label = ""
		}
		in, err := chart.NewPanel(s, panel.Frame, x, vertical)
		if err != nil {
			return err
		}
		drawColumns(in, panel.columns, 0, rank, true)
		in.Above(panel.title)
		in.DrawAxes()
	}
	return nil
}

// addTo adds a network to the column of its value.
func addTo(columns []column, value int, mad float64) []column {
	for i := range columns {
		if columns[i].value == value {
			columns[i].add(mad)
			return columns
		}
	}
	c := column{value: value}
	c.add(mad)
	return append(columns, c)
}

func (c *column) add(mad float64) {
	c.mad = append(c.mad, mad)
	if mad == 0 {
		c.collapsed++
	}
}

// ranked reports whether all columns have enough seeds for a central 95 % rank
// band.
func ranked(columns []column) bool {
	for _, c := range columns {
		if _, ok := stats.RankBand(c.mad, 0.95); !ok {
			return false
		}
	}
	return true
}

// band is the rank band of the seeds, or their range.
func (c column) band(rank bool) (low, high float64) {
	if b, ok := stats.RankBand(c.mad, 0.95); rank && ok {
		return b.Low, b.High
	}
	return slices.Min(c.mad), slices.Max(c.mad)
}

// publishedMAD is the MAD that the last point of a published curve implies, at what
// the figure holds fixed: 0 if the paper shows none.
func (p Params) publishedMAD(dataset, input, figure string, value int) (float64, error) {
	paper, _ := published.Panel(dataset)
	n := published.Name{
		Mode: map[string]string{"direct": published.Direct, "features": published.Extraction}[input], Dataset: paper, Figure: figure,
		HiddenSize: p.AtHiddenSize, NumLayers: p.AtNumLayers,
	}
	if figure == published.HiddenSize {
		n.HiddenSize = value
	} else {
		n.NumLayers = value
	}
	c, ok, err := published.Published(n)
	if err != nil || !ok {
		return 0, err
	}
	last := len(c.K) - 1
	// The same filter on 1/(k+1), which is E|L_{k+1} − L_k|/MAD.
	filtered := 0.5
	for k := 2; k <= c.K[last]; k++ {
		filtered = float64(publishedEMA*filtered) + float64((1-publishedEMA)/float64(k+1))
	}
	return c.EMA[last] / filtered, nil
}

// drawColumns draws band, median and published points of columns that begin after a
// place on the x axis, and a mark for each network if they are wanted. A column
// without networks has its published point alone.
func drawColumns(in *chart.Panel, columns []column, after float64, rank, marks bool) {
	paint := chart.Palette[0]
	var at, low, high, middle []float64
	for i, c := range columns {
		if len(c.mad) == 0 {
			continue
		}
		from, to := c.band(rank)
		at, low, high = append(at, after+float64(i+1)), append(low, from), append(high, to)
		middle = append(middle, chart.Median(c.mad))
	}
	if len(at) > 1 {
		in.Band(at, low, high, chart.Shade(paint, 45))
	}
	var line []drawing.Point
	for i, v := range middle {
		line = append(line, in.Point(at[i], v))
	}
	for i, c := range columns {
		for j, v := range c.mad {
			if !marks {
				break
			}
			point := in.Point(after+float64(i+1), v)
			// Side by side, just far enough apart to be counted.
			point.X += float64(1.3 * float64(j%5-2))
			if len(c.mad) < 5 {
				point.X = in.X.At(after + float64(i+1))
			}
			in.Fill(chart.Disc(point), chart.Shade(paint, 110))
		}
	}
	in.Stroke(drawing.Polyline(line...), drawing.Stroke{Color: paint, Width: 1.1})
	for i, c := range columns {
		if c.published > 0 {
			in.Open(chart.Diamond, in.Point(after+float64(i+1), c.published), chart.Palette[3])
		}
	}
}
