package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// runner is one execution of a plan. All of it but contents and emit belongs
// to the goroutine of [Plan.Run], which decides what runs; workers and
// commits talk to it over channels. It never waits for a lock or a disk.
type runner struct {
	p      *Plan
	o      RunOptions
	ctx    context.Context // of the stages
	cancel context.CancelFunc

	nodes    []node // by index of the stage
	troubles troubles
	next     *edges
	priority []int64
	contents *contents
	flights  map[Key]*flight
	check    []int32 // stages whose inputs are known, to be looked up
	ready    queue
	busy     []int32 // stages whose lock another process holds

	results chan *action
	running int
	cores   int   // in use
	memory  int64 // in use, bytes

	finished    []*action // in memory, not on their way to the disk
	commits     chan committed
	committing  bool
	uncommitted int64     // bytes
	rows        []cas.Row // for the next batch
	info        *Run
	wrote       bool
	diverged    []Divergence

	stopped   bool  // nothing more is started
	stoppedBy int32 // the failed stage at which the run stopped, or -1
	err       error // of the store

	events sync.Mutex
}

// phase is where a stage stands in a run.
type phase uint8

const (
	idle      phase = iota // not needed
	pending                // inputs are not known, or are being made again
	following              // another stage with the same key runs
	ready                  // in the queue
	busy                   // its lock is held elsewhere
	running                // has a worker
	done                   // outputs are known
	failed
	skipped // needs one that failed
)

type node struct {
	phase  phase
	forced bool    // to be run whatever the store has
	ran    bool    // in this run, and not only looked up
	stale  bool    // while running: its inputs have changed
	tries  uint8   // how often its outputs were lost
	waits  int32   // inputs that are not known, or are being made again
	leader int32   // the stage that it follows, or -1
	action *action // running or not durable
}

// troubles are what few nodes have, by index of the stage.
type troubles struct {
	failed map[int32]int     // how often it failed and was to be run again
	again  map[int32]int     // the count of mended when its lost outputs were there again
	mended int               // results that were lost and are there again
	behind map[int32][]int32 // stages that wait until its lost outputs are back
	owner  map[int32]string  // of its lock, as last reported
	err    map[int32]error   // at which it failed for good
}

func newTroubles() troubles {
	return troubles{
		failed: make(map[int32]int),
		again:  make(map[int32]int),
		behind: make(map[int32][]int32),
		owner:  make(map[int32]string),
		err:    make(map[int32]error),
	}
}

// flight is a key that some stage of this run is working on, or has worked
// on without the store knowing of it yet. Stages with the same key follow the
// first. Where stages are forced it stays, so that those run once too.
type flight struct {
	leader    int32
	followers []int32  // to be told once the leader is durable
	landed    bool     // outs are known
	outs      []output // of the leader
}

// land returns the followers, once.
func (f *flight) land() []int32 {
	if f == nil || !f.landed {
		return nil
	}
	followers := f.followers
	f.followers = nil
	return followers
}

func newRunner(ctx context.Context, p *Plan, o RunOptions) *runner {
	r := &runner{
		p: p, o: o,
		nodes:     make([]node, len(p.graph.stages)),
		troubles:  newTroubles(),
		next:      p.edges(),
		contents:  newContents(p.store, o.CacheLimit),
		flights:   make(map[Key]*flight),
		results:   make(chan *action),
		commits:   make(chan committed),
		info:      newRun(o),
		stoppedBy: -1,
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.priority = p.priorities(r.next)
	for i, s := range p.graph.stages {
		n := &r.nodes[i]
		n.leader = -1
		switch {
		case !p.read[i]:
		case p.state[i] == StateCached:
			n.phase = done
			r.expectReaders(int32(i))
		case !p.needed[i]:
		default:
			n.phase = pending
			n.forced = p.forced(i)
			for _, e := range s.sources() {
				if !p.known[e.from] {
					n.waits++
				}
			}
			if lost := p.lost[int32(i)]; len(lost) > 0 {
				n.tries = 1
				r.reportLost(s, lost)
			}
			if n.waits == 0 {
				r.check = append(r.check, int32(i))
			}
		}
	}
	return r
}

// emit tells of an event. It may be called from any goroutine.
func (r *runner) emit(e Event) {
	if r.o.Events == nil {
		return
	}
	r.events.Lock()
	defer r.events.Unlock()
	e.Time = time.Now()
	r.o.Events(e)
}

// Delays between two attempts to get locks that other processes hold.
const (
	pollFirst = 10 * time.Millisecond
	pollMost  = 500 * time.Millisecond
)

// run is the loop of the scheduler. It returns when nothing runs, nothing is
// being written and nothing more can be started.
func (r *runner) run() error {
	delay := pollFirst
	poll := time.NewTimer(delay)
	poll.Stop()
	defer poll.Stop()
	armed := false
	stop := r.ctx.Done()
	for {
		r.lookUp()
		r.start()
		if len(r.check) > 0 && r.err == nil {
			continue // other processes had done some of it
		}
		r.commit()
		if r.running == 0 && !r.committing && (r.stopped || r.ready.Len() == 0 && len(r.busy) == 0) {
			break
		}
		if len(r.busy) == 0 {
			delay = pollFirst
		} else if !armed {
			poll.Reset(delay)
			armed = true
		}
		select {
		case a := <-r.results:
			r.returned(a)
		case c := <-r.commits:
			r.durable(c)
		case <-poll.C:
			armed = false
			delay = min(2*delay, pollMost)
			r.retry()
		case <-stop:
			r.stopped, stop = true, nil
		}
	}
	return r.outcome()
}

// outcome is the error of the whole run.
func (r *runner) outcome() error {
	if r.err != nil {
		return r.err
	}
	var errs []error
	for i := range r.nodes {
		if n := &r.nodes[i]; n.phase == failed {
			errs = append(errs, &StageError{r.p.graph.stages[i], r.troubles.err[int32(i)]})
		}
	}
	if err := r.ctx.Err(); err != nil {
		if cause := context.Cause(r.ctx); !errors.Is(cause, err) {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		if r.stoppedBy >= 0 {
			r.skipRest()
		}
		if len(errs) == 1 {
			return errs[0]
		}
		return errors.Join(errs...)
	}
	for i := range r.nodes {
		if p := r.nodes[i].phase; p != idle && p != done {
			return fmt.Errorf("stage %s was left behind: this is a defect of the scheduler", r.p.graph.stages[i].name)
		}
	}
	return nil
}
