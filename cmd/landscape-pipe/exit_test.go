package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func TestExitCode(t *testing.T) {
	stage := &pipeline.StageError{Stage: testStages(t, 1)[0], Err: errors.New("no")}
	full := &cas.StoreError{Dir: "store", Op: "commit", Err: syscall.ENOSPC}
	tests := []struct {
		name string
		err  error
		code int
		hint string
	}{
		{"nothing", nil, 0, ""},
		{"a stage", stage, 1, "landscape-pipe logs 'train[seed=0]' shows"},
		{"anything else", errors.New("x"), 1, ""},
		{"usage", fmt.Errorf("wrapped: %w", usage(errors.New("x"), "do y")), 2, "do y"},
		{"params", &config.Error{}, 2, ""},
		{"difference", &differenceError{"x"}, 3, ""},
		{"full store", full, 4, "free some space"},
		{"full store behind a failed stage", errors.Join(stage, full), 4, "free some space"},
		{"read-only store", &cas.StoreError{Dir: "store", Op: "commit", Err: fs.ErrPermission}, 4, "--store"},
		{"newer store", &cas.FormatError{Have: 2, Want: 1}, 4, ""},
		{"busy store", &cas.BusyError{}, 4, ""},
		{"interrupt", &signalError{os.Interrupt}, 130, ""},
		{"termination", advised(fmt.Errorf("%w: x", &signalError{syscall.SIGTERM}), "go on"), 143, "go on"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := exitCode(t.Context(), test.err); got != test.code {
				t.Errorf("exit code %d, want %d", got, test.code)
			}
			if test.err == nil {
				return
			}
			if got := hint(test.err); !strings.Contains(got, test.hint) || (test.hint == "") != (got == "") {
				t.Errorf("hint %q, want %q", got, test.hint)
			}
		})
	}
}

// TestReport: each failure has its line, the advice comes once, and what a
// stage says cannot steer the terminal.
func TestReport(t *testing.T) {
	var joined []error
	for _, s := range testStages(t, 13) {
		joined = append(joined, &pipeline.StageError{Stage: s, Err: errors.New("broken\x1b[2J")})
	}
	var out bytes.Buffer
	a := newApp(io.Discard, &out, os.Getenv)
	a.report(t.Context(), errors.Join(joined...))
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if len(lines) != 12 {
		t.Fatalf("%d lines, want 12:\n%s", len(lines), out.String())
	}
	if got, want := lines[0], "landscape-pipe: train[seed=0]: broken\ufffd[2J"; got != want {
		t.Errorf("first line %q, want %q", got, want)
	}
	if got, want := lines[10], "landscape-pipe: 3 errors more"; got != want {
		t.Errorf("line %q, want %q", got, want)
	}
	if !strings.HasPrefix(lines[11], "hint: ") {
		t.Errorf("last line %q, want a hint", lines[11])
	}
}

// TestReportOfASignal: a verb that only returns the context's error is
// reported as interrupted.
func TestReportOfASignal(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&signalError{os.Interrupt})
	var out bytes.Buffer
	err := fmt.Errorf("drawing: %w", ctx.Err())
	newApp(io.Discard, &out, os.Getenv).report(ctx, err)
	if got, want := out.String(), "landscape-pipe: interrupted\n"; got != want {
		t.Errorf("report %q, want %q", got, want)
	}
	if got := exitCode(ctx, err); got != exitInterrupted {
		t.Errorf("exit code %d, want %d", got, exitInterrupted)
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"train":         "train",
		"train[h=4]":    "'train[h=4]'",
		"figures/a.svg": "figures/a.svg",
		"it's":          `'it'\''s'`,
		"":              "''",
		"a[b]c":         "'a[b]c'",
		"--params=x":    "--params=x",
		"x\xff":         "'x\xff'",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	const meminfo = "MemTotal:        1000 kB\nMemFree: 1 kB\n"
	tests := []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing known", nil, 0},
		{"the machine", map[string]string{"/proc/meminfo": meminfo}, 819200},
		{"no limit in the group", map[string]string{"/proc/meminfo": meminfo, "/sys/fs/cgroup/memory.max": "max\n"}, 819200},
		{"a limit of the group above", map[string]string{
			"/proc/meminfo": meminfo, "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/memory.max": "5000\n", "/sys/fs/cgroup/a/b/memory.max": "max\n",
		}, 4000},
		{"version 1", map[string]string{
			"/proc/meminfo": meminfo, "/proc/self/cgroup": "4:cpu,memory:/job\n", "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "10000\n",
		}, 8000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := memoryLimit(func(name string) ([]byte, error) {
				text, ok := test.files[name]
				if !ok {
					return nil, fs.ErrNotExist
				}
				return []byte(text), nil
			})
			if got != test.want {
				t.Errorf("memoryLimit = %d, want %d", got, test.want)
			}
		})
	}
}
