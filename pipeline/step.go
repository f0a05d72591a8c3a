package pipeline

import (
	"fmt"
	"slices"
)

// State is what a plan knows of a stage.
type State uint8

const (
	// StateCached: the result is in the store.
	StateCached State = iota
	// StateRun: the stage will run.
	StateRun
	// StateDepends: the stage reads the result of one that will run, so its
	// key is not known. If that result turns out as it was, the stage need
	// not run.
	StateDepends
)

// String returns the name of the state in lower case.
func (s State) String() string {
	switch s {
	case StateCached:
		return "cached"
	case StateRun:
		return "run"
	case StateDepends:
		return "depends"
	}
	return "unknown"
}

// Step is a stage of a plan.
type Step struct {
	Stage  *Stage
	State  State
	Key    Key      // zero if not known yet
	Reason string   // why it runs or what it waits for; "" if cached
	Waits  []*Stage // for StateDepends: the stages whose results it waits for
}

// Graph returns the graph that the plan is about.
func (p *Plan) Graph() *Graph { return p.graph }

// Steps returns the stages that are needed, in topological order. After
// [Plan.Run] they are as the run left them.
func (p *Plan) Steps() []Step {
	n := 0
	for _, needed := range p.needed {
		if needed {
			n++
		}
	}
	steps := make([]Step, 0, n)
	for i, s := range p.graph.stages {
		if p.needed[i] {
			steps = append(steps, p.step(s))
		}
	}
	return steps
}

func (p *Plan) step(s *Stage) Step {
	step := Step{Stage: s, State: p.state[s.index], Key: p.keys[s.index]}
	switch step.State {
	case StateRun:
		step.Reason = p.reason(s)
	case StateDepends:
		step.Waits = p.waits(s)
		step.Reason = waitsFor(step.Waits)
	}
	return step
}

// waits returns the stages whose results s waits for, each once.
func (p *Plan) waits(s *Stage) []*Stage {
	if twin, ok := p.twins[s.index]; ok {
		return []*Stage{p.graph.stages[twin]}
	}
	var waits []*Stage
	for _, in := range s.inputs {
		if !p.known[in.From.index] && !slices.Contains(waits, in.From) {
			waits = append(waits, in.From)
		}
	}
	return waits
}

func waitsFor(waits []*Stage) string {
	switch len(waits) {
	case 0:
		return ""
	case 1:
		return "waits for " + waits[0].name
	}
	return fmt.Sprintf("waits for %s and %d more", waits[0].name, len(waits)-1)
}

// Count returns how many stages are needed, and how many of them are in the
// store.
func (p *Plan) Count() (needed, cached int) {
	for i, n := range p.needed {
		if n {
			needed++
			if p.state[i] == StateCached {
				cached++
			}
		}
	}
	return needed, cached
}

// Key returns the key of a stage, if it is known.
func (p *Plan) Key(s *Stage) (Key, bool) {
	k := p.keys[s.index]
	return k, !k.IsZero()
}

// Output returns the digest and the uncompressed size of an output, if the
// plan or the run that followed it knows them.
func (p *Plan) Output(s *Stage, name string) (Digest, int64, bool) {
	i := s.output(name)
	if i < 0 || s.graph != p.graph || !p.known[s.index] {
		return Digest{}, 0, false
	}
	o := p.outputs(s.index)[i]
	return o.digest, o.size, true
}

// Record returns the record of a stage's current result, if there is one.
func (p *Plan) Record(s *Stage) (Record, bool) {
	k, ok := p.Key(s)
	if !ok {
		return Record{}, false
	}
	r, ok, err := LookupRecord(p.store, k)
	return r, ok && err == nil
}

// Logs returns what a stage said under its current key, or, where that is
// not known or said nothing, under the last key with which it ran.
func (p *Plan) Logs(s *Stage) ([]Log, error) {
	if k, ok := p.Key(s); ok {
		if logs, err := lookupLogs(p.store, k); err != nil || len(logs) > 0 {
			return logs, err
		}
	}
	last, ok, err := LastKey(p.store, s.name)
	if err != nil || !ok {
		return nil, err
	}
	return lookupLogs(p.store, last)
}
