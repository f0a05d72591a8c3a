package figures

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// unresolved is the error of an eigenspace from which its mark is open.
const unresolved = 0.1

// drawRotationOverEpochs draws, over the epochs of a training, the overlap of
// the top eigenspace of the Hessian with those of the snapshot before, of the
// first and of the last.
func drawRotationOverEpochs(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	r, err := read[artifact.Rotation](inputs, "rotation/rotation", p.Networks[0])
	if err != nil {
		return err
	}
	last := len(r.Snapshots) - 1
	first, end := r.Snapshots[0].Epoch, r.Snapshots[last].Epoch
	lines := []struct {
		label string
		paint int
		mark  chart.Mark
		dash  []float64
		other func(i int) int // the snapshot to compare number i with
	}{
		{"with the snapshot before", 0, chart.Disc, nil, func(i int) int { return i - 1 }},
		{"with that " + after(end), 3, chart.Square, dashed, func(int) int { return last }},
		{"with that " + after(first), 2, chart.Triangle, dotted, func(int) int { return 0 }},
	}
	var entries []chart.Entry
	for _, l := range lines {
		stroke := drawing.Stroke{Color: chart.Palette[l.paint], Width: 1.1, Dash: l.dash}
		entries = append(entries, chart.Entry{Text: l.label, Key: chart.MarkKey(l.mark, stroke.Color, stroke)})
	}
	vague := false
	for _, x := range r.Pairs {
		vague = vague || x.Error > unresolved
	}
	if vague {
		entries = append(entries, chart.Entry{Text: "open: no clear gap behind the eigenspace", Note: true})
	}
	top := s.Heading(p.title(), fmt.Sprintf("top %d eigenvectors of $H$, mean squared cosine of the angles; by chance $%s$%s", r.Dimension, chart.Digits(r.Chance, 1), trained(p.Networks)), entries)
	x := chart.LinearAxis("epoch", float64(first), float64(end))
	in, err := chart.NewPanel(s, s.Page(top), x, chart.LinearAxis("overlap of the eigenspaces", 0, 1))
	if err != nil {
		return err
	}
	for _, l := range lines {
		stroke := drawing.Stroke{Color: chart.Palette[l.paint], Width: 1.1, Dash: l.dash}
		var points []drawing.Point
		var open []bool
		for i, at := range r.Snapshots {
			other := l.other(i)
			if other < 0 || other == i {
				continue
			}
			from, to := r.Snapshots[min(i, other)].Epoch, r.Snapshots[max(i, other)].Epoch
			pair, ok := r.Pair(from, to)
			if !ok {
				return fmt.Errorf("input %s does not compare epochs %d and %d", p.Networks[0].Result("rotation/rotation"), from, to)
			}
			points, open = append(points, in.Point(float64(at.Epoch), pair.Overlap)), append(open, pair.Error > unresolved)
		}
		in.Stroke(drawing.Polyline(points...), stroke)
		for i, at := range points {
			if open[i] {
				in.Open(l.mark, at, stroke.Color)
			} else {
				in.Fill(l.mark(at), stroke.Color)
			}
		}
	}
	if r.Snapshots[last].Values[0] == 0 {
		in.Message("collapsed, all eigenvalues 0")
	}
	in.DrawAxes()
	return nil
}

// after names a snapshot.
func after(epoch int) string {
	if epoch == 0 {
		return "before training"
	}
	return fmt.Sprintf("after epoch %d", epoch)
}
