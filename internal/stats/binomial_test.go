package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestBinomialTail compares with gonum and, far out in the tail where its
// incomplete beta function loses digits, with values computed by exact fractions.
func TestBinomialTail(t *testing.T) {
	for _, n := range []int{1, 2, 9, 68, 1000} {
		for _, p := range []float64{1e-6, 0.043, 0.5, 0.9, 0.999} {
			for x := 0; x <= n; x += 1 + n/50 {
				want := 1.0
				if x > 0 {
					want = distuv.Binomial{N: float64(n), P: p}.Survival(float64(x) - 1)
				}
				if got := BinomialTail(x, n, p); math.Abs(got-want) > 1e-10 {
					t.Errorf("P(X ≥ %d) of %d at %v is %v, want %v", x, n, p, got, want)
				}
			}
		}
	}
	for _, c := range []struct {
		x, n    int
		p, want float64
	}{{10, 9, 0.05, 0}, {0, 0, 0.3, 1}, {3, 5, 0, 0}, {5, 5, 1, 1}, {50, 50, 0.01, 1e-100}, {2, 2, 1e-150, 1e-300}} {
		if got := BinomialTail(c.x, c.n, c.p); math.Abs(got-c.want) > 1e-12*c.want {
			t.Errorf("P(X ≥ %d) of %d at %v is %v, want %v", c.x, c.n, c.p, got, c.want)
		}
	}
}

// TestClopperPearson: the limit is the 0.95 quantile of Beta(x+1, n−x).
func TestClopperPearson(t *testing.T) {
	for _, c := range []struct{ x, n int }{{0, 1}, {0, 13}, {0, 68}, {1, 68}, {34, 68}, {67, 68}, {3, 8520}} {
		want := distuv.Beta{Alpha: float64(c.x + 1), Beta: float64(c.n - c.x)}.Quantile(0.95)
		if got := ClopperPearson(c.x, c.n, 0.95); math.Abs(got-want) > 1e-7 {
			t.Errorf("%d of %d: %v, want %v", c.x, c.n, got, want)
		}
	}
	if got, want := ClopperPearson(0, 68, 0.95), 1-math.Pow(0.05, 1.0/68); math.Abs(got-want) > 1e-13 {
		t.Errorf("0 of 68: %v, want %v", got, want)
	}
	if got := ClopperPearson(5, 5, 0.95); got != 1 {
		t.Errorf("5 of 5: %v, want 1", got)
	}
	if got := ClopperPearson(0, 0, 0.95); got != 1 {
		t.Errorf("no trials: %v, want 1", got)
	}
}
