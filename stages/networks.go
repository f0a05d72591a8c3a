package stages

import (
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

// grid yields the networks of the experiment, seeds running fastest, each with
// the one whose weights its training starts from, nil for a cold start.
func (e *Experiment) grid(yield func(n artifact.Network, start *artifact.Network) bool) {
	for _, h := range e.HiddenSize {
		for _, l := range e.NumLayers {
			for i := range e.SampleSizes {
				for _, seed := range e.Seeds {
					var start *artifact.Network
					if e.WarmStart && i > 0 {
						start = new(e.network(h, l, i-1, seed))
					}
					if !yield(e.network(h, l, i, seed), start) {
						return
					}
				}
			}
		}
	}
}

// network returns the network of the experiment's sample size number i.
func (e *Experiment) network(h, l, i int, seed int64) artifact.Network {
	n := artifact.Network{
		Dataset: e.Dataset, Input: e.Input, HiddenSize: h, NumLayers: l, SampleSize: e.SampleSizes[i], Seed: seed, Steps: e.Steps,
	}
	n.UntilLoss, n.UntilGradient, n.LearningRate = e.UntilLoss, e.UntilGradient, e.LearningRate
	if n.Until() {
		n.MaxEpochs = e.MaxEpochs
	}
	n.Bias = e.Bias
	if e.Optimiser == train.SGD {
		n.Optimiser, n.Momentum = e.Optimiser, e.Momentum
	}
	if e.WarmStart {
		before := make([]string, i)
		for j := range before {
			before[j] = strconv.Itoa(e.SampleSizes[j])
		}
		n.After = strings.Join(before, "+")
	}
	return n
}

// measured yields the networks of the experiment whose curvature is measured.
func (e *Experiment) measured(yield func(artifact.Network) bool) {
	for n := range e.grid {
		if slices.Contains(e.CurvatureSeeds, n.Seed) && !yield(n) {
			return
		}
	}
}

// closeUp returns the network that the experiment's figures of one network show.
func (e *Experiment) closeUp() artifact.Network {
	return e.largest(e.AtHiddenSize, e.AtNumLayers)
}

// largest returns the network of that shape, the largest k and the first seed.
func (e *Experiment) largest(h, l int) artifact.Network {
	return e.network(h, l, slices.Index(e.SampleSizes, slices.Max(e.SampleSizes)), e.Seeds[0])
}

// cuts returns where claims tests trends among the experiment's networks: at
// what its figures hold fixed, or at every value where the grid lacks that.
func (e *Experiment) cuts() []claims.Cut {
	var list []claims.Cut
	for _, axis := range []struct {
		over   string
		fixed  int
		values []int
	}{{claims.OverHiddenSize, e.AtNumLayers, e.NumLayers}, {claims.OverNumLayers, e.AtHiddenSize, e.HiddenSize}} {
		at := []int{axis.fixed}
		if !slices.Contains(axis.values, axis.fixed) {
			at = axis.values
		}
		for _, value := range at {
			list = append(list, claims.Cut{Dataset: e.Dataset, Input: e.Input, Recipe: e.recipe(), Over: axis.over, At: value})
		}
	}
	return list
}

// tabled returns the networks of the experiment that a table shows, if what it
// reads was measured.
func (e *Experiment) tabled(t tables.Table) func(yield func(artifact.Network) bool) {
	switch stage, _, _ := strings.Cut(t.Reads[0], "/"); stage {
	case "losses":
		return func(yield func(artifact.Network) bool) {
			e.grid(func(n artifact.Network, _ *artifact.Network) bool { return yield(n) })
		}
	case "held_out":
		return func(yield func(artifact.Network) bool) {
			e.grid(func(n artifact.Network, _ *artifact.Network) bool { return !e.HeldOut || yield(n) })
		}
	case "rotation":
		return e.followed
	case "trajectory":
		return e.traced
	case "norms", "norms_batch":
		return e.normed
	}
	return e.measured
}

// want is what figures and experiments ask of a network besides the curvature
// that is measured of others too.
type want struct {
	closeUp    bool  // some figure of curvature shows it alone
	samplesize bool  // the sufficient sizes, beside how many objects are enough
	increments bool  // what one more object does to its Hessian
	density    bool  // the spectral density of its Hessian
	snapshots  []int // epochs of its training, ascending
	trajectory []int // those of them at which its curvature is measured
	norms      []int // those at which its ‖H‖₂ and ‖G‖₂ are measured
}

// wants returns what is asked of each network, by its ID.
func (p *Params) wants() map[string]want {
	all := map[string]want{}
	for i := range p.Experiments {
		e := &p.Experiments[i]
		for _, name := range e.Figures {
			f := figureNamed(name)
			for _, n := range shownIn(e, f) {
				w := all[n.ID()]
				w.closeUp = w.closeUp || f.Curved() && f.Shows == figures.One
				w.increments = w.increments || f.ReadsOf("increments")
				w.density = w.density || f.ReadsOf("density")
				all[n.ID()] = w
			}
		}
		for n := range e.measured {
			if e.HeldOutTarget > 0 && n.SampleSize == slices.Max(e.SampleSizes) {
				w := all[n.ID()]
				w.samplesize = true
				all[n.ID()] = w
			}
		}
		for n := range e.followed {
			w := all[n.ID()]
			w.snapshots = ascending(append(w.snapshots, e.Snapshots...))
			all[n.ID()] = w
		}
		for n := range e.traced {
			w := all[n.ID()]
			w.snapshots = ascending(append(w.snapshots, e.CurvatureEpochs...))
			w.trajectory = ascending(append(w.trajectory, e.CurvatureEpochs...))
			all[n.ID()] = w
		}
		for n := range e.normed {
			w := all[n.ID()]
			w.snapshots = ascending(append(w.snapshots, e.NormEpochs...))
			w.norms = ascending(append(w.norms, e.NormEpochs...))
			all[n.ID()] = w
		}
	}
	return all
}

// labelsOf returns the coordinates of a network's stages. A training by epochs with
// Adam, a cold start and layers without biases are the usual ones and have no label.
func labelsOf(n artifact.Network) []pipeline.Label {
	labels := []pipeline.Label{
		{Key: "dataset", Value: n.Dataset},
		{Key: "input", Value: n.Input},
		{Key: "h", Value: strconv.Itoa(n.HiddenSize)},
		{Key: "num_layers", Value: strconv.Itoa(n.NumLayers)},
		{Key: "k", Value: strconv.Itoa(n.SampleSize)},
		{Key: "seed", Value: strconv.FormatInt(n.Seed, 10)},
	}
	if n.Steps > 0 {
		labels = append(labels, pipeline.Label{Key: "steps", Value: strconv.Itoa(n.Steps)})
	}
	if n.After != "" {
		labels = append(labels, pipeline.Label{Key: "after", Value: n.After})
	}
	for _, x := range n.Training() {
		labels = append(labels, pipeline.Label{Key: x[0], Value: x[1]})
	}
	return labels
}

// sizeOf leaves out of a network its seed and its training, of which biases are none.
func sizeOf(n artifact.Network) artifact.Network {
	return artifact.Network{Dataset: n.Dataset, Input: n.Input, HiddenSize: n.HiddenSize, NumLayers: n.NumLayers, SampleSize: n.SampleSize, Bias: n.Bias}
}

// eigenvectors returns how many top eigenvectors of H are compared and used as
// directions: as many as the outliers of G, of which there is one per class.
func (c *Curvature) eigenvectors() int { return min(c.Top, 10) }

// incrementsUpTo returns the sizes of curvature.increments that are at most k,
// ascending.
func (c *Curvature) incrementsUpTo(k int) []int {
	return ascending(slices.DeleteFunc(slices.Clone(c.Increments), func(size int) bool { return size > k }))
}

// ascending sorts the list and keeps each value once.
func ascending(list []int) []int {
	slices.Sort(list)
	return slices.Compact(list)
}
