package differences

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// losses returns n losses with a long tail, as trained networks have them:
// multiples of 2⁻²⁰ so that they are the same numbers everywhere.
func losses(n int) []float64 {
	s := rng.New(1, "differences", "test", 0)
	out := make([]float64, n)
	for i := range out {
		u := s.Float64()
		out[i] = math.Floor(0x1p20*(0.1+4*u*u*u*u*u)) * 0x1p-20
	}
	return out
}

func inputs(values []float64) map[string][]byte {
	return map[string][]byte{Losses: npy.Encode([]int{len(values)}, values)}
}

// decode returns the rows of an output.
func decode(t *testing.T, b []byte) [][]float64 {
	t.Helper()
	a, err := npy.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := npy.Values[float64](a)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Shape) != 2 {
		t.Fatalf("shape %v", a.Shape)
	}
	var rows [][]float64
	for i := range a.Shape[0] {
		rows = append(rows, v[i*a.Shape[1]:(i+1)*a.Shape[1]])
	}
	return rows
}

func run(t *testing.T, p Params, values []float64) (curve, band [][]float64, summary artifact.DifferenceSummary) {
	t.Helper()
	out, err := Run(t.Context(), p, task.New(inputs(values)))
	if err != nil {
		t.Fatal(err)
	}
	summary, err = artifact.Decode[artifact.DifferenceSummary](out[Summary])
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, out[Curve]), decode(t, out[Band]), summary
}

// orders calls f with every order of x.
func orders(x []float64, f func([]float64)) {
	var permute func(i int)
	permute = func(i int) {
		if i == len(x) {
			f(x)
			return
		}
		for j := i; j < len(x); j++ {
			x[i], x[j] = x[j], x[i]
			permute(i + 1)
			x[i], x[j] = x[j], x[i]
		}
	}
	permute(0)
}

// E (L_{k+1} − L_k)² = s²/(k(k+1)) exactly: all 7! orders of 7 losses.
func TestSecondMomentByEnumeration(t *testing.T) {
	x := []float64{0.1, 0.7, 0.05, 2.5, 0.3, 9, 0.2}
	n := len(x)
	var mean, variance float64
	for _, v := range x {
		mean += v / float64(n)
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(n-1)
	}
	squares, count := make([]float64, n-1), 0.0
	deviations := make([]float64, n-1)
	orders(x, func(order []float64) {
		walk(deviations, order)
		count++
		for i, v := range deviations {
			squares[i] += (v / float64(i+2)) * (v / float64(i+2))
		}
	})
	if count != 5040 {
		t.Fatalf("%v orders", count)
	}
	for i, v := range squares {
		k := float64(i + 1)
		got, want := v/count, variance/(k*(k+1))
		if math.Abs(got/want-1) > 1e-12 {
			t.Errorf("k = %v: E Δ² = %v, want %v", k, got, want)
		}
	}
}

// walk forms the differences of the running means.
func TestWalkIsTheDifferenceOfMeans(t *testing.T) {
	x := losses(200)
	deviations := make([]float64, len(x)-1)
	walk(deviations, x)
	sum := 0.0
	for k := 1; k < len(x); k++ {
		sum += x[k-1]
		want := math.Abs((sum+x[k])/float64(k+1) - sum/float64(k))
		if got := deviations[k-1] / float64(k+1); math.Abs(got-want) > 1e-13 {
			t.Errorf("k = %d: %v, want %v", k, got, want)
		}
	}
}

// E|L_{k+1} − L_k| ≈ MAD/(k+1) for large k. Averaged over k from 1,000 on and
// 100 orders, the ratio's standard error is below 0.5 %.
func TestClosedForm(t *testing.T) {
	curve, _, summary := run(t, Params{SampleSize: 5000, Permutations: 100, EMA: 0.99, Seed: 3}, losses(6000))
	ratio, count := 0.0, 0.0
	for i, k := range curve[0] {
		if k >= 1000 {
			ratio += curve[1][i] * (k + 1) / summary.MAD
			count++
		}
	}
	if ratio /= count; math.Abs(ratio-1) > 0.02 {
		t.Errorf("mean of |Δ|·(k+1)/MAD = %v, want 1", ratio)
	}
	if summary.Objects != 5000 || summary.Permutations != 100 || summary.EMA != 0.99 {
		t.Errorf("summary %+v", summary)
	}
	if last := len(curve[0]) - 1; curve[0][last] != 4999 || summary.First != curve[1][0] || summary.Last != curve[1][last] || summary.EMALast != curve[2][last] {
		t.Errorf("summary %+v is not of the curve", summary)
	}
}

// The moving average starts at the first value, so what it makes of the curve
// 1/(k+1) is ×20 at k = 100, ×3.1 at 500, ×1.15 at 1000 and ×1.01 at 9,999.
func TestInflationByTheMovingAverage(t *testing.T) {
	values := make([]float64, 9999)
	for i := range values {
		values[i] = 1 / float64(i+2)
	}
	smooth := make([]float64, len(values))
	movingAverage(smooth, values, 0.99)
	if smooth[0] != values[0] {
		t.Errorf("starts at %v, want the first value, %v", smooth[0], values[0])
	}
	for _, c := range []struct {
		k      int
		want   float64
		within float64
	}{{100, 20, 0.6}, {500, 3.1, 0.05}, {1000, 1.15, 0.005}, {9999, 1.01, 0.005}} {
		got := smooth[c.k-1] / values[c.k-1]
		if math.Abs(got-c.want) > c.within {
			t.Errorf("k = %d: inflated ×%.4f, want ×%v", c.k, got, c.want)
		}
	}
}

func TestBand(t *testing.T) {
	curve, band, _ := run(t, Params{SampleSize: 1000, Permutations: 100, EMA: 0.99, Seed: 3}, losses(1000))
	if got := len(band[0]); got > 250 || band[0][0] != 1 || band[0][got-1] != 999 {
		t.Errorf("band at %d values of k from %v to %v", got, band[0][0], band[0][got-1])
	}
	for j, k := range band[0] {
		if j > 0 && k <= band[0][j-1] {
			t.Errorf("k = %v after %v", k, band[0][j-1])
		}
		mean := curve[1][int(k)-1]
		if lo, hi := band[1][j], band[2][j]; !(lo >= 0 && lo < mean && mean < hi) {
			t.Errorf("k = %v: mean %v is not in the band from %v to %v", k, mean, lo, hi)
		}
	}
}

func TestBandSizes(t *testing.T) {
	for n := 1; n < 3000; n++ {
		ks := bandSizes(n)
		if ks[0] != 1 || ks[len(ks)-1] != n {
			t.Fatalf("n = %d: from %d to %d", n, ks[0], ks[len(ks)-1])
		}
		for i, k := range ks[1:] {
			step := max(1, ks[i]/20)
			if gap := k - ks[i]; 2*gap < step || 5*gap > 8*step+5 {
				t.Fatalf("n = %d: from %d to %d where the step is %d", n, ks[i], k, step)
			}
		}
	}
}

// ln 10 for every object: the sum of many has rounding errors, the differences
// must not.
func TestCollapsedNetworkIsExactlyZero(t *testing.T) {
	values := make([]float64, 3000)
	for i := range values {
		values[i] = 2.302585092994046
	}
	curve, band, summary := run(t, Params{SampleSize: 3000, Permutations: 10, EMA: 0.99}, values)
	for _, row := range [][]float64{curve[1], curve[2], band[1], band[2]} {
		for i, v := range row {
			if v != 0 {
				t.Fatalf("column %d is %v", i, v)
			}
		}
	}
	if summary.MAD != 0 || summary.EMALast != 0 {
		t.Errorf("summary %+v", summary)
	}
}

// Bytes do not depend on the workers, and are the ones of this file on every
// platform.
func TestBytes(t *testing.T) {
	p := Params{SampleSize: 700, Permutations: 21, EMA: 0.99, Seed: -5}
	var first map[string][]byte
	for _, workers := range []int{1, 2, 8} {
		task := task.New(inputs(losses(900)))
		task.Workers = workers
		out, err := Run(t.Context(), p, task)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out
		}
		for name := range first {
			if !bytes.Equal(first[name], out[name]) {
				t.Errorf("%s: other bytes with %d workers", name, workers)
			}
		}
	}
	for name, want := range map[string]string{
		Curve:   "272d7da7ea1f55da",
		Band:    "74aac0129005c75d",
		Summary: "f7df368038d9b9ab",
	} {
		if got := fmt.Sprintf("%x", sha256.Sum256(first[name]))[:16]; got != want {
			t.Errorf("%s: SHA-256 begins with %s, want %s", name, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	good := Params{SampleSize: 10, Permutations: 3, EMA: 0.99}
	with := func(change func(*Params)) Params {
		p := good
		change(&p)
		return p
	}
	nan := losses(10)
	nan[4] = math.NaN()
	inf := losses(10)
	inf[9] = math.Inf(1)
	for _, c := range []struct {
		name   string
		p      Params
		inputs map[string][]byte
		want   string
	}{
		{"one object", with(func(p *Params) { p.SampleSize = 1 }), inputs(losses(10)), "at least 2 objects"},
		{"no permutations", with(func(p *Params) { p.Permutations = 0 }), inputs(losses(10)), "permutations"},
		{"factor 1", with(func(p *Params) { p.EMA = 1 }), inputs(losses(10)), "factor 1"},
		{"factor NaN", with(func(p *Params) { p.EMA = math.NaN() }), inputs(losses(10)), "factor NaN"},
		{"no input", good, nil, "input losses"},
		{"too few", with(func(p *Params) { p.SampleSize = 11 }), inputs(losses(10)), "11 objects"},
		{"matrix", good, map[string][]byte{Losses: npy.Encode([]int{10, 1}, losses(10))}, "want [any]"},
		{"float32", good, map[string][]byte{Losses: npy.Encode([]int{10}, make([]float32, 10))}, "float32"},
		{"NaN", good, inputs(nan), "object 4 is NaN"},
		{"infinity", good, inputs(inf), "object 9 is +Inf"},
	} {
		_, err := Run(t.Context(), c.p, task.New(c.inputs))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, good, task.New(inputs(losses(10)))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

func BenchmarkRun(b *testing.B) {
	in := inputs(losses(10000))
	for b.Loop() {
		if _, err := Run(b.Context(), Params{SampleSize: 10000, Permutations: 100, EMA: 0.99}, task.New(in)); err != nil {
			b.Fatal(err)
		}
	}
}
