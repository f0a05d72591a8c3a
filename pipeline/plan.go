package pipeline

import (
	"errors"
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

	// Force runs the targets even where the store has their results.
	Force bool

	// Single runs the targets alone. It is an error if the store lacks what
	// they read.
	Single bool

	// Downstream adds the stages that read a target, directly or not, and
	// what these read.
	Downstream bool
}

// Plan says what is to be done to bring stages up to date. Making one reads
// records only; it changes nothing. A plan must not be used by two goroutines
// at a time.
type Plan struct {
	graph   *Graph
	store   *cas.Store
	options Options
	*selection

	state  []State  // by index of the stage, where read
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

	scratch []byte
}

// kindTime sums the recorded times of a kind.
type kindTime struct {
	total time.Duration
	count int
}

// NewPlan compares a graph with what a store holds. Errors: targets that name
// nothing, missing inputs under [Options].Single, or what the store said.
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

// look sets the state of every stage that is read, in topological order.
func (p *Plan) look() error {
	if err := p.store.Refresh(); err != nil {
		return fmt.Errorf("reading the store: %w", err)
	}
	first := make(map[Key]int32) // of the stages that will run
	p.twins, p.makers, p.rebuild = nil, make(map[Digest]int32), nil
	clear(p.times)
	var missing []error
	for i, s := range p.graph.stages {
		if !p.read[i] {
			continue
		}
		if slices.ContainsFunc(s.sources(), func(e edge) bool { return !p.known[e.from] }) {
			p.state[i], p.known[i], p.keys[i] = StateDepends, false, Key{}
			if !p.needed[i] {
				missing = append(missing, p.missing(s))
			}
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
		if !p.needed[i] {
			missing = append(missing, p.missing(s))
			continue
		}
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
	return errors.Join(missing...)
}

func (p *Plan) missing(s *Stage) error {
	return fmt.Errorf("stage %s is not up to date, and a target reads it: run it first, or the target without single", s.name)
}

// forced reports whether the stage must run though its result may be known.
func (p *Plan) forced(i int32, key Key) bool {
	return p.options.Force && p.target[i] && !p.forcedKeys[key]
}

// outputs returns the outputs of a stage, to read or to fill in.
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

// manifest returns the encoded manifest of a stage whose inputs are known. It
// lies in a buffer that the next call uses again.
func (p *Plan) manifest(s *Stage) []byte {
	sources := s.sources()
	p.scratch = s.appendManifest(p.scratch[:0], func(i int) Digest { return p.source(sources[i]).digest })
	return p.scratch
}

func (p *Plan) key(s *Stage) Key { return Key{cas.Sum(p.manifest(s))} }
