package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
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
	}
	return newDisplay(a, mode == "live" || mode == "auto" && term.Live(a.display, a.getenv), verbose, e)
}

// silent reports nothing: errors are reported at the end, by others.
type silent struct{}

func (silent) event(pipeline.Event) {}
func (silent) close()               {}

// display shows a run to people. With redraw, a few lines are redrawn in place:
// where the run stands, and what each worker does; what stays (failures,
// warnings) goes above them. Without, for log files and terminals that cannot
// redraw, each stage that ended has a line, and a long silence is broken.
type display struct {
	redraw  bool
	verbose bool
	style   term.Style
	w       io.Writer
	size    func() (width, height int)

	mu       sync.Mutex
	region   *term.Region
	board    board
	estimate *estimate
	above    strings.Builder // lines that wait for the next drawing
	spoke    time.Time       // when the last line was written
	closed   bool

	stop, done chan struct{}
}

const (
	frame      = 100 * time.Millisecond // between two drawings
	quietLimit = 30 * time.Second       // without redrawing, nothing is written for so long at most
)

func newDisplay(a *app, redraw, verbose bool, e *estimate) *display {
	d := &display{redraw: redraw, verbose: verbose, style: a.err, w: a.stderr, estimate: e, stop: make(chan struct{}), done: make(chan struct{})}
	interval := time.Second
	if redraw {
		// The size is asked at every drawing. A window that cannot tell has
		// the classic size.
		d.size = func() (width, height int) {
			width, height, ok := term.Size(a.display)
			if !ok || width < 20 || height < 3 {
				return 80, 24
			}
			return width, height
		}
		d.region = term.NewRegion(a.display, d.size)
		interval = frame
	}
	go d.watch(interval)
	return d
}

// event takes an event in. A terminal write error must not fail the run.
func (d *display) event(e pipeline.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.board.take(e)
	d.estimate.take(e)
	text := eventLine(d.style, &d.board, e, d.verbose, !d.redraw)
	if text != "" || e.Kind == pipeline.EventPlanned {
		d.spoke = e.Time
	}
	switch {
	case text == "":
	case d.redraw:
		d.above.WriteString(text + "\n")
	default:
		_, _ = fmt.Fprintln(d.w, text)
	}
}

// watch draws, or breaks the silence, until the display is closed.
func (d *display) watch(interval time.Duration) {
	defer close(d.done)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-d.stop:
			return
		case now := <-ticker.C:
			d.mu.Lock()
			switch {
			case d.redraw && len(d.board.running)+len(d.board.waiting)+d.above.Len() > 0:
				d.draw(now)
			case !d.redraw && len(d.board.running) > 0 && now.Sub(d.spoke) >= quietLimit:
				d.spoke = now
				_, _ = fmt.Fprintln(d.w, d.alive(now))
			}
			d.mu.Unlock()
		}
	}
}

// draw shows the board; the lock is held.
func (d *display) draw(now time.Time) {
	width, height := d.size()
	_ = d.region.Print(d.above.String(), d.lines(now, width, height))
	d.above.Reset()
}

func (d *display) close() {
	close(d.stop)
	<-d.done
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.redraw {
		_ = d.region.Print(d.above.String(), nil)
	}
}

// alive says where a run stands of which nothing was written for a while.
func (d *display) alive(now time.Time) string {
	w := d.board.running[0]
	text := counter(&d.board) + " still running: " + w.stage.Name()
	if w.total > 0 {
		text += fmt.Sprintf(" (%d %%)", int(int64(w.done)*100/int64(w.total)))
	}
	if n := len(d.board.running) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	if left, ok := d.estimate.left(&d.board, now); ok {
		text += ", about " + guess(left) + " left"
	}
	return text
}

// maxWidth is how wide the display gets: on a wide screen, the eye should not
// have to travel between a name and its time.
const maxWidth = 100

// lines is the whole display: a header, a bar, and one line per worker.
func (d *display) lines(now time.Time, width, height int) []string {
	width = min(width-1, maxWidth)
	style := d.style
	lines := []string{d.header(now, width), d.bar(width)}
	room := max(1, height-1-len(lines))
	shown := d.board.running
	if len(shown) > room {
		shown = shown[:room-1]
	}
	for _, w := range shown {
		lines = append(lines, d.workerLine(w, now, width))
	}
	if hidden := len(d.board.running) - len(shown); hidden > 0 {
		lines = append(lines, style.Dim(fmt.Sprintf("  and %d more", hidden)))
	}
	if len(d.board.running) == 0 && len(d.board.waiting) > 0 {
		byName := func(a, b *pipeline.Stage) int { return strings.Compare(a.Name(), b.Name()) }
		s := slices.MinFunc(slices.Collect(maps.Keys(d.board.waiting)), byName)
		lines = append(lines, term.Truncate("  "+s.Name()+" waits for "+term.Clean(d.board.waiting[s]), width))
	}
	return lines
}

func (d *display) header(now time.Time, width int) string {
	b, style := &d.board, d.style
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
	if left, ok := d.estimate.left(b, now); ok {
		clock += "  about " + guess(left) + " left"
	}
	return beside(text, clock, width)
}

func (d *display) bar(width int) string {
	b, style := &d.board, d.style
	return term.Bar(width, b.total,
		term.Part{Count: b.before + b.cached, Paint: style.Dim},
		term.Part{Count: b.ran, Paint: style.Good},
		term.Part{Count: b.failed + b.skipped, Paint: style.Bad},
		term.Part{Count: len(b.running), Paint: style.Busy},
	)
}

// workerBar is the width of the small bar in a worker's line.
const workerBar = 16

func (d *display) workerLine(w *worker, now time.Time, width int) string {
	style := d.style
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

// board is where a run stands, as its events tell.
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

// jsonLines writes each event as one object on a line of its own.
type jsonLines struct{ w io.Writer }

// eventValue is an event in JSON. The kinds of pipeline.Event say what
// each has beside time and name.
type eventValue struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	Stage   string    `json:"stage,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Key     string    `json:"key,omitempty"`
	Done    *int      `json:"done,omitempty"`
	Total   *int      `json:"total,omitempty"`
	Cached  *int      `json:"cached,omitempty"`
	Workers int       `json:"workers,omitempty"`
	Elapsed *float64  `json:"elapsed_seconds,omitempty"`
	Text    string    `json:"text,omitempty"`
	Error   string    `json:"error,omitempty"`
	Because []string  `json:"because,omitempty"`
}

func (j *jsonLines) event(e pipeline.Event) {
	v := eventValue{Time: e.Time, Event: e.Kind.String(), Workers: e.Workers, Text: e.Text}
	if e.Stage != nil {
		v.Stage, v.Kind = e.Stage.Name(), e.Stage.Kind()
	}
	if e.Because != nil {
		v.Because = []string{e.Because.Name()}
	}
	if !e.Key.IsZero() {
		v.Key = e.Key.String()
	}
	if e.Err != nil {
		v.Error = e.Err.Error()
	}
	switch e.Kind {
	case pipeline.EventPlanned:
		v.Total, v.Cached = &e.Total, &e.Cached
	case pipeline.EventProgress:
		v.Done, v.Total = &e.Done, &e.Total
	case pipeline.EventFinished, pipeline.EventFailed, pipeline.EventRetried:
		seconds := e.Elapsed.Seconds()
		v.Elapsed = &seconds
	}
	line, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values always encode
	}
	// The reader may have gone away; that must not stop the run.
	_, _ = j.w.Write(append(line, '\n'))
}

func (j *jsonLines) close() {}
