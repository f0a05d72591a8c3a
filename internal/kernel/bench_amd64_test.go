//go:build !noasm

package kernel

import "time"

// peakRate is the measured peak of this core in operations per second
// (a fused multiply-add counts two), of float32 or float64.
func peakRate(bits int) float64 {
	if !vector {
		return 0
	}
	const rounds = 20_000
	best := time.Duration(1 << 62)
	for range 40 {
		start := time.Now()
		if bits == 32 {
			peak32(rounds)
		} else {
			peak64(rounds)
		}
		best = min(best, time.Since(start))
	}
	return rounds * 56 * 2 * float64(256/bits) / best.Seconds()
}
