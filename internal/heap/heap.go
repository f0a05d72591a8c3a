// Package heap says when a command collects garbage.
package heap

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Garbage is what the programs of this module let grow before they collect:
// more than what a plan of 10,000 stages takes in all.
const Garbage = 32 << 20

// least is the garbage that is let grow, in per cent of what lives.
const least = 50

// Tune has garbage collected once there are so many bytes of it, or half of
// what lives, whichever is more. Go would begin at 4 MiB and let the heap
// double: too soon for a command that plans and ends, too much for a graph of
// a million stages. Nothing is changed where the user has set GOGC or
// GOMEMLIMIT.
func Tune(garbage int64) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(garbage) // until the first collection
	afterCollection(func() {
		debug.SetMemoryLimit(math.MaxInt64)
	}, garbage)
}

// afterCollection calls f after the next collection, and sets the percentage
// anew after this and every later one.
func afterCollection(f func(), garbage int64) {
	runtime.AddCleanup(new([8]*byte), func(f func()) {
		debug.SetGCPercent(percent(live(), garbage))
		f()
		afterCollection(func() {}, garbage)
	}, f)
}

// percent is the garbage in per cent of what lives, no less than least.
func percent(live, garbage int64) int {
	return int(max(least, 100*garbage/max(live, 1<<20)))
}

// live returns the bytes that the last collection left.
func live() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
