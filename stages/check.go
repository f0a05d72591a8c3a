package stages

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
)

// maxNetworks bounds the run as a whole.
const maxNetworks = 1_000_000

// experimentTable is the key of the list of experiments.
const experimentTable = "experiment"

// checking is the params while they are checked, with the places of all values.
type checking struct {
	*Params
	*config.Places
	available map[string]int   // objects by data set
	feeding   map[string][]int // by figure file, the experiments that feed it
}

// read reports whether the values of all the keys could be read: nothing is
// concluded from one that could not.
func (c *checking) read(label string, keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { return !c.Read(label + "." + key) })
}

// overrides reports whether an override sets what decides in which way an
// experiment feeds a figure.
func (c *checking) overrides(label string) bool {
	return slices.ContainsFunc([]string{"dataset", "hidden_size", "num_layers", "at_hidden_size", "at_num_layers", "steps", "warm_start", "until_loss", "until_gradient", "optimiser", "momentum", "learning_rate", "bias", "figures"}, func(key string) bool {
		return c.Overridden(label + "." + key)
	})
}

// inTOML writes a list of strings.
func inTOML(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// inWords writes values as messages show them.
func inWords[T any](values []T) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ", "), "[]")
}

// check completes the experiments and reports values that are allowed each and
// contradict each other.
func (p *Params) check(at *config.Places, available map[string]int) {
	c := checking{Params: p, Places: at, available: available, feeding: map[string][]int{}}
	if len(p.Experiments) == 0 && at.Read(experimentTable) {
		text, hint := "no [[experiment]], so there is nothing to run", "params.toml of the project documents its keys"
		if at.Given(experimentTable) {
			text, hint = "experiment is an empty list, so there is nothing to run", "write [[experiment]] before the keys of each"
		}
		at.Blame(experimentTable, text, hint)
	}
	c.checkData()
	total, counted := 0, true
	for i := range p.Experiments {
		e, label := &p.Experiments[i], at.Label(experimentTable, i)
		e.complete(at, label, p.objectsOf(e.Dataset), p.Train.Bias)
		c.follow(e, label)
		c.checkInPlaceOf(e, label)
		c.checkObjects(e, label)
		c.checkWarmStart(e, label)
		c.checkGoal(e, label)
		c.checkHeldOut(e, label)
		c.checkFigures(e, label)
		if c.read(label, "figures", "dataset", "input") {
			c.checkConflicts(i)
		}
		counted = counted && c.read(label, "hidden_size", "num_layers", "k", "seeds")
		if total += min(e.networks(), maxNetworks+1); total > maxNetworks && counted {
			c.Blame(label, fmt.Sprintf("with this experiment the run has more than %d networks", maxNetworks), "shorten its lists")
			counted = false
		}
	}
}

// checkObjects compares the sample sizes with the data.
func (c *checking) checkObjects(e *Experiment, label string) {
	objects := c.objectsOf(e.Dataset)
	if !c.read("data", "objects") {
		return
	}
	if have, known := c.available[e.Dataset]; known && c.read(label, "dataset") && objects > have {
		c.Blame("data.objects", fmt.Sprintf("data.objects is %d, but %s has %d objects", objects, e.Dataset, have), fmt.Sprintf("allowed with %s: 2 to %d", e.Dataset, have))
	}
	if !c.read(label, "k") {
		return
	}
	limit := fmt.Sprintf("data.objects is %d", objects)
	if objects < c.Data.Objects {
		limit = fmt.Sprintf("%s has %d objects", e.Dataset, objects)
	}
	for j, k := range e.SampleSizes {
		if k > objects {
			c.Blame(fmt.Sprintf("%s.k[%d]", label, j), fmt.Sprintf("%s.k holds %d, but %s", label, k, limit), fmt.Sprintf("allowed: 2 to %d", objects))
		}
	}
}

// checkWarmStart requires for each network one to start from that was trained
// on a part of its sample.
func (c *checking) checkWarmStart(e *Experiment, label string) {
	if !e.WarmStart || !c.read(label, "k", "warm_start") {
		return
	}
	if len(e.SampleSizes) < 2 {
		c.Blame(label+".warm_start", fmt.Sprintf("%s has a warm start, but only one k", label), "give k at least two values")
		return
	}
	for i, k := range e.SampleSizes[1:] {
		if before := e.SampleSizes[i]; k < before {
			c.Blame(fmt.Sprintf("%s.k[%d]", label, i+1), fmt.Sprintf("%s.k holds %d after %d, but has a warm start", label, k, before), "write k ascending: each starts from the one before")
		}
	}
}

// checkGoal requires that one thing decides how long a training lasts.
func (c *checking) checkGoal(e *Experiment, label string) {
	if !c.read(label, "until_loss", "until_gradient", "steps") || !e.until() {
		return
	}
	key, text := "until_gradient", fmt.Sprintf("%s trains until the gradient is %v", label, e.UntilGradient)
	if e.UntilLoss > 0 {
		key, text = "until_loss", fmt.Sprintf("%s trains until the loss is %v", label, e.UntilLoss)
	}
	if e.UntilLoss > 0 && e.UntilGradient > 0 {
		c.Blame(label+".until_gradient", text+fmt.Sprintf(" and until the gradient is %v", e.UntilGradient), "set one of the two to 0, or make two experiments")
	}
	if e.Steps > 0 {
		c.Blame(label+"."+key, fmt.Sprintf("%s, but has steps = %d", text, e.Steps), "set steps = 0; max_epochs limits such a training")
	}
	lists := e.watched()
	for _, list := range slices.Sorted(maps.Keys(lists)) {
		if len(*lists[list]) > 0 && c.read(label, list) {
			c.Blame(label+"."+list, fmt.Sprintf("%s, so that %s cannot name its epochs", text, list), fmt.Sprintf("set %s = []", list))
		}
	}
}

// checkHeldOut requires objects to hold out, and a training of known length to watch.
func (c *checking) checkHeldOut(e *Experiment, label string) {
	if !c.read(label, "held_out", "held_out_every", "dataset") {
		return
	}
	if e.HeldOut && c.read(label, "k", "input") && c.read("data", "objects", "held_out") && testSplit(e.Dataset, e.Input) == "" {
		for j, k := range e.SampleSizes {
			objects := c.objectsOf(e.Dataset)
			if left := objects - c.Data.HeldOut; k > left {
				c.Blame(fmt.Sprintf("%s.k[%d]", label, j), fmt.Sprintf("%s.k holds %d, but the last %d of %d objects are held out, since %s has no test split here", label, k, c.Data.HeldOut, objects, e.Dataset),
					fmt.Sprintf("allowed: 2 to %d; or set data.held_out", left))
			}
		}
	}
	switch {
	case e.HeldOutTarget > 0 && !e.HeldOut && c.read(label, "held_out_target"):
		c.Blame(label+".held_out_target", fmt.Sprintf("%s has held_out_target = %v, but no held-out objects", label, e.HeldOutTarget), "set held_out = true")
	case e.HeldOutEvery > 0 && !e.HeldOut:
		c.Blame(label+".held_out_every", fmt.Sprintf("%s has held_out_every = %d, but no held-out objects", label, e.HeldOutEvery), "set held_out = true")
	case e.HeldOutEvery > 0 && e.until():
		c.Blame(label+".held_out_every", fmt.Sprintf("%s trains until a goal, so that its updates are not known in advance", label), "set held_out_every = 0")
	}
}

// requirement is a key of an experiment without which a figure that reads a stage's
// results has nothing to show.
type requirement struct {
	stage, key  string
	met         func(e *Experiment) bool
	lacks, hint string
}

var requirements = []requirement{
	{"trajectory", "curvature_epochs", func(e *Experiment) bool { return len(e.CurvatureEpochs) > 1 }, "has fewer than two curvature_epochs", "give curvature_epochs at least two epochs"},
	{"norms_batch", "norm_epochs", func(e *Experiment) bool { return len(e.NormEpochs) > 1 }, "has fewer than two norm_epochs", "give norm_epochs at least two epochs"},
	{"needed_size", "held_out_target", func(e *Experiment) bool { return e.HeldOutTarget > 0 }, "has no held_out_target", "write held_out = true and held_out_target = 0.01"},
	{"held_out_curve", "held_out_every", func(e *Experiment) bool { return e.HeldOutEvery > 0 }, "its trainings are not evaluated on held-out objects", "write held_out = true and held_out_every = 1"},
	{"rotation", "snapshots", func(e *Experiment) bool { return len(e.Snapshots) > 1 }, "takes fewer than two snapshots", "give snapshots at least two epochs"},
}

// checkFigures requires that each figure has something to show.
func (c *checking) checkFigures(e *Experiment, label string) {
	if !c.read(label, "figures") {
		return
	}
	c.checkSnapshots(e, label)
	if e.holds(true) || len(e.Snapshots) > 0 {
		c.checkFixed(label, "num_layers", e.AtNumLayers, e.NumLayers)
	}
	if e.holds(false) || len(e.Snapshots) > 0 {
		c.checkFixed(label, "hidden_size", e.AtHiddenSize, e.HiddenSize)
	}
	blamed := false
	for i, name := range e.Figures {
		f := figureNamed(name)
		if paper, _ := published.Panel(e.Dataset); f.PerRun && c.read(label, "dataset", "input") && (!slices.Contains(published.Datasets, paper) || !slices.Contains(reserved, e.Input)) {
			c.Blame(fmt.Sprintf("%s.figures[%d]", label, i), fmt.Sprintf("%s feeds %s, which shows the data sets and inputs of the paper, and %s, %s is none of them", label, name, e.Dataset, e.Input), "take it out; mad_grid shows the same of one data set")
		}
		if needsSizes(name) && c.read(label, "k") && len(e.SampleSizes) < 2 {
			c.Blame(fmt.Sprintf("%s.figures[%d]", label, i), fmt.Sprintf("%s feeds %s, but has only one k", label, name), "give k at least two values")
		}
		if at := slices.IndexFunc(requirements, func(r requirement) bool { return f.ReadsOf(r.stage) }); at >= 0 {
			if r := requirements[at]; c.read(label, r.key) && !r.met(e) {
				c.Blame(fmt.Sprintf("%s.figures[%d]", label, i), fmt.Sprintf("%s feeds %s, but %s", label, name, r.lacks), r.hint)
			}
			continue
		}
		if f.Curved() && !blamed && c.read(label, "seeds", "curvature_seeds") && !slices.Contains(e.CurvatureSeeds, e.Seeds[0]) {
			blamed = true // one cause, whatever figures follow
			c.Blame(fmt.Sprintf("%s.figures[%d]", label, i), fmt.Sprintf("%s feeds %s, but the curvature of its first seed is not measured", label, name),
				fmt.Sprintf("write curvature_seeds = [%d]", e.Seeds[0]))
		}
	}
	if reach := min(slices.Max(e.SampleSizes), c.Data.Objects-1); len(e.CurvatureSeeds) > 0 && c.read(label, "k") &&
		c.read("curvature", "increments") && slices.Min(c.Curvature.Increments) > reach {
		c.Blame("curvature.increments", fmt.Sprintf("curvature.increments holds none that %s reaches", label), fmt.Sprintf("allowed: at least one of 1 to %d", reach))
	}
	c.checkSeeds(label, "curvature_seeds", e.CurvatureSeeds, e.Seeds)
}

// checkSeeds requires of a list of seeds that the experiment has them.
func (c *checking) checkSeeds(label, key string, list, seeds []int64) {
	if !c.read(label, "seeds", key) {
		return
	}
	for i, seed := range list {
		if !slices.Contains(seeds, seed) {
			c.Blame(fmt.Sprintf("%s.%s[%d]", label, key, i), fmt.Sprintf("%s.%s holds %d, which is none of its seeds", label, key, seed), "allowed: "+inWords(seeds))
		}
	}
}

// checkFixed reports that figures show networks that the experiment does not
// have.
func (c *checking) checkFixed(label, list string, fixed int, values []int) {
	key := "at_" + list
	if !c.read(label, key, list) || slices.Contains(values, fixed) {
		return
	}
	text := fmt.Sprintf("figures of %s show the networks with %s = %d, which it does not have", label, list, fixed)
	hint := fmt.Sprintf("allowed: one of its %s, %s", list, inWords(values))
	if !c.Given(label + "." + key) {
		c.Blame(label+"."+list, text, fmt.Sprintf("write %s = one of them", key))
		return
	}
	c.Blame(label+"."+key, text, hint)
}

// checkConflicts reports two experiments that would write the same figure
// without being told apart in it. Where an override is to blame, the hint takes
// all such figures out of the later one.
func (c *checking) checkConflicts(at int) {
	e, label := &c.Experiments[at], c.Label(experimentTable, at)
	clashes := make(map[int]int) // index of a figure → another experiment that draws it
	for i, f := range e.Figures {
		what, figure := figureFile(e, f), figureNamed(f)
		for _, j := range c.feeding[what] {
			other := &c.Experiments[j]
			elsewhere := !figure.PerRun && (other.Dataset != e.Dataset || other.Input != e.Input)
			if elsewhere || !share(figure, other, e) {
				clashes[i] = j
				break
			}
		}
		c.feeding[what] = append(c.feeding[what], at)
	}
	var left []string
	for i, f := range e.Figures {
		if _, ok := clashes[i]; !ok {
			left = append(left, f)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(clashes)) {
		hint, other := "take it out of one, or run one from a params file of its own", c.Label(experimentTable, clashes[i])
		if c.overrides(label) || c.overrides(other) {
			hint = fmt.Sprintf("add --set '%s.figures=%s'", label, inTOML(left))
		}
		c.Blame(fmt.Sprintf("%s.figures[%d]", label, i), fmt.Sprintf("%s and %s both draw %s", other, label, figureFile(e, e.Figures[i])), hint)
	}
}
