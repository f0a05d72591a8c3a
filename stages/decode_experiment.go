package stages

import (
	"fmt"
	"slices"
	"strings"
)

// experiments reads the [[experiment]] tables of a file.
func (r *reader) experiments(n *node) {
	if n.kind != arrayNode {
		r.report(n.key, fmt.Sprintf("experiment is %s; it must be a list of tables", typeName(n)), "write [[experiment]] before the keys of each")
		return
	}
	if len(n.elems) == 0 {
		r.report(n.val, "experiment is an empty list, so there is nothing to run", "write [[experiment]] before the keys of each")
	}
	for i, e := range n.elems {
		if e.kind != tableNode {
			r.report(e.val, fmt.Sprintf("experiment holds %s; it must be a list of tables", r.describe(e)), "write [[experiment]] before the keys of each")
			continue
		}
		x := defaultExperiment()
		label := fmt.Sprintf("%s #%d", experimentTable, i+1)
		if name, ok := nameOf(e); ok {
			label = experimentTable + "." + name
		}
		if _, taken := r.places[label]; taken {
			label = fmt.Sprintf("%s #%d", label, i+1) // a second one of the name, which check reports
		}
		r.places[label] = place{r.src, e}
		r.fields(experimentTable, label, e, x.fields())
		if e.table["name"] == nil && !r.lossy {
			r.report(e.key, "this experiment has no name", `write name = "..."`)
		}
		r.params.Experiments = append(r.params.Experiments, x)
		r.labels = append(r.labels, label)
	}
}

// nameOf returns the name of an experiment where it is a usable one.
func nameOf(e *node) (string, bool) {
	n := e.table["name"]
	if n == nil {
		return "", false
	}
	name, ok := n.value.(string)
	return name, ok && experimentName.MatchString(name)
}

// namedExperiments reads experiment.NAME.KEY=VALUE of an override.
func (r *reader) namedExperiments(n *node) {
	if n.kind != tableNode {
		r.report(n.key, "experiment needs the name of one", "write experiment.NAME.KEY=VALUE")
		return
	}
	for _, name := range n.names {
		child := n.table[name]
		i := slices.Index(r.labels, experimentTable+"."+name)
		if i < 0 {
			r.unknownExperiment(name, child)
			continue
		}
		if child.kind != tableNode {
			r.report(child.key, fmt.Sprintf("experiment.%s is a whole table", name), "write experiment.NAME.KEY=VALUE")
			continue
		}
		if rename := child.table["name"]; rename != nil {
			r.report(rename.key, "an experiment cannot be renamed by an override", "its name is what overrides call it by")
			continue
		}
		r.fields(experimentTable, r.labels[i], child, r.params.Experiments[i].fields())
	}
}

func (r *reader) unknownExperiment(name string, n *node) {
	var names []string
	for _, l := range r.labels {
		if known, ok := strings.CutPrefix(l, experimentTable+"."); ok {
			names = append(names, known)
		}
	}
	if r.lossy {
		return // it may stand in the part that could not be read
	}
	hint := "known: " + strings.Join(names, ", ")
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	r.report(n.key, fmt.Sprintf("unknown experiment %s", clip(name)), hint)
}
