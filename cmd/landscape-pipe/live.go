package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// live redraws a few lines in place: where the run stands, and what each
// worker does. What is to stay (failures, warnings) goes above them.
type live struct {
	app     *app
	verbose bool

	mu       sync.Mutex
	region   *term.Region
	board    board
	estimate *estimate
	above    strings.Builder // lines that wait for the next drawing
	closed   bool

	stop chan struct{}
	done chan struct{}
}

// frame is the time between two drawings.
const frame = 100 * time.Millisecond

func newLive(a *app, verbose bool, e *estimate) *live {
	l := &live{app: a, verbose: verbose, estimate: e, stop: make(chan struct{}), done: make(chan struct{})}
	l.region = term.NewRegion(a.display, l.size)
	go l.redraw()
	return l
}

// size is asked at every drawing. A window that cannot tell has the classic
// size.
func (l *live) size() (width, height int) {
	width, height, ok := term.Size(l.app.display)
	if !ok || width < 20 || height < 3 {
		return 80, 24
	}
	return width, height
}

func (l *live) redraw() {
	defer close(l.done)
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case now := <-ticker.C:
			l.mu.Lock()
			if len(l.board.running)+len(l.board.waiting) > 0 || l.above.Len() > 0 {
				l.draw(now)
			}
			l.mu.Unlock()
		}
	}
}

// draw shows the board; the lock is held. What the terminal says to that is
// no concern of the run.
func (l *live) draw(now time.Time) {
	width, height := l.size()
	_ = l.region.Print(l.above.String(), l.lines(now, width, height))
	l.above.Reset()
}

func (l *live) event(e pipeline.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.board.take(e)
	l.estimate.take(e)
	if text := eventLine(l.app.err, &l.board, e, l.verbose, false); text != "" {
		l.above.WriteString(text + "\n")
	}
}

func (l *live) close() {
	close(l.stop)
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	_ = l.region.Print(l.above.String(), nil)
}

// maxWidth is how wide the display gets: on a wide screen, the eye should not
// have to travel between a name and its time.
const maxWidth = 100

// lines is the whole display: a header, a bar, and a line a worker.
func (l *live) lines(now time.Time, width, height int) []string {
	width = min(width-1, maxWidth)
	style := l.app.err
	lines := []string{l.header(now, width), l.bar(width)}
	room := max(1, height-1-len(lines))
	shown := l.board.running
	if len(shown) > room {
		shown = shown[:room-1]
	}
	for _, w := range shown {
		lines = append(lines, l.worker(w, now, width))
	}
	if hidden := len(l.board.running) - len(shown); hidden > 0 {
		lines = append(lines, style.Dim(fmt.Sprintf("  and %d more", hidden)))
	}
	if len(l.board.running) == 0 && len(l.board.waiting) > 0 {
		byName := func(a, b *pipeline.Stage) int { return strings.Compare(a.Name(), b.Name()) }
		s := slices.MinFunc(slices.Collect(maps.Keys(l.board.waiting)), byName)
		lines = append(lines, term.Truncate("  "+s.Name()+" waits for "+term.Clean(l.board.waiting[s]), width))
	}
	return lines
}

func (l *live) header(now time.Time, width int) string {
	b, style := &l.board, l.app.err
	text := fmt.Sprintf("%s of %s", style.Bold(fmt.Sprint(b.ended())), term.Count(b.total, "stage"))
	for _, c := range []struct {
		n     int
		what  string
		paint func(string) string
	}{
		{b.before + b.cached, "cached", style.Dim},
		{b.ran, "done", style.Good},
		{len(b.running), "running", style.Busy},
		{b.failed, "failed", style.Bad},
		{b.skipped, "skipped", style.Warn},
	} {
		if c.n > 0 {
			text += "  " + c.paint(fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	clock := term.Clock(now.Sub(b.started))
	if left, ok := l.estimate.left(b, now); ok {
		clock += "  about " + guess(left) + " left"
	}
	return beside(text, clock, width)
}

func (l *live) bar(width int) string {
	b, style := &l.board, l.app.err
	return term.Bar(width, b.total,
		term.Part{Count: b.before + b.cached, Paint: style.Dim},
		term.Part{Count: b.ran, Paint: style.Good},
		term.Part{Count: b.failed + b.skipped, Paint: style.Bad},
		term.Part{Count: len(b.running), Paint: style.Busy},
	)
}

// workerBar is the width of the small bar in a worker's line.
const workerBar = 16

func (l *live) worker(w *worker, now time.Time, width int) string {
	style := l.app.err
	right := term.PadLeft(term.Clock(now.Sub(w.began)), 6)
	if w.total > 0 && width >= 60 {
		done := min(max(w.done, 0), w.total)
		right = fmt.Sprintf("%s %3d %%%s", term.Bar(workerBar, w.total, term.Part{Count: done, Paint: style.Busy}), int(int64(done)*100/int64(w.total)), right)
	}
	return beside("  "+w.stage.Name(), right, width)
}

// beside puts one text at the left and one at the right of a line; the left
// one is cut if both do not fit.
func beside(left, right string, width int) string {
	room := width - term.Width(right) - 2
	if room < 1 {
		return term.Truncate(left, width)
	}
	return term.Pad(term.Truncate(left, room), room) + "  " + right
}
