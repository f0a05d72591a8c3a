package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Options says which part of a graph a plan is about. The zero value means
// all of it.
type Options struct {
	// Targets are brought up to date with all that they read; see
	// [Graph.Match]. None means every stage.
	Targets []string

	// Force runs the targets even if the store has their results.
	Force bool

	// Since are the earlier runs with which stages that are not up to date are
	// compared, the one to prefer first. A stage that none of them had is
	// compared with the nearest action of its kind. Nil means the last action
	// under the stage's name, whatever run it was in.
	Since []Run

	// Downstream adds the stages that read a target, directly or not, and
	// what these read.
	Downstream bool
}

// Plan says what has to be done to bring stages up to date. Making one only
// reads records; it changes nothing. A plan must not be used by two goroutines
// at a time.
type Plan struct {
	graph   *Graph
	store   *cas.Store
	options Options
	*selection

	state  []State  // by index of the stage, if needed
	known  []bool   // whether outs are known
	keys   []Key    // zero where not known
	offset []int32  // of the first output of a stage in outs
	outs   []output // of all stages
	twins  map[int32]int32
	times  []kindTime

	lost    map[Digest]error // objects that the store cannot give, and what it said
	makers  map[Digest]int32 // the stage that is to rebuild each of them
	rebuild []int32          // the stages among makers, in the order in which they became that
	rebuilt map[rebuilt]bool // lost outputs that this plan has rebuilt, or found again

	forcedKeys map[Key]bool // what [Options].Force has run

	past past

	scratch []byte
}

// kindTime sums the recorded times of a kind.
type kindTime struct {
	total time.Duration
	count int
}

// NewPlan compares a graph with a store. It is an error if a target matches
// nothing.
func NewPlan(g *Graph, st *cas.Store, o Options) (*Plan, error) {
	sel, err := g.selection(o)
	if err != nil {
		return nil, err
	}
	n := len(g.stages)
	p := &Plan{
		graph: g, store: st, options: o, selection: sel,
		state:  make([]State, n),
		known:  make([]bool, n),
		keys:   make([]Key, n),
		offset: make([]int32, n+1),
		times:  make([]kindTime, len(g.byKind)),

		lost:       make(map[Digest]error),
		rebuilt:    make(map[rebuilt]bool),
		forcedKeys: make(map[Key]bool),
	}
	for i, s := range g.stages {
		p.offset[i+1] = p.offset[i] + int32(len(s.kind.outputs))
	}
	p.outs = make([]output, p.offset[n])
	return p, p.look()
}

// look sets the state of every needed stage, in topological order.
func (p *Plan) look() error {
	if err := p.store.Refresh(); err != nil {
		return fmt.Errorf("reading the store: %w", err)
	}
	first := make(map[Key]int32) // of the stages that will run
	p.twins, p.makers, p.rebuild = nil, make(map[Digest]int32), nil
	clear(p.times)
	for i, s := range p.graph.stages {
		if !p.needed[i] {
			continue
		}
		if slices.ContainsFunc(s.sources(), func(e edge) bool { return !p.known[e.from] }) {
			p.state[i], p.known[i], p.keys[i] = StateDepends, false, Key{}
			continue
		}
		key := p.key(s)
		p.keys[i] = key
		if !p.forced(int32(i), key) {
			ok, err := p.lookup(s, key, p.outputs(int32(i)))
			if err != nil {
				return fmt.Errorf("reading the store: %w", err)
			}
			if ok {
				p.state[i], p.known[i] = StateCached, true
				continue
			}
		}
		p.state[i], p.known[i] = StateRun, false
		if twin, ok := first[key]; ok {
			if p.twins == nil {
				p.twins = make(map[int32]int32)
			}
			p.state[i], p.twins[int32(i)] = StateDepends, twin
			continue
		}
		first[key] = int32(i)
	}
	p.assign()
	return nil
}

// forced reports whether the stage must run even if its result is known.
func (p *Plan) forced(i int32, key Key) bool {
	return p.options.Force && p.target[i] && !p.forcedKeys[key]
}

// outputs returns the outputs of a stage, to be read or filled in.
func (p *Plan) outputs(i int32) []output { return p.outs[p.offset[i]:p.offset[i+1]] }

// source returns the output that an edge comes from.
func (p *Plan) source(e edge) *output { return &p.outs[p.offset[e.from]+e.output] }

// lookup fills outs with the outputs of a stage from the record of key.
func (p *Plan) lookup(s *Stage, key Key, outs []output) (ok bool, err error) {
	values, err := p.store.Lookup(tableActions, key.Digest)
	if err != nil {
		return false, err
	}
	elapsed, ok := readLast(values, s.kind.outputs, outs)
	if !ok {
		return false, nil
	}
	t := &p.times[s.kind.index]
	t.total += elapsed
	t.count++
	return true, nil
}

// manifest returns the encoded manifest of a stage whose inputs are known. The
// next call overwrites it.
func (p *Plan) manifest(s *Stage) []byte {
	sources := s.sources()
	p.scratch = s.appendManifest(p.scratch[:0], func(i int) Digest { return p.source(sources[i]).digest })
	return p.scratch
}

func (p *Plan) key(s *Stage) Key { return Key{cas.Sum(p.manifest(s))} }

// State is what a plan knows of a stage.
type State uint8

const (
	// StateCached: the result is in the store.
	StateCached State = iota
	// StateRun: the stage will run.
	StateRun
	// StateDepends: the stage reads the result of one that will run, so its
	// key is not known. If that result is unchanged, the stage need not run.
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

// LastRecord is Record, or, if the stage is not up to date, the record of the
// earlier run with which it is compared.
func (p *Plan) LastRecord(s *Stage) (Record, bool) {
	if p.state[s.index] == StateCached {
		return p.Record(s)
	}
	b, _, ok, err := p.before(s)
	if err != nil || !ok || b.Nearest {
		return Record{}, false
	}
	r, ok, err := LookupRecord(p.store, b.Key)
	return r, ok && err == nil
}

// Logs returns what a stage logged under its current key or, if the key is not
// known or there is no log, under the key with which it ran before.
func (p *Plan) Logs(s *Stage) ([]Log, error) {
	if k, ok := p.Key(s); ok {
		if logs, err := lookupLogs(p.store, k); err != nil || len(logs) > 0 {
			return logs, err
		}
	}
	b, _, ok, err := p.before(s)
	if err != nil || !ok || b.Nearest {
		return nil, err
	}
	return lookupLogs(p.store, b.Key)
}
