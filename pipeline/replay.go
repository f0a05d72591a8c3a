package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Replay is a second execution of a stage whose result is known.
type Replay struct {
	Stage   *Stage
	Key     Key
	Elapsed time.Duration
	Outputs []ReplayedOutput // in the order of [Stage.Outputs]
}

// ReplayedOutput is an output beside the one on record.
type ReplayedOutput struct {
	Name       string
	Want, Have Digest // on record, and now
	Content    []byte // of now; nil where it is as it was
}

// Same reports whether every output has the bytes on record.
func (r *Replay) Same() bool {
	for _, o := range r.Outputs {
		if o.Want != o.Have {
			return false
		}
	}
	return true
}

// Replay runs stages that are up to date again and compares their outputs
// with those on record. Each receives the inputs that it had, verified
// against their digests, and what it makes goes nowhere; so a stage that
// makes other bytes does so by itself, and not because of one before it.
//
// The replays are in topological order, without those of stages that failed:
// their *[StageError]s are joined in the error. Of the options, Jobs,
// MemoryLimit and Events count.
func (p *Plan) Replay(ctx context.Context, stages []*Stage, o RunOptions) ([]*Replay, error) {
	if o.Jobs <= 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	r := &replayer{
		p: p, o: o,
		cores:  semaphore.NewWeighted(int64(o.Jobs)),
		memory: semaphore.NewWeighted(max(o.MemoryLimit, 1)),
	}
	wanted := make([]bool, len(p.graph.stages))
	total := 0
	for _, s := range stages {
		if s.graph != p.graph || !p.known[s.index] || p.keys[s.index].IsZero() {
			return nil, fmt.Errorf("stage %s is not up to date: there is no result to compare with", s.name)
		}
		if !wanted[s.index] {
			wanted[s.index] = true
			total++
		}
	}
	r.emit(Event{Kind: EventPlanned, Total: total})
	results := make([]*Replay, len(wanted))
	errs := make([]error, len(wanted))
	var wait sync.WaitGroup
	for i, s := range p.graph.stages {
		if !wanted[i] {
			continue
		}
		free, err := r.acquire(ctx, s)
		if err != nil {
			errs[i] = err
			break
		}
		wait.Go(func() {
			defer free()
			results[i], errs[i] = r.replay(ctx, s)
		})
	}
	wait.Wait()
	var replays []*Replay
	for _, result := range results {
		if result != nil {
			replays = append(replays, result)
		}
	}
	return replays, errors.Join(errs...)
}

// replayer is one call of [Plan.Replay].
type replayer struct {
	p             *Plan
	o             RunOptions
	cores, memory *semaphore.Weighted
	events        sync.Mutex
}

func (r *replayer) emit(e Event) {
	if r.o.Events == nil {
		return
	}
	r.events.Lock()
	defer r.events.Unlock()
	e.Time = time.Now()
	r.o.Events(e)
}

func (r *replayer) workers(s *Stage) int { return min(s.cores, r.o.Jobs) }

// acquire waits for the cores and the memory that a stage needs.
func (r *replayer) acquire(ctx context.Context, s *Stage) (free func(), err error) {
	cores, memory := int64(r.workers(s)), min(s.memory, r.o.MemoryLimit)
	if err := r.memory.Acquire(ctx, memory); err != nil {
		return nil, err
	}
	if err := r.cores.Acquire(ctx, cores); err != nil {
		r.memory.Release(memory)
		return nil, err
	}
	return func() { r.cores.Release(cores); r.memory.Release(memory) }, nil
}

func (r *replayer) replay(ctx context.Context, s *Stage) (*Replay, error) {
	key := r.p.keys[s.index]
	r.emit(Event{Kind: EventStarted, Stage: s, Key: key, Workers: r.workers(s), Text: "replayed"})
	result, err := r.execute(ctx, s, key)
	if err != nil {
		if ctx.Err() == nil {
			err = &StageError{s, err}
			r.emit(Event{Kind: EventFailed, Stage: s, Key: key, Err: err})
		}
		return nil, err
	}
	for i, out := range r.p.outputs(s.index) {
		result.Outputs[i].Want = out.digest
		if out.digest == result.Outputs[i].Have {
			result.Outputs[i].Content = nil
			continue
		}
		r.emit(Event{
			Kind: EventDiverged, Stage: s, Key: key,
			Text: fmt.Sprintf("output %s was %s and is now %s", result.Outputs[i].Name, out.digest.Short(), result.Outputs[i].Have.Short()),
		})
	}
	r.emit(Event{Kind: EventFinished, Stage: s, Key: key, Elapsed: result.Elapsed})
	return result, nil
}

// execute runs the function of a stage on the inputs on record.
func (r *replayer) execute(ctx context.Context, s *Stage, key Key) (*Replay, error) {
	a := &action{stage: s, key: key, workers: r.workers(s)}
	t := task.New(make(map[string][]byte, len(s.inputs)))
	t.Workers = a.workers
	for i, e := range s.sources() {
		in := &s.inputs[i]
		data, err := r.p.store.Get(ctx, r.p.source(e).digest)
		if err != nil {
			return nil, fmt.Errorf("reading input %s: %w", in.Name, err)
		}
		t.Inputs[in.Name] = data
	}
	t.Logf = func(format string, args ...any) {
		text := strings.TrimSuffix(fmt.Sprintf(format, args...), "\n")
		r.emit(Event{Kind: EventLog, Stage: s, Key: key, Text: text})
	}
	t.Progress = func(done, total int) {
		r.emit(Event{Kind: EventProgress, Stage: s, Key: key, Done: done, Total: total})
	}
	began := time.Now()
	made, err := a.call(ctx, t)
	if err != nil {
		return nil, err
	}
	result := &Replay{Stage: s, Key: key, Elapsed: time.Since(began)}
	for _, name := range s.kind.outputs {
		data, ok := made[name]
		if !ok {
			return nil, fmt.Errorf("it did not return output %q", name)
		}
		result.Outputs = append(result.Outputs, ReplayedOutput{Name: name, Have: cas.Sum(data), Content: data})
	}
	return result, nil
}
