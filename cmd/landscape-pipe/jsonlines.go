package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// jsonLines writes each event as one object on a line of its own.
type jsonLines struct{ w io.Writer }

// eventValue is an event in JSON. What an event has beside time and name is
// said at the kinds of pipeline.Event.
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
	Elapsed *float64  `json:"elapsed,omitempty"` // seconds
	Text    string    `json:"text,omitempty"`
	Error   string    `json:"error,omitempty"`
	Because string    `json:"because,omitempty"`
}

func (j *jsonLines) event(e pipeline.Event) {
	v := eventValue{Time: e.Time, Event: e.Kind.String(), Workers: e.Workers, Text: e.Text}
	if e.Stage != nil {
		v.Stage, v.Kind = e.Stage.Name(), e.Stage.Kind()
	}
	if e.Because != nil {
		v.Because = e.Because.Name()
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
	// Who reads this may be gone; that must not end the run.
	_, _ = j.w.Write(append(line, '\n'))
}

func (j *jsonLines) close() {}
