package figures

import (
	"fmt"
	"image/color"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/vector"
)

// trained is a network of the sample-size experiment.
type trained struct {
	Series
	result.LossSummary
}

// drawMADOverK draws the mean absolute deviation of the losses over the size of
// the training sample: a mark for each seed and the median of the seeds, of
// the losses on the sample and of those of all objects.
func drawMADOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var networks []trained
	var k, mad chart.Extent
	for _, n := range p.Series {
		l, err := readSummary[result.LossSummary](inputs, InputLosses+n.Network)
		if err != nil {
			return err
		}
		if l.Sample.Objects != n.SampleSize {
			return fmt.Errorf("input %s%s has a sample of %d objects, want %d", InputLosses, n.Network, l.Sample.Objects, n.SampleSize)
		}
		networks = append(networks, trained{n, l})
		k.Take([]float64{float64(n.SampleSize)})
		mad.Take([]float64{l.Sample.MAD, l.All.MAD})
	}
	sample := look{paint: chart.Palette[0], mark: chart.Disc, shift: -2.4, value: func(t trained) float64 { return t.Sample.MAD }}
	all := look{paint: chart.Palette[3], mark: chart.Square, shift: 2.4, dash: []float64{3.5, 1.8}, value: func(t trained) float64 { return t.All.MAD }}

	objects := chart.Count(networks[0].All.Objects)
	entries := []chart.Entry{
		{Text: "over the $k$ training objects", Key: sample.key()},
		{Text: "over all " + objects + " objects", Key: all.key()},
	}
	entries = append(entries, nameDead(s, networks)...)
	top := s.Heading(
		p.title(chart.WidthLabel(p.Series[0].HiddenSize), chart.DepthLabel(p.Series[0].NumLayers)),
		"networks trained on the first $k$ objects: a mark for each seed, a line through the medians",
		entries)

	x := chart.LogAxis("Sample size $k$", k.Low, k.High)
	x.Counts = true
	_, high := mad.Positive()
	in, err := chart.NewPanel(s, s.Page(top), x,
		chart.LinearAxis(`$\text{MAD} = \mean |\ell_i - \mean \ell|$`, 0, high))
	if err != nil {
		return err
	}
	for _, l := range []look{all, sample} {
		drawMedians(in, networks, l)
	}
	for _, l := range []look{all, sample} {
		drawMarks(in, networks, l)
	}
	in.DrawAxes()
	return nil
}

// look is how one of the two deviations is drawn.
type look struct {
	paint color.NRGBA
	mark  chart.Mark
	shift float64 // to the side in points, so that the two do not hide each other
	dash  []float64
	value func(trained) float64
}

func (l look) stroke() vector.Stroke {
	return vector.Stroke{Color: l.paint, Width: 1.1, Dash: l.dash}
}

func (l look) key() func(*chart.Sheet, vector.Point, float64) {
	return chart.MarkKey(l.mark, l.paint, l.stroke())
}

// drawMarks draws one mark for each network.
func drawMarks(p *chart.Panel, networks []trained, l look) {
	for _, n := range networks {
		at := vector.Point{X: p.X.At(float64(n.SampleSize)) + l.shift, Y: p.Y.At(l.value(n))}
		p.Fill(l.mark(at), chart.Shade(l.paint, 140))
	}
}

// drawMedians draws the line through the medians of the networks of each sample
// size.
func drawMedians(p *chart.Panel, networks []trained, l look) {
	var sizes []int
	values := make(map[int][]float64)
	for _, n := range networks {
		if values[n.SampleSize] == nil {
			sizes = append(sizes, n.SampleSize)
		}
		values[n.SampleSize] = append(values[n.SampleSize], l.value(n))
	}
	slices.Sort(sizes)
	var through []vector.Point
	for _, k := range sizes {
		through = append(through, vector.Point{X: p.X.At(float64(k)) + l.shift, Y: p.Y.At(chart.Median(values[k]))})
	}
	p.Stroke(vector.Polyline(through...), l.stroke())
}

// nameDead names the networks that have collapsed.
func nameDead(s *chart.Sheet, networks []trained) []chart.Entry {
	var names []string
	for _, n := range networks {
		if n.All.MAD == 0 {
			names = append(names, chart.SizeLabel(n.SampleSize)+" "+chart.SeedLabel(n.Seed))
		}
	}
	return s.Remarks(names, "collapsed, all losses equal")
}
