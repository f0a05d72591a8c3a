// Package task holds what the engine hands to a running stage besides its
// params: the input artifacts, the number of workers it may use, and the two
// ways in which it may speak. It is the only package that a stage and the
// engine share, and it is kept this small because an edit here changes the
// code hash of every stage.
package task

// Task is one execution of a stage.
type Task struct {
	// Inputs maps the names of the stage's inputs to their whole, verified
	// content. The bytes are shared between stages and must not be changed.
	Inputs map[string][]byte

	// Workers is how many goroutines may compute at the same time, at least
	// one. It must not influence a single bit of the outputs.
	Workers int

	// Progress reports that done of total equal steps are finished. It is
	// cheap, safe for concurrent use and never nil.
	Progress func(done, total int)

	// Logf adds a line to the stage's log. It is safe for concurrent use
	// and never nil.
	Logf func(format string, args ...any)
}

// New returns a task that computes with one worker and says nothing, for
// tests and for callers outside the engine.
func New(inputs map[string][]byte) *Task {
	return &Task{
		Inputs:   inputs,
		Workers:  1,
		Progress: func(int, int) {},
		Logf:     func(string, ...any) {},
	}
}
