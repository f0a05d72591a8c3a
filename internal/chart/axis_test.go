package chart

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func labels(a Axis) []string {
	var out []string
	for _, t := range a.Ticks() {
		if t.Label != "" {
			out = append(out, t.Label)
		}
	}
	return out
}

func TestTicks(t *testing.T) {
	counts := LogAxis("", 100, 10000)
	counts.Counts = true
	for _, c := range []struct {
		name string
		a    Axis
		want []string
	}{
		{"k", LinearAxis("", 0, 9999), []string{"0", "2,000", "4,000", "6,000", "8,000", "10,000"}},
		{"k, ten times smaller", LinearAxis("", 0, 999), []string{"0", "200", "400", "600", "800", "1,000"}},
		{"MAD", LinearAxis("", 0, 0.68), []string{"0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"}},
		{"small", LinearAxis("", 0, 0.0012), []string{"0.0000", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010", "0.0012"}},
		{"tiny", LinearAxis("", -1e-12, 1e-12), []string{
			`$-1.0 \times 10^{-12}$`, `$-0.5 \times 10^{-12}$`, "0", `$0.5 \times 10^{-12}$`, `$1.0 \times 10^{-12}$`,
		}},
		{"huge", LinearAxis("", 0, 2e20), []string{"0", `$0.5 \times 10^{20}$`, `$1.0 \times 10^{20}$`, `$1.5 \times 10^{20}$`, `$2.0 \times 10^{20}$`}},
		{"negative", LinearAxis("", -2, 1), []string{"−2.0", "−1.5", "−1.0", "−0.5", "0.0", "0.5", "1.0"}},
		{"a figure of the paper", LogAxis("", 4e-5, 0.5), []string{"$10^{-4}$", "$10^{-3}$", "$10^{-2}$", "$10^{-1}$"}},
		{"within a power of ten", LogAxis("", 0.02, 0.05), []string{"$10^{-2}$", "$10^{-1}$"}},
		{"one value", LogAxis("", 3, 3), []string{"$10^{0}$", "$10^{1}$"}},
		{"counts", counts, []string{"100", "1,000", "10,000"}},
		{"many", LogAxis("", 1e-30, 1), []string{"$10^{-28}$", "$10^{-24}$", "$10^{-20}$", "$10^{-16}$", "$10^{-12}$", "$10^{-8}$", "$10^{-4}$", "$10^{0}$"}},
		{"few", Axis{Low: -0.35, High: 0.35, Most: 5}, []string{"−0.2", "0.0", "0.2"}},
		{"few of many", Axis{Low: -11, High: 11, Most: 5}, []string{"−10", "−5", "0", "5", "10"}},
		{"few powers", Axis{Low: 1e-12, High: 1, Log: true, Most: 4}, []string{"$10^{-12}$", "$10^{-8}$", "$10^{-4}$", "$10^{0}$"}},
		{"names", Axis{Low: 0.5, High: 2.5, Marks: []Tick{{1, "a"}, {2, "b"}}}, []string{"a", "b"}},
		{"bare", Axis{Low: 0, High: 1, Bare: true}, nil},
	} {
		if diff := cmp.Diff(c.want, labels(c.a)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Whatever the data: they and the ticks lie on the axis, in order, and two to
// eleven ticks have labels.
func TestAxesHoldTheirData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(1e-12, 1e9).Draw(t, "x")
		y := rapid.Float64Range(x, 1e12).Draw(t, "y")
		for _, a := range []Axis{LogAxis("", x, y), LinearAxis("", 0, y)} {
			a.from, a.to = 10, 200
			for _, v := range []float64{x, y} {
				if at := a.At(v); !(at >= 10-1e-6 && at <= 200+1e-6) {
					t.Errorf("%v is at %v", v, at)
				}
			}
			last, labelled := 0.0, 0
			for _, Tick := range a.Ticks() {
				at := a.At(Tick.Value)
				if !(at > last && at >= 10-1e-6 && at <= 200+1e-6) {
					t.Errorf("tick %v at %v after %v", Tick.Value, at, last)
				}
				last = at
				if Tick.Label != "" {
					labelled++
				}
			}
			if labelled < 2 || labelled > 11 {
				t.Errorf("%d labels from %v to %v, log %v", labelled, a.Low, a.High, a.Log)
			}
		}
	})
}

func TestWords(t *testing.T) {
	for v, want := range map[float64]string{0.536: "0.536", 0.07: "0.0700", 1.0234: "1.02", 123.4: "123", 1.5e-7: `1.50 \times 10^{-7}`, 2e9: `2.00 \times 10^{9}`} {
		if got := Short(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := Count(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}
