package main

import (
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// causeValue is a stage from which differences spread: its result is not as
// expected, and those that it reads are.
type causeValue struct {
	Stage   string   `json:"stage"`
	Outputs []string `json:"outputs"`

	// Changed are the params, the code and the inputs in which it differs
	// from the last run that gave the expected result; where the store knows
	// of none, the params and the code that are others than in the lock file.
	Changed []string  `json:"changed"`
	Run     string    `json:"run,omitempty"` // that run
	When    time.Time `json:"when,omitzero"`

	// Why says it in words where Changed is empty.
	Why string `json:"why,omitempty"`

	Same    []string `json:"same,omitempty"` // further stages of the kind with the same cause
	Follows int      `json:"follows"`        // divergent stages behind all of these
}

// findCauses looks for the stages with which the differences begin and says
// what changed in their keys.
func (r *checkReport) findCauses(w *workspace, plan *pipeline.Plan, baseline *pipeline.Baseline, found []pipeline.Difference) error {
	changed := make(map[string][]string) // stage → outputs
	for _, d := range found {
		if d.Kind == pipeline.Changed {
			changed[d.Stage] = append(changed[d.Stage], d.Output)
		}
	}
	var roots []*pipeline.Stage
	want := make(map[*pipeline.Stage]map[string]pipeline.Digest)
	for _, name := range r.order {
		s := w.graph.Stage(name)
		if s == nil || changed[name] == nil || slices.ContainsFunc(s.Inputs(), func(in pipeline.Input) bool {
			return slices.Contains(changed[in.From.Name()], in.Output)
		}) {
			continue
		}
		roots = append(roots, s)
		want[s] = baseline.Expected(s)
	}
	origins, err := plan.Origins(w.store, want)
	if err != nil {
		return err
	}
	at := make(map[string]int) // kind and cause → index
	for _, s := range roots {
		c := causeValue{Stage: s.Name(), Outputs: changed[s.Name()], Changed: []string{}}
		i := slices.IndexFunc(origins, func(o pipeline.Origin) bool { return o.Stage == s })
		switch {
		case i < 0 && baseline.Params == nil:
			c.Why = "no run in this store gave the expected result, so what changed is not known"
		case i < 0:
			if c.Changed = w.changedSince(baseline, s); len(c.Changed) == 0 {
				c.Why = "params and code are those of " + r.Lock + ": this machine or build computes otherwise, or the stage is not deterministic"
			}
		default:
			o := origins[i]
			c.Changed = pipeline.Changes(o.Fields)
			c.Run, c.When = o.Record.Run.String(), o.Record.Started
			if len(c.Changed) == 0 {
				c.Changed = []string{}
				c.Why = "params, code and inputs are those that gave the expected result: the stage is not deterministic, or this machine or build computes otherwise"
			}
		}
		id := s.Kind() + "\x00" + c.Why + strings.Join(c.Changed, "\x00")
		if first, ok := at[id]; ok {
			r.Causes[first].Same = append(r.Causes[first].Same, s.Name())
			continue
		}
		at[id] = len(r.Causes)
		r.Causes = append(r.Causes, c)
	}
	r.countFollowers(w, changed)
	return nil
}

// countFollowers counts, for each cause, the divergent stages that read of
// its stages, directly or not.
func (r *checkReport) countFollowers(w *workspace, changed map[string][]string) {
	for i := range r.Causes {
		c := &r.Causes[i]
		reached := map[string]bool{c.Stage: true}
		for _, s := range c.Same {
			reached[s] = true
		}
		for _, name := range r.order {
			if reached[name] || changed[name] == nil {
				continue
			}
			for _, in := range w.graph.Stage(name).Inputs() {
				if reached[in.From.Name()] && slices.Contains(changed[in.From.Name()], in.Output) {
					reached[name] = true
					c.Follows++
					break
				}
			}
		}
	}
}
