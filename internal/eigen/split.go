package eigen

import "sync"

// split calls f for consecutive parts of [0, n), one a worker, and waits.
// Parts are outputs: which worker computes them changes no bit.
func split(workers, n int, f func(lo, hi int)) {
	if workers = min(workers, n/16); workers <= 1 {
		if n > 0 {
			f(0, n)
		}
		return
	}
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() { f(i*n/workers, (i+1)*n/workers) })
	}
	group.Wait()
}
