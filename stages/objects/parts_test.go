package objects

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// parts adds to the inputs what RunWhole reads, each object's computed by
// itself.
func parts(t *testing.T, p Params, inputs map[string][]byte) map[string][]byte {
	t.Helper()
	network, data, err := mlp.Decode(inputs, p.SampleSize)
	if err != nil {
		t.Fatal(err)
	}
	alone := func(i int) *object.Curvature {
		one, err := data.Subset([]int{i})
		if err != nil {
			t.Fatal(err)
		}
		pt, err := curvature.NewPoint(t.Context(), network, one, 1)
		if err != nil {
			t.Fatal(err)
		}
		return object.New(pt, 0)
	}
	var norms, ends []float64
	for i := range data.Objects {
		n, err := alone(i).Norms()
		if err != nil {
			t.Fatal(err)
		}
		norms = append(norms, n.Loss, n.GaussNewton, n.Trace, n.Frobenius, map[bool]float64{true: 1}[n.Dead])
	}
	all := maps.Clone(inputs)
	all[Norms] = npy.Encode([]int{data.Objects, 5}, norms)
	exact := p.of(data.Objects)
	order := object.Spread(data.Objects, 0)
	if exact < data.Objects {
		k := task.New(all)
		k.Workers = 3
		out, err := RunLargest(t.Context(), p, k)
		if err != nil {
			t.Fatal(err)
		}
		all[Largest] = out[Largest]
		_, chosen := curvaturetest.Floats(t, out[Largest])
		for at := range exact {
			order[at] = int(chosen[2*at])
		}
	}
	for _, i := range order[:exact] {
		least, largest, err := alone(i).Hessian(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, least, largest)
	}
	all[Ends] = npy.Encode([]int{exact, 2}, ends)
	return all
}

// TestPartsGiveTheSameBits: the work in one stage and cut into several, for
// few, many and all of the Hessians, with dead objects among the others.
func TestPartsGiveTheSameBits(t *testing.T) {
	for name, c := range map[string]struct {
		objects int
		widths  []int
		sample  int
	}{
		"deep": {90, []int{12, 3, 2, 2, 4}, 0}, "sample": {90, []int{12, 6, 5, 4}, 80}, "one matrix": {20, []int{9, 4}, 0}, "one object": {1, []int{12, 6, 4}, 0},
	} {
		inputs := curvaturetest.Inputs(t, c.objects, c.widths...)
		for _, m := range []int{0, 1, 70, c.objects - 1, c.objects, -1} {
			p := Params{SampleSize: c.sample, Hessians: m}
			want := run(t, p, 2, inputs)
			got, err := RunWhole(t.Context(), p, task.New(parts(t, p, inputs)))
			if err != nil {
				t.Fatal(err)
			}
			for output := range want {
				if !bytes.Equal(got[output], want[output]) {
					t.Errorf("%s, %d Hessians: output %s of the parts differs:\n%.400s\nwant\n%.400s", name, m, output, got[output], want[output])
				}
			}
			if alive := bytes.Contains(want[Summary], []byte(`"dead":0,`)); alive == (name == "deep") {
				t.Errorf("%s: dead objects are expected in the deep network alone: %s", name, want[Summary])
			}
		}
	}
}

// TestPartsOfADeadNetwork: all bounds are zero.
func TestPartsOfADeadNetwork(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 10, 4, 3, 2)
	var err error
	inputs[mlp.Weights], err = safetensors.Encode(nil,
		safetensors.Float64Tensor("layers.0.weight", []int{3, 4}, make([]float64, 12)),
		safetensors.Float64Tensor("layers.1.weight", []int{2, 3}, make([]float64, 6)))
	if err != nil {
		t.Fatal(err)
	}
	p := Params{Hessians: 3}
	want := run(t, p, 1, inputs)
	got, err := RunWhole(t.Context(), p, task.New(parts(t, p, inputs)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[Summary], want[Summary]) || !bytes.Equal(got[Hessians], want[Hessians]) {
		t.Errorf("%s, want %s", got[Summary], want[Summary])
	}
}

// TestPartsRefuse what does not fit together.
func TestPartsRefuse(t *testing.T) {
	p := Params{Hessians: 3}
	all := parts(t, p, curvaturetest.Inputs(t, 10, 12, 6, 4))
	for want, change := range map[string]func(p *Params, inputs map[string][]byte){
		"-2 Hessians":                    func(p *Params, _ map[string][]byte) { p.Hessians = -2 },
		"input ends has shape [3 2]":     func(p *Params, _ map[string][]byte) { p.Hessians = 4 },
		"input largest has shape [10 5]": func(_ *Params, inputs map[string][]byte) { inputs[Largest] = inputs[Norms] },
		"input norms has shape [3 2]":    func(_ *Params, inputs map[string][]byte) { inputs[Norms] = inputs[Ends] },
		"input norms":                    func(_ *Params, inputs map[string][]byte) { delete(inputs, Norms) },
	} {
		p, inputs := p, maps.Clone(all)
		change(&p, inputs)
		if _, err := RunWhole(t.Context(), p, task.New(inputs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
	for _, p := range []Params{{Hessians: -1}, {Hessians: 10}, {Hessians: 3, SampleSize: 9}} {
		if _, err := RunLargest(t.Context(), p, task.New(all)); err == nil {
			t.Errorf("%+v: some of 10 objects were chosen", p)
		}
	}
}
