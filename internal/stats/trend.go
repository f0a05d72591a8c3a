package stats

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// TrendResult is the result of a Jonckheere–Terpstra test: do the values rise from
// group to group? With two groups it is the Mann–Whitney test.
type TrendResult struct {
	// J counts the pairs of values from two groups in which the later
	// group's is the larger; equal values count ½.
	J float64
	// Pairs is how many pairs there are. Superiority is J/Pairs, the
	// probability that a value of a later group exceeds one of an earlier:
	// 1 for a trend without exception upwards, 0 downwards, ½ for none.
	Pairs       float64
	Superiority float64
	// Z is J standardised by its mean and standard deviation under
	// exchange, corrected for ties; 0 where all values are equal.
	Z float64
	// Up and Down are the one-sided p-values for a rise and a fall, P the
	// two-sided one, twice the smaller and at most 1.
	Up, Down, P float64
	// Exact is true where P comes from the distribution over all
	// permutations, which needs values without ties; otherwise it comes from
	// random permutations as (1 + reached)/(1 + permutations), and Floor is
	// true where none reached the statistic.
	Exact bool
	Floor bool
}

// JonckheereTerpstra tests for a trend over the groups, in their order. Each
// group needs a value, and there must be two groups. Values with ties are
// permuted at random, permutations times, with draws from s.
func JonckheereTerpstra(groups [][]float64, permutations int, s *rng.Stream) (TrendResult, error) {
	if len(groups) < 2 {
		return TrendResult{}, fmt.Errorf("%d groups: a trend needs at least 2", len(groups))
	}
	t, err := newTrendTest(groups)
	if err != nil {
		return TrendResult{}, err
	}
	j := t.statistic()
	result := TrendResult{J: float64(j) / 2, Pairs: t.pairs, Superiority: float64(j) / 2 / t.pairs}
	if sd := t.deviation(); sd > 0 {
		result.Z = (result.J - float64(t.pairs/2)) / sd
	}
	switch {
	case !t.ties:
		result.Exact = true
		result.Down, result.Up = t.tails(int(j / 2))
	case result.Z == 0 && t.deviation() == 0:
		result.Up, result.Down = 1, 1
	default:
		if permutations < 1 {
			return TrendResult{}, fmt.Errorf("%d permutations: values with ties need at least 1", permutations)
		}
		var up, down int
		for range permutations {
			rng.Shuffle(s, t.labels)
			switch v := t.statistic(); {
			case v == j:
				up, down = up+1, down+1
			case v > j:
				up++
			default:
				down++
			}
		}
		result.Up = float64(1+up) / float64(1+permutations)
		result.Down = float64(1+down) / float64(1+permutations)
		result.Floor = min(up, down) == 0
	}
	result.P = min(1, 2*min(result.Up, result.Down))
	return result, nil
}

// MannWhitney is the test of two groups: Up is small where b's values are the
// larger.
func MannWhitney(a, b []float64, permutations int, s *rng.Stream) (TrendResult, error) {
	return JonckheereTerpstra([][]float64{a, b}, permutations, s)
}

// trendTest holds the values' order and which group each belongs to.
type trendTest struct {
	labels []int // the group of the i-th smallest value
	blocks []int // where blocks of equal values end
	sizes  []int
	pairs  float64
	ties   bool
}

func newTrendTest(groups [][]float64) (*trendTest, error) {
	type labelled struct {
		value float64
		group int
	}
	t := &trendTest{}
	var all []labelled
	for g, values := range groups {
		if len(values) == 0 {
			return nil, fmt.Errorf("group %d is empty", g)
		}
		t.sizes = append(t.sizes, len(values))
		t.pairs += float64(float64(len(all)) * float64(len(values)))
		for _, v := range values {
			if math.IsNaN(v) {
				return nil, fmt.Errorf("group %d holds NaN", g)
			}
			all = append(all, labelled{v, g})
		}
	}
	slices.SortStableFunc(all, func(a, b labelled) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	for i, a := range all {
		t.labels = append(t.labels, a.group)
		if i+1 == len(all) || all[i+1].value != a.value {
			t.blocks = append(t.blocks, i+1)
		}
	}
	t.ties = len(t.blocks) < len(all)
	return t, nil
}

// statistic returns 2J for the current labels, an integer.
func (t *trendTest) statistic() int64 {
	var twice int64
	seen := make([]int64, len(t.sizes)) // smaller values of each group
	here := make([]int64, len(t.sizes)) // equal ones
	from := 0
	for _, to := range t.blocks {
		clear(here)
		for _, g := range t.labels[from:to] {
			here[g]++
		}
		var smaller, equal int64 // of earlier groups
		for g := range here {
			twice += here[g] * (2*smaller + equal)
			smaller += seen[g]
			equal += here[g]
		}
		for g := range here {
			seen[g] += here[g]
		}
		from = to
	}
	return twice
}

// deviation is the standard deviation of J under exchange, with the correction
// for ties (Hollander & Wolfe, Nonparametric Statistical Methods, 6.19).
func (t *trendTest) deviation() float64 {
	var n, a, b, c float64 // Σ over groups of the three polynomials
	for _, size := range t.sizes {
		m := float64(size)
		n += m
		a += float64(float64(m*(m-1)) * (float64(2*m) + 5))
		b += float64(float64(m*(m-1)) * (m - 2))
		c += float64(m * (m - 1))
	}
	var ta, tb, tc float64 // the same over blocks of equal values
	from := 0
	for _, to := range t.blocks {
		m := float64(to - from)
		ta += float64(float64(m*(m-1)) * (float64(2*m) + 5))
		tb += float64(float64(m*(m-1)) * (m - 2))
		tc += float64(m * (m - 1))
		from = to
	}
	variance := (float64(float64(n*(n-1))*(float64(2*n)+5)) - a - ta) / 72
	if n > 2 {
		variance += b * tb / (36 * n * (n - 1) * (n - 2))
	}
	variance += c * tc / (8 * n * (n - 1))
	return math.Sqrt(max(variance, 0))
}

// tails returns P(J ≤ j) and P(J ≥ j) over all permutations of values without
// ties. J is the sum of independent Mann–Whitney statistics, each group against
// all before it together.
func (t *trendTest) tails(j int) (low, high float64) {
	distribution := []float64{1}
	before := t.sizes[0]
	for _, size := range t.sizes[1:] {
		distribution = convolve(distribution, mannWhitney(before, size))
		before += size
	}
	for i, p := range distribution {
		if i <= j {
			low += p
		}
		if i >= j {
			high += p
		}
	}
	return min(low, 1), min(high, 1)
}

func convolve(a, b []float64) []float64 {
	c := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			c[i+j] += float64(x * y)
		}
	}
	return c
}

// mannWhitney returns the probabilities of U = 0 … mn for samples of m and n
// values without ties, by p(m,n,u) = m/(m+n)·p(m−1,n,u−n) + n/(m+n)·p(m,n−1,u):
// whether the largest value of all belongs to the first or to the second
// sample. All terms are positive, so nothing cancels.
func mannWhitney(m, n int) []float64 {
	if m < n {
		m, n = n, m // the distribution is symmetric in both
	}
	rows := make([][]float64, n+1) // rows[k] = p(i, k, ·) for the current i
	for k := range rows {
		rows[k] = []float64{1} // i = 0
	}
	for i := 1; i <= m; i++ {
		next := make([][]float64, n+1)
		next[0] = []float64{1}
		for k := 1; k <= n; k++ {
			p := make([]float64, i*k+1)
			first, second := float64(i)/float64(i+k), float64(k)/float64(i+k)
			for u, x := range rows[k] {
				p[u+k] = float64(first * x)
			}
			for u, x := range next[k-1] {
				p[u] += float64(second * x)
			}
			next[k] = p
		}
		rows = next
	}
	return rows[n]
}

// Superiority is J/Pairs of the groups, the effect of a trend; ½ where there
// are fewer than two groups with values.
func Superiority(groups [][]float64) float64 {
	t, err := newTrendTest(groups)
	if err != nil || t.pairs == 0 {
		return 0.5
	}
	return float64(t.statistic()) / 2 / t.pairs
}
