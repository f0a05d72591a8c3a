package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// The statistics that compare two implementations of the training.
//
// A cell is one network size. Cells differ a lot from each other, so labels
// are exchanged only within a cell, and statistics are sums over cells.

// Cell holds the values of two groups of networks of one size, one value a
// seed: A of one implementation, B of the other.
type Cell struct {
	Name string
	A, B []float64
}

// Test is a statistic and the share of permutations that reach it.
type Test struct {
	Statistic float64
	// P is (1 + permutations at least as extreme) / (1 + permutations), a
	// valid p-value however few permutations there are.
	P float64
}

// Comparison is what ComparePermuted finds. The three statistics see
// different things: a common shift, scattered shifts, one bad cell.
type Comparison struct {
	VanElteren Test // |Σ_c (R_c − E R_c)/(n_c + 1)|, standardised: every cell shifted the same way
	SumSquares Test // Σ_c z_c²: shifts of any sign in many cells
	MaxZ       Test // max_c |z_c|: a large shift in one cell
	// Z holds z_c = (R_c − E R_c)/sd(R_c) of each cell; positive when A is
	// the larger. 0 where all values of the cell are equal.
	Z []float64
}

// ranks are the mid-ranks of one cell's values, doubled so that they are
// integers and sums of them do not depend on the order of addition.
type ranks struct {
	doubled []int64 // the first nA belong to A
	nA      int
	mean    float64 // E[2R_A] under exchange
	sd      float64 // its standard deviation, with the correction for ties
	weight  float64 // van Elteren's 1/(n+1), for R_A itself
}

// ComparePermuted tests whether A and B have the same distribution in every
// cell. Labels are exchanged within cells, permutations times, with draws from
// s. The p-values are two-sided and not yet adjusted: see Bonferroni. Equal
// values share the mean of their ranks.
func ComparePermuted(cells []Cell, permutations int, s *rng.Stream) (Comparison, error) {
	if permutations < 1 {
		return Comparison{}, fmt.Errorf("%d permutations: want at least 1", permutations)
	}
	if len(cells) == 0 {
		return Comparison{}, fmt.Errorf("no cells to compare")
	}
	all := make([]ranks, len(cells))
	for i, c := range cells {
		r, err := rankCell(c)
		if err != nil {
			return Comparison{}, err
		}
		all[i] = r
	}
	z := make([]float64, len(cells))
	observed := statistics(all, z)
	result := Comparison{Z: slices.Clone(z)}

	var reached [3]int
	for range permutations {
		for i := range all {
			exchange(&all[i], s)
		}
		for j, v := range statistics(all, z) {
			// Equal statistics may differ in the last bits, for the sum
			// runs over other terms; equal must count as reached.
			if v >= observed[j]-float64(1e-9*math.Abs(observed[j])) {
				reached[j]++
			}
		}
	}
	for j, t := range []*Test{&result.VanElteren, &result.SumSquares, &result.MaxZ} {
		*t = Test{Statistic: observed[j], P: float64(1+reached[j]) / float64(1+permutations)}
	}
	return result, nil
}

// statistics returns van Elteren's |z|, Σz² and max|z| of the current labels
// and writes the cells' z.
func statistics(all []ranks, z []float64) [3]float64 {
	var shift, variance, squares, largest float64
	for i := range all {
		r := &all[i]
		var sum int64
		for _, v := range r.doubled[:r.nA] {
			sum += v
		}
		d := float64(sum) - r.mean
		z[i] = 0
		if r.sd > 0 {
			z[i] = d / r.sd
		}
		shift += float64(d * r.weight)
		scaled := r.sd * r.weight
		variance += float64(scaled * scaled)
		squares += float64(z[i] * z[i])
		largest = max(largest, math.Abs(z[i]))
	}
	if variance > 0 {
		shift /= math.Sqrt(variance)
	}
	return [3]float64{math.Abs(shift), squares, largest}
}

// exchange draws new labels: a random subset of the cell's values becomes A.
func exchange(r *ranks, s *rng.Stream) {
	n := len(r.doubled)
	for i := range r.nA {
		j := i + s.IntN(n-i)
		r.doubled[i], r.doubled[j] = r.doubled[j], r.doubled[i]
	}
}

// rankCell ranks the values of c, A first.
func rankCell(c Cell) (ranks, error) {
	if len(c.A) == 0 || len(c.B) == 0 {
		return ranks{}, fmt.Errorf("cell %s: %d values against %d: both groups need one", c.Name, len(c.A), len(c.B))
	}
	values := slices.Concat(c.A, c.B)
	for _, v := range values {
		if math.IsNaN(v) {
			return ranks{}, fmt.Errorf("cell %s: a value is NaN", c.Name)
		}
	}
	n := len(values)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case values[i] < values[j]:
			return -1
		case values[i] > values[j]:
			return 1
		}
		return 0
	})
	doubled := make([]int64, n)
	var ties float64 // Σ (t³ − t) over groups of equal values
	for from := 0; from < n; {
		to := from + 1
		for to < n && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			doubled[i] = int64(from + 1 + to) // twice the mean of ranks from+1 … to
		}
		t := float64(to - from)
		ties += float64(t*t*t) - t
		from = to
	}
	nA, nB, total := float64(len(c.A)), float64(len(c.B)), float64(n)
	// Var R_A = nA nB/12 · [(n+1) − Σ(t³−t)/(n(n−1))], times 4 for doubled ranks.
	variance := nA * nB / 3 * ((total + 1) - ties/(total*(total-1)))
	return ranks{
		doubled: doubled,
		nA:      len(c.A),
		mean:    nA * (total + 1),
		sd:      math.Sqrt(max(variance, 0)),
		weight:  0.5 / (total + 1),
	}, nil
}

// Bonferroni returns the level for each of n tests that keeps the probability
// of any false alarm at or below family.
func Bonferroni(family float64, n int) float64 { return family / float64(n) }

// Interval is an estimate with its 95 % confidence interval.
type Interval struct{ Estimate, Low, High float64 }

// shrink is how many degrees of freedom the common variance counts for when a
// cell's own variance, from a handful of seeds, is used as its weight.
const shrink = 8

// PooledLogRatio estimates the common log-ratio log A − log B of the cells: the
// mean over cells of the difference of mean logarithms, weighted by the inverse
// of its variance. A cell's variance comes from both groups, each about its own
// mean, and for the weight it is drawn towards the average of all cells, so that a
// cell with seven alike networks does not decide alone. The interval uses the cells' own
// variances and Student's t with Satterthwaite's degrees of freedom.
//
// All values must be positive: the caller drops collapsed networks (MAD 0,
// which has no logarithm) and compares their number by other means. A cell
// where a group is empty, or both have one value only, is left out; used counts
// the cells that entered.
func PooledLogRatio(cells []Cell) (ratio Interval, used int, err error) {
	type difference struct{ d, variance, df, scale, weight float64 }
	var ds []difference
	var pooled, dfs float64
	for _, c := range cells {
		meanA, squaresA, err := logMoments(c.Name, c.A)
		if err != nil {
			return Interval{}, 0, err
		}
		meanB, squaresB, err := logMoments(c.Name, c.B)
		if err != nil {
			return Interval{}, 0, err
		}
		df := float64(len(c.A) + len(c.B) - 2)
		if len(c.A) == 0 || len(c.B) == 0 || df < 1 {
			continue
		}
		pooled += squaresA + squaresB
		dfs += df
		ds = append(ds, difference{
			d: meanA - meanB, variance: (squaresA + squaresB) / df, df: df,
			scale: 1/float64(len(c.A)) + 1/float64(len(c.B)),
		})
	}
	if len(ds) == 0 {
		return Interval{}, 0, fmt.Errorf("no cell has enough positive values for a log-ratio")
	}
	if pooled == 0 {
		return Interval{}, 0, fmt.Errorf("the values of each cell are all equal: a log-ratio has no interval")
	}
	pooled /= dfs

	var sum, weights float64
	for i := range ds {
		d := &ds[i]
		d.weight = (d.df + shrink) / (d.scale * (float64(d.df*d.variance) + float64(shrink*pooled)))
		sum += float64(d.weight * d.d)
		weights += d.weight
	}
	estimate := sum / weights
	var variance, satterthwaite float64
	for _, d := range ds {
		part := float64(d.weight * d.weight * d.scale * d.variance)
		variance += part
		satterthwaite += float64(part*part) / d.df
	}
	margin := stats.StudentQuantile975(variance*variance/satterthwaite) * math.Sqrt(variance) / weights
	return Interval{Estimate: estimate, Low: estimate - margin, High: estimate + margin}, len(ds), nil
}

// logMoments returns the mean of log v and the sum of squares about it.
func logMoments(name string, v []float64) (mean, squares float64, err error) {
	for _, x := range v {
		if !(x > 0) || math.IsInf(x, 1) {
			return 0, 0, fmt.Errorf("cell %s: %v has no logarithm", name, x)
		}
		mean += detmath.Log(x)
	}
	mean /= float64(len(v))
	for _, x := range v {
		d := detmath.Log(x) - mean
		squares += float64(d * d)
	}
	return mean, squares, nil
}
