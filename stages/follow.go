package stages

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
)

// follow adjusts values of the file that name a value of another param, where an
// override has removed that value: --set 'experiment.paper.hidden_size=[128]'
// needs no second override for at_hidden_size. A value that an override sets
// itself stays, and is checked. [Params.Followed] says what was adjusted.
func (c *checking) follow(e *Experiment, label string) {
	objects, epochs := c.Data.Objects, c.Train
	if c.may(label+".k", "data.objects") {
		if k := upTo(e.SampleSizes, objects); len(k) < len(e.SampleSizes) {
			if !slices.Contains(k, objects) {
				k = append(k, objects)
			}
			note(c, &e.SampleSizes, k, label+".k", "data.objects")
		}
	}
	if len(e.SampleSizes) < 2 {
		if c.may(label+".warm_start", "data.objects", label+".k") {
			note(c, &e.WarmStart, false, label+".warm_start", "k, of which one value is left")
		}
		if c.may(label+".figures", "data.objects", label+".k") {
			note(c, &e.Figures, slices.DeleteFunc(slices.Clone(e.Figures), needsSizes), label+".figures", "k, of which one value is left")
		}
	}
	if c.may(label+".at_hidden_size", label+".hidden_size") {
		note(c, &e.AtHiddenSize, nearest(e.HiddenSize, e.AtHiddenSize), label+".at_hidden_size", "hidden_size")
	}
	if c.may(label+".at_num_layers", label+".num_layers") {
		note(c, &e.AtNumLayers, nearest(e.NumLayers, e.AtNumLayers), label+".at_num_layers", "num_layers")
	}
	if c.may(label+".curvature_seeds", label+".seeds") && c.read(label, "figures") {
		first := e.Seeds[0]
		seeds := slices.DeleteFunc(slices.Clone(e.CurvatureSeeds), func(s int64) bool { return !slices.Contains(e.Seeds, s) })
		if !slices.Contains(seeds, first) && (len(seeds) == 0 && len(e.CurvatureSeeds) > 0 || e.drawsCurvature()) {
			seeds = append([]int64{first}, seeds...)
		}
		note(c, &e.CurvatureSeeds, seeds, label+".curvature_seeds", "seeds")
	}
	lists := e.watched()
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		if !c.may(label+"."+key, "train.epochs", "train.batch_size", "data.objects", label+".k", label+".steps") {
			continue
		}
		length := nn.Length{Epochs: epochs.Epochs, Steps: e.Steps}
		last := length.EpochsOf((slices.Max(e.SampleSizes)-1)/epochs.BatchSize + 1)
		if left := upTo(*lists[key], last); len(left) < len(*lists[key]) {
			if len(left) < 2 {
				left = []int{0, last}
			}
			note(c, lists[key], left, label+"."+key, "the length of the training")
		}
	}
	if len(e.NormEpochs) > 0 && c.may("curvature.norm_batch", "data.objects", label+".k") {
		note(c, &c.Curvature.NormBatch, min(c.Curvature.NormBatch, slices.Max(e.SampleSizes)), "curvature.norm_batch", "the sample sizes")
	}
	if c.may(label+".norm_seeds", label+".seeds") {
		note(c, &e.NormSeeds, slices.DeleteFunc(slices.Clone(e.NormSeeds), func(s int64) bool { return !slices.Contains(e.Seeds, s) }), label+".norm_seeds", "seeds")
	}
	if len(e.CurvatureSeeds) > 0 && c.may("curvature.increments", "data.objects", label+".k") {
		if reach := min(slices.Max(e.SampleSizes), objects-1); reach > 0 && slices.Min(c.Curvature.Increments) > reach {
			note(c, &c.Curvature.Increments, append([]int{reach}, c.Curvature.Increments...), "curvature.increments", "the sample sizes")
		}
	}
}

// may reports whether a param may follow others: all could be read, an override
// set one of them, and none the param itself.
func (c *checking) may(path string, others ...string) bool {
	return c.Read(append(others, path)...) && !c.Overridden(path) && slices.ContainsFunc(others, c.Overridden)
}

// note sets a param to the value that follows from another param, and says so if
// the value changes.
func note[T any](c *checking, param *T, value T, path, from string) {
	text := func(v any) string {
		s := strings.ReplaceAll(fmt.Sprint(v), " ", ", ")
		if len(s) > 60 {
			s = s[:28] + " … " + s[len(s)-28:]
		}
		return s
	}
	before, now := fmt.Sprint(*param), fmt.Sprint(value)
	if before == now {
		return
	}
	c.Followed = append(c.Followed, fmt.Sprintf("%s follows %s: %s → %s", path, from, text(*param), text(value)))
	*param = value
}

// upTo returns the values of a list that are at most the limit.
func upTo(list []int, limit int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(v int) bool { return v > limit })
}

// nearest returns the value of a list that is nearest to another one, which is
// itself if the list has it.
func nearest(list []int, to int) int {
	apart := func(v int) int { return max(v-to, to-v) }
	return slices.MinFunc(list, func(a, b int) int { return apart(a) - apart(b) })
}

// drawsCurvature reports whether a figure shows the curvature of the network of
// the first seed.
func (e *Experiment) drawsCurvature() bool {
	return slices.ContainsFunc(e.Figures, func(name string) bool {
		f := figureNamed(name)
		return f.Curved() && !f.ReadsOf("rotation")
	})
}

// needsSizes reports whether a figure needs two values of k.
func needsSizes(name string) bool {
	shows := figureNamed(name).Shows
	return shows == figures.OverSizes || shows == figures.OverMeasured
}
