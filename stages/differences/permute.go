package differences

import (
	"context"
	"math"
	"slices"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// chunk is how many orders are summed up together. The sums of the chunks are
// added in order, so that the number of workers cannot reach a bit.
const chunk = 8

// bandSizes returns the values of k at which the band is taken: all up to 20,
// then steps of 5 %, and last k = n, the end of the curve.
func bandSizes(n int) []int {
	var ks []int
	step := 1
	for k := 1; k < n; k += step {
		ks = append(ks, k)
		step = max(1, k/20)
	}
	// The last step may be longer by a half, but not much shorter.
	if m := len(ks); m > 0 && 2*(n-ks[m-1]) < step {
		ks = ks[:m-1]
	}
	return append(ks, n)
}

// average walks through all orders. It returns the rows k and mean of the
// curve, with the row of the moving average still zero, and the whole band.
func average(ctx context.Context, p Params, losses []float64, t *task.Task) (curve, band []float64, err error) {
	n := len(losses) - 1
	ks := bandSizes(n)
	chunks := (p.Permutations + chunk - 1) / chunk
	sums := make([][]float64, chunks)                 // of the deviations, chunk by chunk
	picked := make([]float64, len(ks)*p.Permutations) // deviations at ks[j], order by order, in row j
	pick := func(order int, deviations []float64) {
		for j, k := range ks {
			picked[j*p.Permutations+order] = deviations[k-1]
		}
	}

	var done atomic.Int64
	err = parallel.Try(ctx, t.Workers, chunks, func(c int) error {
		x, deviations, sum := make([]float64, n+1), make([]float64, n), make([]float64, n)
		for order := c * chunk; order < min((c+1)*chunk, p.Permutations); order++ {
			copy(x, losses)
			rng.Shuffle(rng.New(p.Seed, "differences", "permutation", uint64(order)), x)
			walk(deviations, x)
			for i, v := range deviations {
				sum[i] += v
			}
			pick(order, deviations)
		}
		sums[c] = sum
		t.Progress(int(done.Add(1)), chunks)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}

	curve = make([]float64, 3*n)
	for i := range n {
		var sum float64
		for _, s := range sums {
			sum += s[i]
		}
		k := i + 1
		curve[i] = float64(k)
		curve[n+i] = sum / (float64(p.Permutations) * float64(k+1))
	}
	m := len(ks)
	band = make([]float64, 3*m)
	for j, k := range ks {
		row := picked[j*p.Permutations : (j+1)*p.Permutations]
		slices.Sort(row)
		band[j] = float64(k)
		band[m+j] = stats.Quantile(row, bandLow) / float64(k+1)
		band[2*m+j] = stats.Quantile(row, bandHigh) / float64(k+1)
	}
	return curve, band, nil
}

// walk sets deviations[k−1] to |ℓ_{k+1} − L_k| for k = 1 … len(x)−1, where x
// holds ℓ_1, ℓ_2, … and L_k is the mean of the first k.
func walk(deviations, x []float64) {
	sum := x[0]
	for i, v := range x[1:] {
		deviations[i] = math.Abs(v - sum/float64(i+1))
		sum += v
	}
}
