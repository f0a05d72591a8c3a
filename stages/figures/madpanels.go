package figures

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
)

// The sizes that the paper's figures show.
var (
	publishedWidths = []int{4, 8, 16, 32, 64}
	publishedDepths = []int{1, 3, 5, 7, 10}
)

// madPanel is one of the paper's panels: a data set with pixels or features.
type madPanel struct {
	dataset, input       string // of our networks, where there are any
	overWidth, overDepth []column
	networks, dead       int // of ours
}

// drawMADPanels draws the MAD over h and over num_layers of all the paper's panels on
// one page: its points, and the median and the band of the seeds of a run. A panel
// whose data set or input is not in the run has the paper's points alone.
func drawMADPanels(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var panels []*madPanel
	rank := true
	for _, input := range []string{"direct", "features"} {
		for _, dataset := range published.Datasets {
			m, err := p.madPanel(inputs, dataset, input)
			if err != nil {
				return err
			}
			panels = append(panels, m)
			if m.networks > 0 {
				rank = rank && ranked(slices.Concat(m.overWidth, m.overDepth))
			}
		}
	}
	most, dead := 0.0, []string{}
	for _, m := range panels {
		for _, c := range slices.Concat(m.overWidth, m.overDepth) {
			most = max(most, c.published)
			if len(c.mad) > 0 {
				_, high := c.band(rank)
				most = max(most, high)
			}
		}
		if m.dead > 0 {
			dead = append(dead, fmt.Sprintf("%s (%d of %d)", chart.Title(m.dataset, m.input), m.dead, m.networks))
		}
	}
	paint := chart.Palette[0]
	band := "range of the seeds"
	if rank {
		band = "95 % rank band of the seeds"
	}
	entries := []chart.Entry{
		{Text: "median of our seeds", Key: chart.StrokeKey(chart.Stroke(paint, 1.1))},
		{Text: band, Key: chart.BandKey(chart.Shade(paint, 45))},
		{Text: "as published (Kiselev & Grabovoy, 2024)", Key: chart.OpenKey(chart.Diamond, chart.Palette[3]), Slim: true},
	}
	entries = append(entries, s.Remarks(dead, "networks that collapsed, MAD 0")...)
	small := fmt.Sprintf("mean absolute deviation of the losses on the training sample; left of each panel over the hidden size $h$ with %s, right over num_layers with %s",
		chart.DepthLabel(p.AtNumLayers), chart.WidthLabel(p.AtHiddenSize))
	top := s.Heading("What decides each of the paper’s curves: MAD over $h$ and num_layers", small, entries)
	page := s.Page(top)
	y := chart.LinearAxis("MAD", 0, max(float64(1.12*most), 1e-9)) // with room for a remark
	const columns = 4
	room := float64(chart.LabelSize + 5)
	width := float64((page.Right - page.Left - room - (columns-1)*chart.PanelGap) / columns)
	height := float64((page.Bottom - page.Top - chart.PanelGap) / 2)
	for i, m := range panels {
		outer := chart.Frame{Left: page.Left, Top: page.Top + float64(float64(i/columns)*(height+chart.PanelGap)) + chart.PanelTitle}
		outer.Bottom = outer.Top - chart.PanelTitle + height
		vertical := y
		if column := i % columns; column > 0 {
			outer.Left += room + float64(float64(column)*(width+chart.PanelGap))
			outer.Right = outer.Left + width
			vertical.Label = ""
		} else {
			outer.Right = outer.Left + room + width
		}
		if err := m.draw(s, outer, vertical, rank); err != nil {
			return err
		}
	}
	return nil
}

// madPanel gathers the paper's points of a panel and the networks of the run that
// belong there: those on its data set, or on one that stands in for it.
func (p Params) madPanel(inputs map[string][]byte, dataset, input string) (*madPanel, error) {
	m := &madPanel{dataset: dataset, input: input}
	own := func(n artifact.Network) bool { return n.Dataset == dataset && n.Input == input }
	instead := !slices.ContainsFunc(p.Networks, own)
	for _, n := range p.Networks {
		if paper, _ := published.Panel(n.Dataset); n.Input != input || paper != dataset || n.Dataset != dataset && !instead {
			continue
		}
		l, err := read[artifact.LossSummary](inputs, "losses/summary", n)
		if err != nil {
			return nil, err
		}
		m.dataset = n.Dataset
		m.networks++
		if l.Sample.MAD == 0 {
			m.dead++
		}
		if n.NumLayers == p.AtNumLayers {
			m.overWidth = addTo(m.overWidth, n.HiddenSize, l.Sample.MAD)
		}
		if n.HiddenSize == p.AtHiddenSize {
			m.overDepth = addTo(m.overDepth, n.NumLayers, l.Sample.MAD)
		}
	}
	for _, axis := range []struct {
		columns *[]column
		figure  string
		values  []int
	}{{&m.overWidth, published.HiddenSize, publishedWidths}, {&m.overDepth, published.NumLayers, publishedDepths}} {
		for _, v := range axis.values {
			if !slices.ContainsFunc(*axis.columns, func(c column) bool { return c.value == v }) {
				*axis.columns = append(*axis.columns, column{value: v})
			}
		}
		slices.SortFunc(*axis.columns, func(a, b column) int { return a.value - b.value })
		for i := range *axis.columns {
			c := &(*axis.columns)[i]
			var err error
			if c.published, err = p.publishedMAD(dataset, input, axis.figure, c.value); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// draw draws one panel, both axes side by side with a gap.
func (m *madPanel) draw(s *chart.Sheet, outer chart.Frame, y chart.Axis, rank bool) error {
	second := float64(len(m.overWidth)) + 1
	x := chart.Axis{Label: " ", Low: 0.4, High: second + float64(len(m.overDepth)) + 0.6}
	for i, c := range m.overWidth {
		x.Marks = append(x.Marks, chart.Tick{Value: float64(i + 1), Label: strconv.Itoa(c.value)})
	}
	for i, c := range m.overDepth {
		x.Marks = append(x.Marks, chart.Tick{Value: second + float64(i+1), Label: strconv.Itoa(c.value)})
	}
	in, err := chart.NewPanel(s, outer, x, y)
	if err != nil {
		return err
	}
	for _, half := range []struct {
		label string
		at    float64
	}{{"$h$", float64(second / 2)}, {"num_layers", float64((second + x.High) / 2)}} {
		s.DrawText(s.Set(half.label, chart.LabelSize), in.X.At(half.at), outer.Bottom-float64(0.3*chart.LabelSize), 0.5, chart.Black)
	}
	in.VerticalLine(second, chart.Stroke(chart.GridInk, 0.8))
	drawColumns(in, m.overWidth, 0, rank, false)
	drawColumns(in, m.overDepth, second, rank, false)
	in.Above(chart.Title(m.dataset, m.input))
	if m.networks == 0 {
		text := "published points alone: not in this run"
		l := s.Fit(text, chart.SubtitleSize, in.Inner.Right-in.Inner.Left)
		s.DrawText(l, in.Inner.Left+4, in.Inner.Top+l.Ascent+1, 0, chart.Grey)
	}
	in.DrawAxes()
	return nil
}
