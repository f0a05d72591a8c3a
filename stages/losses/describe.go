package losses

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
)

// describe returns the statistics of the first n objects.
func describe(e *nn.Evaluation, n int) artifact.LossStatistics {
	losses := e.Losses[:n]
	mean := meanOf(losses)
	squares, deviations := make([]float64, n), make([]float64, n)
	top := losses[0]
	for i, l := range losses {
		d := l - mean
		squares[i], deviations[i] = d*d, math.Abs(d)
		top = max(top, l)
	}
	s := artifact.LossStatistics{
		Objects:      n,
		Mean:         mean,
		MAD:          kernel.Sum64(deviations) / float64(n),
		Max:          top,
		Accuracy:     share(e.Correct[:n]),
		DeadFraction: share(e.Dead[:n]),
	}
	if n > 1 {
		s.Std = math.Sqrt(kernel.Sum64(squares) / float64(n-1))
	}
	return s
}

// meanOf returns the mean of v: the sum over n, corrected by the mean of what
// is left, so that equal values have exactly that value as their mean and a
// collapsed network has a MAD of exactly 0.
func meanOf(v []float64) float64 {
	n := float64(len(v))
	mean := kernel.Sum64(v) / n
	rest := make([]float64, len(v))
	for i, x := range v {
		rest[i] = x - mean
	}
	return mean + kernel.Sum64(rest)/n
}

// share returns the fraction of b that is true.
func share(b []bool) float64 {
	n := 0
	for _, v := range b {
		if v {
			n++
		}
	}
	return float64(n) / float64(len(b))
}
