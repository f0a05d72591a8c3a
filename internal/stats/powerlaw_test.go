package stats

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

var sampleSizes = []float64{100, 200, 400, 800, 1600, 3200, 6400}

// lawCurves are losses over the sizes that follow the law: each curve has a factor of
// its own, and each value one more.
func lawCurves(p PowerLaw, seeds int, own, each float64, s *rng.Stream) [][]float64 {
	values := make([][]float64, seeds)
	for i := range values {
		factor := detmath.Exp(own * s.Normal())
		for _, k := range sampleSizes {
			values[i] = append(values[i], p.At(k)*factor*detmath.Exp(each*s.Normal()))
		}
	}
	return values
}

// TestFitPowerLaw: a law without noise is found, with any exponent and offset.
func TestFitPowerLaw(t *testing.T) {
	for _, p := range []PowerLaw{{0.2, 5, 0.5}, {0, 3, 0.3}, {0.5, 100, 1}, {1, 0, 1}} {
		got := FitPowerLaw(sampleSizes, lawCurves(p, 3, 0, 0, rng.New(1, "stats", "law", 0)))
		for _, k := range append(sampleSizes, 50, 20000) {
			if want := p.At(k); math.Abs(got.At(k)-want) > 1e-6*want {
				t.Errorf("%+v at %v: %v, want %v (%+v)", p, k, got.At(k), want, got)
			}
		}
		if p.B == 0 {
			if n := got.Needed(0.01); n > 100 {
				t.Errorf("a flat loss needs %v objects", n)
			}
			continue
		}
		if n := p.Needed(0.01); math.Abs(p.Gain(n)-0.01) > 1e-12 || math.Abs(got.Needed(0.01)/n-1) > 1e-4 {
			t.Errorf("%+v: the gain at %v is %v; the fit needs %v", p, n, p.Gain(n), got.Needed(0.01))
		}
	}
}

// TestNeededSizeCovers: the interval holds the true size in 90 to 99 % of 200 worlds.
func TestNeededSizeCovers(t *testing.T) {
	const worlds, limit = 200, 4 * 6400
	for _, c := range []struct {
		law       PowerLaw
		seeds     int
		own, each float64
		target    float64
	}{
		{PowerLaw{0.2, 8, 0.5}, 5, 0, 0.05, 0.03},
		{PowerLaw{0.2, 8, 0.5}, 8, 0.05, 0.05, 0.05},
		{PowerLaw{0.1, 20, 0.7}, 12, 0.05, 0.05, 0.02},
		{PowerLaw{0.3, 4, 0.4}, 20, 0.02, 0.03, 0.04},
	} {
		truth, covered, total := c.law.Needed(c.target), 0, 0.0
		if truth < 100 || truth > limit {
			t.Fatalf("%+v: the true size %v lies outside the range", c, truth)
		}
		for i := range worlds {
			s := rng.New(int64(i), "stats", "covers", uint64(c.seeds))
			_, _, low, high := NeededSize(sampleSizes, lawCurves(c.law, c.seeds, c.own, c.each, s), c.target, 100, limit, 200, s)
			if low <= truth && truth <= high {
				covered++
			}
			total += detmath.Log(high / low)
		}
		t.Logf("%+v: %.0f objects covered in %d of %d worlds, the ends a factor of %.2f apart", c, truth, covered, worlds, math.Exp(total/worlds))
		if covered < worlds*90/100 || covered > worlds*99/100 {
			t.Errorf("%+v: %d of %d intervals hold the true size", c, covered, worlds)
		}
	}
}

// TestNeededSizeLimits: a size beyond the limit is the limit, and one below the
// smallest size the smallest.
func TestNeededSizeLimits(t *testing.T) {
	law := PowerLaw{0.2, 8, 0.5}
	for _, c := range []struct{ target, want float64 }{{0.001, 25600}, {5, 100}} {
		s := rng.New(2, "stats", "limits", 0)
		if _, size, low, high := NeededSize(sampleSizes, lawCurves(law, 5, 0, 0.01, s), c.target, 100, 25600, 200, s); size != c.want || low != c.want || high != c.want {
			t.Errorf("target %v, truly %v: %v (%v to %v), want %v", c.target, law.Needed(c.target), size, low, high, c.want)
		}
	}
}
