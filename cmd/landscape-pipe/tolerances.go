package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// tolerances are the values that metrics are expected to have, and how far
// off they may be. The file is for version control, one row of a table per line.
type tolerances struct {
	// Tolerance is by "table.metric", or "metric" for every table. A metric
	// that is not named may not differ at all.
	Tolerance map[string]tolerance `toml:"tolerance"`

	// Expected is by table, row and metric.
	Expected map[string]map[string]map[string]float64 `toml:"expected"`
}

// tolerance allows a distance of Absolute + Relative·|value|.
type tolerance struct {
	Absolute float64 `toml:"absolute"`
	Relative float64 `toml:"relative"`
}

func (t tolerance) allowed(value float64) float64 {
	return t.Absolute + t.Relative*math.Abs(value)
}

// usualTolerances are those of a new file. Bits are compared elsewhere; these
// tell a change of rounding, after which a training goes another way to
// much the same place, from a change of what is computed.
var usualTolerances = map[string]tolerance{
	"accuracy":            {Absolute: 0.03},
	"dead_fraction":       {Absolute: 0.1},
	"ema_last":            {Absolute: 1e-7, Relative: 0.3},
	"hessian_residual":    {Absolute: 1e-4}, // of what was iterated to an accuracy
	"kink_margin":         {Relative: 10},
	"lambda_min_residual": {Absolute: 1e-4},
	"mad":                 {Absolute: 0.01, Relative: 0.15},
	"max_loss":            {Absolute: 0.5, Relative: 0.5},
	"mean_loss":           {Absolute: 0.01, Relative: 0.1},
	"std_loss":            {Absolute: 0.01, Relative: 0.15},
}

// otherTolerance is that of a new metric without a usual one.
var otherTolerance = tolerance{Relative: 0.1}

// maxTolerances bounds the file in bytes; that of the default run has a
// megabyte.
const maxTolerances = 256 << 20

// loadTolerances reads the file. Where there is none, ok is false.
func loadTolerances(ctx context.Context, name string) (t tolerances, ok bool, err error) {
	text, err := files.Read(ctx, name, maxTolerances)
	if errors.Is(err, fs.ErrNotExist) {
		return t, false, nil
	}
	if err != nil {
		return t, false, err
	}
	meta, err := toml.Decode(string(text), &t)
	if err != nil {
		return t, false, fmt.Errorf("%s: %w", name, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return t, false, fmt.Errorf("%s: unknown key %s", name, unknown[0])
	}
	for metric, allowed := range t.Tolerance {
		if !(allowed.Absolute >= 0 && allowed.Relative >= 0) {
			return t, false, fmt.Errorf("%s: tolerance of %s: want numbers that are not negative", name, metric)
		}
	}
	return t, true, nil
}

// of returns the tolerance of a metric.
func (t *tolerances) of(table, metric string) tolerance {
	if own, ok := t.Tolerance[table+"."+metric]; ok {
		return own
	}
	return t.Tolerance[metric]
}

// take makes the metrics those to expect, keeps the tolerances, and gives
// new metrics the usual ones.
func (t *tolerances) take(metrics []metric) {
	if t.Tolerance == nil {
		t.Tolerance = make(map[string]tolerance)
	}
	t.Expected = make(map[string]map[string]map[string]float64)
	for _, m := range metrics {
		if t.Expected[m.Table] == nil {
			t.Expected[m.Table] = make(map[string]map[string]float64)
		}
		if t.Expected[m.Table][m.Row] == nil {
			t.Expected[m.Table][m.Row] = make(map[string]float64)
		}
		t.Expected[m.Table][m.Row][m.Name] = m.Value
		_, own := t.Tolerance[m.Table+"."+m.Name]
		if _, ok := t.Tolerance[m.Name]; !ok && !own {
			usual, ok := usualTolerances[m.Name]
			if !ok {
				usual = otherTolerance
			}
			t.Tolerance[m.Name] = usual
		}
	}
}

// encode writes the file: tolerances by name, then the rows in the order of
// the metrics.
func (t *tolerances) encode(metrics []metric) []byte {
	var b bytes.Buffer
	b.WriteString(`# What landscape-pipe check expects of the tables in results/, and how far a
# metric may be off: absolute + relative*|value|. check --update writes the
# values again and keeps the tolerances, which are set here by hand, for a metric
# of all tables or as "table.metric" for one.

[tolerance]
`)
	var names []string
	for name := range t.Tolerance {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		allowed := t.Tolerance[name]
		fmt.Fprintf(&b, "%s = { absolute = %s, relative = %s }\n", tomlKey(name), tomlFloat(allowed.Absolute), tomlFloat(allowed.Relative))
	}
	table, row := "", ""
	for _, m := range metrics {
		switch {
		case m.Table != table:
			if table != "" {
				b.WriteString(" }\n")
			}
			table, row = m.Table, m.Row
			fmt.Fprintf(&b, "\n[expected.%s]\n%s = { ", tomlKey(table), strconv.Quote(row))
		case m.Row != row:
			row = m.Row
			fmt.Fprintf(&b, " }\n%s = { ", strconv.Quote(row))
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s = %s", tomlKey(m.Name), tomlFloat(m.Value))
	}
	if table != "" {
		b.WriteString(" }\n")
	}
	return b.Bytes()
}

// tomlFloat writes a float as TOML wants it, in the shortest form that reads
// back to the same bits.
func tomlFloat(v float64) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

func tomlKey(name string) string {
	bare := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !bare(r) }) < 0 {
		return name
	}
	return strconv.Quote(name)
}

// metricResult is a metric beside what is expected of it.
type metricResult struct {
	Table     string   `json:"table"`
	Row       string   `json:"row"`
	Metric    string   `json:"metric"`
	Expected  *float64 `json:"expected"` // nil for a metric that is new
	Value     *float64 `json:"value"`    // nil for one that is gone
	Tolerance float64  `json:"tolerance"`
	Distance  float64  `json:"distance"`
	OK        bool     `json:"ok"`
}

// share is the distance in units of what is allowed.
func (r metricResult) share() float64 {
	switch {
	case r.Value == nil || r.Expected == nil || math.IsNaN(r.Distance):
		return math.Inf(1)
	case r.Distance == 0:
		return 0
	}
	return r.Distance / r.Tolerance
}

// compare compares metrics with the file: those of the run in their order,
// then those that are gone.
func (t *tolerances) compare(metrics []metric) []metricResult {
	results := []metricResult{}
	type id struct{ table, row, name string }
	seen := make(map[id]bool)
	tables := make(map[string]bool)
	for _, m := range metrics {
		seen[id{m.Table, m.Row, m.Name}] = true
		tables[m.Table] = true
		r := metricResult{Table: m.Table, Row: m.Row, Metric: m.Name, Value: finite(m.Value)}
		if want, ok := t.Expected[m.Table][m.Row][m.Name]; ok {
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
	var gone []metricResult
	for table, rows := range t.Expected {
		for row, names := range rows {
			for name, want := range names {
				if tables[table] && !seen[id{table, row, name}] {
					gone = append(gone, metricResult{Table: table, Row: row, Metric: name, Expected: finite(want)})
				}
			}
		}
	}
	slices.SortFunc(gone, func(a, b metricResult) int {
		return strings.Compare(a.Table+"\x00"+a.Row+"\x00"+a.Metric, b.Table+"\x00"+b.Row+"\x00"+b.Metric)
	})
	return append(results, gone...)
}

// finite is a number for JSON: nil stands for NaN and the infinities.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
