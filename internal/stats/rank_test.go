package stats

import (
	"math"
	"testing"
)

// TestRankTest counts all combinations of ranks.
func TestRankTest(t *testing.T) {
	sizes := []int{2, 3, 4}
	test := NewRankTest(sizes)
	var sums []int
	for a := 1; a <= 3; a++ {
		for b := 1; b <= 4; b++ {
			for c := 1; c <= 5; c++ {
				sums = append(sums, test.sum([]int{2 * a, 2 * b, 2 * c}))
			}
		}
	}
	for a := 1; a <= 3; a++ {
		for b := 1; b <= 4; b++ {
			ranks := []int{2 * a, 2 * b, 2 * 4}
			observed := test.sum(ranks)
			reached := 0
			for _, s := range sums {
				if max(s, -s) >= max(observed, -observed) {
					reached++
				}
			}
			if got, want := test.P(ranks), float64(reached)/float64(len(sums)); math.Abs(got-want) > 1e-14 {
				t.Errorf("ranks %d, %d, 4: p = %v, want %v", a, b, got, want)
			}
		}
	}
	for _, c := range []struct {
		ranks []int
		share float64
	}{{[]int{2, 2, 2}, 0}, {[]int{6, 8, 10}, 1}, {[]int{4, 5, 6}, 0.5}} {
		if got := test.Share(c.ranks); got != c.share {
			t.Errorf("share of %v is %v, want %v", c.ranks, got, c.share)
		}
	}
}

func TestTwiceRank(t *testing.T) {
	others := []float64{1, 2, 2, 3}
	for x, want := range map[float64]int{0: 2, 1: 3, 2: 6, 2.5: 8, 9: 10} {
		if got := TwiceRank(x, others); got != want {
			t.Errorf("twice the rank of %v is %d, want %d", x, got, want)
		}
	}
}
