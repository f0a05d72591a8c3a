package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestStudentTail compares with gonum, which is right to ten digits, and with closed
// forms.
func TestStudentTail(t *testing.T) {
	for _, df := range []int{1, 2, 3, 4, 7, 30, 200, 1000} {
		for _, x := range []float64{0, 1e-3, 0.1, 0.7, 1, 1.9, 3, 6, 20, 100} {
			want := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(df)}.Survival(x)
			if got := StudentTail(x, df); math.Abs(got-want) > 1e-10*want {
				t.Errorf("P(T ≥ %v) with %d degrees is %v, want %v", x, df, got, want)
			}
			if got, want := StudentTail(-x, df), 1-want; math.Abs(got-want) > 1e-10 {
				t.Errorf("P(T ≥ %v) with %d degrees is %v, want %v", -x, df, got, want)
			}
		}
	}
	// Closed forms: ½ − arctan(t)/π, and ½ − t/(2√(2 + t²)).
	if got, want := StudentTail(1e8, 1), 1e-8/math.Pi; math.Abs(got-want) > 1e-12*want {
		t.Errorf("far out with 1 degree: %v, want %v", got, want)
	}
	if got, want := StudentTail(math.Sqrt2, 2), 0.5-0.5/math.Sqrt2; math.Abs(got-want) > 1e-15 {
		t.Errorf("at √2 with 2 degrees: %v, want %v", got, want)
	}
	if got := StudentTail(math.Inf(1), 4); got != 0 {
		t.Errorf("at infinity: %v", got)
	}
}

// TestWelch compares with Student's tail where Welch's degrees of freedom are whole, and at
// the limits.
func TestWelch(t *testing.T) {
	// Equal sizes and deviations: Student's test with 2n − 2 degrees of freedom.
	r := Welch(1, 1, 10, 0, 1, 10)
	if math.Abs(r.T-math.Sqrt(5)) > 1e-12 || math.Abs(r.P-2*StudentTail(math.Sqrt(5), 18)) > 1e-12 {
		t.Errorf("%+v", r)
	}
	// One sample without deviation: a test of the other against a constant.
	if r := Welch(0.5, 0, 50, 0, 1, 9); math.Abs(r.T-1.5) > 1e-12 || math.Abs(r.P-2*StudentTail(1.5, 8)) > 1e-12 {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct{ mean, want float64 }{{0, 1}, {1, 0}} {
		if r := Welch(c.mean, 0, 3, 0, 0, 3); r.P != c.want {
			t.Errorf("no deviation, means %v apart: %+v", c.mean, r)
		}
	}
}
