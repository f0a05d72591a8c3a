package pipeline

import "time"

// EventKind is the kind of an [Event].
type EventKind uint8

// The events of a run. Besides Kind and Time, each sets the fields that its
// comment names.
const (
	// EventPlanned comes first, once: Total stages are needed, and the results
	// of Cached of them are in the store.
	EventPlanned EventKind = iota
	// EventStarted: Stage runs, with Workers goroutines; Text is the reason.
	EventStarted
	// EventProgress: Stage has done Done of Total steps. It comes ten
	// times a second at most, and at the end.
	EventProgress
	// EventLog: Stage says Text.
	EventLog
	// EventFinished: Stage ran for Elapsed, and its outputs and its record
	// are durable.
	EventFinished
	// EventCached: Stage need not run after all: its key became known during
	// the run and is in the store, or another stage or process has run it.
	EventCached
	// EventFailed: Stage failed with Err after Elapsed.
	EventFailed
	// EventSkipped: Stage is not run because Because failed.
	EventSkipped
	// EventWaiting: another process, Text, holds the lock of Stage. Other
	// work goes on meanwhile.
	EventWaiting
	// EventDamaged: an output of Stage is missing or damaged, and Stage runs
	// again, although it may have been counted as cached or finished; Text
	// says which output, and how.
	EventDamaged
	// EventDiverged: Stage ran again with the same key and its bytes differ;
	// Text says which. The first result stays, the second is on record.
	EventDiverged
	// EventRetried: Stage failed with Err after Elapsed and will be run again;
	// Text says which attempt that was.
	EventRetried
)

var eventNames = [...]string{
	"planned", "started", "progress", "log", "finished", "cached", "failed",
	"skipped", "waiting", "damaged", "diverged", "retried",
}

// String returns the name of the kind in lower case.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// Event is something that happened during a run. The constants of [EventKind]
// say which fields are set.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Stage   *Stage
	Because *Stage
	Key     Key // of the action, if known

	Done, Total int
	Cached      int
	Workers     int
	Elapsed     time.Duration
	Text        string
	Err         error
}
