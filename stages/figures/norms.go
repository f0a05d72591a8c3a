package figures

import (
	"fmt"
	"image/color"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
)

// normed are the networks of one size: what was measured of each on its batch, and of
// some on the whole sample.
type normed struct {
	h, depth     int
	batch, whole []artifact.Norms
	published    []published.ThesisPoint
}

// over returns, at each epoch, the least, the median and the largest of a number.
func over(of []artifact.Norms, value func(artifact.NormsPoint) float64) (epochs, low, middle, high []float64) {
	for i, p := range of[0].Points {
		var values []float64
		for _, n := range of {
			if i < len(n.Points) && n.Points[i].Epoch == p.Epoch {
				values = append(values, value(n.Points[i]))
			}
		}
		epochs = append(epochs, float64(p.Epoch))
		low, middle, high = append(low, slices.Min(values)), append(middle, chart.Median(values)), append(high, slices.Max(values))
	}
	return epochs, low, middle, high
}

func hessianNorm(p artifact.NormsPoint) float64     { return p.Hessian }
func gaussNewtonNorm(p artifact.NormsPoint) float64 { return p.GaussNewton }
func frobeniusBound(p artifact.NormsPoint) float64  { return p.FrobeniusBound }
func spectralBound(p artifact.NormsPoint) float64   { return p.SpectralBound }

// The lines of norms_over_epochs.
var (
	normStroke      = chart.Stroke(paintH, 1.2)
	gaussNormStroke = drawing.Stroke{Color: paintG, Width: 1.1, Dash: dashed}
	wholeStroke     = chart.Stroke(chart.Black, 0.9)
)

// drawNormsOverEpochs draws ‖H‖ and ‖G‖ over the epochs, one panel per network: num_layers
// downwards, h to the right, with the thesis's values; and below, for each num_layers, the
// bound with the largest Frobenius norm and with the largest spectral norm.
func drawNormsOverEpochs(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	sizes, dead, err := p.normed(inputs)
	if err != nil {
		return err
	}
	var widths, depths []int
	var norms, bounds chart.Extent
	whole, drawn, last, seeds := false, false, 1, 0
	for _, n := range sizes {
		widths, depths = append(widths, n.h), append(depths, n.depth)
		whole, drawn, seeds = whole || len(n.whole) > 0, drawn || len(n.published) > 0, max(seeds, len(n.batch))
		for _, r := range slices.Concat(n.batch, n.whole) {
			for _, x := range r.Points {
				last = max(last, x.Epoch)
				norms.Take([]float64{x.Hessian, x.GaussNewton})
				bounds.Take([]float64{x.FrobeniusBound, x.SpectralBound, x.GaussNewton})
			}
		}
		for _, x := range n.published {
			norms.TakeOne(x.Hessian)
			bounds.TakeOne(x.Bound)
		}
	}
	slices.Sort(widths)
	slices.Sort(depths)
	widths, depths = slices.Compact(widths), slices.Compact(depths)

	objects := sizes[0].batch[0].Objects
	entries := []chart.Entry{
		{Text: `$\|H\|_2$`, Key: chart.StrokeKey(normStroke)},
		{Text: `$\|G\|_2$`, Key: chart.StrokeKey(gaussNormStroke)},
	}
	if seeds > 1 {
		entries = append(entries, chart.Entry{Text: `range of $\|H\|_2$`, Key: chart.BandKey(chart.Shade(paintH, 45))})
	}
	if whole {
		entries = append(entries, chart.Entry{Text: `$\|H\|_2$ on the whole sample`, Key: chart.StrokeKey(wholeStroke)})
	}
	if drawn {
		entries = append(entries, chart.Entry{Text: "as the thesis published", Key: chart.OpenKey(chart.Diamond, chart.Palette[3]), Slim: true})
	}
	entries = append(entries,
		chart.Entry{Text: "bound, Frobenius norms", Key: chart.StrokeKey(chart.Stroke(chart.Grey, 1.1))},
		chart.Entry{Text: "bound, spectral norms", Key: chart.StrokeKey(drawing.Stroke{Color: chart.Grey, Width: 1, Dash: dashed})},
		chart.Entry{Text: `what it bounds, $\|G\|_2$`, Key: chart.StrokeKey(drawing.Stroke{Color: chart.Grey, Width: 1, Dash: dotted})},
	)
	for i, h := range widths {
		entries = append(entries, chart.Entry{Text: chart.WidthLabel(h), Key: chart.StrokeKey(chart.Stroke(chart.Line(i).Color, 1.1))})
	}
	entries = append(entries, s.Remarks(dead, "collapsed, all norms 0")...)
	top := s.Heading(p.title(), fmt.Sprintf("norms on %s, median of %s, epoch 0 before the first step; below, the bound in the colour of $h$",
		chart.Plural(objects, "random object"), chart.Plural(seeds, "seed"))+trained(p.Networks), entries)
	page := s.Page(top)
	page.Top += chart.PanelTitle
	upper, lower := page, page
	upper.Bottom = page.Top + float64(float64(page.Bottom-page.Top)*float64(len(depths))/float64(len(depths)+1)) - chart.PanelTitle/2
	lower.Top = upper.Bottom + 1.5*chart.PanelTitle
	x := chart.LinearAxis("", 0, float64(last))
	x.Most = 4
	low, high := norms.Positive()
	y := chart.LogAxis("", low, high)
	y.Most = 4
	y.Room = s.TickWidth(y)
	err = bySize(s, upper, widths, depths, x, y, func(h, depth int) func(*chart.Panel) {
		at := slices.IndexFunc(sizes, func(n *normed) bool { return n.h == h && n.depth == depth })
		if at < 0 {
			return nil
		}
		return sizes[at].drawNorms
	})
	if err != nil {
		return err
	}
	low, high = bounds.Positive()
	y = chart.LogAxis("", low, high)
	y.Most = 5
	y.Room = s.TickWidth(y)
	x.Label = "epoch"
	width := (lower.Right - lower.Left) / float64(len(depths))
	for i, depth := range depths {
		frame := chart.Frame{Left: lower.Left + float64(float64(i)*width), Top: lower.Top, Bottom: lower.Bottom}
		frame.Right = frame.Left + width - 4
		in, err := chart.NewPanel(s, frame, x, y)
		if err != nil {
			return err
		}
		in.Above("the bound, num_layers = " + fmt.Sprint(depth))
		for _, n := range sizes {
			if n.depth == depth {
				n.drawBounds(in, chart.Line(slices.Index(widths, n.h)).Color)
			}
		}
		in.DrawAxes()
	}
	return nil
}

// drawNorms draws the norms of the networks of one size.
func (n *normed) drawNorms(in *chart.Panel) {
	epochs, low, h, high := over(n.batch, hessianNorm)
	_, _, g, _ := over(n.batch, gaussNewtonNorm)
	if len(n.batch) > 1 {
		in.Band(epochs, low, high, chart.Shade(paintH, 45))
	}
	if len(n.whole) > 0 {
		at, _, whole, _ := over(n.whole, hessianNorm)
		in.Curve(at, whole, wholeStroke)
	}
	in.Curve(epochs, h, normStroke)
	in.Curve(epochs, g, gaussNormStroke)
	for _, x := range n.published {
		in.Open(chart.Diamond, in.Point(float64(x.Epoch), x.Hessian), chart.Palette[3])
	}
}

// drawBounds draws both bounds of the networks of one size and what they bound.
func (n *normed) drawBounds(in *chart.Panel, c color.NRGBA) {
	for _, line := range []struct {
		value  func(artifact.NormsPoint) float64
		stroke drawing.Stroke
	}{
		{frobeniusBound, chart.Stroke(c, 1.1)}, {spectralBound, drawing.Stroke{Color: c, Width: 1, Dash: dashed}},
		{gaussNewtonNorm, drawing.Stroke{Color: c, Width: 1, Dash: dotted}},
	} {
		at, _, values, _ := over(n.batch, line.value)
		in.Curve(at, values, line.stroke)
	}
	for _, x := range n.published {
		in.Open(chart.Diamond, in.Point(float64(x.Epoch), x.Bound), chart.Palette[3])
	}
}

// normed gathers the networks by their size, with the thesis's points of each.
// It names those that have no curvature.
func (p Params) normed(inputs map[string][]byte) (list []*normed, dead []string, err error) {
	for _, n := range p.Networks {
		at := slices.IndexFunc(list, func(x *normed) bool { return x.h == n.HiddenSize && x.depth == n.NumLayers })
		if at < 0 {
			at = len(list)
			list = append(list, &normed{h: n.HiddenSize, depth: n.NumLayers})
		}
		r, err := read[artifact.Norms](inputs, "norms_batch/norms", n)
		if err != nil {
			return nil, nil, err
		}
		if len(r.Points) == 0 {
			return nil, nil, fmt.Errorf("input %s has no point", n.Result("norms_batch/norms"))
		}
		if !slices.ContainsFunc(r.Points, func(x artifact.NormsPoint) bool { return x.Hessian > 0 }) {
			dead = append(dead, name(n, p.Networks))
		}
		x := list[at]
		x.batch = append(x.batch, r)
		if inputs[n.Result("norms/norms")] != nil {
			if r, err = read[artifact.Norms](inputs, "norms/norms", n); err != nil {
				return nil, nil, err
			}
			if len(r.Points) == 0 {
				return nil, nil, fmt.Errorf("input %s has no point", n.Result("norms/norms"))
			}
			x.whole = append(x.whole, r)
		}
		if !p.Published || len(x.batch) > 1 || n.Dataset != published.ThesisDataset || n.SampleSize != published.ThesisSampleSize || !n.Bias {
			continue
		}
		for _, point := range r.Points {
			if t, ok, err := published.Thesis(n.NumLayers+2, n.HiddenSize, point.Epoch); err != nil {
				return nil, nil, err
			} else if ok {
				x.published = append(x.published, t)
			}
		}
	}
	return list, dead, nil
}
