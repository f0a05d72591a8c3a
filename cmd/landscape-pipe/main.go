// Landscape-pipe trains the networks of the paper and draws its figures, as a
// pipeline of cached stages: the second run does nothing, and a changed
// parameter runs again exactly what reads it.
//
//	landscape-pipe repro                  bring every figure and table up to date
//	landscape-pipe status                 what would run, and why
//	landscape-pipe repro --set train.learning_rate=0.002
//
// The rules of this user interface:
//
//   - The result goes to standard output, everything else (progress,
//     warnings, errors) to standard error.
//   - Colour and lines that are redrawn are for terminals only, and NO_COLOR
//     is honoured.
//   - An error says what, where, and what to do next.
//   - Only repro, check --update, verify --repair, gc --apply and curvature, and
//     the verbs that write the file that they were asked for (dag, export,
//     report), change anything.
//   - The exit code says how the program ended; see exit.go.
//
// A verb is a file: its struct holds the flags, its run function does the
// work. This package is the only place that parses flags, prints and exits.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

func main() {
	debug.SetGCPercent(400) // a command ends soon: collecting less often is worth the memory
	ctx, stop := withSignals(context.Background(), os.Exit)
	code := run(ctx, newApp(os.Stdout, os.Stderr, os.Getenv), os.Args[1:])
	stop()
	os.Exit(code)
}

// app is what a verb may use of the process.
type app struct {
	stdout, stderr io.Writer     // for text: what could steer a terminal is replaced
	raw, display   io.Writer     // the same as they are: for JSON and content, and for lines that are redrawn
	result         *resultWriter // standard output
	getenv         func(string) string
	out, err       term.Style // of stdout and stderr
	started        time.Time
	sources        fs.FS // the code that the keys speak of; tests put another in its place
	keepGoing      bool  // -k was given: no hint has to name it
}

func newApp(stdout, stderr io.Writer, getenv func(string) string) *app {
	out, err := term.NewStyle(term.Coloured(stdout, getenv)), term.NewStyle(term.Coloured(stderr, getenv))
	result := &resultWriter{w: stdout}
	return &app{
		result: result,
		stdout: term.NewCleaner(result, out), stderr: term.NewCleaner(stderr, err),
		raw: result, display: stderr, getenv: getenv, out: out, err: err,
		started: time.Now(),
		sources: landscape.Sources(),
	}
}

// resultWriter is standard output. It remembers the first error, so that every
// verb whose result could not be written fails.
type resultWriter struct {
	w   io.Writer
	err error
}

func (r *resultWriter) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if err != nil && r.err == nil {
		r.err = err
	}
	return n, err
}

// Unwrap returns the writer behind this one, for [term.Size].
func (r *resultWriter) Unwrap() io.Writer { return r.w }

// json writes a value as indented JSON with a newline at the end.
func (a *app) json(value any) error {
	e := json.NewEncoder(a.raw)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// warn writes a warning that does not change the result.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.stderr, "%s %s\n", a.err.Warn("warning:"), fmt.Sprintf(format, args...))
}

// run parses the arguments, runs the verb and returns the exit code.
func run(ctx context.Context, a *app, args []string) int {
	err := dispatch(ctx, a, args)
	if lost := a.result.err; lost != nil && !errors.Is(err, lost) {
		err = errors.Join(err, fmt.Errorf("writing the result: %w", lost))
	}
	if err == nil {
		return exitDone
	}
	code := exitCode(ctx, err)
	a.report(ctx, err)
	return code
}

func dispatch(ctx context.Context, a *app, args []string) error {
	var c cli
	asked := false // for help, which is printed while parsing
	parser, err := kong.New(&c, parserOptions(a, func(int) { asked = true })...)
	if err != nil {
		return fmt.Errorf("building the command line: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if slices.Contains(args, "--version") && !slices.Contains(args, "--") {
		_, err := fmt.Fprintln(a.stdout, versionLine())
		return err
	}
	selected, err := parser.Parse(args)
	if asked || a.result.err != nil { // the parser prints the help; run reports what it could not write
		return nil
	}
	if err != nil {
		return parseError(args, err)
	}
	if c.Directory != "" {
		if err := os.Chdir(c.Directory); err != nil {
			return usage(fmt.Errorf("-C: %w", err), "name a folder that exists")
		}
	}
	selected.BindTo(ctx, (*context.Context)(nil))
	return selected.Run(a, &c.globals, parser)
}

// gone are the verbs and flags of earlier versions, with what to type instead.
var gone = []struct{ verb, flag, instead string }{
	{"run", "", "landscape-pipe repro runs what is not up to date; runs lists earlier runs"},
	{"list", "", "landscape-pipe status lists kinds and files, status TARGET stages, status --names names, and runs the runs"},
	{"version", "", "landscape-pipe --version"},
	{"repro", "--single", "landscape-pipe repro TARGET --force runs the target and brings what it reads up to date"},
	{"repro", "--update-lock", "landscape-pipe check --update accepts the results"},
	{"repro", "--verify", "landscape-pipe verify --rerun, after repro"},
	{"repro", "--hash", "landscape-pipe verify --repair"},
	{"explain", "--changed", "landscape-pipe explain STAGE: only the changed fields are shown, unless --all"},
	{"curvature", "--fine", "landscape-pipe curvature without it: finished parts are always kept"},
	{"gc", "--aside", "landscape-pipe gc --apply: damaged files in quarantine go, too"},
}

// parseError makes a usage error from what the parser says, with the help text
// to look at as a hint.
func parseError(args []string, err error) error {
	unexpected, _ := strings.CutPrefix(err.Error(), "unexpected argument ")
	unexpected, _, _ = strings.Cut(unexpected, ",")
	for _, g := range gone {
		verb := slices.Index(args, g.verb)
		flag := slices.IndexFunc(args, func(arg string) bool { return g.flag != "" && (arg == g.flag || strings.HasPrefix(arg, g.flag+"=")) })
		switch {
		case verb >= 0 && g.flag == "" && unexpected == g.verb:
			return usage(fmt.Errorf("there is no verb %s", g.verb), "type instead: "+g.instead)
		case verb >= 0 && flag > verb && strings.Contains(err.Error(), "unknown flag "+g.flag):
			return usage(fmt.Errorf("%s has no flag %s", g.verb, g.flag), "type instead: "+g.instead)
		}
	}
	if flag, ok := strings.CutSuffix(err.Error(), `: expected string value but got "EOL" (<EOL>)`); ok {
		return usage(fmt.Errorf("%s: the value is missing", flag), "landscape-pipe --help lists what is possible")
	}
	if flag, value, ok := strings.Cut(err.Error(), `: expected int value but got "-`); ok {
		value, _, _ = strings.Cut(value, `"`)
		return usage(fmt.Errorf("%s: -%s is negative", flag, value), "give a whole number, 0 or more")
	}
	command := "landscape-pipe"
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil {
		if node := p.Context.Selected(); node != nil {
			command += " " + node.Name
			if missing, ok := strings.CutPrefix(err.Error(), `expected "<`); ok {
				missing = "<" + strings.TrimSuffix(missing, `"`)
				return usage(fmt.Errorf("%s: %s is missing", node.Name, missing), fmt.Sprintf("write landscape-pipe %s; %s --help explains it", node.Summary(), command))
			}
		}
	}
	return usage(err, command+" --help lists what is possible")
}

// report writes an error, or each of several, and what to do next.
func (a *app) report(ctx context.Context, err error) {
	var hints []string
	errs := flatten(err)
	if more := len(errs) - maxErrors; more > 1 {
		errs = append(errs[:maxErrors:maxErrors], fmt.Errorf("%d errors more", more))
	}
	for _, e := range errs {
		if context.Cause(ctx) != nil && errors.Is(e, context.Canceled) {
			continue // the signal is reported instead
		}
		text := strings.TrimRight(e.Error(), "\n")
		fmt.Fprintf(a.stderr, "%s %s\n", a.err.Bad("landscape-pipe:"), text)
		h := hint(e)
		if a.keepGoing {
			h, _, _ = strings.Cut(h, "; repro -k ")
		}
		if h != "" && len(hints) < maxHints {
			hints = append(hints, h)
		}
	}
	var s *signalError
	if errors.As(context.Cause(ctx), &s) && !errors.As(err, &s) {
		fmt.Fprintf(a.stderr, "%s %v\n", a.err.Bad("landscape-pipe:"), s)
	}
	for _, h := range hints {
		fmt.Fprintf(a.stderr, "%s %s\n", a.err.Bold("hint:"), h)
	}
}

// Ten failures are enough to see the pattern, and one piece of advice to
// follow.
const (
	maxErrors = 10
	maxHints  = 1
)

// flatten takes joined errors apart.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || !isJoin(err) {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// withSignals returns a context that an interrupt or a request to terminate
// cancels, with a *signalError as cause. A second one ends the process at
// once: the store needs no goodbye.
func withSignals(parent context.Context, exit func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for first := true; ; first = false {
			select {
			case s := <-signals:
				e := &signalError{s}
				if !first {
					exit(e.code())
				}
				cancel(e)
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}
