package figures

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// trace is one line of each panel of curvature_over_epochs.
type trace struct {
	label  string
	of     func(artifact.TrajectoryPoint) float64
	stroke drawing.Stroke
}

var traces = []trace{
	{`$\|H\|_2$`, func(p artifact.TrajectoryPoint) float64 { return p.Hessian }, chart.Stroke(paintH, 1.2)},
	{`$\|G\|_2$`, func(p artifact.TrajectoryPoint) float64 { return p.GaussNewton }, drawing.Stroke{Color: paintG, Width: 1, Dash: dashed}},
	{`$\|H - G\|_2$`, func(p artifact.TrajectoryPoint) float64 { return p.HTerm }, drawing.Stroke{Color: paintR, Width: 1, Dash: dotted}},
	{"loss, nats", func(p artifact.TrajectoryPoint) float64 { return p.Loss }, chart.Stroke(chart.Grey, 0.9)},
}

// drawCurvatureOverEpochs draws the norms of H, G and R and the loss over the epochs
// of each training, one panel per network: num_layers downwards, h to the right.
func drawCurvatureOverEpochs(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var widths, depths []int
	var values chart.Extent
	var dead []string
	last := 0
	trajectories := map[[2]int][]artifact.Trajectory{}
	for _, n := range p.Networks {
		r, err := read[artifact.Trajectory](inputs, "trajectory/trajectory", n)
		if err != nil {
			return err
		}
		at := [2]int{n.HiddenSize, n.NumLayers}
		trajectories[at] = append(trajectories[at], r)
		if !slices.ContainsFunc(r.Points, func(x artifact.TrajectoryPoint) bool { return x.Hessian > 0 }) {
			dead = append(dead, name(n, p.Networks))
		}
		widths, depths = append(widths, n.HiddenSize), append(depths, n.NumLayers)
		for _, x := range r.Points {
			last = max(last, x.Epoch)
			for _, l := range traces {
				values.TakeOne(l.of(x))
			}
		}
	}
	slices.Sort(widths)
	slices.Sort(depths)
	widths, depths = slices.Compact(widths), slices.Compact(depths)
	var entries []chart.Entry
	for _, l := range traces {
		entries = append(entries, chart.Entry{Text: l.label, Key: chart.StrokeKey(l.stroke)})
	}
	entries = append(entries, s.Remarks(dead, "collapsed, all norms 0")...)
	entries = append(entries, chart.Entry{Note: true, Text: `in plain gradient descent $\|H\|_2$ rises to about $2/\eta$ (progressive sharpening); Adam scales each weight's step, so that $2/\eta$ is no limit here`})
	top := s.Heading(p.title(), "curvature of the mean loss after each epoch, 0 before the first step; norms to 0.1 %"+trained(p.Networks), entries)
	page := s.Page(top)
	page.Top += chart.PanelTitle
	low, high := values.Positive()
	y := chart.LogAxis("", low, high)
	y.Most = 4
	y.Room = s.TickWidth(y)
	x := chart.LinearAxis("", 0, float64(max(last, 1)))
	x.Most = 4
	return bySize(s, page, widths, depths, x, y, func(h, depth int) func(*chart.Panel) {
		shown := trajectories[[2]int{h, depth}]
		if shown == nil {
			return nil
		}
		return func(in *chart.Panel) {
			for _, r := range shown {
				for _, l := range slices.Backward(traces) {
					var at, line []float64
					for _, x := range r.Points {
						at, line = append(at, float64(x.Epoch)), append(line, l.of(x))
					}
					in.Curve(at, line, l.stroke)
				}
			}
		}
	})
}

// bySize draws a panel for each size of networks, num_layers downwards, h to the right,
// that has one, all with the same axes over the epochs.
func bySize(s *chart.Sheet, page chart.Frame, widths, depths []int, x, y chart.Axis, panel func(h, depth int) func(*chart.Panel)) error {
	const below = 2.4 * chart.LabelSize // the labels of the lowest row
	width := (page.Right - page.Left) / float64(len(widths))
	height := (page.Bottom - page.Top - below - float64(chart.PanelTitle*float64(len(depths)-1))) / float64(len(depths))
	for row, depth := range depths {
		for column, h := range widths {
			draw := panel(h, depth)
			if draw == nil {
				continue
			}
			axis := x
			frame := chart.Frame{Left: page.Left + float64(float64(column)*width), Top: page.Top + float64(float64(row)*(height+chart.PanelTitle))}
			frame.Right, frame.Bottom = frame.Left+width-4, frame.Top+height
			if axis.Bare = row+1 < len(depths); !axis.Bare {
				axis.Label, frame.Bottom = "epoch", frame.Bottom+below
			}
			in, err := chart.NewPanel(s, frame, axis, y)
			if err != nil {
				return err
			}
			in.Above(fmt.Sprintf("$h = %d$, num_layers = %d", h, depth))
			draw(in)
			in.DrawAxes()
		}
	}
	return nil
}
