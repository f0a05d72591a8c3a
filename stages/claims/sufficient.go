package claims

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// Sample size determination is what the paper announces. A criterion of the loss at
// fixed weights is of use for it if networks for which m*(ε) is larger also need more
// objects, in the sense that one doubling of k still gains held-out loss.
var sufficientSize = claim{
	id: "sufficient_size", source: "abstract", whose: artifact.OfPaper,
	text: "the change of the loss by one object tells which networks need more objects", panel: (*judgement).sufficientSizes,
}

// fewestShapes is the least number of shapes over which the sizes are compared.
const fewestShapes = 5

// sufficientSizes adds the row of each recipe: over the shapes of networks, the rank
// correlation of m*(ε) by each criterion with the size from which on one doubling gains
// at most ε in held-out loss, and its interval by resampling the shapes.
func (j *judgement) sufficientSizes(q *panel) error {
	asked := q.where(func(n network) bool { return n.needed != nil })
	if len(asked.networks) == 0 {
		j.row(asked, artifact.AllNetworks).Tested = "no experiment asks how many objects are enough (held_out_target)"
		return nil
	}
	for _, r := range asked.recipes() {
		c := j.row(r, artifact.AllNetworks)
		sizes := artifact.ClaimTable{Name: "sizes by shape", Columns: []string{"hidden_size", "num_layers", "target", "needed", "low", "high", "beyond", "misfit", "m* by delta1"}}
		type key struct {
			name  string
			sigma float64
		}
		var order []key
		needed, sufficient := map[key][]float64{}, map[key][]float64{}
		beyond, unfitted, poor := 0, 0, 0
		for _, n := range r.networks {
			f := n.needed.Fit
			if f == nil {
				unfitted++
				continue
			}
			if f.Poor() {
				poor++
			}
			out := 0.0
			if f.Beyond {
				beyond++
				out = 1
			}
			delta1 := 0.0
			for _, x := range n.needed.Criteria {
				at := key{x.Name, x.Sigma}
				if needed[at] == nil {
					order = append(order, at)
				}
				// A size beyond the limit is larger than those below: ranks need no more.
				needed[at], sufficient[at] = append(needed[at], f.Size.Estimate), append(sufficient[at], x.Median)
				if x.Name == "delta1" {
					delta1 = x.Median
				}
			}
			sizes.Rows = append(sizes.Rows, []float64{float64(n.HiddenSize), float64(n.NumLayers), n.needed.Target, f.Size.Estimate, f.Size.Low, f.Size.High, out, f.Misfit, delta1})
		}
		c.Tested = fmt.Sprintf("the size at which one doubling gains at most %s nats of held-out loss beside m*(ε) with the same ε, over %s", short(r.networks[0].needed.Target), plural(len(sizes.Rows), "shape"))
		t := artifact.ClaimTable{Name: "rank correlation by criterion", Columns: []string{"sigma", "shapes", "rank correlation", "low", "high"}}
		var parts []string
		above, below, tested := 0, 0, 0
		for _, at := range order {
			x, y := sufficient[at], needed[at]
			if len(x) < fewestShapes {
				continue
			}
			i := j.correlation(fmt.Sprintf("sufficient_size/%s/%s/%s/%s/%v", q.dataset, q.input, c.Recipe, at.name, at.sigma), x, y)
			t.Rows = append(t.Rows, []float64{at.sigma, float64(len(x)), i.Estimate, i.Low, i.High})
			label := at.name
			if at.sigma > 0 {
				label += fmt.Sprintf(" with σ = %s", short(at.sigma))
			}
			parts = append(parts, fmt.Sprintf("%s: %s (%s to %s) over %s", label, short(i.Estimate), short(i.Low), short(i.High), plural(len(x), "shape")))
			if tested++; c.Effect == nil {
				c.Effect = &artifact.Effect{Name: "rank correlation of the needed size with m* by " + label, Interval: i}
			}
			if i.Low > 0 {
				above++
			}
			if i.High < 0 {
				below++
			}
		}
		c.Tables = append(c.Tables, sizes, t)
		c.Evidence = list(parts)
		if beyond+unfitted > 0 {
			c.Evidence += fmt.Sprintf("; %d of %s need more than four times the largest sample, and %d have no fit", beyond, plural(len(r.networks), "shape"), unfitted)
		}
		if poor > 0 {
			c.Evidence += fmt.Sprintf("; the law misses a mean loss of %s by more than 5 %%", plural(poor, "shape"))
		}
		switch {
		case tested == 0:
			c.Verdict, c.Conclusion = artifact.Undecided, fmt.Sprintf("A rank correlation needs %d shapes.", fewestShapes)
		case above == tested:
			c.Verdict, c.Conclusion = artifact.Holds, "Networks with the larger m*(ε) need more objects, by every criterion; the two sizes themselves may be far apart."
		case below > 0:
			c.Verdict, c.Conclusion = artifact.DoesNotHold, "By at least one criterion, networks with the larger m*(ε) need fewer objects."
		default:
			c.Verdict, c.Conclusion = artifact.Undecided, "By at least one criterion, m*(ε) tells nothing certain of the objects that are needed."
		}
	}
	return nil
}
