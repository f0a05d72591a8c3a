package stages

import (
	"fmt"
	"maps"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
	"github.com/landscape-pipe/landscape-pipe/stages/trajectory"
)

// This file is what is measured of networks on the way of their training: which epochs
// and networks an experiment names, and the stages that follow.

// watched are the lists of epochs after which the weights of a training are kept.
func (e *Experiment) watched() map[string]*[]int {
	return map[string]*[]int{"snapshots": &e.Snapshots, "curvature_epochs": &e.CurvatureEpochs, "norm_epochs": &e.NormEpochs}
}

// checkSnapshots compares these lists with the length of the training, and with the
// networks that are measured then.
func (c *checking) checkSnapshots(e *Experiment, label string) {
	if c.read(label, "curvature_epochs", "curvature_seeds") && len(e.CurvatureEpochs) > 0 && len(e.CurvatureSeeds) == 0 {
		c.Blame(label+".curvature_epochs", fmt.Sprintf("%s has curvature_epochs, but no curvature_seeds", label), "the networks of the first of curvature_seeds are measured")
	}
	c.checkNorms(e, label)
	if !c.read(label, "k", "steps") || !c.read("train", "epochs", "batch_size") || e.until() {
		return
	}
	t := c.Train
	length := nn.Length{Epochs: t.Epochs, Steps: e.Steps}
	last := length.EpochsOf((slices.Max(e.SampleSizes)-1)/t.BatchSize + 1)
	lists := e.watched()
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		for i, epoch := range *lists[key] {
			if epoch > last && c.read(label, key) {
				c.Blame(fmt.Sprintf("%s.%s[%d]", label, key, i), fmt.Sprintf("%s.%s holds %d, but the training has %d epochs", label, key, epoch, last), fmt.Sprintf("allowed: 0 to %d", last))
			}
		}
	}
}

// checkNorms compares what is asked of the norms with the sample and the seeds.
func (c *checking) checkNorms(e *Experiment, label string) {
	if !c.read(label, "norm_epochs", "norm_seeds") {
		return
	}
	if len(e.NormEpochs) == 0 {
		if len(e.NormSeeds) > 0 {
			c.Blame(label+".norm_seeds", fmt.Sprintf("%s has norm_seeds, but no norm_epochs", label), "write norm_epochs = the epochs after which the norms are measured")
		}
		return
	}
	if k := slices.Max(e.SampleSizes); c.read(label, "k") && c.read("curvature", "norm_batch") && c.Curvature.NormBatch > k {
		c.Blame("curvature.norm_batch", fmt.Sprintf("curvature.norm_batch is %d, but the largest k of %s is %d", c.Curvature.NormBatch, label, k), fmt.Sprintf("allowed: 1 to %d", k))
	}
	c.checkSeeds(label, "norm_seeds", e.NormSeeds, e.Seeds)
}

// followed yields the network of the experiment whose training is followed by
// snapshots, if there is one.
func (e *Experiment) followed(yield func(artifact.Network) bool) {
	if len(e.Snapshots) > 0 {
		yield(e.closeUp())
	}
}

// traced yields the networks of the experiment whose curvature is measured on the
// way of their training: those of the largest k and the first curvature seed.
func (e *Experiment) traced(yield func(artifact.Network) bool) {
	if len(e.CurvatureEpochs) == 0 || len(e.CurvatureSeeds) == 0 {
		return
	}
	for n := range e.grid {
		if n.SampleSize == slices.Max(e.SampleSizes) && n.Seed == e.CurvatureSeeds[0] && !yield(n) {
			return
		}
	}
}

// normed yields the networks of the experiment whose ‖H‖₂ and ‖G‖₂ are measured on the
// way of their training: those of the largest k.
func (e *Experiment) normed(yield func(artifact.Network) bool) {
	if len(e.NormEpochs) == 0 {
		return
	}
	for n := range e.grid {
		if n.SampleSize == slices.Max(e.SampleSizes) && !yield(n) {
			return
		}
	}
}

// followed adds the weights of a network on the way of its training, and how
// far the top eigenspace of its Hessian turns between them.
func (w *wiring) followed(n artifact.Network) {
	if w.err != nil {
		return
	}
	s, c, epochs := w.subjects[n.ID()], w.params.Curvature, w.wants[n.ID()].snapshots
	add(w, s, &snapshotsKind, s.learns, w.snapshots(n, s.shape.classes(), epochs))
	add(w, s, &rotationKind, s.evaluated("snapshots/snapshots"), rotation.Params{
		SampleSize: n.SampleSize, Epochs: epochs, Dimension: c.eigenvectors(), Tolerance: min(c.Tolerance, 1e-8), Seed: c.Seed,
	})
}

// traced adds the curvature of a network on the way of its training.
func (w *wiring) traced(n artifact.Network) {
	if w.err != nil {
		return
	}
	s, want := w.subjects[n.ID()], w.wants[n.ID()]
	add(w, s, &snapshotsKind, s.learns, w.snapshots(n, s.shape.classes(), want.snapshots))
	add(w, s, &trajectoryKind, s.evaluated("snapshots/snapshots", "spectra/spectrum"), trajectory.Params{
		SampleSize: n.SampleSize, Snapshots: want.snapshots, Epochs: want.trajectory, Seed: w.params.Curvature.Seed,
	})
}

// powerIterations is how many the thesis takes for a norm.
const powerIterations = 25

// normed adds the norms of H and G of a network on the way of its training:
//
//	norms_batch   on so many random objects of the sample, and what power iterations find
//	norms         on the whole sample
func (w *wiring) normed(n artifact.Network, whole bool) {
	if w.err != nil {
		return
	}
	s, want := w.subjects[n.ID()], w.wants[n.ID()]
	add(w, s, &snapshotsKind, s.learns, w.snapshots(n, s.shape.classes(), want.snapshots))
	p := trajectory.NormsParams{SampleSize: n.SampleSize, Snapshots: want.snapshots, Epochs: want.norms, Seed: w.params.Curvature.Seed}
	if whole {
		add(w, s, &normsKind, s.evaluated("snapshots/snapshots"), p)
	}
	p.Batch, p.BatchSeed, p.PowerIterations = w.params.Curvature.NormBatch, n.Seed, powerIterations
	add(w, s, &normsBatchKind, s.evaluated("snapshots/snapshots"), p)
}

// snapshots are the params of a network's snapshots. Where the training goes on
// after the last of them, its length is none of them.
func (w *wiring) snapshots(n artifact.Network, classes int, epochs []int) train.SnapshotParams {
	p := train.SnapshotParams{Training: w.training(n, classes), Epochs: epochs}
	of, last := &p.Training, slices.Max(epochs)
	length := nn.Length{Epochs: of.Epochs, Steps: of.Steps}
	if last < length.EpochsOf((of.SampleSize-1)/of.BatchSize+1) {
		of.Epochs, of.Steps = last, 0
	}
	return p
}
