package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// kindTime is how long the stages of a kind took, in seconds.
type kindTime struct {
	Kind         string  `json:"kind"`
	Count        int     `json:"stage_count"`
	Total        float64 `json:"total_seconds"`
	Longest      float64 `json:"longest_seconds"`
	LongestStage string  `json:"longest_stage"`
}

// kindTimes sums the times of stages by kind, in the order of the first of each.
type kindTimes []kindTime

func (t *kindTimes) add(s *pipeline.Stage, elapsed time.Duration) {
	i := slices.IndexFunc(*t, func(k kindTime) bool { return k.Kind == s.Kind() })
	if i < 0 {
		i = len(*t)
		*t = append(*t, kindTime{Kind: s.Kind()})
	}
	k, seconds := &(*t)[i], elapsed.Seconds()
	k.Count++
	k.Total += seconds
	if k.LongestStage == "" || seconds > k.Longest {
		k.Longest, k.LongestStage = seconds, s.Name()
	}
}

// event takes the stages of a run that have ended.
func (t *kindTimes) event(e pipeline.Event) {
	if e.Kind == pipeline.EventFinished {
		t.add(e.Stage, e.Elapsed)
	}
}

// table lists the kinds, those that took longest first.
func (t kindTimes) table() term.Table {
	table := term.Table{Head: []string{"kind", "stages", "total", "longest", "stage"}, Right: []int{1, 2, 3}}
	for _, k := range slices.SortedStableFunc(slices.Values(t), func(a, b kindTime) int { return cmp.Compare(b.Total, a.Total) }) {
		table.Rows = append(table.Rows, []string{k.Kind, fmt.Sprint(k.Count), inWords(k.Total), inWords(k.Longest), k.LongestStage})
	}
	return table
}

// inWords writes a number of seconds.
func inWords(seconds float64) string {
	return term.Duration(time.Duration(seconds * float64(time.Second)))
}

// recordedTimes are the times of the stages of a plan by their records, which
// record looks up.
func recordedTimes(plan *pipeline.Plan, record func(*pipeline.Stage) (pipeline.Record, bool)) (kinds kindTimes, stages []stageTime) {
	for _, step := range plan.Steps() {
		if r, ok := record(step.Stage); ok {
			kinds.add(step.Stage, r.Elapsed)
			stages = append(stages, stageTime{step.Stage, r})
		}
	}
	return kinds, stages
}

type stageTime struct {
	stage  *pipeline.Stage
	record pipeline.Record
}

// printTimes writes how long the stages of a plan took when they last ran: by
// kind, and each, the longest first.
func printTimes(a *app, plan *pipeline.Plan) error {
	kinds, stages := recordedTimes(plan, plan.LastRecord)
	if len(stages) == 0 {
		_, err := fmt.Fprintln(a.stderr, "none of these stages ran in an earlier run of this params file")
		return err
	}
	slices.SortStableFunc(stages, func(a, b stageTime) int { return cmp.Compare(b.record.Elapsed, a.record.Elapsed) })
	t := term.Table{Head: []string{"stage", "took", "started"}, Right: []int{1}}
	for _, s := range stages {
		t.Rows = append(t.Rows, []string{s.stage.Name(), term.Duration(s.record.Elapsed), s.record.Started.Format(time.DateTime)})
	}
	summed := kinds.table()
	if err := summed.Text(a.stdout, a.out); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.stdout); err != nil {
		return err
	}
	return t.Text(a.stdout, a.out)
}

// trace collects the executions of a run in Chrome's trace event format, which
// ui.perfetto.dev and chrome://tracing show. Each execution lies on the first
// line that is free when it starts.
type trace struct {
	began  time.Time
	lines  []*pipeline.Stage // what runs on each line
	starts map[*pipeline.Stage]traceEvent
	cores  int // in use
	events []traceEvent
}

// traceEvent is a complete event (X), a counter (C) or a name (M). Times are in
// microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     float64        `json:"ts"`
	Duration *float64       `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Line     int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

func (t *trace) at(when time.Time) float64 { return float64(when.Sub(t.began)) / 1e3 }

func (t *trace) event(e pipeline.Event) {
	switch e.Kind {
	case pipeline.EventPlanned:
		if t.began.IsZero() {
			t.began, t.starts = e.Time, make(map[*pipeline.Stage]traceEvent)
		}
	case pipeline.EventStarted:
		line := slices.Index(t.lines, nil)
		if line < 0 {
			line = len(t.lines)
			t.lines = append(t.lines, nil)
		}
		t.lines[line] = e.Stage
		cores := max(1, e.Workers)
		t.starts[e.Stage] = traceEvent{
			Name: e.Stage.Name(), Category: e.Stage.Kind(), Phase: "X", Time: t.at(e.Time), Process: 1, Line: line + 1,
			Args: map[string]any{"cores": cores, "why": e.Text},
		}
		t.count(e, cores)
	case pipeline.EventFinished, pipeline.EventFailed, pipeline.EventRetried, pipeline.EventCached:
		started, ok := t.starts[e.Stage]
		if !ok {
			return
		}
		delete(t.starts, e.Stage)
		t.lines[started.Line-1] = nil
		t.count(e, -started.Args["cores"].(int))
		duration := t.at(e.Time) - started.Time
		if e.Elapsed > 0 {
			duration = min(duration, float64(e.Elapsed)/1e3)
		}
		started.Duration = &duration
		started.Args["outcome"] = e.Kind.String()
		if !e.Key.IsZero() {
			started.Args["key"] = e.Key.String()
		}
		if e.Err != nil {
			started.Args["error"] = e.Err.Error()
		}
		t.events = append(t.events, started)
	}
}

// count notes how many cores are in use.
func (t *trace) count(e pipeline.Event, more int) {
	t.cores += more
	t.events = append(t.events, traceEvent{Name: "cores in use", Phase: "C", Time: t.at(e.Time), Process: 1, Args: map[string]any{"cores": t.cores}})
}

// write writes what has ended as a JSON object.
func (t *trace) write(w io.Writer) error {
	events := []traceEvent{{Name: "process_name", Phase: "M", Process: 1, Args: map[string]any{"name": "landscape-pipe"}}}
	for i := range t.lines {
		events = append(events, traceEvent{Name: "thread_name", Phase: "M", Process: 1, Line: i + 1, Args: map[string]any{"name": fmt.Sprintf("worker %d", i+1)}})
	}
	return json.NewEncoder(w).Encode(map[string]any{"displayTimeUnit": "ms", "traceEvents": append(events, t.events...)})
}
