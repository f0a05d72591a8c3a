package parallel

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
)

func TestEachCallsEveryIndexOnce(t *testing.T) {
	for _, workers := range []int{-1, 0, 1, 2, 3, 100} {
		for _, n := range []int{0, 1, 2, 3, 17, 1000} {
			calls := make([]atomic.Int32, n)
			var running, most atomic.Int32
			Each(workers, n, func(i int) {
				now := running.Add(1)
				for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
				}
				calls[i].Add(1)
				running.Add(-1)
			})
			for i := range calls {
				if c := calls[i].Load(); c != 1 {
					t.Errorf("%d workers, n = %d: f(%d) was called %d times", workers, n, i, c)
				}
			}
			if m := int(most.Load()); m > max(workers, 1) {
				t.Errorf("%d workers, n = %d: %d calls at a time", workers, n, m)
			}
		}
	}
}

func TestTryReturnsTheFirstErrorInOrder(t *testing.T) {
	for _, workers := range []int{1, 4} {
		err := Try(t.Context(), workers, 100, func(i int) error {
			if i%7 == 3 {
				return fmt.Errorf("piece %d", i)
			}
			return nil
		})
		if err == nil || err.Error() != "piece 3" {
			t.Errorf("%d workers: error %v, want piece 3", workers, err)
		}
		if err := Try(t.Context(), workers, 10, func(int) error { return nil }); err != nil {
			t.Errorf("%d workers: error %v", workers, err)
		}
	}
}

func TestTryStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := Try(ctx, 1, 10, func(i int) error {
		calls++
		if i == 4 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || calls != 5 {
		t.Errorf("error %v after %d calls, want %v after 5", err, calls, context.Canceled)
	}
}
