// Package peak measures what one core can do at most, with which the benchmarks
// of package kernel compare their rates. It is a package of its own because
// assembly cannot live in a test file; nothing but benchmarks imports it.
package peak

import "time"

// Rate is the measured peak of this core in operations per second (a fused
// multiply-add counts as two) with numbers of 32 or 64 bits, in the widest vectors
// that package kernel uses here. It is 0 where there is no vector code.
func Rate(bits int) float64 {
	if !vector {
		return 0
	}
	loop, width := peak64, 256
	switch {
	case wide && bits == 32:
		loop, width = peakWide32, 512
	case wide:
		loop, width = peakWide64, 512
	case bits == 32:
		loop = peak32
	}
	const rounds = 20_000
	best := time.Duration(1 << 62)
	for range 40 {
		start := time.Now()
		loop(rounds)
		best = min(best, time.Since(start))
	}
	return rounds * 56 * 2 * float64(width/bits) / best.Seconds()
}
