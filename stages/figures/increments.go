package figures

import (
	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
)

// drawIncrementsOverK draws, at fixed weights, on the left the norms of the
// Hessian of the first k objects, of the next object's and of their difference D,
// and on the right ‖D‖/(k+1), by which one object changes the Hessian of the mean.
// Some other objects stand beside the next one. It differs from k to k, so no line
// joins these.
func drawIncrementsOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	pale := chart.Palette[5]
	d := &chart.Trend{Label: `$\|D_{k+1}\|_2$, $D_i = \nabla^2\ell_i - H^{(k)}$`, Paint: paintObject, Mark: chart.Diamond, Shift: -2.5, Single: true}
	others := &chart.Trend{Label: `$\|D_i\|_2$ of other objects $i > k + 1$`, Paint: pale, Mark: chart.Diamond, Shift: -5.5, Single: true}
	one := &chart.Trend{Label: `$\|\nabla^2\ell_{k+1}\|_2$`, Paint: chart.Palette[1], Mark: chart.Triangle, Shift: 2.5, Single: true}
	h := &chart.Trend{Label: `$\|H^{(k)}\|_2$`, Paint: paintH, Mark: chart.Disc, Shift: -1.5}
	g := &chart.Trend{Label: `$\|G^{(k)}\|_2$`, Paint: paintG, Mark: chart.Square, Dash: dashed, Shift: 1.5}
	change := &chart.Trend{Paint: paintObject, Mark: chart.Diamond, Shift: 1.5, Single: true}
	changeOfOthers := &chart.Trend{Paint: pale, Mark: chart.Diamond, Shift: -1.5, Single: true}
	var dead []string
	for _, n := range p.Networks {
		summary, err := read[artifact.IncrementSummary](inputs, "increments/increments", n)
		if err != nil {
			return err
		}
		alive := false
		for _, i := range summary.Increments {
			alive = alive || i.SampleHessian > 0 || i.ObjectHessian > 0
			d.Add(i.K, i.HessianNorm)
			change.Add(i.K, i.HessianNorm/float64(i.K+1))
			for _, o := range i.Others {
				others.Add(i.K, o.HessianNorm)
				changeOfOthers.Add(i.K, o.HessianNorm/float64(i.K+1))
			}
			one.Add(i.K, i.ObjectHessian)
			h.Add(i.K, i.SampleHessian)
			g.Add(i.K, i.SampleGN)
		}
		if !alive {
			dead = append(dead, name(n, p.Networks))
		}
	}
	norms, changes, named := []*chart.Trend{g, h, one, d}, []*chart.Trend{change}, []*chart.Trend{h, g, one, d}
	if !others.Empty() {
		norms, changes, named = append([]*chart.Trend{others}, norms...), append([]*chart.Trend{changeOfOthers}, changes...), append(named, others)
	}
	small := `$H^{(k)}$ is the Hessian of the mean loss of the first $k$ objects, $\nabla^2\ell_i$ that of object $i$, all at the same weights`
	if len(p.Networks) > 1 {
		small += "; lines: medians of " + chart.Plural(len(p.Networks), "network")
	}
	entries := append(chart.TrendEntries(named...), s.Remarks(dead, "collapsed, all norms 0")...)
	left, right := halves(s.Page(s.Heading(p.title(), small+trained(p.Networks), entries)))
	if err := chart.DrawTrends(s, left, "spectral norm", "collapsed, all norms 0", chart.TrendPanel{Title: "the Hessians and their difference", Trends: norms}); err != nil {
		return err
	}
	return chart.DrawTrends(s, right, `$\|D_i\|_2 \,/\, (k + 1)$`, "collapsed, all 0", chart.TrendPanel{Title: `what one object changes in $H^{(k)}$`, Trends: changes})
}

// halves divides a page into two panels side by side.
func halves(page chart.Frame) (left, right chart.Frame) {
	left, right = page, page
	left.Right = float64((page.Left+page.Right)/2) - chart.PanelGap/2
	right.Left = left.Right + chart.PanelGap
	return left, right
}
