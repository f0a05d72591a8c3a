package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type statusCmd struct {
	selection
	Why      bool `help:"Say of each stage that will run which fields of its key changed."`
	All      bool `short:"a" help:"List cached stages, too."`
	ExitCode bool `help:"Exit with code 3 if something is to be run."`
	JSON     bool `name:"json" help:"Write JSON: an object with the counts and every stage."`
}

const statusHelp = `A stage that reads the result of one that will run depends on it: if that
result turns out as it was, the stage need not run.
`

// Run implements the verb.
func (c *statusCmd) Run(ctx context.Context, a *app, g *globals) error {
	return runStatus(ctx, a, g, c)
}

func runStatus(_ context.Context, a *app, g *globals, c *statusCmd) error {
	w, err := g.open(a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	plan, err := w.plan(pipeline.Options{Targets: c.Targets})
	if err != nil {
		return err
	}
	if err := (planPrinter{a: a, w: w, plan: plan, json: c.JSON, all: c.All, why: c.Why}).print(); err != nil {
		return err
	}
	if needed, cached := plan.Count(); c.ExitCode && cached < needed {
		return &differenceError{fmt.Sprintf("%s not up to date", term.Count(needed-cached, "stage"))}
	}
	return nil
}

// planPrinter writes a plan: one line a stage, then a summary.
type planPrinter struct {
	a              *app
	w              *workspace
	plan           *pipeline.Plan
	json, all, why bool
}

// stepName is a state as it is printed.
func stepName(s pipeline.State) string {
	switch s {
	case pipeline.StateRun:
		return "run"
	case pipeline.StateDepends:
		return "depends"
	}
	return "cached"
}

func paintState(style term.Style, s pipeline.State, text string) string {
	switch s {
	case pipeline.StateRun:
		return style.Warn(text)
	case pipeline.StateDepends:
		return style.Dim(text)
	}
	return style.Good(text)
}

func (p planPrinter) print() error {
	steps := p.plan.Steps()
	if p.json {
		return p.a.json(p.values(steps))
	}
	out := bufio.NewWriter(p.a.stdout)
	var counts [3]int
	width := 0
	for _, s := range steps {
		counts[s.State]++
		if s.State != pipeline.StateCached || p.all {
			width = max(width, term.Width(s.Stage.Name()))
		}
	}
	for _, s := range steps {
		if s.State == pipeline.StateCached && !p.all {
			continue
		}
		reason, fields := strings.TrimPrefix(s.Reason, "depends "), []string(nil)
		if p.why && s.State != pipeline.StateCached {
			var err error
			if fields, err = p.changed(s.Stage); err != nil {
				return err
			}
			if len(fields) > 0 && s.State == pipeline.StateRun {
				reason = "" // the fields say it all
			}
		}
		line := paintState(p.a.out, s.State, term.Pad(stepName(s.State), 7)) + "  " + term.Pad(s.Stage.Name(), width) + "  " + reason
		fmt.Fprintln(out, strings.TrimRight(line, " "))
		for _, f := range fields {
			fmt.Fprintf(out, "           %s\n", f)
		}
	}
	fmt.Fprintln(out, planSummary(counts))
	return out.Flush()
}

// changed returns the fields of a stage's key that changed since it ran last.
func (p planPrinter) changed(s *pipeline.Stage) ([]string, error) {
	e, err := p.plan.Explain(s)
	if err != nil || e.Last.IsZero() {
		return nil, err
	}
	return pipeline.Changes(e.Fields), nil
}

func planSummary(counts [3]int) string {
	cached, run, depends := counts[pipeline.StateCached], counts[pipeline.StateRun], counts[pipeline.StateDepends]
	if run+depends == 0 {
		return fmt.Sprintf("up to date: %s cached", term.Count(cached, "stage"))
	}
	text := fmt.Sprintf("%s to run", term.Count(run, "stage"))
	if depends > 0 {
		text += fmt.Sprintf(", %d depending on these", depends)
	}
	return text + fmt.Sprintf(", %d cached", cached)
}

// stageValue is a stage in JSON.
type stageValue struct {
	Name    string            `json:"name"`
	Kind    string            `json:"kind"`
	Labels  map[string]string `json:"labels,omitempty"`
	State   string            `json:"state"` // cached, run or depends
	Key     string            `json:"key,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Waits   []string          `json:"waits,omitempty"`
	Changed []changedField    `json:"changed,omitempty"`
	Exports map[string]string `json:"exports,omitempty"`
}

type changedField struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

func newStageValue(s pipeline.Step) stageValue {
	v := stageValue{Name: s.Stage.Name(), Kind: s.Stage.Kind(), State: stepName(s.State), Reason: s.Reason, Exports: s.Stage.Exports()}
	if !s.Key.IsZero() {
		v.Key = s.Key.String()
	}
	for _, l := range s.Stage.Labels() {
		if v.Labels == nil {
			v.Labels = make(map[string]string)
		}
		v.Labels[l.Key] = l.Value
	}
	for _, w := range s.Waits {
		v.Waits = append(v.Waits, w.Name())
	}
	return v
}

func (p planPrinter) values(steps []pipeline.Step) any {
	v := struct {
		Cached  int          `json:"cached"`
		Run     int          `json:"run"`
		Depends int          `json:"depends"`
		Stages  []stageValue `json:"stages"`
	}{Stages: []stageValue{}}
	for _, s := range steps {
		switch s.State {
		case pipeline.StateRun:
			v.Run++
		case pipeline.StateDepends:
			v.Depends++
		default:
			v.Cached++
		}
		value := newStageValue(s)
		if e, err := p.plan.Explain(s.Stage); p.why && err == nil && !e.Last.IsZero() {
			for _, f := range e.Fields {
				if f.Changed {
					value.Changed = append(value.Changed, changedField{f.Path, f.Old, f.New})
				}
			}
		}
		v.Stages = append(v.Stages, value)
	}
	return v
}
