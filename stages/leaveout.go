package stages

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

// Without returns the params without the experiments on the data sets named:
// those that stand in for them, by in_place_of, run in their place. The lines,
// the digest and the name of the run are those of the whole. A data set that no
// experiment learns is an error, and so is a run of which nothing is left.
func (p Params) Without(datasets ...string) (Params, error) {
	used := p.learnt()
	for _, name := range datasets {
		if !slices.Contains(used, name) {
			return p, fmt.Errorf("no experiment learns the data set %s, so it cannot be left out; those of this run are %s", name, strings.Join(used, ", "))
		}
		if !slices.Contains(p.LeftOut, name) {
			p.LeftOut = append(slices.Clone(p.LeftOut), name)
		}
	}
	if len(p.running()) == 0 {
		return p, fmt.Errorf("without %s the run has no experiment", strings.Join(p.LeftOut, " and "))
	}
	return p, nil
}

// learnt are the data sets of all experiments, also of those that stand in for
// others, in the order of the file.
func (p Params) learnt() []string {
	var list []string
	for _, e := range p.Experiments {
		if !slices.Contains(list, e.Dataset) {
			list = append(list, e.Dataset)
		}
	}
	return list
}

// running are the experiments that run: not those on a data set that is left out,
// and those that stand in for another only if that one is.
func (p Params) running() []Experiment {
	var list []Experiment
	for _, e := range p.Experiments {
		needed := e.InPlaceOf == inPlaceOfNone || slices.Contains(p.LeftOut, e.InPlaceOf)
		if needed && !slices.Contains(p.LeftOut, e.Dataset) {
			list = append(list, e)
		}
	}
	return list
}

// objectsOf is how many objects of a data set are read: the first data.objects or, of a
// smaller data set that stands in for another, all.
func (p *Params) objectsOf(dataset string) int {
	d, err := fetch.Lookup(dataset)
	standsIn := func(e Experiment) bool { return e.Dataset == dataset && e.InPlaceOf != inPlaceOfNone }
	if err != nil || !slices.ContainsFunc(p.Experiments, standsIn) {
		return p.Data.Objects
	}
	return min(p.Data.Objects, d.Objects)
}

// checkInPlaceOf requires another experiment that the experiment can stand in for.
func (c *checking) checkInPlaceOf(e *Experiment, label string) {
	if e.InPlaceOf == inPlaceOfNone || !c.read(label, "in_place_of", "dataset") {
		return
	}
	stands := func(other Experiment) bool { return other.Dataset == e.InPlaceOf && other.InPlaceOf == inPlaceOfNone }
	switch {
	case e.InPlaceOf == e.Dataset:
		c.Blame(label+".in_place_of", fmt.Sprintf("%s would stand in for %s, its own data set", label, e.Dataset), "name another data set, or \"none\"")
	case !slices.ContainsFunc(c.Experiments, stands):
		c.Blame(label+".in_place_of", fmt.Sprintf("%s stands in for %s, which no other experiment learns", label, e.InPlaceOf), "write in_place_of = \"none\", or add an experiment on "+e.InPlaceOf)
	}
}
