package artifact

import "fmt"

// DifferenceSummary is the output "summary" of the stage differences: what the
// curve of |L_{k+1} − L_k| over random orders of the training sample comes to.
type DifferenceSummary struct {
	// Objects is the size K of the training sample; the curve has K−1
	// points, k = 1 … K−1.
	Objects int `json:"objects"`
	// Permutations is how many random orders the curve averages.
	Permutations int `json:"permutations"`
	// EMA is the factor of the moving average, 0.99 in the paper.
	EMA float64 `json:"ema"`
	// MAD is mean |ℓ_i − mean ℓ| over the sample.
	MAD float64 `json:"mad"`
	// First is the mean of |L_2 − L_1| over the orders, where the moving
	// average starts.
	First float64 `json:"first"`
	// Last is the mean of |L_K − L_{K−1}| over the orders, not filtered.
	Last float64 `json:"last"`
	// EMALast is the last value of the moving average.
	EMALast float64 `json:"ema_last"`
}

// Validate reports the first number that is missing or impossible.
func (s DifferenceSummary) Validate() error {
	if s.Objects < 2 {
		return fmt.Errorf("objects is %d: a difference needs at least 2", s.Objects)
	}
	if s.Permutations < 1 {
		return fmt.Errorf("permutations is %d: want at least 1", s.Permutations)
	}
	numbers := []number{
		{"ema", s.EMA}, {"mad", s.MAD}, {"first", s.First}, {"last", s.Last}, {"ema_last", s.EMALast},
	}
	if err := checkFinite(numbers...); err != nil {
		return err
	}
	if err := checkNotNegative(numbers...); err != nil {
		return err
	}
	return checkFraction(numbers[0])
}
