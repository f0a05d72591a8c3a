package baseline

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// TestReadMetrics: text and key columns name a row, rows with one name are
// numbered, and cells without a number are left out.
func TestReadMetrics(t *testing.T) {
	have, err := readMetrics("networks", []byte("dataset,num_layers,seed,mad,bound\nmnist,1,0,0.5,B1\nmnist,1,0,0.25,B1\nmnist,3,0,,B1\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Metric{
		{"networks", "mnist,num_layers=1,seed=0,B1", "mad", 0.5},
		{"networks", "mnist,num_layers=1,seed=0,B1#2", "mad", 0.25},
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	if _, err := readMetrics("networks", []byte("a,b\n1\n")); err == nil || !strings.Contains(err.Error(), "table networks") {
		t.Errorf("a short row: error %v", err)
	}
}

// TestTolerances: the name with the table counts more than the name alone, what
// is not named may be off by a tenth, and what is new, gone or not finite is told
// from what moved.
func TestTolerances(t *testing.T) {
	allowed := tolerances{"mad": {Absolute: 1}, "spectra.mad": {Relative: 0.5}}
	nan := math.NaN()
	metrics := []Metric{
		{"networks", "a", "mad", 3}, {"spectra", "a", "mad", 3}, {"spectra", "a", "loss", 10.5},
		{"spectra", "a", "gap", nan}, {"spectra", "b", "gap", math.Inf(1)}, {"spectra", "a", "new", 1},
	}
	expected := []Metric{
		{"networks", "a", "mad", 2}, {"spectra", "a", "mad", 1}, {"spectra", "a", "loss", 10},
		{"spectra", "a", "gap", nan}, {"spectra", "b", "gap", 1}, {"spectra", "a", "gone", 1},
	}
	at := func(v float64) *float64 { return &v }
	want := []MetricResult{
		{"networks", "a", "mad", at(2), at(3), 1, 1, true},
		{"spectra", "a", "mad", at(1), at(3), 0.5, 2, false},
		{"spectra", "a", "loss", at(10), at(10.5), 1, 0.5, true},
		{"spectra", "a", "gap", nil, nil, 0, 0, true},
		{"spectra", "b", "gap", at(1), nil, 0, 0, false},
		{"spectra", "a", "new", nil, at(1), 0, 0, false},
		{"spectra", "a", "gone", at(1), nil, 0, 0, false},
	}
	if diff := cmp.Diff(want, allowed.compare(metrics, expected)); diff != "" {
		t.Error(diff)
	}
}

// TestLoadTolerances: the file of a run adds to the usual tolerances, and nonsense
// is refused.
func TestLoadTolerances(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tolerances.toml")
	for text, problem := range map[string]string{
		"[tolerance]\nmad = { absolute = 7 }\n":  "",
		"[tolerance]\nmad = { absolute = -7 }\n": "not negative",
		"[tolerance]\nmad = { absolut = 7 }\n":   "unknown key",
	} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		have, err := loadTolerances(t.Context(), file)
		switch {
		case problem == "" && err != nil:
			t.Errorf("%q: %v", text, err)
		case problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
			t.Errorf("%q: error %v, want %s", text, err, problem)
		case problem == "" && (have.of("networks", "mad").Absolute != 7 || have.of("networks", "accuracy").Absolute != 0.03):
			t.Errorf("tolerances %v", have)
		}
	}
}

// TestCompareCurve: the median and the worst factor are over all published sizes
// where both curves are above zero.
func TestCompareCurve(t *testing.T) {
	paper := published.Curve{Name: published.Name{Dataset: "mnist"}, K: []int{1, 2, 3}, EMA: []float64{1, 1, 1}}
	r := compareCurve(paper, []float64{2, 0, 8})
	if *r.Median != 4 || *r.Worst != 8 || r.WorstK != 3 || r.Factors[0].K != 3 {
		t.Errorf("median %v, worst %v at k=%d, factors %v", *r.Median, *r.Worst, r.WorstK, r.Factors)
	}
	if r := compareCurve(paper, []float64{0, 0, 0}); r.Median != nil || r.Worst != nil {
		t.Errorf("a curve of zeros has median %v, worst %v", r.Median, r.Worst)
	}
}

// TestCompareDigests: what is expected only of other architectures is no
// difference, and what was not made is not missing.
func TestCompareDigests(t *testing.T) {
	folder := t.TempDir()
	d1, d2 := cas.Sum([]byte("1")), cas.Sum([]byte("2"))
	lock := `{"format": 1, "results": {"train[a] weights": "` + d1.String() + `", "figure[a] svg": {"other": "` + d1.String() + `"}, "gone[a] x": "` + d1.String() + `"}}`
	results := map[string]map[string]pipeline.Digest{"train[a]": {"weights": d2}, "figure[a]": {"svg": d2}, "added": {"x": d1}}
	if d, err := CompareDigests(folder, results, nil); err != nil || d.Exists || d.String() != filepath.Join(folder, LockName)+" is missing: nothing to compare with" {
		t.Errorf("without a file: %v, %v", d, err)
	}
	if err := os.WriteFile(filepath.Join(folder, LockName), []byte(lock), 0o666); err != nil {
		t.Fatal(err)
	}
	for made, want := range map[bool]string{
		true:  "3 results, 0 as FILE expects, 1 changed, 1 new, 1 missing, 1 expected only of other architectures",
		false: "3 results, 0 as FILE expects, 1 changed, 1 new, 1 expected only of other architectures",
	} {
		d, err := CompareDigests(folder, results, func(string) bool { return made })
		if have := strings.ReplaceAll(d.String(), d.File, "FILE"); err != nil || have != want {
			t.Errorf("made %v: %s, %v; want %s", made, have, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, LockName), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := CompareDigests(folder, results, nil); err == nil || !strings.Contains(err.Error(), LockName) {
		t.Errorf("a cut file: error %v", err)
	}
}

// FuzzReadMetrics: any text gives metrics with names that differ, or an error that
// names the table.
func FuzzReadMetrics(f *testing.F) {
	f.Add([]byte("dataset,num_layers,mad\nmnist,1,0.5\nmnist,1,NaN\n"))
	f.Add([]byte("a,a\n1,2\n"))
	f.Add([]byte(",,\n,0,NAN"))
	f.Add([]byte("\"a\nb\",c\n,\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		metrics, err := readMetrics("table", text)
		if err != nil {
			if !strings.Contains(err.Error(), "table") {
				t.Errorf("error %v", err)
			}
			return
		}
		for _, r := range (tolerances{}).compare(metrics, metrics) {
			if r.Expected == nil && r.Value != nil {
				t.Errorf("%s of %s is not found", r.Metric, r.Row)
			}
		}
	})
}
