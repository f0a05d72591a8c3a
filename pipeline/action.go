package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// action is one execution of a stage, from the moment at which it has the
// lock to the one at which its results are durable. The scheduler fills in
// the first part and reads the second; a worker does the reverse.
type action struct {
	stage   *Stage
	key     Key
	inputs  []output // one for each of the stage's inputs
	workers int
	forced  bool         // runs although its result may be known
	compare bool         // runs to be compared with prior, and commits nothing
	prior   []output     // what an earlier execution made, by the store; or nil
	lost    []lostOutput // of prior
	again   bool         // this plan has rebuilt some of lost before
	unlock  func()

	started time.Time
	elapsed time.Duration // of the stage's function
	log     logBuffer
	data    [][]byte // outputs, in the order of the kind's
	objects []cas.Object
	outs    []output
	missing []missingInput // inputs that the store does not have
	intact  bool           // everything lost proved to be present and sound
	err     error

	storeErr error // parts could not be written
	ended    bool  // the stage ended the goroutine of its worker
}

// missingInput is an input that must be rebuilt before its reader can run.
type missingInput struct {
	from   *Stage
	output int // index
	digest Digest
	err    error
}

var errGoexit = errors.New("the stage called runtime.Goexit")

// hand gives an action to a worker that has none. There are never more workers
// than actions that ran at the same time.
func (r *runner) hand(a *action) {
	if r.workers < r.running {
		r.workers++
		go r.worker()
	}
	r.work <- a
}

// worker executes actions until the run is over. A stage may end its goroutine,
// which is the worker's: another one takes its place.
func (r *runner) worker() {
	var a *action
	defer func() {
		if a != nil {
			a.ended = true
			r.results <- a
		}
	}()
	for a = range r.work {
		r.execute(a)
		r.results <- a
		a = nil
	}
}

// execute runs an action.
func (r *runner) execute(a *action) {
	a.started = time.Now()
	if len(a.lost) > 0 {
		intact, err := r.setAside(a)
		if err == nil && !intact && a.again {
			err = errUnreadable(a.stage, a.lost[0].output, a.lost[0].err)
		}
		if a.intact, a.err = intact && !a.forced, err; a.intact || err != nil {
			return
		}
	}
	t := &Task{Inputs: make(map[string][]byte, len(a.inputs)), Workers: a.workers}
	for i, in := range a.stage.inputs {
		d := a.inputs[i].digest
		data, err := r.contents.get(r.ctx, d)
		switch {
		case err == nil:
			t.Inputs[in.Name] = data
		case isLost(err) && !a.compare:
			a.missing = append(a.missing, missingInput{in.From, int(a.stage.sources()[i].output), d, err})
		default:
			a.err = fmt.Errorf("reading input %s: %w", in.Name, err)
			return
		}
	}
	if len(a.missing) > 0 {
		return
	}
	var over atomic.Bool // reports after the stage has returned are dropped
	defer over.Store(true)
	t.Logf = func(format string, args ...any) {
		if over.Load() {
			return
		}
		text := strings.TrimSuffix(fmt.Sprintf(format, args...), "\n")
		for line := range strings.SplitSeq(text, "\n") {
			a.log.add(line)
			r.emit(Event{Kind: EventLog, Stage: a.stage, Key: a.key, Text: line})
		}
	}
	t.Progress = r.throttled(a, &over)
	if p := r.keepParts(a, t); p != nil {
		defer func() {
			if a.err != nil {
				a.storeErr = p.flush()
			}
		}()
	}

	a.started = time.Now()
	a.err = errGoexit // unless call returns
	made, err := a.call(r.ctx, t)
	a.err = err
	a.elapsed = time.Since(a.started)
	if a.err == nil {
		a.err = a.take(made)
	}
}

// throttled returns a function that passes on ten reports a second, and the
// last one. It measures with the monotonic clock: the wall clock may go back.
func (r *runner) throttled(a *action, over *atomic.Bool) func(done, total int) {
	if r.o.Events == nil {
		return func(int, int) {}
	}
	const pause = int64(100 * time.Millisecond)
	began := time.Now()
	var next atomic.Int64 // since began
	return func(done, total int) {
		now := int64(time.Since(began))
		due := next.Load()
		if last := done >= total; over.Load() || !last && (now < due || !next.CompareAndSwap(due, now+pause)) {
			return
		}
		r.emit(Event{Kind: EventProgress, Stage: a.stage, Key: a.key, Done: done, Total: total})
	}
}

// call runs the function of the stage and turns a panic into an error.
func (a *action) call(ctx context.Context, t *Task) (made map[string][]byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			stack := debug.Stack()
			a.log.add(fmt.Sprintf("panic: %v", v))
			a.log.add(string(stack))
			err = &PanicError{Value: v, Stack: stack}
		}
	}()
	return a.stage.kind.run(ctx, a.stage.params, t)
}

// take checks the outputs against the kind, hashes and compresses them.
func (a *action) take(made map[string][]byte) error {
	names := a.stage.kind.outputs
	var undeclared []string
	for name := range made {
		if a.stage.output(name) < 0 {
			undeclared = append(undeclared, name)
		}
	}
	if len(undeclared) > 0 {
		return fmt.Errorf("undeclared output %q of kind %s", slices.Min(undeclared), a.stage.kind.name)
	}
	a.data = make([][]byte, len(names))
	if !a.compare {
		a.objects = make([]cas.Object, len(names))
	}
	a.outs = make([]output, len(names))
	for i, name := range names {
		data, ok := made[name]
		if !ok {
			return fmt.Errorf("the stage did not return output %q", name)
		}
		a.data[i] = data
		if a.compare {
			a.outs[i] = output{cas.Sum(data), int64(len(data))}
			continue
		}
		a.objects[i] = cas.Encode(data)
		a.outs[i] = output{a.objects[i].Digest, a.objects[i].Size}
	}
	return nil
}

// setAside moves the damaged objects away and reports whether everything lost
// proved to be present and sound: another process has rebuilt it, or the
// damage was transient.
func (r *runner) setAside(a *action) (intact bool, err error) {
	for _, l := range a.lost {
		if err := r.p.store.Quarantine(r.ctx, l.digest); err != nil {
			return false, fmt.Errorf("setting aside output %s: %w", a.stage.kind.outputs[l.output], err)
		}
	}
	for _, l := range a.lost {
		if _, err := r.contents.get(r.ctx, l.digest); isLost(err) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}

// record appends the rows of a finished action, and returns which outputs differ
// from those of an earlier execution.
func (a *action) record(rows []cas.Row, run RunID) (_ []cas.Row, diverged []Divergence) {
	rec := Record{Outputs: make([]OutputRecord, len(a.outs)), Run: run, Started: a.started, Elapsed: a.elapsed}
	for i, name := range a.stage.kind.outputs {
		rec.Outputs[i] = OutputRecord{name, a.outs[i].digest, a.outs[i].size}
		if a.prior != nil && a.prior[i].digest != a.outs[i].digest {
			diverged = append(diverged, Divergence{a.stage, a.key, name, a.prior[i].digest, a.outs[i].digest})
		}
	}
	switch {
	case a.prior == nil, len(diverged) > 0 && len(a.lost) > 0:
		// There is no result, or it is lost and the new one takes its place.
		rows = append(rows, cas.Row{Table: tableActions, Key: a.key.Digest, Value: a.appendManifest(rec.encode(a.stage.manifestSize()))})
	case len(diverged) > 0: // the first result stays
		rows = append(rows, cas.Row{Table: tableEvidence, Key: a.key.Digest, Value: rec.encode(0)})
	}
	return append(rows, cas.Row{Table: tableNames, Key: nameKey(a.stage.name), Value: a.key.Digest[:]}), diverged
}

// appendManifest appends the manifest, whose hash is the key.
func (a *action) appendManifest(b []byte) []byte {
	return a.stage.appendManifest(b, func(i int) Digest { return a.inputs[i].digest })
}

// logRows returns the log of an action, if it wrote one or failed.
func (a *action) logRows(run RunID) []cas.Row {
	text := a.log.text()
	if text == "" && a.err == nil {
		return nil
	}
	l := Log{Run: run, Stage: a.stage.name, Started: a.started, Elapsed: a.elapsed, Text: text}
	if a.err != nil {
		l.Error = a.err.Error()
	}
	return []cas.Row{l.row(a.key)}
}
