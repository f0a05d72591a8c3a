package rng

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGolden holds the numbers of one stream. They enter every trained
// network: a change here changes every result of the project.
func TestGolden(t *testing.T) {
	type draws struct {
		Uint64  [3]uint64
		Float64 [2]float64
		Float32 [2]float32
		IntN    [6]int
		Order   [10]int32
		Normal  [3]float64
	}
	s := New(7, "stage", "purpose", 3)
	var got draws
	for i := range got.Uint64 {
		got.Uint64[i] = s.Uint64()
	}
	for i := range got.Float64 {
		got.Float64[i] = s.Float64()
	}
	for i := range got.Float32 {
		got.Float32[i] = s.Float32()
	}
	for i := range got.IntN {
		got.IntN[i] = s.IntN(1000)
	}
	Permutation(s, got.Order[:])
	for i := range got.Normal {
		got.Normal[i] = s.Normal()
	}
	want := draws{
		Uint64:  [3]uint64{14032970648232600548, 3114242014665994476, 10047881867268163073},
		Float64: [2]float64{0.33730582908122186, 0.3322764406340344},
		Float32: [2]float32{0.5391272, 0.051907778},
		IntN:    [6]int{457, 928, 420, 410, 766, 816},
		Order:   [10]int32{1, 8, 9, 3, 0, 2, 4, 5, 6, 7},
		Normal:  [3]float64{-0.7406449326523639, 0.6324324807348182, 0.04757028000623298},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the stream changed (-want +got):\n%s", diff)
	}
}

func TestKeysAreDistinct(t *testing.T) {
	streams := map[string]*Stream{
		"base":     New(1, "train", "order", 0),
		"seed":     New(2, "train", "order", 0),
		"negative": New(-1, "train", "order", 0),
		"stage":    New(1, "differences", "order", 0),
		"purpose":  New(1, "train", "init", 0),
		"index":    New(1, "train", "order", 1),
		"framing":  New(1, "traino", "rder", 0),
	}
	seen := make(map[uint64]string)
	for name, s := range streams {
		first := s.Uint64()
		if other, ok := seen[first]; ok {
			t.Errorf("the keys %s and %s give the same stream", name, other)
		}
		seen[first] = name
	}
	if a, b := New(1, "train", "order", 0).Uint64(), New(1, "train", "order", 0).Uint64(); a != b {
		t.Errorf("one key gave %d and %d", a, b)
	}
}

func TestUniformMoments(t *testing.T) {
	const n = 200_000
	s := New(1, "test", "uniform", 0)
	var sum64, sum32, squares float64
	for range n {
		a, b := s.Float64(), s.Float32()
		if a < 0 || a >= 1 || b < 0 || b >= 1 {
			t.Fatalf("%v or %v lies outside [0, 1)", a, b)
		}
		sum64 += a
		sum32 += float64(b)
		squares += a * a
	}
	// Five standard errors of the mean of n uniform numbers: 5·√(1/12/n).
	limit := 5 * math.Sqrt(1.0/12/n)
	for name, mean := range map[string]float64{"Float64": sum64 / n, "Float32": sum32 / n} {
		if math.Abs(mean-0.5) > limit {
			t.Errorf("%s: mean %v", name, mean)
		}
	}
	if second := squares / n; math.Abs(second-1.0/3) > 5*math.Sqrt(4.0/45/n) {
		t.Errorf("second moment %v", second)
	}
}

func TestIntNIsUniform(t *testing.T) {
	s := New(1, "test", "bounded", 0)
	const n, bins = 120_000, 12
	var count [bins]int
	for range n {
		count[s.IntN(bins)]++
	}
	chi := 0.0
	for _, c := range count {
		d := float64(c) - n/bins
		chi += d * d / (n / bins)
	}
	if chi > 31.3 { // the 0.999 quantile of χ² with 11 degrees of freedom
		t.Errorf("χ² = %v over %v", chi, count)
	}
	// A bound just above 2⁶³/2 rejects often: the loop must end and stay in range.
	for range 1000 {
		if v := s.IntN(math.MaxInt/2 + 2); v < 0 || v > math.MaxInt/2+1 {
			t.Fatalf("%d lies outside the bound", v)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("IntN(0) did not panic")
		}
	}()
	s.IntN(0)
}

func TestPermutationIsUniform(t *testing.T) {
	s := New(1, "test", "permutation", 0)
	const n = 24_000
	count := make(map[[4]int]int)
	for range n {
		var p [4]int
		Permutation(s, p[:])
		count[p]++
	}
	if len(count) != 24 {
		t.Fatalf("%d of 24 orders appeared", len(count))
	}
	chi := 0.0
	for _, c := range count {
		d := float64(c) - n/24
		chi += d * d / (n / 24)
	}
	if chi > 49.7 { // the 0.999 quantile of χ² with 23 degrees of freedom
		t.Errorf("χ² = %v", chi)
	}
}

func TestNormalMoments(t *testing.T) {
	s := New(1, "test", "normal", 0)
	const n = 200_000
	var m [5]float64
	inside := 0
	for range n {
		x := s.Normal()
		for p, v := 1, x; p <= 4; p, v = p+1, v*x {
			m[p] += v / n
		}
		if math.Abs(x) < 1 {
			inside++
		}
	}
	// Five standard errors: the variances of x, x², x³, x⁴ are 1, 2, 15, 96.
	for p, c := range []struct{ want, variance float64 }{1: {0, 1}, 2: {1, 2}, 3: {0, 15}, 4: {3, 96}} {
		if p > 0 && math.Abs(m[p]-c.want) > 5*math.Sqrt(c.variance/n) {
			t.Errorf("moment %d is %v, want %v", p, m[p], c.want)
		}
	}
	if share := float64(inside) / n; math.Abs(share-0.6827) > 0.006 {
		t.Errorf("%v within one standard deviation", share)
	}
}
