package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type checkCmd struct {
	overrides
	Update    bool `help:"Accept the current results as the expected ones, and say what changed."`
	AsDefault bool `name:"as-default" help:"With --update: make the params of this run those of the default run, and write its figures and results into the artifacts folder."`
	All       bool `short:"a" help:"List every metric and curve, not only what differs."`
	JSON      bool `name:"json" help:"Write JSON." xor:"form"`
	Junit     bool `name:"junit" help:"Write JUnit XML, for CI." xor:"form"`
	Markdown  bool `name:"markdown" help:"Write Markdown." xor:"form"`
}

const checkHelp = `Compares the results in the store, and runs nothing:

    digests   of every output with lock.json, bit by bit
    metrics   of the tables with those in expected/: value, tolerance, distance
    curves    with the paper's: ours divided by the published one, which is
              reported and not judged

Both lie in the artifacts folder, for version control; those of a run with other
params in its own folder. The file tolerances.toml there may say how far metrics
may be off. A run that has none, because its params
file was edited or by --set, is compared with those of the run without the edit.

Where something differs, the first divergent stage is named, with the params,
code or inputs that changed since the last run that gave the expected result,
or, where the store knows of none, since lock.json was written.
`

// Run implements the verb.
func (c *checkCmd) Run(ctx context.Context, a *app, g *globals) error {
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{})
	if err != nil {
		return err
	}
	defer w.close()
	if c.AsDefault && !c.Update {
		return usage(errors.New("--as-default is for --update"), "landscape-pipe check --update --as-default")
	}
	if c.AsDefault {
		w.run, w.exports, w.base = "", g.Artifacts, ""
	}
	report, err := w.check(ctx, plan)
	if err != nil {
		return err
	}
	report.all = c.All
	if c.Update {
		if err := report.update(ctx, w, plan); err != nil {
			return err
		}
		if c.AsDefault {
			written, lost, err := plan.Export(ctx, w.exports)
			if err == nil && len(lost) > 0 {
				err = advised(fmt.Errorf("exporting output %s of stage %s: %w", lost[0].Output, lost[0].Stage, lost[0].Err), "landscape-pipe repro rebuilds it")
			}
			if err != nil {
				return err
			}
			for _, file := range written {
				report.Updated = append(report.Updated, filepath.Join(w.exports, filepath.FromSlash(file)))
			}
		}
	}
	switch {
	case c.JSON:
		err = a.json(report)
	case c.Junit:
		err = report.junit(a.stdout)
	case c.Markdown:
		err = report.markdown(a.stdout)
	default:
		err = report.text(a.stdout, a.out)
	}
	if err == nil && !report.OK {
		err = report.failure()
	}
	return err
}

// checkReport is what check found.
type checkReport struct {
	OK       bool   `json:"ok"`
	Run      string `json:"run"`      // "" for the default one
	Lock     string `json:"lock"`     // of the run, or where it has none of the one that it is a variant of
	Expected bool   `json:"expected"` // there is a lock file
	Variant  bool   `json:"variant"`  // it is that of another run
	Results  int    `json:"results"`  // outputs that are up to date
	Stages   int    `json:"stages"`

	Stale       []staleValue          `json:"stale"`       // stages that are not up to date
	Differences []pipeline.Difference `json:"differences"` // in topological order
	Unknown     int                   `json:"unknown"`     // results that depend on the platform, and of this one nothing is expected
	Causes      []pipeline.Cause      `json:"causes"`      // the first divergent stage first

	Tolerances string         `json:"tolerances"` // file, which may be missing
	Judged     bool           `json:"judged"`     // tables are expected
	Metrics    []metricResult `json:"metrics"`
	Curves     []curveResult  `json:"curves"`

	Updated []string `json:"updated,omitempty"` // files, with --update

	all     bool
	metrics []metric
	named   map[string]string // stage → kind
	order   []string          // stages
}

// staleValue is a stage that is not up to date.
type staleValue struct {
	Stage   string   `json:"stage"`
	State   string   `json:"state"`
	Reason  string   `json:"reason"`
	Changed []string `json:"changed,omitempty"` // fields of its key
}

// check compares what is up to date with what is expected.
func (w *workspace) check(ctx context.Context, plan *pipeline.Plan) (*checkReport, error) {
	r := &checkReport{
		Run:   w.run,
		Stale: []staleValue{}, Differences: []pipeline.Difference{}, Causes: []pipeline.Cause{}, named: make(map[string]string),
	}
	folder := w.exports
	if !exists(w.lockFile()) && w.base != "" && exists(filepath.Join(w.base, lockName)) {
		folder, r.Variant = w.base, true
	}
	r.Lock, r.Tolerances = filepath.Join(folder, lockName), filepath.Join(folder, tolerancesName)
	if err := r.look(w, plan); err != nil {
		return nil, err
	}
	baseline, err := pipeline.LoadLockfile(r.Lock)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		r.Expected = true
		if err := r.compare(w, plan, baseline); err != nil {
			return nil, err
		}
	}
	if r.metrics, err = w.metrics(ctx, plan); err != nil {
		return nil, err
	}
	allowed, err := loadTolerances(ctx, r.Tolerances)
	if err != nil {
		return nil, err
	}
	expected, judged, err := expectedMetrics(ctx, filepath.Join(folder, expectedName), r.metrics)
	if err != nil {
		return nil, err
	}
	if r.Judged = judged; judged {
		r.Metrics = allowed.compare(r.metrics, expected)
	}
	if r.Curves, err = w.comparedCurves(ctx, plan); err != nil {
		return nil, err
	}
	r.judge()
	return r, nil
}

func (r *checkReport) judge() {
	r.OK = r.Expected && len(r.Stale)+len(r.Differences) == 0 &&
		!slices.ContainsFunc(r.Metrics, func(m metricResult) bool { return !m.OK })
}

// look notes which stages are up to date.
func (r *checkReport) look(w *workspace, plan *pipeline.Plan) error {
	for _, step := range plan.Steps() {
		r.Stages++
		name := step.Stage.Name()
		r.named[name] = step.Stage.Kind()
		r.order = append(r.order, name)
		if step.State == pipeline.StateCached {
			r.Results += len(step.Stage.Outputs())
			continue
		}
		v := staleValue{Stage: name, State: stepName(step.State), Reason: step.Reason}
		e, err := plan.Explain(step.Stage)
		if err != nil {
			return err
		}
		if !e.Last.IsZero() {
			v.Changed = pipeline.Changes(e.Fields)
		}
		r.Stale = append(r.Stale, v)
	}
	return nil
}

// results has the digests of what is up to date.
func results(plan *pipeline.Plan) map[string]map[string]pipeline.Digest {
	all := make(map[string]map[string]pipeline.Digest)
	for _, step := range plan.Steps() {
		if step.State != pipeline.StateCached {
			continue
		}
		outputs := make(map[string]pipeline.Digest)
		for _, name := range step.Stage.Outputs() {
			if d, _, ok := plan.Output(step.Stage, name); ok {
				outputs[name] = d
			}
		}
		all[step.Stage.Name()] = outputs
	}
	return all
}

// compare compares the digests with the lock file and looks for what made them
// differ.
func (r *checkReport) compare(w *workspace, plan *pipeline.Plan, baseline *pipeline.Lockfile) error {
	stale := make(map[string]bool)
	for _, s := range r.Stale {
		stale[s.Stage] = true
	}
	found := baseline.Compare(results(plan))
	found = slices.DeleteFunc(found, func(d pipeline.Difference) bool {
		s := w.graph.Stage(d.Stage)
		if d.Kind == pipeline.New && s != nil && !s.Portable() && baseline.Knows(d.Stage, d.Output) {
			r.Unknown++
			return true
		}
		return d.Kind == pipeline.Missing && stale[d.Stage]
	})
	place := make(map[string]int)
	for i, name := range r.order {
		place[name] = i
	}
	slices.SortStableFunc(found, func(x, y pipeline.Difference) int { return place[x.Stage] - place[y.Stage] })
	r.Differences = append(r.Differences, found...)
	causes, err := baseline.Causes(plan, w.params.Lines())
	r.Causes = append(r.Causes, causes...)
	return err
}

// update accepts the results as the expected ones, unless some are missing.
func (r *checkReport) update(ctx context.Context, w *workspace, plan *pipeline.Plan) error {
	if len(r.Stale) > 0 {
		return advised(fmt.Errorf("%s not up to date: nothing was written", term.Count(len(r.Stale), "stage")),
			"run landscape-pipe repro first")
	}
	baseline, err := pipeline.LoadLockfile(r.Lock)
	if errors.Is(err, fs.ErrNotExist) {
		baseline, err = pipeline.NewLockfile(), nil
	}
	if err != nil {
		return err
	}
	before := baseline.Encode()
	baseline.Retain(w.graph)
	baseline.Update(w.graph, results(plan))
	baseline.MadeWith(w.graph, w.params.Lines(), true)
	if lock := w.lockFile(); lock != r.Lock || !bytes.Equal(before, baseline.Encode()) {
		if err := baseline.Save(lock); err != nil {
			return fmt.Errorf("updating %s: %w", lock, err)
		}
		r.Updated = append(r.Updated, lock)
	}
	changed, err := w.expect(ctx, plan, filepath.Join(w.exports, expectedName))
	r.Updated = append(r.Updated, changed...)
	if err != nil {
		return err
	}
	r.OK = true
	return nil
}

// failure says what is wrong in one line.
func (r *checkReport) failure() error {
	switch {
	case !r.Expected:
		return advised(&differenceError{fmt.Sprintf("%s is missing: nothing to compare with", r.Lock)},
			"landscape-pipe check --update writes it")
	case len(r.Stale) > 0:
		return advised(&differenceError{fmt.Sprintf("%s not up to date", term.Count(len(r.Stale), "stage"))},
			"landscape-pipe repro brings the results up to date")
	}
	text := ""
	if n := len(r.Differences); n > 0 {
		text = fmt.Sprintf("%s differ", term.Count(n, "result"))
		if n == 1 {
			text += "s"
		}
	}
	if n := len(r.outside()); n > 0 {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%s outside the tolerance", term.Count(n, "metric"))
	}
	return advised(&differenceError{text}, "landscape-pipe check --update accepts the new results")
}

// outside are the metrics that are not within their tolerance.
func (r *checkReport) outside() []metricResult {
	var found []metricResult
	for _, m := range r.Metrics {
		if !m.OK {
			found = append(found, m)
		}
	}
	return found
}
