package mlp

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

func encode(t *testing.T, tensors ...safetensors.Tensor) []byte {
	t.Helper()
	b, err := safetensors.Encode(nil, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWeightsRoundTrip(t *testing.T) {
	w := PaperWidths(5, 3, 2, 4)
	weights := make([][]float32, w.Layers())
	want := make([][]float64, w.Layers())
	for p := range weights {
		for i := range w[p] * w[p+1] {
			v := float32(i+1) / float32(p+3)
			weights[p], want[p] = append(weights[p], v), append(want[p], float64(v))
		}
	}
	b, err := EncodeWeights(w, weights, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeNetwork(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Network{Widths: w, Weights: want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	biases := [][]float32{{1, 2, 3}, nil, nil, {4, 5, 6, 7}}
	if b, err = EncodeWeights(w, weights, biases); err != nil {
		t.Fatal(err)
	}
	if got, err = DecodeNetwork(b); err != nil {
		t.Fatal(err)
	}
	biased := &Network{Widths: w, Weights: want, Biases: [][]float64{{1, 2, 3}, nil, nil, {4, 5, 6, 7}}}
	if diff := cmp.Diff(biased, got); diff != "" {
		t.Errorf("biases of two layers (-want +got):\n%s", diff)
	}
	var flat []float32
	for _, x := range biased.Flat() {
		flat = append(flat, float32(x))
	}
	if again, err := biased.With(flat); err != nil || !cmp.Equal(biased, again) {
		t.Errorf("With(Flat) is %+v, %v", again, err)
	}
	if _, err := biased.With(flat[1:]); err == nil {
		t.Error("a vector that is too short is taken")
	}
	if _, err := EncodeWeights(w, weights, [][]float32{nil, nil, nil, {1}}); err == nil || !strings.Contains(err.Error(), "1 biases in layer 3, want 4") {
		t.Errorf("biases that do not fit: %v", err)
	}
	if _, err := EncodeWeights(w, weights[1:], nil); err == nil || !strings.Contains(err.Error(), "3 weight matrices, want 4") {
		t.Errorf("a missing matrix: %v", err)
	}
}

func TestDecodeNetworkErrors(t *testing.T) {
	tensor := func(name string, shape ...int) safetensors.Tensor {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return safetensors.Float32Tensor(name, shape, make([]float32, n))
	}
	infinite := safetensors.Float64Tensor("layers.0.weight", []int{2, 3}, []float64{0, 0, 0, 0, math.Inf(-1), 0})
	for _, c := range []struct {
		name    string
		tensors []safetensors.Tensor
		want    string
	}{
		{"empty", nil, "no tensors"},
		{"bias of nothing", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("layers.1.bias", 2)}, "layers.1.bias has no matrix"},
		{"bias too long", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("layers.0.bias", 3)}, "want 2 values, the rows of layers.0.weight"},
		{"other tensor", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("head.weight", 2, 2)}, `no tensor "layers.1.weight"`},
		{"gap", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("layers.2.weight", 2, 2)}, `no tensor "layers.1.weight"`},
		{"not a matrix", []safetensors.Tensor{tensor("layers.0.weight", 2, 3, 1)}, "shape [2 3 1]"},
		{"chain", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("layers.1.weight", 2, 3)}, "want 2 columns"},
		{"infinite", []safetensors.Tensor{infinite}, "row 1, column 1 is -Inf"},
		{"one class", []safetensors.Tensor{tensor("layers.0.weight", 1, 3)}, "1 classes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := DecodeNetwork(encode(t, c.tensors...)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	first := safetensors.Float32Tensor("layers.0.weight", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6})
	second := safetensors.Float64Tensor("layers.1.weight", []int{2, 2}, []float64{1, 2, 3, 4})
	good := map[string][]byte{
		Images:  npy.Encode([]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}),
		Labels:  npy.Encode([]int{2}, []int64{1, 0}),
		Weights: encode(t, first, second),
	}
	network, data, err := Decode(good, 0)
	if err != nil {
		t.Fatal(err)
	}
	if network.Parameters() != 10 || data.Objects != 2 || data.Labels[0] != 1 {
		t.Errorf("%d parameters, %d objects, labels %v", network.Parameters(), data.Objects, data.Labels)
	}
	if diff := cmp.Diff([]float64{1, 2, 3, 4, 5, 6, 1, 2, 3, 4}, network.Flat()); diff != "" || network.Offset(1) != 6 {
		t.Errorf("offset of the second matrix %d, all weights (-want +got):\n%s", network.Offset(1), diff)
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
		{"label", "input labels: label of object 1 is 2: want 0 … 1", map[string][]byte{Labels: npy.Encode([]int{2}, []int64{1, 2})}, 0},
		{"count", "want objects × values, and one label per object", map[string][]byte{Labels: npy.Encode([]int{1}, []int64{1})}, 0},
		{"width", "has 2 values per object, the network's first matrix takes 3", map[string][]byte{Images: npy.Encode([]int{2, 2}, []uint8{1, 2, 3, 4})}, 0},
		{"infinite", "input images: object 1, value 0 is +Inf", map[string][]byte{Images: npy.Encode([]int{2, 3}, []float64{1, 2, 3, math.Inf(1), 5, 6})}, 0},
		{"bias of nothing", "want matrices layers.0.weight to layers.0.weight, their biases, and nothing else", map[string][]byte{Weights: encode(t, first, safetensors.Float32Tensor("layers.1.bias", []int{2}, []float32{1, 2}))}, 0},
		{"chain", "want 2 columns", map[string][]byte{Weights: encode(t, first, safetensors.Float32Tensor("layers.1.weight", []int{1, 3}, []float32{1, 2, 3}))}, 0},
		{"nothing", "input weights", map[string][]byte{Weights: nil}, 0},
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

func TestDecodeData(t *testing.T) {
	labels := npy.Encode([]int{2}, []uint8{1, 0})
	got, err := DecodeData(map[string][]byte{
		Images: npy.Encode([]int{2, 2, 3}, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}), Labels: labels,
	}, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	compare := cmp.AllowUnexported(Data{})
	want := &Data{Objects: 2, Width: 6, Labels: []int{1, 0}, Bytes: []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}, nonZero: 11, counted: 12}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	first, err := got.First(1)
	if err != nil {
		t.Fatal(err)
	}
	want = &Data{Objects: 1, Width: 6, Labels: []int{1}, Bytes: want.Bytes[:6], nonZero: 5, counted: 6}
	if diff := cmp.Diff(want, first, compare); diff != "" {
		t.Errorf("the first of them (-want +got):\n%s", diff)
	}
	got, err = DecodeData(map[string][]byte{Images: npy.Encode([]int{2, 1}, []float32{-1, 2}), Labels: labels}, 2, 2)
	if diff := cmp.Diff(&Data{Objects: 2, Width: 1, Labels: []int{1, 0}, Values: []float64{-1, 2}}, got, compare); diff != "" || err != nil {
		t.Errorf("features: %v (-want +got):\n%s", err, diff)
	}
}

// TestDecodeOtherNetworks: biases of one layer, and what the metadata say.
func TestDecodeOtherNetworks(t *testing.T) {
	first := safetensors.Float64Tensor("layers.0.weight", []int{2, 3}, []float64{1, 2, 3, 4, 5, 6})
	last := safetensors.Float64Tensor("layers.1.weight", []int{1, 2}, []float64{7, 8})
	bias := safetensors.Float32Tensor("layers.0.bias", []int{2}, []float32{-1, -2})
	b, err := safetensors.Encode(Metadata(GELU, Loss{Kind: MSE}), first, bias, last)
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string][]byte{
		Images: npy.Encode([]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}), Labels: npy.Encode([]int{2, 1}, []float64{0.5, -2}), Weights: b,
	}
	network, data, err := Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := &Network{
		Widths: Widths{3, 2, 1}, Weights: [][]float64{{1, 2, 3, 4, 5, 6}, {7, 8}}, Biases: [][]float64{{-1, -2}, nil},
		Activation: GELU, Loss: Loss{Kind: MSE},
	}
	if diff := cmp.Diff(want, network); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{1, 2, 3, 4, 5, 6, -1, -2, 7, 8}, network.Flat()); diff != "" || network.Parameters() != 10 || network.Offset(1) != 8 {
		t.Errorf("%d parameters, the second layer begins at %d, all of them (-want +got):\n%s", network.Parameters(), network.Offset(1), diff)
	}
	if diff := cmp.Diff([]float64{-2}, data.Target(1)); diff != "" {
		t.Errorf("target of object 1 (-want +got):\n%s", diff)
	}
	if _, data, err = Decode(inputs, 1); err != nil || len(data.Targets) != 1 {
		t.Errorf("a sample of 1: targets %v, %v", data.Targets, err)
	}
	for wrong, metadata := range map[string]map[string]string{
		`activation "cos": want one of relu`: {"activation": "cos"},
		`loss "hinge": want one of`:          {"loss": "hinge"},
		"1 classes, want at least 2":         {"activation": "tanh"},
		"label smoothing 2":                  {"loss": "mse", "label_smoothing": "2"},
		"label smoothing 0.1: it belongs":    {"loss": "mse", "label_smoothing": "0.1"},
	} {
		b, err := safetensors.Encode(metadata, first, bias, last)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeNetwork(b); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%v: error %v does not say %q", metadata, err, wrong)
		}
	}
	inputs[Labels] = npy.Encode([]int{2, 2}, []float64{1, 2, 3, 4})
	if _, _, err := Decode(inputs, 0); err == nil || !strings.Contains(err.Error(), "2 targets per object, the network has 1 outputs") {
		t.Errorf("targets of another width: %v", err)
	}
}
