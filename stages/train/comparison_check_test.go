package train

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

var near = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) })

// TestExactPermutation: with 3 against 3 separated values, 1 of the 20 label
// sets is as extreme on each side. Rank sum 15, mean 10.5, variance 5.25.
func TestExactPermutation(t *testing.T) {
	cells := []Cell{{"only", []float64{4, 6, 5}, []float64{1, 3, 2}}}
	got, err := ComparePermuted(cells, 50_000, rng.New(1, "test", "permutation", 0))
	if err != nil {
		t.Fatal(err)
	}
	z := 4.5 / math.Sqrt(5.25)
	if diff := cmp.Diff([]float64{z}, got.Z, near); diff != "" {
		t.Errorf("z (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		test Test
		want float64
	}{"van Elteren": {got.VanElteren, z}, "sum of squares": {got.SumSquares, z * z}, "largest": {got.MaxZ, z}} {
		if math.Abs(c.test.Statistic-c.want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, c.test.Statistic, c.want)
		}
		// p = 2/20, its standard error over 50,000 permutations 0.0013.
		if math.Abs(c.test.P-0.1) > 0.007 {
			t.Errorf("%s: p = %v, want 0.1", name, c.test.P)
		}
	}
}

// TestTies: values 0 0 | 0 1 have mid-ranks 2 2 | 2 4; R_A = 4 against 5, and
// Var R_A = 2·2/12·(5 − (27−3)/(4·3)) = 1.
func TestTies(t *testing.T) {
	got, err := ComparePermuted([]Cell{{"ties", []float64{0, 0}, []float64{0, 1}}}, 100, rng.New(1, "test", "ties", 0))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{-1}, got.Z, near); diff != "" {
		t.Errorf("z (-want +got):\n%s", diff)
	}
	if got.SumSquares.P != 1 { // every label set gives ±1
		t.Errorf("p = %v, want 1", got.SumSquares.P)
	}
	all, err := ComparePermuted([]Cell{{"equal", []float64{7, 7}, []float64{7}}}, 100, rng.New(1, "test", "ties", 1))
	if err != nil {
		t.Fatal(err)
	}
	want := Comparison{VanElteren: Test{0, 1}, SumSquares: Test{0, 1}, MaxZ: Test{0, 1}, Z: []float64{0}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("equal values (-want +got):\n%s", diff)
	}
}

// TestVanElteren compares with the sum written out: cells of different sizes
// weigh 1/(n+1).
func TestVanElteren(t *testing.T) {
	cells := []Cell{
		{"a", []float64{1, 5}, []float64{2, 3, 4}},
		{"b", []float64{10, 30, 40}, []float64{20}},
	}
	got, err := ComparePermuted(cells, 10, rng.New(1, "test", "elteren", 0))
	if err != nil {
		t.Fatal(err)
	}
	// a: R = 6, mean 2·6/2 = 6, variance 2·3·6/12 = 3; b: R = 1+3+4 = 8, mean 7.5, variance 3·1·5/12 = 1.25.
	sum := 0.0/6 + 0.5/5
	variance := 3.0/36 + 1.25/25
	if want := sum / math.Sqrt(variance); math.Abs(got.VanElteren.Statistic-want) > 1e-12 {
		t.Errorf("van Elteren's z is %v, want %v", got.VanElteren.Statistic, want)
	}
}

// simulate makes cells of lognormal values with the spread that seeds have;
// B is larger by the factor.
func simulate(s *rng.Stream, cells, seeds int, factor float64) []Cell {
	out := make([]Cell, cells)
	for c := range out {
		out[c].Name = fmt.Sprint("cell ", c)
		spread := 0.05 + 0.01*float64(c%20)
		for range seeds {
			out[c].A = append(out[c].A, detmath.Exp(spread*s.Normal()))
			out[c].B = append(out[c].B, factor*detmath.Exp(spread*s.Normal()))
		}
	}
	return out
}

// TestPower: without a shift small p-values are as rare as they should be, and
// the shift of 5 % that the comparison of implementations looks for is found.
func TestPower(t *testing.T) {
	const runs = 60
	s := rng.New(1, "test", "power", 0)
	below := func(factor, level float64) (n int) {
		for range runs {
			got, err := ComparePermuted(simulate(s, 25, 8, factor), 300, s)
			if err != nil {
				t.Fatal(err)
			}
			if got.VanElteren.P <= level {
				n++
			}
		}
		return n
	}
	if n := below(1, 0.1); n > 14 { // expected 6; P(Binomial(60, 0.1) > 14) < 0.001
		t.Errorf("%d of %d comparisons without a shift have p ≤ 0.1", n, runs)
	}
	if n := below(1.05, 0.01); n < 45 {
		t.Errorf("only %d of %d shifts of 5 %% are found", n, runs)
	}
}

// TestLogRatioCoverage: the interval holds the true ratio in 95 of 100 cases.
func TestLogRatioCoverage(t *testing.T) {
	const runs = 1000
	s := rng.New(1, "test", "coverage", 0)
	truth := -detmath.Log(1.03)
	inside, width := 0, 0.0
	for range runs {
		r, used, err := PooledLogRatio(simulate(s, 25, 8, 1.03))
		if err != nil || used != 25 {
			t.Fatal(used, err)
		}
		if r.Low <= truth && truth <= r.High {
			inside++
		}
		width += (r.High - r.Low) / 2 / runs
	}
	t.Logf("%d of %d intervals hold the truth, half width %.4f", inside, runs, width)
	if inside < 925 || inside > 975 {
		t.Errorf("%d of %d intervals hold the truth", inside, runs)
	}
	if width > 0.06/2 {
		t.Errorf("half width %v: too wide to show a ratio within 6 %%", width)
	}
}

func TestLogRatioSkipsCells(t *testing.T) {
	cells := []Cell{
		{"full", []float64{2, 2.2, 1.9}, []float64{1, 1.1, 0.9}},
		{"collapsed", nil, []float64{1, 2}},
		{"single", []float64{5}, []float64{1}},
	}
	r, used, err := PooledLogRatio(cells)
	if err != nil {
		t.Fatal(err)
	}
	want := (math.Log(2)+math.Log(2.2)+math.Log(1.9))/3 - (math.Log(1.1)+math.Log(0.9))/3
	if used != 1 || math.Abs(r.Estimate-want) > 1e-14 || !(r.Low < want && want < r.High) {
		t.Errorf("%+v from %d cells, want %v", r, used, want)
	}
}

func TestComparisonErrors(t *testing.T) {
	s := rng.New(1, "test", "errors", 0)
	one := []float64{1}
	for name, call := range map[string]func() error{
		"no cells":       func() error { _, err := ComparePermuted(nil, 10, s); return err },
		"0 permutations": func() error { _, err := ComparePermuted([]Cell{{"x", one, one}}, 0, s); return err },
		"cell x: 1":      func() error { _, err := ComparePermuted([]Cell{{"x", one, nil}}, 10, s); return err },
		"NaN": func() error {
			_, err := ComparePermuted([]Cell{{"x", one, []float64{math.NaN()}}}, 10, s)
			return err
		},
		"cell y: 0 has no logarithm": func() error { _, _, err := PooledLogRatio([]Cell{{"y", []float64{0}, one}}); return err },
		"no cell has enough":         func() error { _, _, err := PooledLogRatio([]Cell{{"y", one, one}}); return err },
		"all equal": func() error {
			_, _, err := PooledLogRatio([]Cell{{"y", []float64{1, 1}, one}})
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not say %q", err, name)
		}
	}
}
