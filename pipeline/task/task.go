// Package task holds what the engine hands to a running stage besides its
// params: the input artifacts, the number of workers it may use, and the ways
// in which it may report and keep finished parts of its work. It is the only package that a stage and the
// engine share, and it is kept this small because an edit here changes the
// code hash of every stage.
package task

import (
	"fmt"
	"sync"
)

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

	// Part returns the bytes of f, or those that an interrupted run of this
	// stage kept under the name. The name says all that f depends on besides
	// what the stage's key names; f must be a pure function of both. Using a
	// name twice in one execution is an error. The bytes must not be changed.
	// An error of f is returned as it is, and nothing is kept.
	//
	// Part is safe for concurrent use and never nil. Several parts may be
	// computed at once; they share Workers.
	Part func(name string, f func() ([]byte, error)) ([]byte, error)
}

// New returns a task that computes with one worker, says nothing and keeps no
// parts, for tests and for callers outside the engine.
func New(inputs map[string][]byte) *Task {
	var used sync.Map // names of parts
	return &Task{
		Inputs:   inputs,
		Workers:  1,
		Progress: func(int, int) {},
		Logf:     func(string, ...any) {},
		Part: func(name string, f func() ([]byte, error)) ([]byte, error) {
			if _, again := used.LoadOrStore(name, true); again {
				return nil, fmt.Errorf("two parts are named %q", name)
			}
			return f()
		},
	}
}
