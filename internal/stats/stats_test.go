package stats

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, math.NaN(), 0.03, 0.005})
	want := []float64{0.03, 0.06, math.NaN(), 0.06, 0.02}
	for i := range want {
		if math.IsNaN(want[i]) != math.IsNaN(got[i]) || math.Abs(want[i]-got[i]) > 1e-15 {
			t.Errorf("adjusted %v, want %v", got, want)
		}
	}
	if got := Holm([]float64{0.9, 0.8}); got[0] != 1 || got[1] != 1 {
		t.Errorf("large p-values become %v, want 1", got)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("no tests: %v", got)
	}
}

// TestRankBand: 39 values are the fewest for 95 %, and the band holds a further
// value with the probability that it states.
func TestRankBand(t *testing.T) {
	s := stream("band")
	draw := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = s.Normal()
		}
		return v
	}
	if b, ok := RankBand(draw(SmallestBand-1), 0.95); ok {
		t.Errorf("%d values give the band %+v", SmallestBand-1, b)
	}
	const trials = 4000
	for _, n := range []int{SmallestBand, 100} {
		inside, coverage := 0, 0.0
		for range trials {
			b, ok := RankBand(draw(n), 0.95)
			if !ok || b.Coverage < 0.95-1e-9 {
				t.Fatalf("%d values: %+v, %v", n, b, ok)
			}
			coverage = b.Coverage
			if b.Contains(s.Normal()) {
				inside++
			}
		}
		share := float64(inside) / trials
		if margin := 4 * math.Sqrt(coverage*(1-coverage)/trials); math.Abs(share-coverage) > margin {
			t.Errorf("%d values: %v of further values inside, want %v ± %v", n, share, coverage, margin)
		}
	}
}

func TestBootstrap(t *testing.T) {
	values := []float64{3, 1, 4, 1, 5, 9, 2, 6}
	mean, deviation := Moments(values)
	resampled := make([]float64, len(values))
	draws := Bootstrap(4000, stream("bootstrap"), func(s *rng.Stream) float64 {
		Resample(resampled, values, s)
		m, _ := Moments(resampled)
		return m
	})
	of, spread := Moments(draws)
	n := float64(len(values))
	want := deviation * math.Sqrt((n-1)/n) / math.Sqrt(n)
	if math.Abs(of-mean) > 0.1 || math.Abs(spread/want-1) > 0.06 {
		t.Errorf("resampled mean %v ± %v, want %v ± %v", of, spread, mean, want)
	}
	low, high := Percentiles(draws, 0.95)
	if !(low < mean && mean < high) || math.Abs((high-low)/(3.92*want)-1) > 0.1 {
		t.Errorf("interval from %v to %v about %v", low, high, mean)
	}
}

func TestSlopeAndMedian(t *testing.T) {
	if got := Slope([]float64{1, 2, 4}, []float64{7, 5, 1}); math.Abs(got+2) > 1e-15 {
		t.Errorf("slope %v, want -2", got)
	}
	if got := Median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median %v, want 2.5", got)
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing %v", got)
	}
	if got := StudentQuantile975(3); math.Abs(got-3.1824) > 0.01 {
		t.Errorf("t at 3 degrees of freedom %v", got)
	}
	if got := StudentQuantile975(7); math.Abs(got-2.36462) > 0.001 {
		t.Errorf("t at 7 degrees of freedom %v", got)
	}
}

func TestStudentQuantile(t *testing.T) {
	for df, want := range map[float64]float64{5: 2.570582, 10: 2.228139, 30: 2.042272, 350: 1.966765} {
		if got := StudentQuantile975(df); math.Abs(got-want) > 1e-3 {
			t.Errorf("df %v: %v, want %v", df, got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16}
	for _, c := range []struct{ q, want float64 }{{0, 1}, {0.25, 2}, {0.375, 3}, {0.5, 4}, {0.875, 12}, {1, 16}} {
		if got := Quantile(x, c.q); got != c.want {
			t.Errorf("quantile %v = %v, want %v", c.q, got, c.want)
		}
	}
	if got := Quantile([]float64{5}, 0.975); got != 5 {
		t.Errorf("quantile of one value %v", got)
	}
}

// TestRankCorrelation: with ties by hand, and that only the order counts.
func TestRankCorrelation(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{10, 200, 3000, 1e9}, 1},
		{[]float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1},
		// Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: covariance 4.5, squares 4.5 and 5.
		{[]float64{1, 5, 5, 9}, []float64{0, 7, 2, 8}, 4.5 / math.Sqrt(4.5*5)},
		{[]float64{1, 1, 1}, []float64{1, 2, 3}, 0},
	} {
		if got := RankCorrelation(c.x, c.y); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("rank correlation of %v and %v is %v, want %v", c.x, c.y, got, c.want)
		}
	}
}
