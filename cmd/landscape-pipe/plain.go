package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// plain writes a line for each stage that ended, and now and then a sign of
// life, for log files and terminals that cannot redraw.
type plain struct {
	w       io.Writer
	style   term.Style
	verbose bool

	mu       sync.Mutex
	board    board
	estimate *estimate
	spoke    time.Time // when the last line was written
	stop     chan struct{}
	done     chan struct{}
}

// patience is how long plain says nothing.
const patience = 30 * time.Second

func newPlain(a *app, verbose bool, e *estimate) *plain {
	p := &plain{w: a.stderr, style: a.err, verbose: verbose, estimate: e, stop: make(chan struct{}), done: make(chan struct{})}
	go p.watch()
	return p
}

func (p *plain) event(e pipeline.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.board.take(e)
	p.estimate.take(e)
	if e.Kind == pipeline.EventPlanned {
		p.spoke = e.Time
	}
	if text := eventLine(p.style, &p.board, e, p.verbose, true); text != "" {
		p.spoke = e.Time
		fmt.Fprintln(p.w, text)
	}
}

// watch says where the run stands when nothing else was said for a while.
func (p *plain) watch() {
	defer close(p.done)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-ticker.C:
			p.mu.Lock()
			if len(p.board.running) > 0 && now.Sub(p.spoke) >= patience {
				p.spoke = now
				fmt.Fprintln(p.w, p.alive(now))
			}
			p.mu.Unlock()
		}
	}
}

func (p *plain) alive(now time.Time) string {
	w := p.board.running[0]
	text := counter(&p.board) + " still running: " + w.stage.Name()
	if w.total > 0 {
		text += fmt.Sprintf(" (%d %%)", int(int64(w.done)*100/int64(w.total)))
	}
	if n := len(p.board.running) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	if left, ok := p.estimate.left(&p.board, now); ok {
		text += ", about " + guess(left) + " left"
	}
	return text
}

func (p *plain) close() {
	close(p.stop)
	<-p.done
}

// counter is how much of the run has ended: "[ 42/167]".
func counter(b *board) string {
	total := fmt.Sprint(b.total)
	return fmt.Sprintf("[%*d/%s]", len(total), b.ended(), total)
}

// eventLine is what stays of an event, "" for nothing. Each stage that ended
// has one where ends is set or verbose; failures and warnings always have.
func eventLine(style term.Style, b *board, e pipeline.Event, verbose, ends bool) string {
	name := ""
	if e.Stage != nil {
		name = e.Stage.Name()
	}
	at := style.Dim(counter(b))
	switch e.Kind {
	case pipeline.EventPlanned:
		if ends && e.Total > e.Cached {
			return fmt.Sprintf("%s of %s to do, %d cached", fmt.Sprint(e.Total-e.Cached), term.Count(e.Total, "stage"), e.Cached)
		}
	case pipeline.EventStarted:
		if verbose {
			return fmt.Sprintf("%s %s: %s", style.Dim("start"), name, e.Text)
		}
	case pipeline.EventLog:
		if verbose {
			return indent(name+": "+term.Clean(e.Text), "  ")
		}
	case pipeline.EventFinished:
		if ends || verbose {
			return fmt.Sprintf("%s %s  %s", at, name, style.Good(term.Duration(e.Elapsed)))
		}
	case pipeline.EventCached:
		if verbose {
			return fmt.Sprintf("%s %s  %s", at, name, style.Good("cached after all"))
		}
	case pipeline.EventFailed:
		return fmt.Sprintf("%s %s  %s", at, name, style.Bad("failed after "+term.Duration(e.Elapsed)))
	case pipeline.EventRetried:
		return fmt.Sprintf("%s %s  %s", at, name, style.Warn(e.Text+", it runs again: "+term.Clean(firstLine(e.Err.Error()))))
	case pipeline.EventSkipped:
		if verbose || ends {
			because := "a stage failed"
			if e.Because != nil {
				because = e.Because.Name() + " failed"
			}
			return fmt.Sprintf("%s %s  %s", at, name, style.Warn("skipped: "+because))
		}
	case pipeline.EventWaiting:
		if ends || verbose {
			return fmt.Sprintf("%s %s  waits for %s", at, name, term.Clean(e.Text))
		}
	case pipeline.EventDamaged:
		return fmt.Sprintf("%s %s: %s; it runs again", style.Warn("warning:"), name, term.Clean(e.Text))
	case pipeline.EventDiverged:
		return fmt.Sprintf("%s %s: %s", style.Warn("warning:"), name, term.Clean(e.Text))
	}
	return ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// indent puts lead before every line.
func indent(text, lead string) string {
	return lead + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+lead)
}
