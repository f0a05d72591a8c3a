package objectbounds

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
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
	chosen := []int{7, 0, 3, 8, 2}
	for _, form := range []string{Bounds, Hessians, Norms} {
		whole := rows(Params{0, objects, form}, 1)
		var joined []float64
		for from := 0; from < objects; from += 4 {
			joined = append(joined, rows(Params{from, min(from+4, objects), form}, 3)...)
		}
		if diff := cmp.Diff(whole, joined); diff != "" {
			t.Errorf("%s (-whole +joined):\n%s", form, diff)
		}
		table, want := []float64{}, []float64{}
		for at, i := range chosen {
			table = append(table, float64(i), -1)
			if columns := len(whole) / objects; at > 0 {
				want = append(want, whole[columns*i:columns*(i+1)]...)
			}
		}
		inputs[Chosen] = npy.Encode([]int{len(chosen), 2}, table)
		if diff := cmp.Diff(want, rows(Params{1, len(chosen), form}, 3)); diff != "" {
			t.Errorf("%s of chosen objects (-want +got):\n%s", form, diff)
		}
		if _, err := Run(t.Context(), Params{0, len(chosen) + 1, form}, task.New(inputs)); err == nil {
			t.Errorf("%d of %d chosen objects are taken", len(chosen)+1, len(chosen))
		}
		delete(inputs, Chosen)
	}
	bounds, ends := rows(Params{0, objects, Bounds}, 1), rows(Params{0, objects, Hessians}, 1)
	columns, dead := len(object.BoundNames), 0
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
	for _, p := range []Params{{-1, 2, Bounds}, {3, 3, Bounds}, {0, objects + 1, Hessians}, {0, 2, "traces"}} {
		if _, err := Run(t.Context(), p, task.New(inputs)); err == nil {
			t.Errorf("%+v of %d objects is taken", p, objects)
		}
	}
}
