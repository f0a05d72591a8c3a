package claims

import (
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// TestShare: the limits are Clopper and Pearson's, and verdicts follow from them.
func TestShare(t *testing.T) {
	// 0 of 10 and 3 of 10, as in their tables.
	for _, c := range []struct {
		share
		low, high float64
	}{{share{0, 10}, 0, 0.3085}, {share{3, 10}, 0.0667, 0.6525}, {share{10, 10}, 0.6915, 1}} {
		if i := c.interval(); math.Abs(i.Low-c.low) > 5e-5 || math.Abs(i.High-c.high) > 5e-5 {
			t.Errorf("%v: want %v to %v", c.share, c.low, c.high)
		}
	}
	for _, c := range []struct {
		of                      share
		most, assumption, bound artifact.Verdict
	}{
		{share{0, 0}, artifact.NotTested, artifact.NotTested, artifact.NotTested},
		{share{5, 5}, artifact.Undecided, artifact.DoesNotHold, artifact.DoesNotHold},
		{share{6, 6}, artifact.Holds, artifact.DoesNotHold, artifact.DoesNotHold},
		{share{0, 6}, artifact.DoesNotHold, artifact.Undecided, artifact.Undecided},
		{share{0, 9}, artifact.DoesNotHold, artifact.Undecided, artifact.Undecided},
		{share{0, 10}, artifact.DoesNotHold, artifact.Undecided, artifact.Holds},
		{share{0, 28}, artifact.DoesNotHold, artifact.Undecided, artifact.Holds},
		{share{0, 29}, artifact.DoesNotHold, artifact.Holds, artifact.Holds},
		{share{1, 60}, artifact.DoesNotHold, artifact.Holds, artifact.DoesNotHold},
		{share{30, 60}, artifact.Undecided, artifact.DoesNotHold, artifact.DoesNotHold},
	} {
		if most, assumption, bound := c.of.most(), c.of.assumption(), c.of.bound(); most != c.most || assumption != c.assumption || bound != c.bound {
			t.Errorf("%d of %d: %v, %v, %v, want %v, %v, %v", c.of.count, c.of.n, most, assumption, bound, c.most, c.assumption, c.bound)
		}
	}
}

// TestMedian: the interval covers the population's median with at least 95 %, and
// is made of the order statistics that tables of the sign test have.
func TestMedian(t *testing.T) {
	for n, at := range map[int]int{5: 0, 6: 0, 9: 1, 10: 1, 20: 5} {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i)
		}
		if m := median(values); m.Low != float64(at) || m.High != float64(n-1-at) || m.Estimate != float64(n-1)/2 {
			t.Errorf("%d values: %+v, want %d to %d", n, m, at, n-1-at)
		}
	}
	s := rng.New(3, "claims", "median", 0)
	const runs = 2000
	inside := 0
	for range runs {
		values := make([]float64, 25)
		for i := range values {
			values[i] = s.Float64()
		}
		if m := median(values); m.Low <= 0.5 && 0.5 <= m.High {
			inside++
		}
	}
	if inside < 1880 || inside > 1960 { // 95.7 % expected, four deviations either way
		t.Errorf("%d of %d intervals hold the median", inside, runs)
	}
}

// TestRelated: networks that share their initial weights are named as such.
func TestRelated(t *testing.T) {
	a, b := trained(8, 1, 0), trained(8, 1, 1)
	again := a
	again.SampleSize *= 2
	for want, networks := range map[string][]network{
		"2 networks": {a, b},
		"3 networks, which began with 2 different weights": {a, b, again},
	} {
		c := &artifact.Claim{}
		count(c, networks)
		if got := related(c, networks); !strings.HasSuffix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
