package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

func TestKindTimes(t *testing.T) {
	s := testStages(t, 3)
	var have kindTimes
	for i, seconds := range []time.Duration{3, 9, 1} {
		have.event(pipeline.Event{Kind: pipeline.EventFinished, Stage: s[i], Elapsed: seconds * time.Second})
		have.event(pipeline.Event{Kind: pipeline.EventCached, Stage: s[i], Elapsed: time.Hour})
	}
	want := kindTimes{{Kind: "train", Count: 3, Total: 13, Longest: 9, LongestStage: s[1].Name()}}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

// TestTrace writes the story of a run as a trace: executions that overlap lie on
// lines of their own, and a line is used again.
func TestTrace(t *testing.T) {
	var tr trace
	for _, e := range story(t) {
		tr.event(e)
	}
	for stage := range tr.starts { // the one that was running ends
		tr.event(pipeline.Event{Kind: pipeline.EventFinished, Time: at(9), Stage: stage, Elapsed: 4 * time.Second})
	}
	var text bytes.Buffer
	if err := tr.write(&text); err != nil {
		t.Fatal(err)
	}
	var have struct {
		TraceEvents []struct {
			Name, Ph string
			Ts, Dur  float64
			Tid      int
			Args     map[string]any
		}
	}
	if err := json.Unmarshal(text.Bytes(), &have); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Name, Outcome string
		From, To      float64 // seconds
		Line          int
	}
	var rows []row
	var cores []float64
	for _, e := range have.TraceEvents {
		switch e.Ph {
		case "X":
			rows = append(rows, row{e.Name, e.Args["outcome"].(string), e.Ts / 1e6, (e.Ts + e.Dur) / 1e6, e.Tid})
		case "C":
			cores = append(cores, e.Args["cores"].(float64))
		}
	}
	want := []row{
		{"train[seed=1]", "finished", 0, 4, 1},
		{"train[seed=2]", "failed", 0, 5, 2},
		{"train[seed=3]", "finished", 5, 9, 1},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{1, 2, 1, 0, 2, 0}, cores); diff != "" {
		t.Error(diff)
	}
}
