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

// logValue is what a stage logged in one run, in JSON. A stage that ran and
// logged nothing has an empty text.
type logValue struct {
	Stage   string         `json:"stage"`
	Run     pipeline.RunID `json:"run_id"`
	Started time.Time      `json:"started"`
	Elapsed float64        `json:"elapsed_seconds"`
	Error   string         `json:"error,omitempty"`
	Text    string         `json:"text"` // lines, each with its newline
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
	found := []logValue{}
	var quiet kindTimes // that logged nothing
	var never []string
	for _, s := range stages {
		logs, err := plan.Logs(s)
		if err != nil {
			return fmt.Errorf("logs of %s: %w", s, err)
		}
		if !c.All && len(logs) > 1 {
			logs = logs[len(logs)-1:]
		}
		for _, l := range logs {
			found = append(found, logValue{l.Stage, l.Run, l.Started, l.Elapsed.Seconds(), l.Error, l.Text})
		}
		if len(logs) > 0 {
			continue
		}
		if r, ok := plan.LastRecord(s); ok {
			quiet.add(s, r.Elapsed)
			found = append(found, logValue{Stage: s.Name(), Run: r.Run, Started: r.Started, Elapsed: r.Elapsed.Seconds()})
		} else {
			never = append(never, s.Name())
		}
	}
	for _, k := range quiet {
		fmt.Fprintf(a.stderr, "%s: %s ran for %s and logged nothing\n", k.Kind, term.Count(k.Count, "stage"), secondsText(k.Total))
	}
	if len(never) > 0 {
		fmt.Fprintf(a.stderr, "never ran with these params: %s\n", joined(never))
	}
	if c.JSON {
		return a.json(found)
	}
	for _, l := range found {
		if l.Text+l.Error == "" {
			continue
		}
		fmt.Fprintf(a.stdout, "%s  %s\n%s", a.out.Bold(l.Stage), a.out.Dim(l.Started.Format(time.DateTime)+", "+secondsText(l.Elapsed)), l.Text)
		if l.Error != "" {
			fmt.Fprintf(a.stdout, "%s %s\n", a.out.Bad("failed:"), strings.TrimRight(l.Error, "\n"))
		}
	}
	return nil
}
