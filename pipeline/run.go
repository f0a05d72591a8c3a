package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// RunOptions says how a plan is run. None of it influences a result.
type RunOptions struct {
	// Jobs is the number of cores to use; 0 means all that the process may.
	Jobs int

	// KeepGoing runs every stage that does not depend on a failed one.
	// Otherwise nothing is started after a failure; running stages finish
	// and their results are kept.
	KeepGoing bool

	// Retries is how often a failed stage is run again. Every attempt
	// leaves a [Log].
	Retries int

	// Compare, if not nil, runs exactly these stages, although their results
	// are known, and compares the outputs with those on record. Each stage
	// receives the inputs on record, verified against their digests, and
	// nothing is written, so a stage whose bytes differ is itself the cause.
	// A failure does not keep the other stages from being compared. Of the
	// other options, Jobs, MemoryLimit, CacheLimit and Events count.
	Compare []*Stage

	// Events is called with each event, never concurrently, from any
	// goroutine. It must not call the plan. It should return quickly: it
	// delays the run.
	Events func(Event)

	// MemoryLimit bounds the sum of [Node].Memory of the stages that run
	// together, in bytes; 0 means no bound. A stage that needs more runs
	// alone.
	MemoryLimit int64

	// CacheLimit bounds the inputs that are kept in memory for further
	// stages to read, in bytes; 0 means 512 MiB.
	CacheLimit int64

	// PartInterval is how long finished parts of a stage collect before they
	// are committed, and so how much work is lost if the process is killed;
	// 0 means 5 s. See [Task].
	PartInterval time.Duration

	// Name, Note and Params describe the [Run]; the engine only keeps them.
	Name, Note string
	Params     map[string]string

	// Command describes the run too; nil means the command line.
	Command []string
}

// Summary is the outcome of a run. Every needed stage is counted once; in a
// run with [RunOptions].Compare, every compared stage.
type Summary struct {
	Cached  int // were in the store, or were made by another process or stage
	Ran     int // ran, and their results are durable
	Failed  int
	Skipped int // were not run because a stage failed
	Unrun   int // were not run because the run was interrupted, or could not write

	Elapsed time.Duration

	Failures []*StageError // in the order of the graph
	Skips    []Skip        // in the order of the graph
	Diverged []Divergence  // in the order of their detection
	Compared []*Comparison // in the order of the graph

	// Run identifies the rows that the run wrote; zero if it wrote none.
	Run RunID

	plan    *Plan
	results map[string]map[string]Digest
}

// Results returns the digest of each output, by stage and output, of the
// stages that were up to date at the first call. It must not be called by two
// goroutines at a time, and the map must not be changed.
func (s *Summary) Results() map[string]map[string]Digest {
	if s.results == nil {
		s.results = s.plan.Results()
	}
	return s.results
}

// Skip is a stage that was not run.
type Skip struct {
	Stage   *Stage
	Because []*Stage // the failed stages that it needs; or the one at which the run stopped
}

// Divergence is an output whose bytes differ from those of an earlier
// execution of the same action: the action is not a pure function of its key.
type Divergence struct {
	Stage     *Stage
	Key       Key
	Output    string
	Have, Got Digest
}

// StageError is the failure of a stage.
type StageError struct {
	Stage *Stage
	Err   error
}

func (e *StageError) Error() string { return e.Stage.name + ": " + e.Err.Error() }

// Unwrap returns the error of the stage's function.
func (e *StageError) Unwrap() error { return e.Err }

// PanicError is the failure of a stage that panicked.
type PanicError struct {
	Value any
	Stack []byte // as debug.Stack gives it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

const defaultCacheLimit = 512 << 20

// Run brings the needed stages up to date. A run in which all are cached
// writes nothing.
//
// The summary is never nil. The error is nil if every needed stage is up to
// date. Otherwise it is, or joins, the *[StageError] of each failure; the
// error of the store, if it could not be read or written, in which case only
// what was reported as finished counts; or the error of ctx. When ctx is
// done, running stages are told so and waited for, what they finish is kept,
// and the next run goes on from there.
func (p *Plan) Run(ctx context.Context, o RunOptions) (*Summary, error) {
	began := time.Now()
	if o.Jobs <= 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	if o.CacheLimit <= 0 {
		o.CacheLimit = defaultCacheLimit
	}
	if o.PartInterval <= 0 {
		o.PartInterval = defaultPartInterval
	}
	sum := &Summary{plan: p}
	var total int
	if o.Compare != nil {
		stages, err := p.comparable(o.Compare)
		if err != nil {
			return sum, err
		}
		o.Compare, o.KeepGoing, o.Retries = stages, true, 0
		total = len(stages)
	} else {
		total, sum.Cached = p.Count()
	}
	if o.Events != nil {
		o.Events(Event{Kind: EventPlanned, Time: began, Total: total, Cached: sum.Cached})
	}
	if total == sum.Cached {
		sum.Elapsed = time.Since(began)
		return sum, ctx.Err()
	}
	r := newRunner(ctx, p, o)
	defer r.cancel()
	defer close(r.work)
	err := r.run()
	r.summarise(sum)
	sum.Elapsed = time.Since(began)
	return sum, errors.Join(err, r.finish(sum))
}

// Results returns the digests of the stages that are up to date, by stage and
// output.
func (p *Plan) Results() map[string]map[string]Digest {
	results := make(map[string]map[string]Digest, len(p.graph.stages))
	for i, s := range p.graph.stages {
		if !p.needed[i] || p.state[i] != StateCached {
			continue
		}
		outs := p.outputs(int32(i))
		m := make(map[string]Digest, len(outs))
		for o, name := range s.kind.outputs {
			m[name] = outs[o].digest
		}
		results[s.name] = m
	}
	return results
}

// runner is one execution of a plan. All of it except contents and emit
// belongs to the goroutine of [Plan.Run], which decides what runs; workers
// and commits talk to it over channels. It never waits for a lock or a disk.
//
// A run is a sequence of passes. In each the stages run in the order of the
// graph, as their inputs become known. A stage that finds an input lost is
// blocked, and the stages that read it stay pending; once nothing else can
// run, a further pass rebuilds what was found lost.
type runner struct {
	p      *Plan
	o      RunOptions
	ctx    context.Context // of the stages
	cancel context.CancelFunc
	info   *Run
	next   *edges
	events sync.Mutex

	progress
	pass
	contents *contents

	work    chan *action
	results chan *action
	workers int // goroutines that take work
	running int
	cores   int   // in use
	memory  int64 // in use, bytes

	finished    []*action // in memory, not on their way to the disk
	commits     chan committed
	committing  bool
	collecting  bool        // the next batch has begun to collect
	due         bool        // and has done so for long enough
	uncommitted int64       // bytes
	unlocks     []func()    // of actions that are durable
	durables    []Digest    // pinned until the stages that wait for them are looked up
	rows        []cas.Row   // for the next batch
	wrote       atomic.Bool // that this run exists
}

// progress is how far a run has come. It lives through all passes, so that
// nothing is counted, reported, failed or forced twice. Stages are named by
// their indices.
type progress struct {
	ran        []bool // their results are durable
	failures   map[int32]error
	failedKeys map[Key]*Stage
	skipped    map[int32]*Stage // because of which stage
	attempts   map[int32]int    // that failed and were repeated
	reported   map[Digest]bool  // losses
	owners     map[int32]string // of locks, as last reported
	diverged   []Divergence
	compared   []*Comparison

	stopped   bool  // nothing more is started
	stoppedBy int32 // the failed stage at which the run stopped, or -1
	err       error // of the store
}

// pass is what the scheduler keeps of one pass.
type pass struct {
	nodes     []node // by index of the stage
	costs     []int64
	priority  []int64
	remaining int64 // costs of the stages that are not done
	ready     queue
	check     []int32           // stages whose inputs are known, to be looked up
	busy      []int32           // ready stages whose lock another process holds
	leaders   map[Key]int32     // the stage that runs a key, until it is durable
	waiting   map[int32][]int32 // stages that wait until another one is durable
	found     map[Digest]error  // lost inputs, for the next pass
}

// phase is where a stage stands in a pass.
type phase uint8

const (
	idle    phase = iota // not needed
	pending              // waits for its inputs or for another stage
	ready                // in the queue
	running              // has a worker
	blocked              // an input is lost
	done                 // outputs are known
	failed
	skipped // needs one that failed
)

type node struct {
	phase  phase
	waits  int32   // inputs that are not known
	action *action // running or not durable
}

func newRunner(ctx context.Context, p *Plan, o RunOptions) *runner {
	r := &runner{
		p: p, o: o,
		next:     p.edges(),
		contents: newContents(p.store, o.CacheLimit),
		work:     make(chan *action),
		results:  make(chan *action),
		commits:  make(chan committed),
		info:     newRun(o),
		progress: progress{
			ran:        make([]bool, len(p.graph.stages)),
			failures:   make(map[int32]error),
			failedKeys: make(map[Key]*Stage),
			skipped:    make(map[int32]*Stage),
			attempts:   make(map[int32]int),
			reported:   make(map[Digest]bool),
			owners:     make(map[int32]string),
			stoppedBy:  -1,
		},
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	return r
}

// run runs passes until nothing is lost.
func (r *runner) run() error {
	if r.o.Compare != nil {
		r.beginComparison()
		r.schedule()
		return r.outcome()
	}
	for {
		r.p.checkInputs(r.ctx)
		r.begin()
		r.schedule()
		if r.stopped || len(r.found) == 0 {
			return r.outcome()
		}
		r.p.lose(r.found)
		if err := r.p.look(); err != nil {
			r.fail(err)
			return r.outcome()
		}
	}
}

// begin prepares a pass from the states of the plan.
func (r *runner) begin() {
	p := r.p
	r.pass = pass{
		nodes:   make([]node, len(p.graph.stages)),
		leaders: make(map[Key]int32),
		waiting: make(map[int32][]int32),
		found:   make(map[Digest]error),
	}
	r.costs, r.priority = p.priorities(r.next)
	for _, cost := range r.costs {
		r.remaining += cost
	}
	r.contents.reset()
	for i, s := range p.graph.stages {
		n := &r.nodes[i]
		if !p.needed[i] {
			continue
		}
		for _, e := range s.sources() {
			if r.nodes[e.from].phase != done {
				n.waits++
			}
		}
		n.phase = pending
		switch {
		case r.failures[int32(i)] != nil:
			n.phase = failed
		case n.waits > 0:
		case p.state[i] == StateCached && len(p.lostOutputs(s, p.outputs(int32(i)))) == 0:
			n.phase = done
		default:
			r.check = append(r.check, int32(i))
		}
	}
	for i := range r.nodes {
		if r.nodes[i].phase == done {
			r.expectReaders(int32(i))
		}
	}
	for i, s := range p.graph.stages {
		if r.nodes[i].phase == failed {
			r.giveUp(int32(i), s)
		}
	}
	for _, i := range p.rebuild {
		r.reportLost(i)
	}
	p.rebuild = nil
}

// outcome is the error of the whole run.
func (r *runner) outcome() error {
	if r.err != nil {
		return r.err
	}
	var errs []error
	for i, s := range r.p.graph.stages {
		if err := r.failures[int32(i)]; err != nil {
			errs = append(errs, &StageError{s, err})
		}
	}
	if err := r.ctx.Err(); err != nil {
		if cause := context.Cause(r.ctx); !errors.Is(cause, err) {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		errs = append(errs, err)
	}
	if r.stoppedBy >= 0 {
		because := r.p.graph.stages[r.stoppedBy]
		for i := range r.nodes {
			if r.p.state[i] != StateCached {
				r.skip(int32(i), because)
			}
		}
	}
	switch len(errs) {
	case 0:
	case 1:
		return errs[0]
	default:
		return errors.Join(errs...)
	}
	for i := range r.nodes {
		if p := r.nodes[i].phase; p != idle && p != done {
			return fmt.Errorf("internal error: stage %s never became ready", r.p.graph.stages[i].name)
		}
	}
	return nil
}

// summarise counts how the stages ended and lists what was skipped.
func (r *runner) summarise(sum *Summary) {
	sum.Cached, sum.Diverged, sum.Compared = 0, r.diverged, r.compared
	slices.SortFunc(sum.Compared, func(a, b *Comparison) int { return int(a.Stage.index - b.Stage.index) })
	if r.wrote.Load() {
		sum.Run = r.info.ID
	}
	because := make(map[int32][]*Stage)
	for i, s := range r.p.graph.stages {
		i := int32(i)
		if !r.p.needed[i] || r.nodes[i].phase == idle {
			continue
		}
		switch err := r.failures[i]; {
		case err != nil:
			sum.Failed++
			sum.Failures = append(sum.Failures, &StageError{s, err})
			because[i] = []*Stage{s}
		case r.ran[i]:
			sum.Ran++
		case r.o.Compare == nil && r.p.state[i] == StateCached:
			sum.Cached++
		default:
			if why := r.because(i, because); why != nil {
				because[i] = why
				sum.Skipped++
				sum.Skips = append(sum.Skips, Skip{s, why})
				continue
			}
			sum.Unrun++
		}
	}
}

// because returns the failed stages on which a stage depends that did not
// run.
func (r *runner) because(i int32, because map[int32][]*Stage) []*Stage {
	var why []*Stage
	for _, e := range r.p.graph.stages[i].sources() {
		for _, s := range because[e.from] {
			if !slices.Contains(why, s) {
				why = append(why, s)
			}
		}
	}
	if s := r.failedKeys[r.p.keys[i]]; s != nil && !slices.Contains(why, s) {
		why = append(why, s)
	}
	slices.SortFunc(why, func(a, b *Stage) int { return int(a.index - b.index) })
	if why == nil && r.stoppedBy >= 0 {
		why = []*Stage{r.p.graph.stages[r.stoppedBy]}
	}
	return why
}
