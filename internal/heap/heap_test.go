package heap

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// settings are the percentage and the limit of now.
func settings() (percent int, limit int64) {
	percent = debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent, debug.SetMemoryLimit(-1)
}

var ballast []byte

// waitFor collects once and waits for the percentage that is to follow.
func waitFor(t *testing.T, ok func(percent int) bool) {
	t.Helper()
	runtime.GC()
	for range 5000 {
		if percent, limit := settings(); limit == math.MaxInt64 && ok(percent) {
			return
		}
		time.Sleep(time.Millisecond) // cleanups run in a goroutine of their own
	}
	percent, limit := settings()
	t.Fatalf("after a collection the percentage is %d and the limit %d", percent, limit)
}

func TestTune(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	const garbage = 100 << 20
	Tune(garbage)
	if percent, limit := settings(); percent != -1 || limit != garbage {
		t.Fatalf("before the first collection the percentage is %d and the limit %d, want -1 and %d", percent, limit, garbage)
	}
	waitFor(t, func(percent int) bool { return percent > 200 }) // little lives
	ballast = make([]byte, 2*garbage)
	waitFor(t, func(percent int) bool { return percent == least })
	ballast = nil
	waitFor(t, func(percent int) bool { return percent > 200 })
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		live int64
		want int
	}{{0, 10000}, {1 << 20, 10000}, {25 << 20, 400}, {50 << 20, 200}, {100 << 20, 100}, {250 << 20, 50}, {1 << 40, 50}} {
		if got := percent(c.live, 100<<20); got != c.want {
			t.Errorf("with %d bytes alive the percentage is %d, want %d", c.live, got, c.want)
		}
	}
}

func TestUserDecides(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Run(name, func(t *testing.T) {
			os.Unsetenv("GOGC")
			t.Setenv("GOMEMLIMIT", "")
			t.Setenv(name, "50")
			percent, limit := settings()
			Tune(1 << 30)
			if p, l := settings(); p != percent || l != limit {
				t.Errorf("%d and %d became %d and %d", percent, limit, p, l)
			}
		})
	}
}
