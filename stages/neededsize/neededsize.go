// Package neededsize is the stage that says how many objects are enough: it fits the
// held-out loss of networks trained on k objects by the offset power law a + b·k^−c and
// returns the k from which on one doubling gains at most a target, beside m*(ε), the
// size from which on one more object changes the loss by at most ε.
//
// A network that gains no more from new objects and a loss that no longer changes with
// one object are two things; the stage puts their sizes beside each other.
package neededsize

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Size is what Run writes: canonical JSON, artifact.NeededSize. It reads results of
// each network, named by [artifact.Network.Result].
const Size = "size"

// The results that are read of every network, and of those of the largest k where they
// exist.
var (
	Reads    = []string{"held_out/summary", "losses/summary"}
	Optional = []string{"samplesize/samplesize"}
)

// Least numbers for a fit, and how far beyond the largest k a size may lie.
const (
	LeastSizes = 4
	LeastSeeds = 4
	beyond     = 4
)

// Params are the networks, of one shape and training, and what is asked of them.
type Params struct {
	Networks []artifact.Network // one for each size and seed
	Target   float64            // nats, above 0
	// Resamples is the number of bootstrap resamples, at least 100.
	Resamples int
	Seed      int64
}

// curve is the losses of one seed over the sizes.
type curve struct {
	seed   int64
	losses map[int]float64 // held out, by k
	dead   bool
}

// Run fits the law.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if !(p.Target > 0) || math.IsInf(p.Target, 0) || p.Resamples < 100 {
		return nil, fmt.Errorf("target %v with %d resamples: want a target above 0 and 100 resamples or more", p.Target, p.Resamples)
	}
	curves, sizes, err := read(p, t.Inputs)
	if err != nil {
		return nil, err
	}
	result := artifact.NeededSize{Target: p.Target, Sizes: sizes, Seeds: []int64{}, LeftOut: []int64{}, Losses: [][]float64{}}
	for _, c := range curves {
		if c.dead {
			result.LeftOut = append(result.LeftOut, c.seed)
			continue
		}
		row := make([]float64, len(sizes))
		for i, k := range sizes {
			loss, ok := c.losses[k]
			if !ok || !(loss > 0) {
				return nil, fmt.Errorf("the network of seed %d on %d objects is missing, or has the held-out loss 0", c.seed, k)
			}
			row[i] = loss
		}
		result.Seeds, result.Losses = append(result.Seeds, c.seed), append(result.Losses, row)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(result.Seeds) >= LeastSeeds && len(sizes) >= LeastSizes {
		result.Fit = p.fit(sizes, result.Losses)
	}
	if result.Criteria, err = p.criteria(sizes[len(sizes)-1], t.Inputs); err != nil {
		return nil, err
	}
	b, err := artifact.Encode(result)
	if err != nil {
		return nil, err
	}
	t.Progress(1, 1)
	return map[string][]byte{Size: b}, nil
}

// read gathers the networks by seed, in order of appearance, and the sizes.
func read(p Params, inputs map[string][]byte) (curves []*curve, sizes []int, err error) {
	if len(p.Networks) == 0 {
		return nil, nil, fmt.Errorf("no networks")
	}
	for _, n := range p.Networks {
		held, err := artifact.Read[artifact.LossSummary](inputs, n.Result(Reads[0]))
		if err != nil {
			return nil, nil, err
		}
		training, err := artifact.Read[artifact.LossSummary](inputs, n.Result(Reads[1]))
		if err != nil {
			return nil, nil, err
		}
		at := slices.IndexFunc(curves, func(c *curve) bool { return c.seed == n.Seed })
		if at < 0 {
			at = len(curves)
			curves = append(curves, &curve{seed: n.Seed, losses: map[int]float64{}})
		}
		curves[at].losses[n.SampleSize] = held.Sample.Mean
		curves[at].dead = curves[at].dead || training.Sample.Collapsed()
		sizes = append(sizes, n.SampleSize)
	}
	slices.Sort(sizes)
	return curves, slices.Compact(sizes), nil
}

// fit fits the law to the losses of the seeds.
func (p Params) fit(sizes []int, losses [][]float64) *artifact.LawFit {
	k := make([]float64, len(sizes))
	for i, size := range sizes {
		k[i] = float64(size)
	}
	limit := beyond * k[len(k)-1]
	law, size, low, high := stats.NeededSize(k, losses, p.Target, k[0], limit, p.Resamples, rng.New(p.Seed, "neededsize", "seeds", 0))
	misfit := 0.0
	for i := range k {
		mean := 0.0
		for _, row := range losses {
			mean += row[i] / float64(len(losses))
		}
		misfit = max(misfit, math.Abs(mean-law.At(k[i]))/mean)
	}
	return &artifact.LawFit{
		A: law.A, B: law.B, C: law.C, Limit: limit, Beyond: size >= limit, Size: artifact.Interval{Estimate: size, Low: low, High: high}, Misfit: misfit,
	}
}

// criteria are the sufficient sizes of the networks of the largest k: by Δ₁ from the
// variance of the losses of each, and by what else was measured of some.
func (p Params) criteria(largest int, inputs map[string][]byte) ([]artifact.CriterionSize, error) {
	type key struct {
		name  string
		sigma float64
	}
	order, sizes := []key{{"delta1", 0}}, map[key][]float64{}
	for _, n := range p.Networks {
		if n.SampleSize != largest {
			continue
		}
		training, err := artifact.Read[artifact.LossSummary](inputs, n.Result(Reads[1]))
		if err != nil {
			return nil, err
		}
		sizes[order[0]] = append(sizes[order[0]], p.sufficient(float64(training.Sample.Std*training.Sample.Std)))
		name := n.Result(Optional[0])
		if inputs[name] == nil {
			continue
		}
		s, err := artifact.Read[artifact.SampleSizeSummary](inputs, name)
		if err != nil {
			return nil, err
		}
		for _, c := range s.Criteria {
			if at := (key{c.Name, c.Sigma}); at != order[0] {
				if sizes[at] == nil {
					order = append(order, at)
				}
				sizes[at] = append(sizes[at], p.sufficient(c.Closed.Value))
			}
		}
	}
	var list []artifact.CriterionSize
	for _, at := range order {
		list = append(list, artifact.CriterionSize{
			Name: at.name, Sigma: at.sigma, Networks: len(sizes[at]),
			Median: stats.Median(sizes[at]), Min: slices.Min(sizes[at]), Max: slices.Max(sizes[at]),
		})
	}
	return list, nil
}

// sufficient is the least k of 1 or more with √(v/(k(k+1))) ≤ ε = Target, without
// rounding to a whole number.
func (p Params) sufficient(v float64) float64 {
	root := math.Sqrt(max(v, 0)) / p.Target
	return max(1, math.Sqrt(0.25+float64(root*root))-0.5)
}
