package claims

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// thesis are eight networks of each of the thesis's sizes whose norms lie about the
// published ones, each with its own batch.
func thesis(t *testing.T, change func(n network, p *artifact.NormsPoint)) []network {
	t.Helper()
	s := rng.New(41, "claims", "norms", 0)
	var list []network
	for _, h := range []int{64, 128, 256} {
		for _, l := range []int{0, 2, 6} {
			for seed := range 8 {
				n := simulated(s, h, l, published.ThesisSampleSize, int64(seed), 0.5, 0.1)
				n.Bias = true
				n.batch = &artifact.Norms{Objects: published.ThesisBatch, PowerIterations: 25}
				for _, epoch := range []int{0, 1, 5, 10} {
					x, ok, err := published.Thesis(l+2, h, epoch)
					if err != nil || !ok {
						t.Fatal(h, l, epoch, err)
					}
					v := x.Hessian * noise(s, 0.15)
					p := artifact.NormsPoint{Epoch: epoch, Hessian: v, GaussNewton: v * min(x.GaussNewton/x.Hessian, 0.999), FrobeniusBound: x.Bound, SpectralBound: x.Bound / 100}
					p.PowerHessian, p.PowerGaussNewton = 0.9999*p.Hessian, 0.9999*p.GaussNewton
					if change != nil {
						change(n, &p)
					}
					n.batch.Points = append(n.batch.Points, p)
				}
				list = append(list, n)
			}
		}
	}
	return list
}

func TestNormFalls(t *testing.T) {
	width := func(power float64) func(network, *artifact.NormsPoint) {
		return func(n network, p *artifact.NormsPoint) {
			x, _, _ := published.Thesis(n.NumLayers+2, n.HiddenSize, p.Epoch)
			p.Hessian /= x.Hessian // the noise alone
			for h := 64; h < n.HiddenSize && p.Epoch > 0; h *= 2 {
				p.Hessian *= power
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(network, *artifact.NormsPoint)
		want   artifact.Verdict
		says   string
	}{
		{"halved by twice the width", width(0.5), artifact.Holds, "‖H‖ falls with h after epoch 1, after epoch 5 and after epoch 10 and shows no clear change over h before training."},
		{"doubled", width(2), artifact.DoesNotHold, "‖H‖ rises with h after epoch 1, after epoch 5 and after epoch 10 and shows"},
		{"the same at each width", width(1), artifact.Undecided, "‖H‖ shows no clear change over h before training, after epoch 1,"},
	} {
		rows := judged(t, normFallsWithWidth, thesis(t, c.change))
		if len(rows) != 3 {
			t.Fatalf("%s: %d rows", c.name, len(rows))
		}
		for i, x := range rows {
			if x.Verdict != c.want || !strings.HasPrefix(x.Conclusion, c.says) || *x.AtNumLayers != []int{0, 2, 6}[i] || len(x.Tables[0].Rows) != 12 {
				t.Errorf("%s: %v, %s, %s", c.name, x.Verdict, x.Conclusion, x.Evidence)
			}
		}
	}
}

func TestNormClaims(t *testing.T) {
	for _, c := range []struct {
		name   string
		claim  claim
		change func(network, *artifact.NormsPoint)
		want   artifact.Verdict
		says   string // in the evidence or the conclusion
	}{
		{"as published", normShareTendsToOne, nil, artifact.Holds, "nearer to 1 than before training, and within 5 % of it, on 72 of 72"},
		{"the share stays", normShareTendsToOne, func(_ network, p *artifact.NormsPoint) { p.GaussNewton = 0.7 * p.Hessian }, artifact.DoesNotHold, "on 0 of 72"},
		{"as published", normBoundGrows, nil, artifact.Holds, "from epoch 1 to 10 the bound grows and ‖H‖ falls on"},
		{"the bound falls", normBoundGrows, func(_ network, p *artifact.NormsPoint) { p.FrobeniusBound = 1e9 / float64(1+p.Epoch) }, artifact.DoesNotHold, "the bound alone grows on 0"},
		{"the norm is found", powerIterationsFind, nil, artifact.Holds, "on 0 of 72"},
		{"it is missed at one epoch", powerIterationsFind, func(_ network, p *artifact.NormsPoint) {
			if p.Epoch == 5 {
				p.PowerHessian = 0.9 * p.Hessian
			}
		}, artifact.DoesNotHold, "after epoch 5"},
		{"as published", publishedNorms, func(_ network, p *artifact.NormsPoint) {}, artifact.Holds, "The published norms lie among ours at each epoch."},
		{"twice the published", publishedNorms, func(_ network, p *artifact.NormsPoint) { p.PowerHessian *= 2 }, artifact.DoesNotHold, "by a common factor of about 0.5"},
	} {
		rows := judged(t, c.claim, thesis(t, c.change))
		x := rows[0]
		if len(rows) != 1 || x.Verdict != c.want || !strings.Contains(x.Conclusion+x.Evidence, c.says) {
			t.Errorf("%s, %s: %d rows, %v, %s, %s", x.ID, c.name, len(rows), x.Verdict, x.Conclusion, x.Evidence)
		}
	}
	for _, c := range []claim{normFallsWithWidth, normShareTendsToOne, normBoundGrows, powerIterationsFind, publishedNorms} {
		without := thesis(t, nil)
		for i := range without {
			without[i].batch = nil
		}
		if x := judged(t, c, without)[0]; x.Verdict != artifact.NotTested || x.Networks != 0 {
			t.Errorf("%s without norms: %v", x.ID, x.Verdict)
		}
	}
	unbiased := thesis(t, nil)
	for i := range unbiased {
		unbiased[i].Bias = false
	}
	if x := judged(t, publishedNorms, unbiased)[0]; x.Verdict != artifact.NotTested {
		t.Errorf("networks without biases beside the thesis's: %v", x.Verdict)
	}
}
