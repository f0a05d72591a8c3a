package baseline

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// The files of a run's folder that say what is expected of it.
const (
	LockName       = "lock.json"
	expectedName   = "expected"        // folder of tables and claims
	tolerancesName = "tolerances.toml" // optional
)

// Run is a run whose results are compared with the expected ones.
type Run struct {
	Name   string // "" for the default run
	Folder string // where its results and its lock.json lie
	Base   string // folder of the run that counts if Folder has no lock.json; "" for none
	Params map[string]string
	Plan   *pipeline.Plan
	Store  *cas.Store
}

// Report is what [Check] found. Its exported fields are its form in JSON.
type Report struct {
	OK      bool   `json:"ok"`
	Run     string `json:"run"`     // "" for the default one
	Lock    string `json:"lock"`    // of the run, or of the one that it is a variant of
	Exists  bool   `json:"exists"`  // there is a lock file
	Variant bool   `json:"variant"` // it is that of another run
	Results int    `json:"results"` // outputs that are up to date
	Stages  int    `json:"stage_count"`

	Stale       []Stale               `json:"stale"`       // stages that are not up to date
	Differences []pipeline.Difference `json:"differences"` // in topological order
	Unknown     int                   `json:"unknown"`     // results that are expected only of other architectures
	Causes      []pipeline.Cause      `json:"causes"`      // the first divergent stage first

	Tolerances string         `json:"tolerances"` // file, which may be missing
	Judged     bool           `json:"judged"`     // tables are expected
	Metrics    []MetricResult `json:"metrics"`
	Curves     []CurveResult  `json:"curves"`

	Updated []string `json:"updated,omitempty"` // files, by [Report.Update]

	Values  int     `json:"-"` // numbers in the tables of the run
	Digests Digests `json:"-"`
}

// Stale is a stage that is not up to date.
type Stale struct {
	Stage   string   `json:"stage"`
	State   string   `json:"state"`
	Reason  string   `json:"reason"`
	Changed []string `json:"changed,omitempty"` // fields of its key
}

// Check compares what is up to date with what is expected.
func Check(ctx context.Context, run Run) (*Report, error) {
	r := &Report{Run: run.Name, Stale: []Stale{}, Causes: []pipeline.Cause{}, Metrics: []MetricResult{}}
	place := make(map[string]int)
	stale := make(map[string]bool)
	for i, step := range run.Plan.Steps() {
		place[step.Stage.Name()], stale[step.Stage.Name()] = i, step.State != pipeline.StateCached
	}
	results, made := run.Plan.Results(), func(stage string) bool { return !stale[stage] }
	folder := run.Folder
	digests, err := CompareDigests(folder, results, made)
	if err == nil && !digests.Exists && run.Base != "" {
		var base Digests
		if base, err = CompareDigests(run.Base, results, made); base.Exists {
			folder, digests, r.Variant = run.Base, base, true
		}
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(digests.Differences, func(x, y pipeline.Difference) int { return place[x.Stage] - place[y.Stage] })
	r.Digests, r.Lock, r.Exists, r.Differences, r.Unknown = digests, digests.File, digests.Exists, digests.Differences, digests.Unknown
	r.Tolerances = filepath.Join(folder, tolerancesName)
	if err := r.look(run.Plan); err != nil {
		return nil, err
	}
	if digests.lock != nil {
		causes, err := digests.lock.Causes(run.Plan, run.Params)
		if err != nil {
			return nil, err
		}
		r.Causes = append(r.Causes, causes...)
	}
	metrics, err := run.metrics(ctx)
	if err != nil {
		return nil, err
	}
	allowed, err := loadTolerances(ctx, r.Tolerances)
	if err != nil {
		return nil, err
	}
	expected, judged, err := expectedMetrics(ctx, filepath.Join(folder, expectedName), metrics)
	if err != nil {
		return nil, err
	}
	if r.Values, r.Judged = len(metrics), judged; judged {
		r.Metrics = allowed.compare(metrics, expected)
	}
	if r.Curves, err = run.curves(ctx); err != nil {
		return nil, err
	}
	r.OK = r.Exists && len(r.Stale)+len(r.Differences)+r.Outside() == 0
	return r, nil
}

// look notes which stages are up to date.
func (r *Report) look(plan *pipeline.Plan) error {
	for _, step := range plan.Steps() {
		r.Stages++
		if step.State == pipeline.StateCached {
			r.Results += len(step.Stage.Outputs())
			continue
		}
		v := Stale{Stage: step.Stage.Name(), State: step.State.String(), Reason: step.Reason}
		e, err := plan.Explain(step.Stage)
		if err != nil {
			return err
		}
		if !e.Before.Key.IsZero() {
			v.Changed = pipeline.Changes(e.Fields)
		}
		r.Stale = append(r.Stale, v)
	}
	return nil
}

// Outside counts the metrics that are not within their tolerance.
func (r *Report) Outside() int {
	n := 0
	for _, m := range r.Metrics {
		if !m.OK {
			n++
		}
	}
	return n
}
