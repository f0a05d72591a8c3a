package landscapes

import (
	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
)

// drawIncrementsOverK draws the norms of the Hessian of the first k objects, of
// the next object's and of their difference, at fixed weights, and of the
// difference of some other objects. The next object is another one at each k,
// so that a line through these would say nothing.
func drawIncrementsOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	d := &chart.Trend{Label: `$\|H_{k+1} - H^{(k)}\|_2$`, Paint: paintObject, Mark: chart.Diamond, Shift: -2.5, Single: true}
	others := &chart.Trend{Label: `$\|H_i - H^{(k)}\|_2$, other $i > k + 1$`, Paint: chart.Shade(paintObject, 110), Mark: chart.Diamond, Shift: -5.5, Single: true}
	one := &chart.Trend{Label: `$\|H_{k+1}\|_2$`, Paint: chart.Palette[1], Mark: chart.Triangle, Shift: 2.5, Single: true}
	h := &chart.Trend{Label: `$\|H^{(k)}\|_2$`, Paint: paintH, Mark: chart.Disc, Shift: -1.5}
	g := &chart.Trend{Label: `$\|G^{(k)}\|_2$`, Paint: paintG, Mark: chart.Square, Dash: dashed, Shift: 1.5}
	var dead []string
	for _, n := range p.Series {
		summary, err := artifact.Read[artifact.IncrementSummary](inputs, InputIncrements+n.Network)
		if err != nil {
			return err
		}
		alive := false
		for _, i := range summary.Increments {
			alive = alive || i.SampleHessian > 0 || i.ObjectHessian > 0
			d.Add(i.K, i.HessianNorm)
			for _, o := range i.Others {
				others.Add(i.K, o.HessianNorm)
			}
			one.Add(i.K, i.ObjectHessian)
			h.Add(i.K, i.SampleHessian)
			g.Add(i.K, i.SampleGN)
		}
		if !alive {
			dead = append(dead, name(n, p.Series))
		}
	}
	trends, named := []*chart.Trend{g, h, one, d}, []*chart.Trend{d, one, h, g}
	if !others.Empty() {
		trends, named = append([]*chart.Trend{others}, trends...), append(named, others)
	}
	small := "object $k+1$ and the mean over the first $k$, at the same weights"
	if len(p.Series) > 1 {
		small += ": lines through the medians of " + chart.Plural(len(p.Series), "network")
	}
	entries := append(chart.TrendEntries(named...), s.Remarks(dead, "collapsed, all norms 0")...)
	top := s.Heading(p.title(), small+chart.Trained(p.Series), entries)
	return chart.DrawTrends(s, s.Page(top), "spectral norm", "collapsed, all norms 0", chart.TrendPanel{Trends: trends})
}
