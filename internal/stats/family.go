package stats

import (
	"math"
	"slices"
)

// Holm returns the p-values adjusted for being a family (Holm, 1979): rejecting
// those that are at most α keeps the probability of any false alarm at or below
// α, whatever the dependence. NaN stands for no test and stays NaN.
func Holm(p []float64) []float64 {
	order := make([]int, 0, len(p))
	adjusted := make([]float64, len(p))
	for i, x := range p {
		adjusted[i] = x
		if !math.IsNaN(x) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(1, float64(float64(len(order)-rank)*p[i])))
		adjusted[i] = largest
	}
	return adjusted
}

// Band is the central rank band of a sample: another value drawn like the
// sample's lies in it with probability Coverage.
type Band struct {
	Low, High float64
	Coverage  float64 // 1 − 2r/(n+1) for the r-th smallest and largest value
}

// SmallestBand is how many values a rank band of 95 % needs.
const SmallestBand = 39

// RankBand returns the band of the largest r for which the coverage is at
// least the wanted one; ok is false where the sample is too small for any.
func RankBand(values []float64, coverage float64) (b Band, ok bool) {
	n := len(values)
	r := 0
	for r < n/2 && 1-float64(2*(r+1))/float64(n+1) >= coverage-1e-12 {
		r++
	}
	if r == 0 {
		return Band{}, false
	}
	v := slices.Clone(values)
	slices.Sort(v)
	return Band{Low: v[r-1], High: v[n-r], Coverage: 1 - float64(2*r)/float64(n+1)}, true
}

// Contains says whether x lies in the band.
func (b Band) Contains(x float64) bool { return b.Low <= x && x <= b.High }
