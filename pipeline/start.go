package pipeline

import (
	"errors"
	"fmt"
	"slices"
)

// lookAhead is how many stages that do not fit into memory are passed over in
// search of one that does.
const lookAhead = 64

// start starts what may run now.
func (r *runner) start() {
	var passed []queueEntry
	for !r.stopped && r.cores < r.o.Jobs && r.uncommitted < maxUncommitted &&
		len(r.finished) < maxWaiting && r.ready.Len() > 0 && len(passed) < lookAhead {
		e := r.ready.pop()
		if r.nodes[e.stage].phase != ready {
			continue
		}
		if !r.fits(r.p.graph.stages[e.stage]) {
			passed = append(passed, e)
			continue
		}
		r.startOne(e.stage)
	}
	for _, e := range passed {
		r.ready.push(e)
	}
}

func (r *runner) fits(s *Stage) bool {
	return r.o.MemoryLimit <= 0 || r.running == 0 || r.memory+s.memory <= r.o.MemoryLimit
}

// allot returns how many cores a stage gets: as many as it can use, unless
// others are ready to use them too. One core each is the most work an hour.
func (r *runner) allot(s *Stage) int {
	free := r.o.Jobs - r.cores
	return min(max(1, free/(1+r.ready.Len())), s.cores)
}

// startOne locks a stage, looks it up again, since whoever had the lock may
// have run it, and runs it.
func (r *runner) startOne(i int32) {
	n, s := &r.nodes[i], r.p.graph.stages[i]
	key := r.p.keys[i]
	unlock, ok, owner, err := r.p.store.TryLock(key)
	if err != nil {
		r.fail(fmt.Errorf("locking stage %s: %w", s.name, err))
		return
	}
	if !ok {
		n.phase = busy
		r.busy = append(r.busy, i)
		if r.troubles.owner[i] != owner {
			r.troubles.owner[i] = owner
			r.emit(Event{Kind: EventWaiting, Stage: s, Key: key, Text: owner})
		}
		return
	}
	prior := make([]output, len(s.kind.outputs))
	err = r.p.store.Refresh()
	if err == nil {
		ok, err = r.p.lookup(s, key, prior)
	}
	if err != nil {
		unlock()
		r.fail(fmt.Errorf("reading the store: %w", err))
		return
	}
	lost := r.p.lost[i]
	if ok && !n.forced && len(lost) == 0 {
		unlock()
		r.land(i, key, prior)
		r.reportCached([]int32{i})
		r.reportCached(r.flights[key].land())
		return
	}
	a := &action{
		stage: s, key: key, lost: lost, unlock: unlock,
		manifest: slices.Clone(r.p.manifest(s)),
		inputs:   make([]output, len(s.inputs)),
		workers:  r.allot(s),
		mended:   r.troubles.mended,
	}
	if ok {
		a.prior = prior
	}
	for j, e := range s.sources() {
		a.inputs[j] = *r.p.source(e)
	}
	n.phase, n.action = running, a
	delete(r.troubles.owner, i)
	r.running++
	r.cores += a.workers
	r.memory += s.memory
	if r.o.Events != nil {
		r.emit(Event{Kind: EventStarted, Stage: s, Key: key, Workers: a.workers, Text: r.p.reason(s)})
	}
	go func() {
		defer func() { r.results <- a }() // even if the stage ends its goroutine
		r.execute(a)
	}()
}

// retry has the locks tried again that other processes held.
func (r *runner) retry() {
	for _, i := range r.busy {
		if n := &r.nodes[i]; n.phase == busy {
			n.phase = ready
			r.ready.push(queueEntry{r.priority[i], i})
		}
	}
	r.busy = r.busy[:0]
}

// returned takes an action back from its worker.
func (r *runner) returned(a *action) {
	i := a.stage.index
	n := &r.nodes[i]
	r.running--
	r.cores -= a.workers
	r.memory -= a.stage.memory
	made := a.err == nil && !a.intact && len(a.missing) == 0
	if made && r.err == nil {
		n.ran = true
		outs := a.outs
		if a.prior != nil && len(a.lost) == 0 {
			outs = a.prior // the first result stays, if this one is another
		}
		r.submit(a)
		r.land(i, a.key, outs)
		if a.prior != nil && !slices.Equal(outs, a.prior) {
			r.replaced(i, outs)
		}
		return
	}
	n.action = nil
	defer a.unlock()
	switch {
	case made: // and the store is broken
		n.phase = pending
	case n.stale:
		n.stale, n.phase = false, pending
		r.check = append(r.check, i)
	case a.intact:
		r.land(i, a.key, slices.Clone(r.p.outputs(i)))
		r.reportCached([]int32{i})
		r.reportCached(r.flights[a.key].land())
	case a.err == nil:
		n.phase = pending
		r.putBack(i, a.missing, a.mended)
	case r.ctx.Err() != nil && !errors.As(a.err, new(*PanicError)):
		n.phase = pending // interrupted
	case r.troubles.failed[i] < r.o.Retries && !r.stopped:
		r.troubles.failed[i]++
		r.rows = append(r.rows, a.logRows(r.info.ID)...)
		r.emit(Event{
			Kind: EventRetried, Stage: a.stage, Key: a.key, Elapsed: a.elapsed, Err: a.err,
			Text: fmt.Sprintf("attempt %d of %d failed", r.troubles.failed[i], 1+r.o.Retries),
		})
		n.phase = ready
		r.ready.push(queueEntry{r.priority[i], i})
	default:
		r.failed(i, a, a.err)
	}
}

// failed takes note of a failure: of an action, or, where a is nil, of what
// kept the stage from running.
func (r *runner) failed(i int32, a *action, err error) {
	n, s := &r.nodes[i], r.p.graph.stages[i]
	n.phase, r.troubles.err[i] = failed, err
	e := Event{Kind: EventFailed, Stage: s, Key: r.p.keys[i], Err: err}
	if a != nil {
		e.Elapsed = a.elapsed
		r.rows = append(r.rows, a.logRows(r.info.ID)...)
	}
	r.emit(e)
	if f := r.flights[r.p.keys[i]]; f != nil && f.leader == i {
		delete(r.flights, r.p.keys[i])
		for _, twin := range f.followers {
			r.skip(twin, s) // what failed here fails there
		}
	}
	for _, d := range r.next.of(i) {
		r.skip(d, s)
	}
	if !r.o.KeepGoing && !r.stopped {
		r.stopped, r.stoppedBy = true, i
	}
}

// skip gives up a stage, and what reads it, because another has failed. What
// is done stays done.
func (r *runner) skip(i int32, because *Stage) {
	stack := []int32{i}
	for len(stack) > 0 {
		i = stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &r.nodes[i]
		switch n.phase {
		case pending, following, ready, busy:
		default:
			continue
		}
		n.phase = skipped
		r.emit(Event{Kind: EventSkipped, Stage: r.p.graph.stages[i], Because: because})
		r.abandon(i, r.p.keys[i])
		stack = append(stack, r.next.of(i)...)
	}
}

// skipRest gives up all that was not started when the run stopped.
func (r *runner) skipRest() {
	because := r.p.graph.stages[r.stoppedBy]
	for i := range r.nodes {
		r.skip(int32(i), because)
	}
}
