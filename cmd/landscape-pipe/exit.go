package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"syscall"

	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// The exit codes. They are part of the interface: scripts rely on them.
const (
	exitDone        = 0
	exitFailed      = 1   // a stage failed, or anything that has no code of its own
	exitUsage       = 2   // wrong usage or params
	exitDifference  = 3   // a check found a difference or damage, or a list of eigenvalues is incomplete
	exitStore       = 4   // the store cannot be opened or written, is full or newer
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
	exitTerminated  = 143 // 128 + SIGTERM
)

// exitCode is the one place that maps errors to exit codes.
func exitCode(ctx context.Context, err error) int {
	var (
		signalled  *signalError
		wrong      *usageError
		params     *config.Error
		difference *differenceError
		store      *cas.StoreError
		format     *cas.FormatError
		busy       *cas.BusyError
		damaged    *cas.DamagedError
		failed     *pipeline.StageError
		file       *files.Error
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &signalled) || errors.As(context.Cause(ctx), &signalled):
		return signalled.code()
	case errors.As(err, &wrong), errors.As(err, &params), errors.As(err, &file):
		return exitUsage
	case errors.As(err, &store), errors.As(err, &format), errors.As(err, &busy):
		return exitStore
	case errors.As(err, &difference), errors.As(err, &damaged) && !errors.As(err, &failed):
		return exitDifference
	}
	return exitFailed
}

// hint says what to do about an error, "" where the error itself does.
func hint(err error) string {
	var (
		wrong  *usageError
		other  *advisedError
		failed *pipeline.StageError
		store  *cas.StoreError
		damage *cas.DamagedError
		format *cas.FormatError
	)
	switch {
	case errors.As(err, &wrong):
		return wrong.hint
	case errors.As(err, &other):
		return other.hint
	case errors.Is(err, cas.ErrFull):
		return "free some space or name another folder with --store; what had finished is kept"
	case errors.Is(err, cas.ErrReadOnly):
		return "name a folder that can be written with --store or LANDSCAPE_STORE"
	case errors.As(err, &store):
		return "--store or LANDSCAPE_STORE names another folder for the store"
	case errors.As(err, &damage) && !errors.As(err, &failed):
		return repairHint
	case errors.As(err, &format) && format.Have > 0 && format.Have < format.Want:
		dir := shellWord(format.Dir)
		return fmt.Sprintf("remove it: rm -r -- %s; or keep it elsewhere: mv -- %s %s", dir, dir, shellWord(fmt.Sprintf("%s.format%d", format.Dir, format.Have)))
	case errors.As(err, &failed):
		return fmt.Sprintf("landscape-pipe logs %s shows what it logged; repro -k continues with what does not need it", shellWord(failed.Stage.Name()))
	}
	return ""
}

// usageError is a mistake by the caller, with what to do about it.
type usageError struct {
	err  error
	hint string
}

func usage(err error, hint string) error { return &usageError{err, hint} }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// advisedError is another error with what to do about it.
type advisedError struct {
	err  error
	hint string
}

func advised(err error, hint string) error { return &advisedError{err, hint} }

func (e *advisedError) Error() string { return e.err.Error() }
func (e *advisedError) Unwrap() error { return e.err }

// differenceError is the result of a check that found something.
type differenceError struct{ text string }

func (e *differenceError) Error() string { return e.text }

// signalError is the end by a signal.
type signalError struct{ signal os.Signal }

func (e *signalError) Error() string {
	if e.signal == syscall.SIGTERM {
		return "terminated"
	}
	return "interrupted"
}

func (e *signalError) code() int {
	if e.signal == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

var joinType = reflect.TypeOf(errors.Join(errors.New("")))

// isJoin reports whether err only joins others, and says nothing of its own.
func isJoin(err error) bool { return reflect.TypeOf(err) == joinType }

// shellWord quotes a word for a POSIX shell where that is needed: the names
// of stages have brackets.
func shellWord(word string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+@%", r)
	}
	if word != "" && strings.TrimFunc(word, safe) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
