package pipeline

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/suggest"
)

// Match returns the stages that a target names, in the order of the graph. A
// target is one of
//
//   - the name of a stage: "solve[square,n=16,order=2]",
//   - a kind: "solve",
//   - a group, which is a kind and some labels: "solve[square,n=16]"; a label
//     is written as key=value or as its value alone; without a kind, as in
//     "[square]", stages of any kind match,
//   - an exported file: "figures/height.svg", or "height.svg" if that is the name
//     of only one.
//
// If a target matches nothing, the error suggests the nearest name.
func (g *Graph) Match(target string) ([]*Stage, error) {
	if s := g.Stage(target); s != nil {
		return []*Stage{s}, nil
	}
	if s, ok := g.exports[target]; ok {
		return []*Stage{s}, nil
	}
	if s := g.exporter(target); s != nil {
		return []*Stage{s}, nil
	}
	kind, labels, group := strings.Cut(target, "[")
	if group {
		if !strings.HasSuffix(labels, "]") {
			return nil, fmt.Errorf("target %q: the ] at the end is missing", target)
		}
		labels = strings.TrimSuffix(labels, "]")
	}
	var items []string
	if labels != "" {
		items = strings.Split(labels, ",")
	}
	var found []*Stage
	for _, s := range g.stages {
		if (kind == "" && group || s.kind.name == kind) && s.matches(items) {
			found = append(found, s)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if group && (kind == "" || g.byKind[kind] != nil) {
		return nil, fmt.Errorf("target %q: no stage has these labels%s", target, g.badLabel(kind, items))
	}
	return nil, fmt.Errorf("target %q: no such stage, kind or exported file%s", target, g.near(kind, target))
}

// exporter returns the stage that exports the one file of this name in any
// folder, nil if there is none or more than one.
func (g *Graph) exporter(name string) (found *Stage) {
	if g.byKind[name] != nil {
		return nil
	}
	for file, s := range g.exports {
		if path.Base(file) == name {
			if found != nil {
				return nil
			}
			found = s
		}
	}
	return found
}

// matches reports whether each item is a label of s.
func (s *Stage) matches(items []string) bool {
	for _, item := range items {
		if !slices.ContainsFunc(s.labels, func(l Label) bool { return l.is(strings.TrimSpace(item)) }) {
			return false
		}
	}
	return true
}

func (l Label) is(item string) bool {
	return item == l.Value ||
		len(item) == len(l.Key)+1+len(l.Value) && strings.HasPrefix(item, l.Key) &&
			item[len(l.Key)] == '=' && strings.HasSuffix(item, l.Value)
}

// badLabel names the first item that no stage of the kind has, and the
// values that its label may take.
func (g *Graph) badLabel(kind string, items []string) string {
	for _, item := range items {
		key, _, _ := strings.Cut(strings.TrimSpace(item), "=")
		var values []string
		any := false
		for _, s := range g.stages {
			if kind != "" && s.kind.name != kind {
				continue
			}
			for _, l := range s.labels {
				any = any || l.is(strings.TrimSpace(item))
				if l.Key == key && !slices.Contains(values, l.Value) {
					values = append(values, l.Value)
				}
			}
		}
		if any {
			continue
		}
		if len(values) > 0 {
			return fmt.Sprintf(": %s is one of %s", key, strings.Join(values, ", "))
		}
		return fmt.Sprintf(": none has %s", item)
	}
	return " together"
}

// near suggests the name nearest to the target, or lists the kinds.
func (g *Graph) near(kind, target string) string {
	type candidate struct {
		name     string
		distance int
	}
	var best []candidate
	consider := func(name, asked string) {
		most := max(2, len(asked)/4)
		if apart := len(name) - len(asked); apart > most || apart < -most {
			return
		}
		if d := suggest.Distance(name, asked); d <= most {
			best = append(best, candidate{name, d})
		}
	}
	var kinds []string
	for _, s := range g.stages {
		if !slices.Contains(kinds, s.kind.name) {
			kinds = append(kinds, s.kind.name)
			consider(s.kind.name, kind)
		}
		consider(s.name, target)
		for _, file := range s.exports {
			consider(file, target)
			consider(path.Base(file), target)
		}
	}
	if len(best) == 0 && strings.ContainsAny(target, "./") {
		return "" // the target is a file: kinds would not help
	}
	if len(best) == 0 {
		return ": kinds are " + strings.Join(kinds, ", ")
	}
	slices.SortFunc(best, func(a, b candidate) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	best = slices.Compact(best)
	return fmt.Sprintf(": did you mean %s?", best[0].name)
}

// selection says which stages a plan is about, by index.
type selection struct {
	target []bool // named by a target
	needed []bool // to be brought up to date: a target, or read by one
}

func (g *Graph) selection(o Options) (*selection, error) {
	n := len(g.stages)
	sel := &selection{target: make([]bool, n), needed: make([]bool, n)}
	if len(o.Targets) == 0 {
		for i := range n {
			sel.target[i], sel.needed[i] = true, true
		}
		return sel, nil
	}
	var errs []error
	for _, t := range o.Targets {
		stages, err := g.Match(t)
		if err != nil {
			errs = append(errs, err)
		}
		for _, s := range stages {
			sel.target[s.index], sel.needed[s.index] = true, true
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if o.Downstream {
		for i, s := range g.stages {
			sel.needed[i] = sel.needed[i] || slices.ContainsFunc(s.sources(), func(e edge) bool { return sel.needed[e.from] })
		}
	}
	for i := n - 1; i >= 0; i-- {
		if sel.needed[i] {
			for _, e := range g.stages[i].sources() {
				sel.needed[e.from] = true
			}
		}
	}
	return sel, nil
}
