package stages

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
)

// maxNetworks bounds the run as a whole.
const maxNetworks = 1_000_000

// blame reports a problem with the value of a key as a whole, or with the
// table itself where the key is "" or left out.
func (d *decoding) blame(label, key, text, hint string) {
	at, ok := d.places[label+"."+key]
	if !ok {
		at = d.places[label]
	}
	if at.node == nil {
		d.problems = append(d.problems, Problem{File: label, Text: text, Hint: hint})
		return
	}
	s := at.node.val
	if at.node.kind == tableNode {
		s = at.node.key
	}
	d.problems = append(d.problems, at.src.at(s, text, hint))
}

// blameElem reports a problem with element i of a list.
func (d *decoding) blameElem(label, key string, i int, text, hint string) {
	if at, ok := d.places[label+"."+key]; ok && i < len(at.node.elems) {
		d.problems = append(d.problems, at.src.at(at.node.elems[i].val, text, hint))
		return
	}
	d.blame(label, key, text, hint)
}

// good reports whether the values of all the keys could be read.
func (d *decoding) good(label string, keys ...string) bool {
	return !slices.ContainsFunc(keys, func(k string) bool { return d.unread[label+"."+k] })
}

// check completes the experiments and reports what is wrong between keys:
// each value may be allowed and the whole still be none. Nothing is concluded
// from a value that could not be read.
func (d *decoding) check() {
	total, counted := 0, true
	feeding := map[string][]int{} // what a figure shows, to the experiments that feed it
	for i := range d.params.Experiments {
		e, label := &d.params.Experiments[i], d.labels[i]
		e.complete(d.params.Data.Objects)
		d.checkName(i)
		d.checkObjects(e, label)
		d.checkWarmStart(e, label)
		d.checkFigures(e, label)
		if d.good(label, "figures", "dataset", "input") {
			d.checkConflicts(i, feeding)
		}
		counted = counted && d.good(label, "hidden_size", "num_layers", "k", "seeds")
		if total += min(e.networks(), maxNetworks+1); total > maxNetworks && counted {
			d.blame(label, "", fmt.Sprintf("with this experiment the run has more than %d networks", maxNetworks), "shorten its lists")
			counted = false
		}
	}
}

func (d *decoding) checkName(i int) {
	name := d.params.Experiments[i].Name
	if name == "" {
		return // reported where it was read
	}
	for j := range i {
		if d.params.Experiments[j].Name == name {
			d.blame(d.labels[i], "name", fmt.Sprintf("a second experiment has the name %q", name), "give each its own")
			return
		}
	}
}

// checkObjects holds the sample sizes against the data.
func (d *decoding) checkObjects(e *Experiment, label string) {
	objects := d.params.Data.Objects
	if !d.good("data", "objects") {
		return
	}
	if have := d.available[e.Dataset]; d.good(label, "dataset") && objects > have {
		d.blame("data", "objects", fmt.Sprintf("data.objects is %d, but %s has %d objects", objects, e.Dataset, have), fmt.Sprintf("allowed with %s: 2 to %d", e.Dataset, have))
	}
	if !d.good(label, "k") {
		return
	}
	for j, k := range e.SampleSizes {
		if k > objects {
			d.blameElem(label, "k", j, fmt.Sprintf("%s.k holds %d, but data.objects is %d", label, k, objects), fmt.Sprintf("allowed: 2 to %d", objects))
		}
	}
}

// checkWarmStart sees to it that each network has one to start from that was
// trained on a part of its sample.
func (d *decoding) checkWarmStart(e *Experiment, label string) {
	if !e.WarmStart || !d.good(label, "k", "warm_start") {
		return
	}
	if len(e.SampleSizes) < 2 {
		d.blame(label, "warm_start", fmt.Sprintf("%s has a warm start, but only one k", label), "give k at least two values")
		return
	}
	for i, k := range e.SampleSizes[1:] {
		if before := e.SampleSizes[i]; k < before {
			d.blameElem(label, "k", i+1, fmt.Sprintf("%s.k holds %d after %d, but has a warm start", label, k, before), "write k ascending: each starts from the one before")
		}
	}
}

// checkFigures sees to it that each figure has something to show.
func (d *decoding) checkFigures(e *Experiment, label string) {
	if !d.good(label, "figures") {
		return
	}
	d.checkSnapshots(e, label)
	if e.holds(true) || len(e.Snapshots) > 0 {
		d.checkFixed(label, "num_layers", e.AtNumLayers, e.NumLayers)
	}
	if e.holds(false) || len(e.Snapshots) > 0 {
		d.checkFixed(label, "hidden_size", e.AtHiddenSize, e.HiddenSize)
	}
	for i, name := range e.Figures {
		f := figureNamed(name)
		if (f.Shows == figures.OverSizes || f.Shows == figures.OverMeasured) && d.good(label, "k") && len(e.SampleSizes) < 2 {
			d.blameElem(label, "figures", i, fmt.Sprintf("%s feeds %s, but has only one k", label, name), "give k at least two values")
		}
		if f.ReadsOf("rotation") {
			if d.good(label, "snapshots") && len(e.Snapshots) < 2 {
				d.blameElem(label, "figures", i, fmt.Sprintf("%s feeds %s, but takes %d snapshots", label, name, len(e.Snapshots)), "give snapshots at least two epochs")
			}
			continue
		}
		if f.Curved() && d.good(label, "seeds", "curvature_seeds") && !slices.Contains(e.CurvatureSeeds, e.Seeds[0]) {
			d.blameElem(label, "figures", i, fmt.Sprintf("%s feeds %s, but the curvature of its first seed is not measured", label, name),
				fmt.Sprintf("write curvature_seeds = [%d]", e.Seeds[0]))
		}
	}
	if reach := min(slices.Max(e.SampleSizes), d.params.Data.Objects-1); len(e.CurvatureSeeds) > 0 && d.good(label, "k") &&
		d.good("curvature", "increments") && slices.Min(d.params.Curvature.Increments) > reach {
		d.blame("curvature", "increments", fmt.Sprintf("curvature.increments holds none that %s reaches", label), fmt.Sprintf("allowed: at least one of 1 to %d", reach))
	}
	if d.good(label, "seeds", "curvature_seeds") {
		for i, seed := range e.CurvatureSeeds {
			if !slices.Contains(e.Seeds, seed) {
				d.blameElem(label, "curvature_seeds", i, fmt.Sprintf("%s.curvature_seeds holds %d, which is none of its seeds", label, seed), "allowed: "+strings.Trim(tomlList(e.Seeds), "[]"))
			}
		}
	}
}

// checkSnapshots holds the snapshots against the length of the training.
func (d *decoding) checkSnapshots(e *Experiment, label string) {
	if !d.good(label, "snapshots", "k", "steps") || !d.good("train", "epochs", "batch_size") {
		return
	}
	t := d.params.Train
	length := nn.Length{Epochs: t.Epochs, Steps: e.Steps}
	last := length.EpochsOf((slices.Max(e.SampleSizes)-1)/t.BatchSize + 1)
	for i, epoch := range e.Snapshots {
		if epoch > last {
			d.blameElem(label, "snapshots", i, fmt.Sprintf("%s.snapshots holds %d, but the training has %d epochs", label, epoch, last), fmt.Sprintf("allowed: 0 to %d", last))
		}
	}
}

// checkFixed reports that the networks that figures show are none of the
// experiment's.
func (d *decoding) checkFixed(label, list string, fixed int, values []int) {
	key := "at_" + list
	if !d.good(label, key, list) || slices.Contains(values, fixed) {
		return
	}
	text := fmt.Sprintf("figures of %s show the networks with %s = %d, which it does not have", label, list, fixed)
	hint := fmt.Sprintf("allowed: one of its %s, %s", list, strings.Trim(tomlList(values), "[]"))
	if _, set := d.places[label+"."+key]; !set {
		d.blame(label, list, text, fmt.Sprintf("write %s = one of them", key))
		return
	}
	d.blame(label, key, text, hint)
}

// checkConflicts reports two experiments that would write the same figure
// without being told apart in it.
func (d *decoding) checkConflicts(at int, feeding map[string][]int) {
	e, label := &d.params.Experiments[at], d.labels[at]
	for i, f := range e.Figures {
		what := figureFile(e, f)
		for _, j := range feeding[what] {
			if share(figureNamed(f), &d.params.Experiments[j], e) {
				continue
			}
			d.blameElem(label, "figures", i, fmt.Sprintf("%s and %s both draw %s", d.labels[j], label, what), "take it out of one, or run one from a params file of its own")
			break
		}
		feeding[what] = append(feeding[what], at)
	}
}
