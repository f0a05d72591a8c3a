package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// estimate foretells how long a run will take: from what each stage took last
// time, else from what others of its kind took, in the store or in this run.
type estimate struct {
	jobs    int
	pending map[*pipeline.Stage]bool          // not ended
	last    map[*pipeline.Stage]time.Duration // of its last run
	kinds   map[string]*mean
}

type mean struct {
	sum   time.Duration
	count int
	cores int // that a stage of the kind gets
}

func (m *mean) add(d time.Duration) { m.sum += d; m.count++ }

// sampled is how many records of a kind are read for its mean.
const sampled = 32

func newEstimate(st *cas.Store, plan *pipeline.Plan, jobs int) *estimate {
	if jobs == 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	e := &estimate{
		jobs:    jobs,
		pending: make(map[*pipeline.Stage]bool),
		last:    make(map[*pipeline.Stage]time.Duration),
		kinds:   make(map[string]*mean),
	}
	steps := plan.Steps()
	for _, s := range steps {
		if s.State == pipeline.StateCached {
			continue
		}
		e.pending[s.Stage] = true
		key, ok, err := pipeline.LastKey(st, s.Stage.Name())
		if err != nil || !ok {
			continue
		}
		if r, ok, err := pipeline.LookupRecord(st, key); err == nil && ok {
			e.last[s.Stage] = r.Elapsed
			e.kind(s.Stage).add(r.Elapsed)
		}
	}
	if len(e.last) == len(e.pending) {
		return e
	}
	for _, s := range steps {
		if k := e.kind(s.Stage); s.State == pipeline.StateCached && k.count < sampled {
			if r, ok := plan.Record(s.Stage); ok {
				k.add(r.Elapsed)
			}
		}
	}
	return e
}

func (e *estimate) kind(s *pipeline.Stage) *mean {
	k, ok := e.kinds[s.Kind()]
	if !ok {
		k = &mean{cores: 1}
		e.kinds[s.Kind()] = k
	}
	return k
}

// take learns from an event.
func (e *estimate) take(ev pipeline.Event) {
	switch ev.Kind {
	case pipeline.EventStarted:
		e.kind(ev.Stage).cores = max(1, ev.Workers)
	case pipeline.EventFinished:
		e.kind(ev.Stage).add(ev.Elapsed)
		delete(e.pending, ev.Stage)
	case pipeline.EventCached, pipeline.EventFailed, pipeline.EventSkipped:
		delete(e.pending, ev.Stage)
	case pipeline.EventDamaged:
		e.pending[ev.Stage] = true
	}
}

// left returns the time that the run still needs. It is not ok while too
// little is known for a guess.
func (e *estimate) left(b *board, now time.Time) (time.Duration, bool) {
	var work, longest time.Duration // of one core; of one stage
	known, unknown := 0, 0
	running := make(map[*pipeline.Stage]bool, len(b.running))
	for _, w := range b.running {
		running[w.stage] = true
		rest, ok := e.rest(w, now)
		if !ok {
			unknown++
			continue
		}
		known++
		longest = max(longest, rest)
		work += rest * time.Duration(w.cores)
	}
	for s := range e.pending {
		if running[s] {
			continue
		}
		cost, ok := e.cost(s)
		if !ok {
			unknown++
			continue
		}
		known++
		work += cost * time.Duration(e.kind(s).cores)
	}
	if known == 0 {
		return 0, false
	}
	// What never ran is rather quick: the engine runs the costly kinds first.
	work += work * time.Duration(unknown) / time.Duration(4*known)
	return max(longest, work/time.Duration(max(1, e.jobs))), true
}

// rest is what a running stage still needs.
func (e *estimate) rest(w *worker, now time.Time) (time.Duration, bool) {
	elapsed := now.Sub(w.began)
	if w.total > 0 && w.done > 0 && w.done*20 >= w.total {
		return time.Duration(float64(elapsed) * float64(w.total-w.done) / float64(w.done)), true
	}
	cost, ok := e.cost(w.stage)
	return max(0, cost-elapsed), ok
}

func (e *estimate) cost(s *pipeline.Stage) (time.Duration, bool) {
	if d, ok := e.last[s]; ok {
		return d, true
	}
	if k := e.kind(s); k.count > 0 {
		return k.sum / time.Duration(k.count), true
	}
	return 0, false
}

// guess writes a duration so that it looks like a guess: the longer, the
// coarser.
func guess(d time.Duration) string {
	step := time.Second
	switch {
	case d > 10*time.Minute:
		step = time.Minute
	case d > time.Minute:
		step = 10 * time.Second
	case d > 20*time.Second:
		step = 5 * time.Second
	}
	d = max(d.Round(step), time.Second)
	if d < 10*time.Second {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return term.Duration(d)
}
