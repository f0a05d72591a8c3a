package baseline

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/BurntSushi/toml"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// tolerances are how far off a metric may be, by "table.metric", or "metric" for
// every table.
type tolerances map[string]tolerance

// tolerance allows a distance of Absolute + Relative·|value|.
type tolerance struct {
	Absolute float64 `toml:"absolute"`
	Relative float64 `toml:"relative"`
}

func (t tolerance) allowed(value float64) float64 {
	return t.Absolute + float64(t.Relative*math.Abs(value))
}

// usualTolerances are those of every run. Bits are compared elsewhere; these
// distinguish a change of rounding, after which a training ends near the same
// result, from a change of what is computed.
//
//go:embed tolerances.toml
var usualTolerances string

// otherTolerance is that of a metric that is not named.
var otherTolerance = tolerance{Relative: 0.1}

// loadTolerances reads the usual tolerances and those of a file, which take
// precedence. The file may be missing.
func loadTolerances(ctx context.Context, name string) (tolerances, error) {
	t := tolerances{}
	if err := t.add("tolerances.toml", usualTolerances); err != nil {
		return nil, err
	}
	text, err := files.Read(ctx, name, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	return t, t.add(name, string(text))
}

func (t tolerances) add(name, text string) error {
	var file struct {
		Tolerance tolerances `toml:"tolerance"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("%s: unknown key %s", name, unknown[0])
	}
	for metric, allowed := range file.Tolerance {
		if !(allowed.Absolute >= 0 && allowed.Relative >= 0) {
			return fmt.Errorf("%s: tolerance of %s: want numbers that are not negative", name, metric)
		}
		t[metric] = allowed
	}
	return nil
}

// of returns the tolerance of a metric.
func (t tolerances) of(table, metric string) tolerance {
	for _, name := range []string{table + "." + metric, metric} {
		if allowed, ok := t[name]; ok {
			return allowed
		}
	}
	return otherTolerance
}

// MetricResult is a metric beside what is expected of it.
type MetricResult struct {
	Table     string   `json:"table"`
	Row       string   `json:"row"`
	Metric    string   `json:"metric"`
	Expected  *float64 `json:"expected"` // nil for a metric that is new
	Value     *float64 `json:"value"`    // nil for one that is gone
	Tolerance float64  `json:"tolerance"`
	Distance  float64  `json:"distance"`
	OK        bool     `json:"ok"`
}

// Share is the distance in units of what is allowed.
func (r MetricResult) Share() float64 {
	switch {
	case r.Value == nil || r.Expected == nil || math.IsNaN(r.Distance):
		return math.Inf(1)
	case r.Distance == 0:
		return 0
	}
	return r.Distance / r.Tolerance
}

// compare compares metrics with the expected ones: those of the run in their
// order, then those of its tables that are gone.
func (t tolerances) compare(metrics, expected []Metric) []MetricResult {
	results := []MetricResult{}
	type id struct{ table, row, name string }
	of := func(m Metric) id { return id{m.Table, m.Row, m.Name} }
	wanted, seen := make(map[id]float64), make(map[id]bool)
	for _, m := range expected {
		wanted[of(m)] = m.Value
	}
	for _, m := range metrics {
		seen[of(m)] = true
		r := MetricResult{Table: m.Table, Row: m.Row, Metric: m.Name, Value: finite(m.Value)}
		if want, ok := wanted[of(m)]; ok {
			r.Expected = finite(want)
			r.Tolerance = t.of(m.Table, m.Name).allowed(want)
			r.Distance = math.Abs(m.Value - want)
			r.OK = r.Distance <= r.Tolerance
			if math.IsNaN(r.Distance) || math.IsInf(r.Distance, 0) || math.IsInf(r.Tolerance, 0) {
				// JSON has no such numbers; equal values do not differ.
				r.OK = m.Value == want || m.Value != m.Value && want != want
				r.Distance, r.Tolerance = 0, 0
			}
		}
		results = append(results, r)
	}
	for _, m := range expected {
		if !seen[of(m)] {
			results = append(results, MetricResult{Table: m.Table, Row: m.Row, Metric: m.Name, Expected: finite(m.Value)})
		}
	}
	return results
}

// finite is a number for JSON: nil stands for NaN and the infinities.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
