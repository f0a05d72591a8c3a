package stats

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// Interval is an estimate with its 95 % confidence interval.
type Interval struct{ Estimate, Low, High float64 }

// shrink is how many degrees of freedom the common variance counts for when a
// cell's own variance, from a handful of seeds, is used as its weight.
const shrink = 8

// PooledLogRatio estimates the common log-ratio log A − log B of the cells: the
// mean over cells of the difference of mean logarithms, weighted by the inverse
// of its variance. A cell's variance comes from both groups, each about its own
// mean, and for the weight it is drawn towards the average of all cells, lest a
// cell with seven alike networks decides alone. The interval uses the cells' own
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
	margin := studentQuantile975(variance*variance/satterthwaite) * math.Sqrt(variance) / weights
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

// studentQuantile975 is the 0.975 quantile of Student's t with df degrees of
// freedom by the expansion in 1/df (Abramowitz & Stegun 26.7.5); its error is
// below 0.001 from df = 5 on.
func studentQuantile975(df float64) float64 {
	const z = 1.959963984540054
	const (
		z3 = z * z * z
		z5 = z3 * z * z
		z7 = z5 * z * z
		z9 = z7 * z * z
	)
	t := z
	t += (z3 + z) / 4 / df
	t += (5*z5 + 16*z3 + 3*z) / 96 / (df * df)
	t += (3*z7 + 19*z5 + 17*z3 - 15*z) / 384 / (df * df * df)
	t += (79*z9 + 776*z7 + 1482*z5 - 1920*z3 - 945*z) / 92160 / (df * df * df * df)
	return t
}
