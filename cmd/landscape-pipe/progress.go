package main

import (
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// reporter shows the events of a run on standard error.
type reporter interface {
	event(pipeline.Event)
	close() // leaves the terminal as it was
}

// newReporter returns the reporter for a mode of --progress.
func newReporter(a *app, mode string, quiet, verbose bool, e *estimate) reporter {
	switch {
	case mode == "json":
		return &jsonLines{w: a.display}
	case quiet:
		return silent{}
	case mode == "live", mode == "auto" && term.Live(a.display, a.getenv):
		return newLive(a, verbose, e)
	}
	return newPlain(a, verbose, e)
}

// silent reports nothing: errors are reported at the end, by others.
type silent struct{}

func (silent) event(pipeline.Event) {}
func (silent) close()               {}

// board is where a run stands, as far as its events tell.
type board struct {
	started time.Time
	total   int // stages that are needed
	before  int // of these, cached when the run began
	cached  int // found to be cached during the run
	ran     int
	failed  int
	skipped int
	running []*worker // in the order in which they began
	waiting map[*pipeline.Stage]string
}

// worker is a stage that runs.
type worker struct {
	stage       *pipeline.Stage
	began       time.Time
	done, total int
	cores       int
}

// take brings the board up to date with an event.
func (b *board) take(e pipeline.Event) {
	delete(b.waiting, e.Stage)
	switch e.Kind {
	case pipeline.EventPlanned:
		b.started, b.total, b.before = e.Time, e.Total, e.Cached
	case pipeline.EventStarted:
		b.remove(e.Stage)
		b.running = append(b.running, &worker{stage: e.Stage, began: e.Time, cores: max(1, e.Workers)})
	case pipeline.EventProgress:
		for _, w := range b.running {
			if w.stage == e.Stage {
				w.done, w.total = e.Done, e.Total
			}
		}
	case pipeline.EventFinished:
		b.remove(e.Stage)
		b.ran++
	case pipeline.EventCached:
		b.remove(e.Stage)
		b.cached++
	case pipeline.EventFailed:
		b.remove(e.Stage)
		b.failed++
	case pipeline.EventRetried:
		b.remove(e.Stage)
	case pipeline.EventSkipped:
		b.skipped++
	case pipeline.EventWaiting:
		if b.waiting == nil {
			b.waiting = make(map[*pipeline.Stage]string)
		}
		b.waiting[e.Stage] = e.Text
	case pipeline.EventDamaged:
		// The stage counted as cached, before or meanwhile, and will end
		// once more.
		if b.before > 0 {
			b.before--
		}
	}
}

func (b *board) remove(s *pipeline.Stage) {
	b.running = slices.DeleteFunc(b.running, func(w *worker) bool { return w.stage == s })
}

// ended is how many of the stages need nothing more.
func (b *board) ended() int { return min(b.total, b.before+b.cached+b.ran+b.failed+b.skipped) }
