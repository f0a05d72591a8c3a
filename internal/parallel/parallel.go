// Package parallel runs independent pieces of a computation on several
// goroutines. Each piece writes its own part of the result, or sums are kept
// per piece and added in order afterwards: then not a bit depends on the number
// of workers.
package parallel

import (
	"context"
	"sync"
	"sync/atomic"
)

// Each calls f(0) … f(n−1), at most workers of them at a time, and returns when
// all have returned. With one worker it calls them in order on the caller's
// goroutine. Each worker begins with its own range of consecutive i, so that
// repeated calls find their data in the same caches, and then helps the others.
func Each(workers, n int, f func(i int)) {
	if workers = min(workers, n); workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var group sync.WaitGroup
	taken := make([]atomic.Int64, workers) // of each range
	for w := range workers {
		group.Go(func() {
			for turn := range workers {
				r := (w + turn) % workers
				lo, hi := r*n/workers, (r+1)*n/workers
				for i := lo + int(taken[r].Add(1)) - 1; i < hi; i = lo + int(taken[r].Add(1)) - 1 {
					f(i)
				}
			}
		})
	}
	group.Wait()
}

// Try is Each for calls that may fail. It returns the error of the lowest i
// that has one. Once ctx is done, the calls that have not begun fail with its
// error.
func Try(ctx context.Context, workers, n int, f func(i int) error) error {
	errs := make([]error, n)
	Each(workers, n, func(i int) {
		if errs[i] = ctx.Err(); errs[i] == nil {
			errs[i] = f(i)
		}
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
