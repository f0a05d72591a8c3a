package stats

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

func stream(purpose string) *rng.Stream { return rng.New(1, "stats", purpose, 0) }

func close12(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) }

// TestMannWhitneyExact: values of an independent implementation, in part by
// hand: 26 of 30 pairs.
func TestMannWhitneyExact(t *testing.T) {
	a, b := []float64{1.1, 2.5, 3.7, 0.4, 2.9}, []float64{3.1, 4.5, 2.2, 5.9, 6.1, 4.4}
	got, err := MannWhitney(a, b, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := TrendResult{J: 26, Pairs: 30, Superiority: 26.0 / 30, Up: 0.025974025974025976, Down: 0.9848484848484849, P: 0.05194805194805195, Exact: true}
	if got.J != want.J || got.Pairs != want.Pairs || !got.Exact || !close12(got.Superiority, want.Superiority) ||
		!close12(got.Up, want.Up) || !close12(got.Down, want.Down) || !close12(got.P, want.P) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// Separated: 1 of C(47, 8) orders on each side.
	var low, high []float64
	for i := range 39 {
		if i < 8 {
			low = append(low, float64(i))
		}
		high = append(high, float64(i)+7.5)
	}
	low[7] = 7 // the largest of the low below the least of the high
	separated, err := MannWhitney(low, high, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 / 314457495.0; !close12(separated.Up/want, 1) || separated.Superiority != 1 || !close12(separated.Down, 1) {
		t.Errorf("separated: %+v, want %v", separated, want)
	}
}

// TestJonckheereExact against all 1,680 ways to put 9 values into 3 groups.
func TestJonckheereExact(t *testing.T) {
	groups := [][]float64{{40, 35, 38}, {38.5, 43, 44}, {48, 40.5, 45}}
	got, err := JonckheereTerpstra(groups, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.J != 24 || got.Pairs != 27 || !got.Exact || !close12(got.Up, 18.0/1680) || !close12(got.Down, 1672.0/1680) || !close12(got.Z, (24-13.5)/4.5) || !close12(got.P, 36.0/1680) {
		t.Errorf("got %+v", got)
	}
	// Turned around it is the same fall.
	back, err := JonckheereTerpstra([][]float64{groups[2], groups[1], groups[0]}, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if back.J != 3 || !close12(back.Down, got.Up) || !close12(back.Z, -got.Z) {
		t.Errorf("turned around %+v", back)
	}
}

// TestJonckheereTies against all 4,200 ways, by enumeration elsewhere.
func TestJonckheereTies(t *testing.T) {
	const permutations = 40_000
	got, err := JonckheereTerpstra([][]float64{{1, 2, 2}, {2, 3, 4}, {4, 4, 5, 1}}, permutations, stream("ties"))
	if err != nil {
		t.Fatal(err)
	}
	if got.J != 25.5 || got.Exact || !close12(got.Z, (25.5-16.5)/5.064582904840237) {
		t.Errorf("got %+v", got)
	}
	for _, c := range []struct{ got, want float64 }{{got.Up, 0.04071428571428572}, {got.Down, 0.9692857142857143}} {
		if margin := 5 * math.Sqrt(c.want*(1-c.want)/permutations); math.Abs(c.got-c.want) > margin {
			t.Errorf("p = %v, want %v ± %v", c.got, c.want, margin)
		}
	}
	equal, err := JonckheereTerpstra([][]float64{{0, 0}, {0}, {0, 0}}, 100, stream("equal"))
	if err != nil || equal.P != 1 || equal.Z != 0 || equal.Superiority != 0.5 {
		t.Errorf("equal values: %+v, %v", equal, err)
	}
}

func TestTrendErrors(t *testing.T) {
	for name, groups := range map[string][][]float64{"one": {{1, 2}}, "empty": {{1}, {}}, "NaN": {{1}, {math.NaN()}}} {
		if _, err := JonckheereTerpstra(groups, 10, stream("errors")); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := JonckheereTerpstra([][]float64{{1}, {1, 2}}, 0, nil); err == nil {
		t.Error("ties without permutations were accepted")
	}
}

// TestExactLevel: without a trend the exact p-values are as small as they
// should be, for groups of the sizes of the run: 5 of 39.
func TestExactLevel(t *testing.T) {
	s := stream("level")
	groups := make([][]float64, 5)
	for i := range groups {
		for range 39 {
			groups[i] = append(groups[i], s.Normal())
		}
	}
	got, err := JonckheereTerpstra(groups, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The normal approximation is good to a few per mille here.
	if approximate := math.Erfc(math.Abs(got.Z) / math.Sqrt2); math.Abs(got.P-approximate) > 0.01 {
		t.Errorf("z = %v: exact p = %v, by the normal distribution %v", got.Z, got.P, approximate)
	}
	if sum := got.Up + got.Down; !(sum > 1 && sum < 1.01) {
		t.Errorf("P(J ≥ j) + P(J ≤ j) = %v", sum)
	}
}
