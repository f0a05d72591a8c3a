package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// RunOptions says how a plan is run. None of it influences a result.
type RunOptions struct {
	// Jobs is the number of cores to use; 0 means all that the process may.
	Jobs int

	// KeepGoing runs what does not depend on a stage that failed. Otherwise
	// nothing is started after a failure; what runs is finished and kept.
	KeepGoing bool

	// Retries is how often a stage that failed is run again. Every attempt
	// leaves a [Log].
	Retries int

	// Events is told what happens, one event at a time, from any goroutine.
	// It must not call the plan. A slow one slows the run.
	Events func(Event)

	// MemoryLimit bounds the sum of [Node].Memory of what runs together, in
	// bytes; 0 means no bound. A stage that needs more runs alone.
	MemoryLimit int64

	// CacheLimit bounds the inputs that are kept in memory for further
	// stages to read, in bytes; 0 means 512 MiB.
	CacheLimit int64

	// Name, Note and Params describe the [Run]; the engine only keeps them.
	Name, Note string
	Params     map[string]string

	// Command describes the run too; nil means the command line.
	Command []string
}

// Summary is what came of a run. Every needed stage is counted once.
type Summary struct {
	Cached  int // were in the store, or were made by another process or stage
	Ran     int // ran, and their results are durable
	Failed  int
	Skipped int // were not run because a stage failed
	Unrun   int // were not run because the run was interrupted, or could not write

	Elapsed time.Duration

	Failures []*StageError // in the order of the graph
	Skips    []Skip        // likewise
	Diverged []Divergence  // in the order of their detection

	// Run identifies the rows that the run wrote; zero if it wrote none.
	Run RunID

	plan    *Plan
	results map[string]map[string]Digest
}

// Results returns the digest of each output, by stage and output, of the
// stages that were up to date at the first call. It must not be called by two
// goroutines at a time, nor the map be changed.
func (s *Summary) Results() map[string]map[string]Digest {
	if s.results == nil {
		s.results = s.plan.results()
	}
	return s.results
}

// Skip is a stage that was not run.
type Skip struct {
	Stage   *Stage
	Because []*Stage // the failed stages that it needs; or the one at which the run stopped
}

// Divergence is an output that has other bytes than an earlier execution of
// the same action gave: the action is not a pure function of its key.
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
// date; else it is, or joins, the *[StageError] of each failure; the error of
// the store, when it could not be read or written, in which case nothing that
// was not reported as finished counts; or the error of ctx. When ctx is done,
// running stages are told so and waited for, what they finish is kept, and
// the next run goes on from there.
func (p *Plan) Run(ctx context.Context, o RunOptions) (*Summary, error) {
	began := time.Now()
	if o.Jobs <= 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	if o.CacheLimit <= 0 {
		o.CacheLimit = defaultCacheLimit
	}
	p.last = o
	needed, cached := p.Count()
	if o.Events != nil {
		o.Events(Event{Kind: EventPlanned, Time: began, Total: needed, Cached: cached})
	}
	sum := &Summary{Cached: cached, plan: p}
	if needed == cached {
		sum.Elapsed = time.Since(began)
		return sum, ctx.Err()
	}
	r := newRunner(ctx, p, o)
	defer r.cancel()
	err := r.run()
	r.summarise(sum)
	sum.Elapsed = time.Since(began)
	return sum, errors.Join(err, r.finish(sum))
}

// results returns the digests of what is up to date, by stage and output.
func (p *Plan) results() map[string]map[string]Digest {
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

// summarise counts how the needed stages ended and lists what was skipped.
func (r *runner) summarise(sum *Summary) {
	sum.Cached = 0
	because := make(map[int32][]*Stage)
	for i := range r.nodes {
		n, s := &r.nodes[i], r.p.graph.stages[i]
		if !r.p.needed[i] {
			continue
		}
		switch {
		case n.phase == done && r.isDurable(n):
			r.p.state[i] = StateCached
			if n.ran {
				sum.Ran++
			} else {
				sum.Cached++
			}
		case n.phase == failed:
			sum.Failed++
			sum.Failures = append(sum.Failures, &StageError{s, r.troubles.err[int32(i)]})
			because[int32(i)] = []*Stage{s}
		default:
			if why := r.because(int32(i), because); why != nil {
				because[int32(i)] = why
				sum.Skipped++
				sum.Skips = append(sum.Skips, Skip{s, why})
				continue
			}
			sum.Unrun++
		}
	}
	sum.Diverged = r.diverged
	if r.wrote {
		sum.Run = r.info.ID
	}
}

// isDurable reports whether the result of a stage that is done, its own or
// that of the stage it follows, is durable.
func (r *runner) isDurable(n *node) bool {
	return n.action == nil && (n.leader < 0 || r.nodes[n.leader].action == nil)
}

// because returns the failed stages on which one that did not run depends.
func (r *runner) because(i int32, because map[int32][]*Stage) []*Stage {
	var why []*Stage
	add := func(from int32) {
		for _, s := range because[from] {
			if !slices.Contains(why, s) {
				why = append(why, s)
			}
		}
	}
	for _, e := range r.p.graph.stages[i].sources() {
		add(e.from)
	}
	if leader := r.nodes[i].leader; leader >= 0 && leader != i {
		if r.nodes[leader].phase == failed {
			why = append(why, r.p.graph.stages[leader])
		}
	}
	slices.SortFunc(why, func(a, b *Stage) int { return int(a.index - b.index) })
	if why == nil && r.stoppedBy >= 0 {
		why = []*Stage{r.p.graph.stages[r.stoppedBy]}
	}
	return why
}
