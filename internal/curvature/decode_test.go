package curvature

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

func encodeWeights(t *testing.T, tensors ...safetensors.Tensor) []byte {
	t.Helper()
	b, err := safetensors.Encode(nil, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	first := safetensors.Float32Tensor("layers.0.weight", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6})
	second := safetensors.Float64Tensor("layers.1.weight", []int{2, 2}, []float64{1, 2, 3, 4})
	good := map[string][]byte{
		Images:  npy.Encode([]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}),
		Labels:  npy.Encode([]int{2}, []int64{1, 0}),
		Weights: encodeWeights(t, first, second),
	}
	network, data, err := Decode(good, 0)
	if err != nil {
		t.Fatal(err)
	}
	if network.Parameters() != 10 || data.Objects != 2 || data.Labels[0] != 1 {
		t.Errorf("%d parameters, %d objects, labels %v", network.Parameters(), data.Objects, data.Labels)
	}
	x := make([]float64, 3)
	if data.Row(1, x); x[2] != 6 {
		t.Errorf("row 1 is %v", x)
	}
	if _, data, err = Decode(good, 1); err != nil || data.Objects != 1 {
		t.Errorf("sample of 1: %d objects, %v", data.Objects, err)
	}
	for _, c := range []struct {
		name, want string
		change     map[string][]byte
		sample     int
	}{
		{"sample", "sample size is 3: want 1 to 2", nil, 3},
		{"label", "label of object 1 is 2: want 0 … 1", map[string][]byte{Labels: npy.Encode([]int{2}, []int64{1, 2})}, 0},
		{"count", "want objects × values, and a label an object", map[string][]byte{Labels: npy.Encode([]int{1}, []int64{1})}, 0},
		{"width", "has 2 values an object, the network's first matrix takes 3", map[string][]byte{Images: npy.Encode([]int{2, 2}, []uint8{1, 2, 3, 4})}, 0},
		{"bias", "want matrices layers.0.weight to layers.1.weight and nothing else", map[string][]byte{Weights: encodeWeights(t, first, safetensors.Float32Tensor("layers.0.bias", []int{2}, []float32{1, 2}))}, 0},
		{"chain", "want 2 columns", map[string][]byte{Weights: encodeWeights(t, first, safetensors.Float32Tensor("layers.1.weight", []int{1, 3}, []float32{1, 2, 3}))}, 0},
		{"nothing", "input weights", map[string][]byte{Weights: nil}, 0},
		{"no network", "want one width more", map[string][]byte{Weights: encodeWeights(t)}, 0},
		{"images", "input images", map[string][]byte{Images: []byte("x")}, 0},
	} {
		inputs := map[string][]byte{}
		for _, name := range []string{Images, Labels, Weights} {
			inputs[name] = good[name]
			if b, ok := c.change[name]; ok {
				inputs[name] = b
			}
		}
		if _, _, err := Decode(inputs, c.sample); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", c.name, err, c.want)
		}
	}
}

// TestSubsetOfBlackPixels: single objects have the same bits in a subset, of which most
// pixels are black, as in all of the data, of which they are not.
func TestSubsetOfBlackPixels(t *testing.T) {
	const objects, width = 30, 20
	pixels, labels := make([]uint8, objects*width), make([]int, objects)
	for i := range pixels {
		if i%3 == 0 || i < len(pixels)/2 {
			pixels[i] = uint8(1 + i%251)
		}
	}
	network, err := NewNetwork([]int{width, 3, 2}, [][]float64{randomVector(3*width, 1), randomVector(6, 2)})
	if err != nil {
		t.Fatal(err)
	}
	all, err := NewPixels(pixels, width, labels)
	if err != nil {
		t.Fatal(err)
	}
	list := []int{29, 20, 21, 16}
	few, err := all.Subset(list)
	if err != nil {
		t.Fatal(err)
	}
	if !isSparse(few.bytes) || isSparse(all.bytes) {
		t.Fatal("the subset is as black as the whole")
	}
	whole, err := NewPoint(t.Context(), network, all, 1)
	if err != nil {
		t.Fatal(err)
	}
	part, err := NewPoint(t.Context(), network, few, 1)
	if err != nil {
		t.Fatal(err)
	}
	for j, i := range list {
		want, err := whole.Object(i).Norms()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := part.Object(j).Norms(); err != nil || got != want {
			t.Errorf("object %d: %+v (%v), want %+v", i, got, err, want)
		}
	}
}
