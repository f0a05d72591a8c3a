package objectbounds

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// TestRanges: a range has the bits that the whole has there, with any number
// of workers, and the bounds hold.
func TestRanges(t *testing.T) {
	const objects = 9
	r := rand.New(rand.NewPCG(3, 4))
	normals := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		return v
	}
	labels := make([]int64, objects)
	for i := range labels {
		labels[i] = int64(i % 3)
	}
	weights, err := safetensors.Encode(nil,
		safetensors.Float64Tensor("layers.0.weight", []int{5, 4}, normals(20)), safetensors.Float64Tensor("layers.1.weight", []int{3, 5}, normals(15)))
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string][]byte{Images: npy.Encode([]int{objects, 4}, normals(4*objects)), Labels: npy.Encode([]int{objects}, labels), Weights: weights}
	rows := func(p Params, workers int) []float64 {
		job := task.New(inputs)
		job.Workers = workers
		out, err := Run(t.Context(), p, job)
		if err != nil {
			t.Fatal(err)
		}
		a, err := npy.Decode(out[Rows])
		if err != nil {
			t.Fatal(err)
		}
		v, err := npy.Values[float64](a)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, hessians := range []bool{false, true} {
		whole := rows(Params{0, objects, hessians}, 1)
		var joined []float64
		for from := 0; from < objects; from += 4 {
			joined = append(joined, rows(Params{from, min(from+4, objects), hessians}, 3)...)
		}
		if diff := cmp.Diff(whole, joined); diff != "" {
			t.Errorf("hessians=%v (-whole +joined):\n%s", hessians, diff)
		}
	}
	bounds, ends := rows(Params{0, objects, false}, 1), rows(Params{0, objects, true}, 1)
	columns, dead := len(curvature.BoundNames), 0
	for i := range objects {
		norm, upper := max(-ends[2*i], ends[2*i+1]), bounds[i*columns+columns-2] // B0 + C
		if norm == 0 {
			dead++
		}
		if !(norm >= 0 && norm <= upper*(1+1e-12)) || math.IsInf(upper, 0) {
			t.Errorf("object %d: norm %v, bound %v", i, norm, upper)
		}
	}
	if dead == objects {
		t.Error("every Hessian is 0")
	}
	for _, p := range []Params{{-1, 2, false}, {3, 3, false}, {0, objects + 1, true}} {
		if _, err := Run(t.Context(), p, task.New(inputs)); err == nil {
			t.Errorf("range %d to %d of %d objects is taken", p.From, p.To, objects)
		}
	}
}
