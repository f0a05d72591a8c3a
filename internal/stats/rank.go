package stats

// RankTest tests by their ranks whether values come from the distributions of
// the samples that each is ranked in: exactly, under the hypothesis that a value
// has any rank in its sample with the same probability, independently of the
// others. It finds a shift that all values share.
type RankTest struct {
	sizes []int     // of the samples, the ranked value not counted
	tail  []float64 // P(|S| ≥ i) for the sum S below
}

// NewRankTest prepares the test of one value in a sample of each of these sizes.
func NewRankTest(sizes []int) *RankTest {
	// S is the sum of 2·rank − (n+2), each uniform on −n, −n+2, …, n.
	t := &RankTest{sizes: sizes}
	distribution := []float64{1} // of (S + Σn)/2
	total := 0
	for _, n := range sizes {
		next := make([]float64, len(distribution)+n)
		for i, p := range distribution {
			for k := 0; k <= n; k++ {
				next[i+k] += p / float64(n+1)
			}
		}
		distribution, total = next, total+n
	}
	t.tail = make([]float64, total+1)
	for i, p := range distribution {
		t.tail[max(2*i-total, total-2*i)] += p
	}
	for i := total - 1; i >= 0; i-- {
		t.tail[i] += t.tail[i+1]
	}
	for i := range t.tail {
		t.tail[i] = min(t.tail[i], 1)
	}
	return t
}

// TwiceRank returns twice the rank of x among the others, from 2 to 2(n+1); a
// tie counts half a rank.
func TwiceRank(x float64, others []float64) int {
	twice := 2
	for _, o := range others {
		switch {
		case o < x:
			twice += 2
		case o == x:
			twice++
		}
	}
	return twice
}

// P is the two-sided p-value of values of these ranks, as [TwiceRank] gives them.
func (t *RankTest) P(twice []int) float64 {
	sum := t.sum(twice)
	return t.tail[max(sum, -sum)]
}

// Share is where the values lie in their samples, from 0, below all, to 1, above
// all; ½ in the middle.
func (t *RankTest) Share(twice []int) float64 {
	return float64(1+float64(t.sum(twice))/float64(len(t.tail)-1)) / 2
}

func (t *RankTest) sum(twice []int) int {
	sum := 0
	for i, n := range t.sizes {
		sum += twice[i] - (n + 2)
	}
	return sum
}
