package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// The committer makes finished actions durable. While one batch is on its way
// to the disk the next one collects, so a slow disk makes larger batches, not
// a longer queue. At most one batch is on its way: the record of an action is
// never durable before those of the actions that it read.

// Limits of one batch, and of what may wait: beyond them nothing is started.
const (
	maxBatchActions  = 4096
	maxBatchBytes    = 256 << 20
	maxUncommitted   = 1 << 30
	maxWaiting       = 2 * maxBatchActions // actions that are not on their way
	uncommittedFixed = 1 << 12             // what an action takes besides its outputs
)

// committed is the outcome of one batch.
type committed struct {
	actions  []*action
	diverged []Divergence
	err      error
}

// collectFor is how long finished actions may wait for others, and collectMost
// how many of them do not wait any longer: a sync of a segment costs the disk the
// same for one action as for a thousand. A large object has a sync of its own, so
// waiting would save nothing.
const (
	collectFor  = 50 * time.Millisecond
	collectMost = 1024
)

// lockedFor is how long actions that are durable may stay locked. Many actions share
// a lock file, so one that is freed at once would soon be locked again, and each time
// the store must look for what other processes have committed.
const lockedFor = 100 * time.Millisecond

// submit queues an action whose outputs are in memory.
func (r *runner) submit(a *action) {
	for i := range a.objects {
		r.contents.pin(a.outs[i].digest, a.data[i])
		r.due = r.due || !a.objects[i].Small()
		r.uncommitted += a.outs[i].size
	}
	r.uncommitted += uncommittedFixed
	r.finished = append(r.finished, a)
}

// commit starts the next batch, if none is on its way and it need not wait for
// further actions. The timer ends the wait.
func (r *runner) commit(timer *time.Timer) {
	if r.committing || r.err != nil || len(r.finished) == 0 {
		return
	}
	if r.running > 0 && !r.due && len(r.finished) < collectMost {
		if !r.collecting {
			r.collecting = true
			timer.Reset(collectFor)
		}
		return
	}
	timer.Stop()
	r.collecting, r.due = false, false
	n, size := 0, 0
	for n < len(r.finished) && n < maxBatchActions && size < maxBatchBytes {
		for _, o := range r.finished[n].objects {
			size += len(o.Frame)
		}
		n++
	}
	actions := r.finished[:n:n]
	r.finished = r.finished[n:]
	rows := r.takeRows()
	r.committing = true
	go func() { r.commits <- r.write(actions, rows) }()
}

// write makes actions durable, after rows.
func (r *runner) write(actions []*action, rows []cas.Row) committed {
	c := committed{actions: actions}
	batch := cas.Batch{
		Objects: make([]cas.Object, 0, len(actions)),
		Rows:    slices.Grow(rows, 2*len(actions)),
	}
	for _, a := range actions {
		batch.Objects = append(batch.Objects, a.objects...)
		var diverged []Divergence
		batch.Rows, diverged = a.record(batch.Rows, r.info.ID)
		batch.Rows = append(batch.Rows, a.logRows(r.info.ID)...)
		c.diverged = append(c.diverged, diverged...)
	}
	c.err = r.p.store.Commit(context.WithoutCancel(r.ctx), batch)
	return c
}

func (r *runner) reportDiverged(d Divergence) {
	r.diverged = append(r.diverged, d)
	r.emit(Event{
		Kind: EventDiverged, Stage: d.Stage, Key: d.Key,
		Text: fmt.Sprintf("output %s was %s and is now %s", d.Output, d.Have.Short(), d.Got.Short()),
	})
}

// takeRows returns the rows for the next batch: the logs of failures, and
// before the first row that names it the run itself.
func (r *runner) takeRows() []cas.Row {
	rows := r.rows
	r.rows = nil
	if !r.wrote.Swap(true) {
		rows = slices.Insert(rows, 0, r.info.row())
	}
	return rows
}

// durable reports the actions of a batch. Their locks are freed later, all at once.
func (r *runner) durable(c committed) {
	r.committing = false
	for _, d := range c.diverged {
		r.reportDiverged(d)
	}
	if c.err != nil {
		which := c.actions[0].stage.name
		if more := len(c.actions) - 1; more > 0 {
			which += fmt.Sprintf(" and %d more", more)
		}
		r.fail(fmt.Errorf("writing the results of %s: %w", which, c.err))
	}
	for _, a := range c.actions {
		n := &r.nodes[a.stage.index]
		for i := range a.objects {
			r.durables = append(r.durables, a.outs[i].digest)
			r.uncommitted -= a.outs[i].size
		}
		r.uncommitted -= uncommittedFixed
		if c.err == nil {
			n.action = nil
			r.p.state[a.stage.index] = StateCached
			r.ran[a.stage.index] = true
			r.p.restore(a.key, a.lost, a.outs)
			r.emit(Event{Kind: EventFinished, Stage: a.stage, Key: a.key, Elapsed: a.elapsed})
			r.wake(a.stage.index)
		}
		r.unlocks = append(r.unlocks, a.unlock)
	}
}

// unlock frees the locks of the actions that are durable.
func (r *runner) unlock() {
	for _, unlock := range r.unlocks {
		unlock()
	}
	r.unlocks = r.unlocks[:0]
}

// fail ends the run because the store cannot be read or written. What is not
// durable is dropped.
func (r *runner) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.stopped = true
	r.cancel()
	for _, a := range r.finished {
		a.unlock()
	}
	r.finished = nil
}

// finish writes what is known only at the end of a run: the remaining logs of
// failures, the keys of stages that were found in the store, and how the run
// ended. A run that ran nothing writes nothing.
func (r *runner) finish(sum *Summary) error {
	if r.err != nil || r.o.Compare != nil || !r.wrote.Load() && len(r.rows) == 0 {
		return nil
	}
	batch := cas.Batch{Rows: r.takeRows()}
	for i, s := range r.p.graph.stages {
		if !r.p.needed[i] || r.p.state[i] != StateCached || r.ran[i] {
			continue // its key was written with its record
		}
		last, _, err := LastKey(r.p.store, s.name)
		if err != nil {
			return fmt.Errorf("reading the store: %w", err)
		}
		if k := r.p.keys[i]; last != k {
			batch.Rows = append(batch.Rows, cas.Row{Table: tableNames, Key: nameKey(s.name), Value: k.Digest[:]})
		}
	}
	r.info.Ran, r.info.Failed = sum.Ran, sum.Failed
	end, err := r.p.end(r.info)
	if err != nil {
		return err
	}
	batch.Objects, batch.Rows = end.Objects, append(batch.Rows, end.Rows...)
	if err := r.p.store.Commit(context.WithoutCancel(r.ctx), batch); err != nil {
		return fmt.Errorf("writing the end of the run: %w", err)
	}
	sum.Run = r.info.ID
	return nil
}
