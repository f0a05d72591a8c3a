package kernel

import (
	"fmt"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel/peak"
)

// measure times f, which does flops operations per call, and reports its rate
// and its share of the peak of the core measured in the same run. Both are the
// fastest of many groups of calls, so that a busy machine does not decide.
func measure(b *testing.B, flops float64, bits int, f func()) {
	f()
	start := time.Now()
	f()
	group := max(1, int(20*time.Microsecond/max(time.Since(start), 1)))
	best := time.Duration(1 << 62)
	for b.Loop() {
		start := time.Now()
		for range group {
			f()
		}
		best = min(best, time.Since(start))
	}
	rate := flops * float64(group) / best.Seconds()
	b.ReportMetric(float64(best.Nanoseconds())/float64(group), "best-ns")
	b.ReportMetric(rate/1e9, "GFLOP/s")
	if most := peak.Rate(bits); most > 0 {
		b.ReportMetric(100*rate/most, "%peak")
	}
}

func fill[T float](n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = T(i%17)/16 - 0.5
	}
	return s
}

func BenchmarkFirstLayer32(b *testing.B) {
	const batch = 64
	for _, n0 := range []int{784, 3072, 768} {
		for _, h := range []int{4, 8, 16, 32, 64} {
			x, w, z := fill[float32](batch*n0), fill[float32](n0*h), fill[float32](batch*h)
			flops := 2 * float64(batch*n0*h)
			b.Run(fmt.Sprintf("forward-NN/%d×%d", n0, h), func(b *testing.B) {
				measure(b, flops, 32, func() { MulNN32(z, x, w, batch, h, n0, false) })
			})
			b.Run(fmt.Sprintf("forward-NT/%d×%d", n0, h), func(b *testing.B) {
				measure(b, flops, 32, func() { MulNT32(z, x, w, batch, h, n0, false) })
			})
			b.Run(fmt.Sprintf("gradient-TN/%d×%d", n0, h), func(b *testing.B) {
				measure(b, flops, 32, func() { MulTN32(w, x, z, n0, h, batch, false) })
			})
		}
	}
}

func BenchmarkHidden32(b *testing.B) {
	const batch = 64
	for _, h := range []int{4, 8, 16, 32, 64} {
		x, w, z := fill[float32](batch*h), fill[float32](h*h), fill[float32](batch*h)
		flops := 2 * float64(batch*h*h)
		b.Run(fmt.Sprintf("forward-NN/%d", h), func(b *testing.B) {
			measure(b, flops, 32, func() { MulNN32(z, w, x, h, batch, h, false) })
		})
		b.Run(fmt.Sprintf("delta-TN/%d", h), func(b *testing.B) {
			measure(b, flops, 32, func() { MulTN32(z, w, x, h, batch, h, false) })
		})
		b.Run(fmt.Sprintf("gradient-NT/%d", h), func(b *testing.B) {
			measure(b, flops, 32, func() { MulNT32(w, x, z, h, h, batch, false) })
		})
	}
}
