package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type logsCmd struct {
	Stage string `arg:"" help:"The stage, or a group of stages."`
	overrides
	All  bool `short:"a" help:"Show every run of the stage, not only the last."`
	JSON bool `name:"json" help:"Write JSON: an array of logs."`
}

// Run implements the verb.
func (c *logsCmd) Run(ctx context.Context, a *app, g *globals) error {
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{Targets: []string{c.Stage}})
	if err != nil {
		return err
	}
	defer w.close()
	stages, err := w.match(c.Stage)
	if err != nil {
		return err
	}
	found := []pipeline.Log{}
	for _, s := range stages {
		logs, err := plan.Logs(s)
		if err != nil {
			return fmt.Errorf("logs of %s: %w", s, err)
		}
		if !c.All && len(logs) > 1 {
			logs = logs[len(logs)-1:]
		}
		if len(logs) == 0 {
			fmt.Fprintf(a.stderr, "%s: %s\n", s, noLogReason(plan, s))
		}
		found = append(found, logs...)
	}
	if c.JSON {
		values := make([]logValue, len(found))
		for i, l := range found {
			values[i] = logValue{l.Stage, l.Run, l.Started, l.Elapsed.Seconds(), l.Error, l.Text}
		}
		return a.json(values)
	}
	for _, l := range found {
		text := l.Text
		fmt.Fprintf(a.stdout, "%s  %s\n%s", a.out.Bold(l.Stage),
			a.out.Dim(l.Started.Format(time.DateTime)+", "+term.Duration(l.Elapsed)), text)
		if l.Error != "" {
			fmt.Fprintf(a.stdout, "%s %s\n", a.out.Bad("failed:"), strings.TrimRight(l.Error, "\n"))
		}
	}
	return nil
}

// logValue is a log in JSON.
type logValue struct {
	Stage   string         `json:"stage"`
	Run     pipeline.RunID `json:"run_id"`
	Started time.Time      `json:"started"`
	Elapsed float64        `json:"elapsed_seconds"`
	Error   string         `json:"error,omitempty"`
	Text    string         `json:"text"` // lines, each with its newline
}

// noLogReason says why there is no log.
func noLogReason(plan *pipeline.Plan, s *pipeline.Stage) string {
	if r, ok := plan.Record(s); ok {
		return fmt.Sprintf("it ran on %s for %s and logged nothing", r.Started.Format(time.DateTime), term.Duration(r.Elapsed))
	}
	return "it never ran with these params"
}
