package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// start is when the events of the tests begin; tests have no clock of their
// own.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// story is a run of five stages: one is cached, one ends well, one fails, one
// is half done, and one is skipped.
func story(t *testing.T) []pipeline.Event {
	s := testStages(t, 5)
	return []pipeline.Event{
		{Kind: pipeline.EventPlanned, Time: at(0), Total: 5, Cached: 1},
		{Kind: pipeline.EventStarted, Time: at(0), Stage: s[1], Workers: 1, Text: "never run"},
		{Kind: pipeline.EventStarted, Time: at(0), Stage: s[2], Workers: 1, Text: "code changed"},
		{Kind: pipeline.EventLog, Time: at(1), Stage: s[1], Text: "hello\x1b[2J"},
		{Kind: pipeline.EventFinished, Time: at(4), Stage: s[1], Elapsed: 4 * time.Second},
		{Kind: pipeline.EventFailed, Time: at(5), Stage: s[2], Elapsed: 5 * time.Second, Err: errors.New("no")},
		{Kind: pipeline.EventSkipped, Time: at(5), Stage: s[4], Because: s[2]},
		{Kind: pipeline.EventStarted, Time: at(5), Stage: s[3], Workers: 2, Text: "never run"},
		{Kind: pipeline.EventProgress, Time: at(6), Stage: s[3], Done: 50, Total: 100},
	}
}

func newTestEstimate(stages ...*pipeline.Stage) *estimate {
	e := &estimate{jobs: 2, pending: map[*pipeline.Stage]bool{}, kinds: map[string]*mean{}}
	for _, s := range stages {
		e.pending[s] = true
	}
	return e
}

func TestPlainLines(t *testing.T) {
	tests := []struct {
		name    string
		verbose bool
		ends    bool
		want    []string
	}{
		{"plain", false, true, []string{
			"4 of 5 stages to do, 1 cached",
			"[2/5] train[seed=1]  4.0 s",
			"[3/5] train[seed=2]  failed after 5.0 s",
			"[4/5] train[seed=4]  skipped: train[seed=2] failed",
		}},
		{"above the live lines", false, false, []string{
			"[3/5] train[seed=2]  failed after 5.0 s",
		}},
		{"verbose", true, true, []string{
			"4 of 5 stages to do, 1 cached",
			"start train[seed=1]: never run",
			"start train[seed=2]: code changed",
			"  train[seed=1]: hello\ufffd[2J",
			"[2/5] train[seed=1]  4.0 s",
			"[3/5] train[seed=2]  failed after 5.0 s",
			"[4/5] train[seed=4]  skipped: train[seed=2] failed",
			"start train[seed=3]: never run",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b board
			var got []string
			for _, e := range story(t) {
				b.take(e)
				if line := eventLine(term.Style{}, &b, e, test.verbose, test.ends); line != "" {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestLiveLines(t *testing.T) {
	l := &display{redraw: true, estimate: newTestEstimate()}
	for _, e := range story(t) {
		l.board.take(e)
		l.estimate.take(e)
	}
	want := []string{
		"4 of 5 stages  1 cached  1 done  1 running  1 failed  1 skipped      0:07  about 2 s left",
		"━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━",
		"  train[seed=3]                                              ━━━━━━━━────────  50 %  0:02",
	}
	got := l.lines(at(7), 90, 24)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, size := range [][2]int{{20, 3}, {40, 4}, {59, 24}, {61, 24}, {300, 80}} {
		lines := l.lines(at(7), size[0], size[1])
		if len(lines) > size[1] {
			t.Errorf("%d lines in a window of %d", len(lines), size[1])
		}
		for _, line := range lines {
			if term.Width(line) >= size[0] {
				t.Errorf("a line of %d columns in a window of %d: %q", term.Width(line), size[0], line)
			}
		}
	}
}

// TestLiveManyWorkers: what does not fit is counted.
func TestLiveManyWorkers(t *testing.T) {
	l := &display{redraw: true, estimate: newTestEstimate()}
	l.board.take(pipeline.Event{Kind: pipeline.EventPlanned, Time: at(0), Total: 20})
	for _, s := range testStages(t, 20) {
		l.board.take(pipeline.Event{Kind: pipeline.EventStarted, Time: at(0), Stage: s, Workers: 1})
	}
	lines := l.lines(at(1), 80, 10)
	if len(lines) != 9 || lines[8] != "  and 14 more" {
		t.Errorf("got %d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

// TestLiveCleansUp: a live display leaves only what is to stay.
func TestLiveCleansUp(t *testing.T) {
	var out bytes.Buffer
	l := newDisplay(&app{display: &out, stderr: &out}, true, false, newTestEstimate())
	for _, e := range story(t) {
		l.event(e)
	}
	l.mu.Lock()
	l.draw(at(7))
	l.mu.Unlock()
	l.close()
	l.event(pipeline.Event{Kind: pipeline.EventFailed, Stage: testStages(t, 1)[0]})
	text := out.String()
	if !strings.Contains(text, "[3/5] train[seed=2]  failed after 5.0 s\n") {
		t.Errorf("the failure is missing:\n%q", text)
	}
	if !strings.HasSuffix(text, "\x1b[3A\x1b[J") {
		t.Errorf("the display is not cleared in the end:\n%q", text)
	}
}

func TestPlainSaysThatItLives(t *testing.T) {
	p := &display{w: &bytes.Buffer{}, estimate: newTestEstimate()}
	for _, e := range story(t) {
		p.event(e)
	}
	if got, want := p.alive(at(7)), "[4/5] still running: train[seed=3] (50 %), about 2 s left"; got != want {
		t.Errorf("alive = %q, want %q", got, want)
	}
}

func TestBoardFollowsDamage(t *testing.T) {
	s := testStages(t, 1)[0]
	var b board
	for _, e := range []pipeline.Event{
		{Kind: pipeline.EventPlanned, Time: at(0), Total: 2, Cached: 1},
		{Kind: pipeline.EventDamaged, Time: at(1), Stage: s, Text: "output weights missing"},
		{Kind: pipeline.EventWaiting, Time: at(1), Stage: s, Text: "process 7"},
	} {
		b.take(e)
	}
	if b.ended() != 0 || b.waiting[s] != "process 7" {
		t.Errorf("after damage %d have ended, waiting for %q", b.ended(), b.waiting[s])
	}
	b.take(pipeline.Event{Kind: pipeline.EventStarted, Time: at(2), Stage: s})
	b.take(pipeline.Event{Kind: pipeline.EventFinished, Time: at(2), Stage: s})
	if b.ended() != 1 || len(b.waiting) != 0 || len(b.running) != 0 {
		t.Errorf("after the second run %d have ended, %d run, %d wait", b.ended(), len(b.running), len(b.waiting))
	}
}

func TestEstimate(t *testing.T) {
	s := testStages(t, 6)
	e := newTestEstimate(s...)
	b := &board{}
	take := func(ev pipeline.Event) { b.take(ev); e.take(ev) }
	take(pipeline.Event{Kind: pipeline.EventPlanned, Time: at(0), Total: 6})
	take(pipeline.Event{Kind: pipeline.EventStarted, Time: at(0), Stage: s[0], Workers: 1})
	if left, ok := e.left(b, at(1)); ok {
		t.Errorf("a guess of %v though nothing is known", left)
	}
	take(pipeline.Event{Kind: pipeline.EventFinished, Time: at(10), Stage: s[0], Elapsed: 10 * time.Second})
	check := func(what string, now float64, want time.Duration) {
		t.Helper()
		if left, ok := e.left(b, at(now)); !ok || left != want {
			t.Errorf("%s: %v (%v), want %v", what, left, ok, want)
		}
	}
	check("five stages of 10 s on two cores", 10, 25*time.Second)
	take(pipeline.Event{Kind: pipeline.EventStarted, Time: at(10), Stage: s[1], Workers: 1})
	check("one of them half over", 15, 45*time.Second/2)
	take(pipeline.Event{Kind: pipeline.EventProgress, Time: at(15), Stage: s[1], Done: 1, Total: 4})
	check("its progress says more", 15, 55*time.Second/2)
	for _, stage := range s[2:5] {
		take(pipeline.Event{Kind: pipeline.EventCached, Time: at(15), Stage: stage})
	}
}

func TestGuess(t *testing.T) {
	for d, want := range map[time.Duration]string{
		100 * time.Millisecond:                "1 s",
		12*time.Second + 400*time.Millisecond: "12 s",
		33 * time.Second:                      "35 s",
		83 * time.Second:                      "1 min 20 s",
		14*time.Minute + 31*time.Second:       "15 min 00 s",
	} {
		if got := guess(d); got != want {
			t.Errorf("guess(%v) = %q, want %q", d, got, want)
		}
	}
}
