package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// replayReport is what came of running stages again.
type replayReport struct {
	Replayed int               `json:"replayed"`
	Of       int               `json:"of"` // stages that could have been
	Elapsed  float64           `json:"elapsed"`
	Diverged []divergenceValue `json:"diverged"` // in topological order
	Failed   []string          `json:"failed,omitempty"`

	failure error
}

// divergenceValue is an output that came out with other bytes.
type divergenceValue struct {
	Stage  string          `json:"stage"`
	Output string          `json:"output"`
	Want   string          `json:"want"`
	Have   string          `json:"have"`
	First  *byteDifference `json:"first,omitempty"` // nil where the bytes on record are lost
}

// replay runs stages again on the inputs on record and compares bits.
func (w *workspace) replay(ctx context.Context, plan *pipeline.Plan, stages []*pipeline.Stage, r reporter, jobs int) (*replayReport, error) {
	if stages == nil {
		stages = []*pipeline.Stage{} // nil would not compare
	}
	sum, err := plan.Run(ctx, pipeline.RunOptions{Jobs: jobs, MemoryLimit: memoryLimit(os.ReadFile), Events: r.event, Compare: stages})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	report := &replayReport{Replayed: sum.Ran, Of: len(stages), Diverged: []divergenceValue{}}
	if err != nil {
		for _, e := range flatten(err) {
			report.Failed = append(report.Failed, e.Error())
			if damaged := (*cas.DamagedError)(nil); errors.As(e, &damaged) || errors.Is(e, cas.ErrNotFound) {
				e = advised(&differenceError{e.Error()}, "landscape-pipe repro --hash makes again what is damaged or missing")
			}
			report.failure = errors.Join(report.failure, e)
		}
	}
	for _, c := range sum.Compared {
		report.Elapsed += c.Elapsed.Seconds()
		for _, o := range c.Differ {
			d := divergenceValue{Stage: c.Stage.Name(), Output: o.Name, Want: o.Want.String(), Have: o.Have.String()}
			if want, err := w.store.Get(ctx, o.Want); err == nil {
				first := firstDifference(want, o.Content)
				d.First = &first
			}
			report.Diverged = append(report.Diverged, d)
		}
	}
	return report, nil
}

// print writes the outcome, the first divergent stage first.
func (r *replayReport) print(out io.Writer, style term.Style) {
	if r.Of == 0 {
		fmt.Fprintf(out, "%s  nothing to run again\n", style.Bold(term.Pad("rerun", 8)))
		return
	}
	if len(r.Diverged) == 0 {
		text := fmt.Sprintf("%s run again: the same bits", term.Count(r.Replayed, "stage"))
		if len(r.Failed) > 0 {
			text += fmt.Sprintf("; %d could not be run", len(r.Failed))
		}
		fmt.Fprintf(out, "%s  %s\n", style.Bold(term.Pad("rerun", 8)), text)
		return
	}
	var stages []string
	for _, d := range r.Diverged {
		if !slices.Contains(stages, d.Stage) {
			stages = append(stages, d.Stage)
		}
	}
	fmt.Fprintf(out, "%s  %s run again: %s\n", style.Bold(term.Pad("rerun", 8)), term.Count(r.Replayed, "stage"),
		style.Bad(fmt.Sprintf("%d with other bits", len(stages))))
	fmt.Fprintf(out, "%s %s\n", style.Bad("first divergent stage:"), stages[0])
	for _, d := range r.Diverged {
		if d.Stage != stages[0] {
			continue
		}
		fmt.Fprintf(out, "  %s: %s, on record %s\n", d.Output, short(d.Have), short(d.Want))
		if d.First != nil {
			fmt.Fprintf(out, "    first difference: %s\n", d.First.String())
		}
	}
	for i, s := range stages[1:] {
		if i == maxListed {
			fmt.Fprintf(out, "and %d more\n", len(stages)-1-i)
			break
		}
		fmt.Fprintf(out, "also divergent: %s\n", s)
	}
	fmt.Fprintln(out, "Each stage had the inputs on record: it is not a function of its key, or this machine or build computes otherwise.")
}

// difference is the error of a replay that diverged, nil if it did not.
func (r *replayReport) difference() error {
	if len(r.Diverged) == 0 {
		return nil
	}
	return &differenceError{fmt.Sprintf("%s made other bytes than on record, %s first", term.Count(len(r.Diverged), "output"), r.Diverged[0].Stage)}
}

// sample draws n of the stages that are up to date, in topological order, one
// of each kind first, so that a small sample sees every function. n < 0 means
// all.
func sample(steps []pipeline.Step, n int) []*pipeline.Stage {
	var all []*pipeline.Stage
	for _, s := range steps {
		if s.State == pipeline.StateCached {
			all = append(all, s.Stage)
		}
	}
	if n < 0 || n >= len(all) {
		return all
	}
	first := make(map[string]bool)
	order := rand.Perm(len(all))
	var kinds, rest []int
	for _, i := range order {
		if k := all[i].Kind(); !first[k] {
			first[k] = true
			kinds = append(kinds, i)
		} else {
			rest = append(rest, i)
		}
	}
	chosen := append(kinds, rest...)[:n]
	slices.Sort(chosen)
	stages := make([]*pipeline.Stage, n)
	for i, at := range chosen {
		stages[i] = all[at]
	}
	return stages
}
