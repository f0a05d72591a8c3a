package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

// estimate predicts how long a run will take: each stage as long as the mean of
// its kind, in the store and in this run; one of a kind that never ran as long as
// the graph says.
type estimate struct {
	jobs    int
	pending map[*pipeline.Stage]bool // stages that have not ended
	kinds   map[string]*mean
}

// mean is of the recorded times of a kind.
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
	e := &estimate{jobs: jobs, pending: make(map[*pipeline.Stage]bool), kinds: make(map[string]*mean)}
	for _, s := range plan.Steps() {
		if s.State != pipeline.StateCached {
			e.pending[s.Stage] = true
		}
		k := e.kind(s.Stage.Kind())
		if k.count >= sampled {
			continue
		}
		r, ok := plan.Record(s.Stage)
		if !ok {
			key, known, err := pipeline.LastKey(st, s.Stage.Name())
			if err != nil || !known {
				continue
			}
			if r, ok, err = pipeline.LookupRecord(st, key); err != nil || !ok {
				continue
			}
		}
		k.add(r.Elapsed)
	}
	return e
}

func (e *estimate) kind(name string) *mean {
	k, ok := e.kinds[name]
	if !ok {
		k = &mean{cores: 1}
		e.kinds[name] = k
	}
	return k
}

// take learns from an event.
func (e *estimate) take(ev pipeline.Event) {
	switch ev.Kind {
	case pipeline.EventStarted:
		e.kind(ev.Stage.Kind()).cores = max(1, ev.Workers)
	case pipeline.EventFinished:
		e.kind(ev.Stage.Kind()).add(ev.Elapsed)
		delete(e.pending, ev.Stage)
	case pipeline.EventCached, pipeline.EventFailed, pipeline.EventSkipped:
		delete(e.pending, ev.Stage)
	case pipeline.EventDamaged:
		e.pending[ev.Stage] = true
	}
}

// left returns the time that the run still needs. It is not ok as long as too
// little is known for a guess.
func (e *estimate) left(b *board, now time.Time) (left time.Duration, ok bool) {
	var work, longest time.Duration // of one core; of one stage
	known, unknown := 0, 0
	add := func(s *pipeline.Stage, w *worker) {
		k := e.kind(s.Kind())
		cores, rest := k.cores, s.Estimate()
		if k.count > 0 {
			rest = k.sum / time.Duration(k.count)
		} else {
			cores = 1 // what the graph says is for one core
		}
		if w != nil {
			cores, rest = w.cores, max(0, rest-now.Sub(w.began))
			if w.total > 0 && w.done > 0 && w.done*20 >= w.total {
				rest = time.Duration(float64(now.Sub(w.began)) * float64(w.total-w.done) / float64(w.done))
			} else if k.count == 0 && s.Estimate() == 0 {
				unknown++
				return
			}
			longest = max(longest, rest)
		} else if k.count == 0 && s.Estimate() == 0 {
			unknown++
			return
		}
		known++
		work += rest * time.Duration(cores)
	}
	running := make(map[*pipeline.Stage]bool, len(b.running))
	for _, w := range b.running {
		running[w.stage] = true
		add(w.stage, w)
	}
	for s := range e.pending {
		if !running[s] {
			add(s, nil)
		}
	}
	if known == 0 {
		return 0, false
	}
	// Stages of kinds that never ran are quick: the engine runs the costly ones
	// first.
	work += work * time.Duration(unknown) / time.Duration(4*known)
	return max(longest, work/time.Duration(max(1, e.jobs))), true
}

// kindText says how long the pending stages of a kind will take, "" for none.
func (e *estimate) kindText(kind string) string {
	n, work := 0, time.Duration(0) // of one core
	for s := range e.pending {
		if s.Kind() == kind {
			n++
			work += s.Estimate()
		}
	}
	k := e.kind(kind)
	switch {
	case n == 0:
		return ""
	case k.count == 0 && work == 0:
		return "not known"
	case k.count == 0:
		return "about " + guess(work/time.Duration(e.jobs))
	}
	mean := k.sum / time.Duration(k.count)
	return "about " + guess(max(mean, mean*time.Duration(n)/time.Duration(e.jobs)))
}

// guess writes a duration so that it looks like a guess: the longer it is,
// the coarser.
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

// needs says what the stages that are not up to date may take of the disk and of the
// network; nothing where both are small.
func needs(steps []pipeline.Step, objects int) string {
	const worthTelling = 100 << 20 // bytes
	var disk, download int64
	for _, s := range steps {
		if s.State == pipeline.StateCached {
			continue
		}
		disk += s.Stage.Size()
		if d, err := fetch.Lookup(s.Stage.Label("dataset")); err == nil && s.Stage.Kind() == "fetch" {
			download += d.Download(objects)
		}
	}
	text := ""
	if disk >= worthTelling {
		text = ", about " + term.Bytes(disk) + " on disk"
	}
	if download > 0 {
		text += ", up to " + term.Bytes(download) + " to download where no local folder has the data"
	}
	return text
}
