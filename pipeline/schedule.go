package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Delays between two attempts to get locks that other processes hold.
const (
	pollFirst = 10 * time.Millisecond
	pollMost  = 500 * time.Millisecond
)

// schedule runs one pass. It returns when nothing runs, nothing is being
// written and nothing more can be started.
func (r *runner) schedule() {
	delay := pollFirst
	poll := time.NewTimer(delay)
	poll.Stop()
	defer poll.Stop()
	armed := false
	collected := time.NewTimer(collectFor)
	collected.Stop()
	defer collected.Stop()
	unlock := time.NewTimer(lockedFor)
	unlock.Stop()
	defer unlock.Stop()
	defer r.unlock()
	stop := r.ctx.Done()
	for {
		r.lookUp()
		for _, d := range r.durables { // now that all their readers are expected
			r.contents.unpin(d)
		}
		r.durables = r.durables[:0]
		r.start()
		if len(r.check) > 0 && r.err == nil {
			continue // other processes had done some of it
		}
		r.commit(collected)
		if r.running == 0 && !r.committing && (r.stopped || r.ready.Len() == 0 && len(r.busy) == 0) {
			return
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
			if len(r.unlocks) == 0 {
				unlock.Reset(lockedFor)
			}
			r.durable(c)
		case <-unlock.C:
			r.unlock()
		case <-collected.C:
			r.collecting, r.due = false, true
		case <-poll.C:
			armed = false
			delay = min(2*delay, pollMost)
			for _, i := range r.busy {
				r.enqueue(i)
			}
			r.busy = r.busy[:0]
		case <-stop:
			r.stopped, stop = true, nil
		}
	}
}

func (r *runner) enqueue(i int32) { r.ready.push(queueEntry{r.priority[i], i}) }

// lookUp decides what becomes of the stages whose inputs are known: up to
// date, waiting for another stage, skipped, or ready to run. The stages whose
// inputs become known by that are looked up too.
func (r *runner) lookUp() {
	for len(r.check) > 0 && r.err == nil {
		i := r.check[0]
		r.check = r.check[1:]
		if n := &r.nodes[i]; n.phase == pending && n.waits == 0 {
			r.lookUpOne(i)
		}
	}
}

func (r *runner) lookUpOne(i int32) {
	p, s := r.p, r.p.graph.stages[i]
	key := p.key(s)
	p.keys[i] = key
	if twin := r.failedKeys[key]; twin != nil { // what failed there fails here
		r.skip(i, twin)
		r.giveUp(i, twin)
		return
	}
	if leader, ok := r.leaders[key]; ok {
		r.waiting[leader] = append(r.waiting[leader], i)
		return
	}
	if !p.forced(i, key) {
		outs := make([]output, len(s.kind.outputs))
		ok, err := p.lookup(s, key, outs)
		if err != nil {
			r.fail(fmt.Errorf("reading the store: %w", err))
			return
		}
		if ok {
			lost := p.lostOutputs(s, outs)
			if len(lost) == 0 {
				r.hit(i, outs)
				return
			}
			// A stage that still waits for its own inputs is waited for only by
			// later stages: otherwise two could wait for each other.
			for _, l := range lost {
				if m, ok := p.makers[l.digest]; ok && m != i && r.isLive(m) && (m < i || r.nodes[m].phase != pending) {
					r.waiting[m] = append(r.waiting[m], i)
					return
				}
			}
			r.learn(i, outs)
			for _, l := range lost {
				p.makers[l.digest] = i
			}
			r.reportLost(i)
		}
	}
	p.state[i] = StateRun
	for _, e := range s.sources() {
		var because *Stage
		switch r.nodes[e.from].phase {
		case failed:
			because = p.graph.stages[e.from]
		case skipped:
			because = r.skipped[e.from]
		default:
			continue
		}
		r.skip(i, because)
		r.giveUp(i, because)
		return
	}
	r.nodes[i].phase = ready
	r.leaders[key] = i
	r.enqueue(i)
}

// isLive reports whether a stage may still make its outputs durable in this
// pass.
func (r *runner) isLive(i int32) bool {
	switch n := &r.nodes[i]; n.phase {
	case pending, ready, running, blocked:
		return true
	case done:
		return n.action != nil
	}
	return false
}

// hit takes note of a stage whose result is in the store.
func (r *runner) hit(i int32, outs []output) {
	p := r.p
	cached := p.state[i] == StateCached
	r.settle(i, outs)
	p.state[i] = StateCached
	if !cached {
		r.emit(Event{Kind: EventCached, Stage: p.graph.stages[i], Key: p.keys[i]})
	}
	r.wake(i)
}

// settle takes note of the outputs of a stage and releases its readers.
func (r *runner) settle(i int32, outs []output) {
	r.learn(i, outs)
	r.nodes[i].phase = done
	r.remaining -= r.costs[i]
	r.expectReaders(i)
	for _, e := range r.p.graph.stages[i].sources() {
		for _, out := range r.p.outputs(e.from) {
			r.contents.used(out.digest)
		}
	}
	for _, d := range r.next.of(i) {
		r.release(d)
	}
}

// learn keeps the outputs of a stage in the plan. If they are not those that
// the plan knew, nothing that depends on them counts as up to date until it
// is looked up.
func (r *runner) learn(i int32, outs []output) {
	p := r.p
	changed := p.known[i] && !slices.Equal(p.outputs(i), outs)
	copy(p.outputs(i), outs)
	p.known[i] = true
	if !changed {
		return
	}
	for stack := []int32{i}; len(stack) > 0; {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, d := range r.next.of(i) {
			if p.state[d] == StateCached {
				p.state[d] = StateDepends
				stack = append(stack, d)
			}
		}
	}
}

// expectReaders announces who will read the outputs of a stage: each stage
// that reads one of them counts for all.
func (r *runner) expectReaders(i int32) {
	readers := 0
	for _, d := range r.next.of(i) {
		if r.nodes[d].phase != done {
			readers++
		}
	}
	for _, out := range r.p.outputs(i) {
		r.contents.expect(out.digest, readers)
	}
}

// release takes one from the inputs that a stage waits for.
func (r *runner) release(i int32) {
	n := &r.nodes[i]
	if n.waits--; n.waits == 0 && n.phase == pending {
		r.check = append(r.check, i)
	}
}

// wake has the stages looked up again that waited for one.
func (r *runner) wake(i int32) {
	if key := r.p.keys[i]; r.leaders[key] == i {
		delete(r.leaders, key)
	}
	r.check = append(r.check, r.waiting[i]...)
	delete(r.waiting, i)
}

// reportLost reports the lost outputs of a stage that is to rebuild them.
func (r *runner) reportLost(i int32) {
	s := r.p.graph.stages[i]
	for _, l := range r.p.lostOutputs(s, r.p.outputs(i)) {
		if !r.reported[l.digest] {
			r.reported[l.digest] = true
			r.emit(Event{
				Kind: EventDamaged, Stage: s, Key: r.p.keys[i], Err: l.err,
				Text: fmt.Sprintf("output %s: %v", s.kind.outputs[l.output], l.err),
			})
		}
	}
}

// lookAhead is how many stages that do not fit into memory are passed over in
// search of one that does.
const lookAhead = 64

// start starts what may run.
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

// startOne locks a stage, looks it up again, since another process may have
// run it in the meantime, and runs it.
func (r *runner) startOne(i int32) {
	n, s := &r.nodes[i], r.p.graph.stages[i]
	a := &action{stage: s, key: r.p.keys[i], unlock: func() {}}
	reason := "compared"
	if r.o.Compare != nil {
		a.compare, a.prior = true, slices.Clone(r.p.outputs(i))
	} else {
		if !r.lock(a) {
			return
		}
		reason = ""
	}
	sources := s.sources()
	a.inputs = make([]output, len(sources))
	for i, e := range sources {
		a.inputs[i] = *r.p.source(e)
	}
	a.workers = r.allot(s)
	n.phase, n.action = running, a
	r.running++
	r.cores += a.workers
	r.memory += s.memory
	if r.o.Events != nil {
		if reason == "" {
			reason = r.p.reason(s)
		}
		r.emit(Event{Kind: EventStarted, Stage: s, Key: a.key, Workers: a.workers, Text: reason})
	}
	r.hand(a)
}

// lock takes the lock of an action and fills in what the store knows of it.
// It is not ok if the action need not or cannot run.
func (r *runner) lock(a *action) (ok bool) {
	p, s := r.p, a.stage
	unlock, ok, owner, err := p.store.TryLock(a.key.Digest)
	if err != nil {
		r.fail(fmt.Errorf("locking stage %s: %w", s.name, err))
		return false
	}
	if !ok {
		r.busy = append(r.busy, s.index)
		if r.owners[s.index] != owner {
			r.owners[s.index] = owner
			r.emit(Event{Kind: EventWaiting, Stage: s, Key: a.key, Text: owner})
		}
		return false
	}
	delete(r.owners, s.index)
	prior := make([]output, len(s.kind.outputs))
	if ok, err = p.lookup(s, a.key, prior); err != nil {
		unlock()
		r.fail(fmt.Errorf("reading the store: %w", err))
		return false
	}
	a.forced = p.forced(s.index, a.key)
	if ok {
		a.prior, a.lost = prior, p.lostOutputs(s, prior)
		a.again = slices.ContainsFunc(a.lost, func(l lostOutput) bool { return p.rebuilt[rebuilt{a.key, l.output}] })
		if !a.forced && len(a.lost) == 0 {
			unlock()
			r.hit(s.index, prior)
			return false
		}
	}
	a.unlock = unlock
	return true
}

// returned takes an action back from its worker.
func (r *runner) returned(a *action) {
	i := a.stage.index
	n := &r.nodes[i]
	r.running--
	if a.ended {
		r.workers--
	}
	r.cores -= a.workers
	r.memory -= a.stage.memory
	made := a.err == nil && !a.intact && len(a.missing) == 0
	if made && r.err == nil && !a.compare {
		if a.forced {
			r.p.forcedKeys[a.key] = true
		}
		outs := a.outs
		if a.prior != nil && len(a.lost) == 0 {
			outs = a.prior // the first result stays, even if this one differs
		}
		r.submit(a)
		r.settle(i, outs)
		return
	}
	n.action = nil
	defer a.unlock()
	switch {
	case made && a.compare:
		n.phase, r.ran[i] = done, true
		for _, in := range a.inputs {
			r.contents.used(in.digest)
		}
		r.compare(a)
	case made: // and the store is broken
		n.phase = pending
	case a.storeErr != nil:
		n.phase = pending
		r.fail(a.storeErr)
	case a.intact:
		r.p.restore(a.key, a.lost, a.prior)
		r.hit(i, a.prior)
	case a.err == nil:
		r.block(i, a.missing)
	case r.ctx.Err() != nil && !errors.As(a.err, new(*PanicError)):
		n.phase = pending // interrupted
	case r.attempts[i] < r.o.Retries && !r.stopped:
		r.attempts[i]++
		r.rows = append(r.rows, a.logRows(r.info.ID)...)
		r.emit(Event{
			Kind: EventRetried, Stage: a.stage, Key: a.key, Elapsed: a.elapsed, Err: a.err,
			Text: fmt.Sprintf("attempt %d of %d failed", r.attempts[i], 1+r.o.Retries),
		})
		n.phase = ready
		r.enqueue(i)
	default:
		r.failed(i, a, a.err)
	}
}

// block has a stage wait for the pass that rebuilds its lost inputs.
func (r *runner) block(i int32, missing []missingInput) {
	r.nodes[i].phase = blocked
	for _, m := range missing {
		if r.p.rebuilt[rebuilt{r.p.keys[m.from.index], m.output}] {
			r.failed(i, nil, errUnreadable(m.from, m.output, m.err))
			return
		}
	}
	for _, m := range missing {
		r.found[m.digest] = m.err
	}
}

// errUnreadable is the failure at an output that this plan has rebuilt and
// that is lost again: a disk that loses what was just written must not keep a
// run busy for ever.
func errUnreadable(s *Stage, output int, err error) error {
	return fmt.Errorf("output %s of stage %s: rebuilt and still unreadable: check the disk: %w", s.kind.outputs[output], s.name, err)
}

// failed takes note of a failure: of an action, or, if a is nil, of what kept
// the stage from running.
func (r *runner) failed(i int32, a *action, err error) {
	s := r.p.graph.stages[i]
	r.nodes[i].phase, r.failures[i] = failed, err
	e := Event{Kind: EventFailed, Stage: s, Key: r.p.keys[i], Err: err}
	if a != nil {
		e.Elapsed = a.elapsed
		r.rows = append(r.rows, a.logRows(r.info.ID)...)
	}
	r.emit(e)
	r.failedKeys[r.p.keys[i]] = s
	r.wake(i)
	r.giveUp(i, s)
	if !r.o.KeepGoing && !r.stopped {
		r.stopped, r.stoppedBy = true, i
	}
}

// giveUp skips the stages that need one that failed or was skipped. A reader
// that is up to date stays so: the digests of its inputs are known, though
// not their content, and it is looked up by them.
func (r *runner) giveUp(i int32, because *Stage) {
	for stack := []int32{i}; len(stack) > 0; {
		i = stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, d := range r.next.of(i) {
			if r.p.state[d] == StateCached {
				r.release(d)
			} else if r.skip(d, because) {
				stack = append(stack, d)
			}
		}
	}
}

// skip gives up a stage that has not run, unless it has been given up before.
func (r *runner) skip(i int32, because *Stage) bool {
	n := &r.nodes[i]
	if n.phase != pending && n.phase != ready && n.phase != blocked {
		return false
	}
	n.phase = skipped
	if r.skipped[i] == nil {
		r.skipped[i] = because
		r.emit(Event{Kind: EventSkipped, Stage: r.p.graph.stages[i], Because: because})
	}
	r.wake(i)
	return true
}

// emit reports an event. It may be called from any goroutine.
func (r *runner) emit(e Event) {
	if r.o.Events == nil {
		return
	}
	r.events.Lock()
	defer r.events.Unlock()
	e.Time = time.Now()
	r.o.Events(e)
}
