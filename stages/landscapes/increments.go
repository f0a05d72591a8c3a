package landscapes

import (
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
)

// drawIncrementsOverK draws the norms of the Hessian of the first k objects, of
// the next object's and of their difference, at fixed weights, and of the
// difference of some other objects.
func drawIncrementsOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	d := trend{label: `$\|H_{k+1} - H^{(k)}\|_2$`, paint: paintObject, mark: chart.Diamond, shift: -1.5, single: true}
	others := trend{label: `$\|H_i - H^{(k)}\|_2$, other $i > k + 1$`, paint: chart.Shade(paintObject, 110), mark: chart.Diamond, shift: -4.5, single: true}
	one := trend{label: `$\|H_{k+1}\|_2$`, paint: chart.Palette[1], mark: chart.Triangle, shift: 1.5, single: true}
	h := trend{label: `$\|H^{(k)}\|_2$`, paint: paintH, mark: chart.Disc, shift: -1.5}
	g := trend{label: `$\|G^{(k)}\|_2$`, paint: paintG, mark: chart.Square, dash: []float64{3.5, 1.8}, shift: 1.5}
	var dead []string
	for _, n := range p.Series {
		summary, err := read[result.IncrementSummary](inputs, InputIncrements+n.Network)
		if err != nil {
			return err
		}
		alive := false
		for _, i := range summary.Increments {
			alive = alive || i.SampleHessian > 0 || i.ObjectHessian > 0
			d.values = append(d.values, sample{i.K, i.HessianNorm})
			for _, o := range i.Others {
				others.values = append(others.values, sample{i.K, o.HessianNorm})
			}
			one.values = append(one.values, sample{i.K, i.ObjectHessian})
			h.values = append(h.values, sample{i.K, i.SampleHessian})
			g.values = append(g.values, sample{i.K, i.SampleGN})
		}
		if !alive {
			dead = append(dead, name(n, p.Series))
		}
	}
	trends, named := []trend{one, d, g, h}, []trend{d, one, h, g}
	if len(others.values) > 0 {
		trends, named = append([]trend{others}, trends...), append(named, others)
	}
	small := "object $k+1$ and the mean over the first $k$, at the same weights"
	if len(p.Series) > 1 {
		small += ": a mark for each network, a line through the medians"
	}
	entries := append(entriesOf(named), s.Remarks(dead, "collapsed, all norms 0")...)
	top := s.Heading(p.title(), small+chart.Trained(p.Series), entries)
	return drawTrends(s, s.Page(top), "", "spectral norm", trends)
}
