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
		table.Rows = append(table.Rows, []string{k.Kind, fmt.Sprint(k.Count), secondsText(k.Total), secondsText(k.Longest), k.LongestStage})
	}
	return table
}

// secondsText writes a number of seconds.
func secondsText(seconds float64) string {
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
// ui.perfetto.dev and chrome://tracing show.
type trace struct {
	began  time.Time
	starts map[*pipeline.Stage]traceEvent
	events []traceEvent
}

// traceEvent is a complete event (X), a counter (C) or a name (M). Times are in
// microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     float64        `json:"ts"`
	Duration float64        `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Line     int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

func (t *trace) event(e pipeline.Event) {
	at := float64(e.Time.Sub(t.began)) / 1e3
	switch e.Kind {
	case pipeline.EventPlanned:
		if t.began.IsZero() {
			t.began, t.starts = e.Time, make(map[*pipeline.Stage]traceEvent)
		}
	case pipeline.EventStarted:
		t.starts[e.Stage] = traceEvent{
			Name: e.Stage.Name(), Category: e.Stage.Kind(), Phase: "X", Time: at, Process: 1,
			Args: map[string]any{"cores": max(1, e.Workers), "why": e.Text},
		}
	case pipeline.EventFinished, pipeline.EventFailed, pipeline.EventRetried, pipeline.EventCached:
		x, ok := t.starts[e.Stage]
		if !ok {
			return
		}
		delete(t.starts, e.Stage)
		// The event comes when the result is durable, which may be later.
		if x.Duration = at - x.Time; e.Elapsed > 0 {
			x.Duration = min(x.Duration, float64(e.Elapsed)/1e3)
		}
		x.Args["outcome"] = e.Kind.String()
		if !e.Key.IsZero() {
			x.Args["key"] = e.Key.String()
		}
		if e.Err != nil {
			x.Args["error"] = e.Err.Error()
		}
		t.events = append(t.events, x)
	}
}

// layout puts each execution on the first line that is free when it starts, and
// adds names for the lines and a counter of the cores in use.
func (t *trace) layout() []traceEvent {
	name := func(phase string, line int, text string) traceEvent {
		return traceEvent{Name: phase, Phase: "M", Process: 1, Line: line, Args: map[string]any{"name": text}}
	}
	all := []traceEvent{name("process_name", 0, "landscape-pipe")}
	runs := slices.SortedStableFunc(slices.Values(t.events), func(a, b traceEvent) int { return cmp.Compare(a.Time, b.Time) })
	var free []float64 // when each line is
	type step struct {
		at    float64
		cores int
	}
	var steps []step
	for _, x := range runs {
		line := slices.IndexFunc(free, func(at float64) bool { return at <= x.Time })
		if line < 0 {
			line = len(free)
			free = append(free, 0)
			all = append(all, name("thread_name", line+1, fmt.Sprintf("worker %d", line+1)))
		}
		free[line], x.Line = x.Time+x.Duration, line+1
		all = append(all, x)
		steps = append(steps, step{x.Time, x.Args["cores"].(int)}, step{free[line], -x.Args["cores"].(int)})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.cores, b.cores)) })
	cores := 0
	for _, s := range steps {
		cores += s.cores
		all = append(all, traceEvent{Name: "cores in use", Phase: "C", Time: s.at, Process: 1, Args: map[string]any{"cores": cores}})
	}
	return all
}

// write writes the executions that have ended as a JSON object.
func (t *trace) write(w io.Writer) error {
	return json.NewEncoder(w).Encode(map[string]any{"displayTimeUnit": "ms", "traceEvents": t.layout()})
}
