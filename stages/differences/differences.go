// Package differences is the stage that makes the paper's curve of one network
// from its losses: how much the mean loss changes when one object is added.
//
// The losses ℓ_1 … ℓ_K of the training sample are brought into random orders.
// In each order the running means are L_k = (ℓ_1 + … + ℓ_k)/k, and the change
// is
//
//	|L_{k+1} − L_k| = |ℓ_{k+1} − L_k| / (k+1)
//
// which is formed as on the right: subtracting two means that agree in four
// digits would lose them. The curve is the mean over the orders, and the paper
// plots its moving average, which starts at the first value.
//
// The expected curve is known. For orders without replacement
//
//	E (L_{k+1} − L_k)² = s²/(k(k+1))    exactly, s² with divisor K−1
//	E |L_{k+1} − L_k| ≈ MAD/(k+1)       for large k, MAD = mean |ℓ_i − mean ℓ|
//
// so one number, MAD, decides it, and its slope −1 on log-log axes is algebra.
package differences

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Names of the artifacts.
const (
	Losses = "losses" // .npy float64 (N): ℓ_i of all objects, the sample first

	// Curve is .npy float64 3×(K−1), a column for each k = 1 … K−1:
	// k, the mean of |L_{k+1} − L_k| over the orders, its moving average.
	Curve = "curve"
	// Band is .npy float64 3×m, a column for each of m values of k
	// evenly spaced on a log axis (see bandSizes): k, and the 2.5 % and
	// 97.5 % quantiles of |L_{k+1} − L_k| over the orders.
	Band = "band"
	// Summary is artifact.DifferenceSummary.
	Summary = "summary"
)

// The quantiles of Band.
const (
	bandLow  = 0.025
	bandHigh = 0.975
)

// Params decide a curve, apart from the losses.
type Params struct {
	SampleSize   int     // K: the first K losses are the training sample, at least 2
	Permutations int     // random orders, 100 in the paper
	EMA          float64 // factor of the moving average, 0.99 in the paper; from 0 to below 1
	Seed         int64
}

// Run makes the curve, the band and the summary. A network that has collapsed,
// so that all losses are equal, has differences of exactly zero.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	sample, err := p.sample(t.Inputs)
	if err != nil {
		return nil, err
	}
	centred, mad := centre(sample)
	curve, band, err := average(ctx, p, centred, t)
	if err != nil {
		return nil, err
	}

	n := p.SampleSize - 1
	means, smooth := curve[n:2*n], curve[2*n:]
	movingAverage(smooth, means, p.EMA)
	summary, err := artifact.Encode(artifact.DifferenceSummary{
		Objects:      p.SampleSize,
		Permutations: p.Permutations,
		EMA:          p.EMA,
		MAD:          mad,
		First:        means[0],
		Last:         means[n-1],
		EMALast:      smooth[n-1],
	})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		Curve:   npy.Encode([]int{3, n}, curve),
		Band:    npy.Encode([]int{3, len(band) / 3}, band),
		Summary: summary,
	}, nil
}

func (p Params) check() error {
	switch {
	case p.SampleSize < 2:
		return fmt.Errorf("sample size %d: a difference needs at least 2 objects", p.SampleSize)
	case p.Permutations < 1:
		return fmt.Errorf("%d permutations: want at least 1", p.Permutations)
	case !(p.EMA >= 0 && p.EMA < 1):
		return fmt.Errorf("moving average with factor %v: want at least 0 and less than 1", p.EMA)
	}
	return nil
}

// sample returns the losses of the training sample.
func (p Params) sample(inputs map[string][]byte) ([]float64, error) {
	values, _, err := npy.Read[float64](inputs, Losses, -1)
	if err != nil {
		return nil, err
	}
	if len(values) < p.SampleSize {
		return nil, fmt.Errorf("input %s has %d losses: want at least the %d objects of the sample", Losses, len(values), p.SampleSize)
	}
	values = values[:p.SampleSize]
	for i, v := range values {
		// Larger losses would overflow a sum of a million of them.
		if !(math.Abs(v) <= 1e300) {
			return nil, fmt.Errorf("input %s: the loss of object %d is %v: the network has diverged", Losses, i, v)
		}
	}
	return values, nil
}

// centre returns the losses less the first of them and their mean absolute
// deviation. A constant that is added to all losses does not change the
// differences; without it equal losses, those of a collapsed network, give exact
// zeros instead of rounding errors.
func centre(losses []float64) (centred []float64, mad float64) {
	n := float64(len(losses))
	centred = make([]float64, len(losses))
	var sum float64
	for i, v := range losses {
		centred[i] = v - losses[0]
		sum += centred[i]
	}
	mean := sum / n
	var deviations float64
	for _, v := range centred {
		deviations += math.Abs(v - mean)
	}
	return centred, deviations / n
}

// movingAverage sets out to the exponential moving average of values, which
// starts at the first value as the paper's does. So the large first values
// stay in it for hundreds of steps: they inflate a curve 1/(k+1) twentyfold at
// k = 100 and still threefold at k = 500.
func movingAverage(out, values []float64, factor float64) {
	average := values[0]
	for i, v := range values {
		if i > 0 {
			average = float64(factor*average) + float64((1-factor)*v)
		}
		out[i] = average
	}
}
