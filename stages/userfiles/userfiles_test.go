package userfiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func TestNatural(t *testing.T) {
	want := []string{
		"0.weight", "2.weight", "10.weight", "a", "a0", "a01", "a1", "a1b2", "a1b10", "a2", "a10", "b",
		"layers.9.weight", "layers.10.weight", "layers.100000000000000000000.weight", "x",
	}
	got := slices.Clone(want)
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		r.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, natural)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

// given reads files in memory and runs the stage on them.
func given(t *testing.T, weights, inputs, labels []byte) (map[string][]byte, Files, error) {
	f, err := Read(t.Context(), Source{"w", weights}, Source{"x", inputs}, Source{"y", labels}, false, Description{}, 2)
	if err != nil {
		return nil, f, err
	}
	out, err := f.Run(t.Context(), f.Params, task.New(nil))
	return out, f, err
}

func example(t *testing.T) (weights, inputs, labels []byte) {
	t.Helper()
	weights, err := safetensors.Encode(nil,
		safetensors.Float32Tensor("fc10.weight", []int{2, 2}, []float32{5, 6, 7, 8}),
		safetensors.Float64Tensor("fc9.weight", []int{2, 3}, []float64{1, 2, 3, 4, 5, 1e-300}))
	if err != nil {
		t.Fatal(err)
	}
	return weights, npy.Encode([]int{2, 3}, []uint8{0, 1, 255, 3, 4, 5}), npy.Encode([]int{2}, []uint8{1, 0})
}

// TestRun reads back what the curvature stages read.
func TestRun(t *testing.T) {
	weights, inputs, labels := example(t)
	out, _, err := given(t, weights, inputs, labels)
	if err != nil {
		t.Fatal(err)
	}
	network, data, err := mlp.Decode(out, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]float64{{1, 2, 3, 4, 5, 1e-300}, {5, 6, 7, 8}}, network.Weights); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	row := make([]float64, 3)
	data.Row(0, row)
	if diff := cmp.Diff([]float64{0, 1, 255}, row); diff != "" {
		t.Errorf("bytes are not taken as given (-want +got):\n%s", diff)
	}
	shape, err := artifact.Decode[Shape](out[Summary])
	if err != nil {
		t.Fatal(err)
	}
	accuracy := 0.5
	want := Shape{
		Objects: 2, Widths: []int{3, 2, 2}, Layers: []string{"fc9.weight", "fc10.weight"}, Biased: []bool{false, false},
		Activation: "relu", Loss: "cross_entropy", Skipped: []string{}, MeanLoss: shape.MeanLoss, Accuracy: &accuracy,
	}
	if diff := cmp.Diff(want, shape); diff != "" || shape.Parameters() != 10 {
		t.Errorf("%d parameters, shape (-want +got):\n%s", shape.Parameters(), diff)
	}
}

// TestParamsNameTheContent: other content of the same size is another network.
func TestParamsNameTheContent(t *testing.T) {
	weights, inputs, labels := example(t)
	_, f, err := given(t, weights, inputs, labels)
	if err != nil {
		t.Fatal(err)
	}
	inputs[len(inputs)-1]++
	_, g, err := given(t, weights, inputs, labels)
	if err != nil {
		t.Fatal(err)
	}
	if f.Params.Inputs == g.Params.Inputs || f.Params.Weights != g.Params.Weights || f.Params.Labels != g.Params.Labels {
		t.Errorf("one value of the inputs changed, and the params went from %v to %v", f.Params, g.Params)
	}
}

// TestOrder: numbers in names tell the order, shapes do; where neither does,
// the order is not guessed.
func TestOrder(t *testing.T) {
	type names = map[string][]int
	for _, test := range []struct {
		name   string
		shapes names
		values int
		layers []string // flag
		want   []string // nil for an error
		text   string   // of it
	}{
		{"numbers", names{"fc1": {4, 4}, "fc2": {4, 4}, "fc10": {4, 4}}, 4, nil, []string{"fc1", "fc2", "fc10"}, ""},
		{"shapes", names{"a": {4, 6}, "b": {3, 4}}, 6, nil, []string{"a", "b"}, ""},
		{"numbers except in the last", names{"fc1": {4, 6}, "fc2": {4, 4}, "out": {3, 4}}, 6, nil, []string{"fc1", "fc2", "out"}, ""},
		{"equal", names{"mlp_up": {4, 4}, "mlp_mid": {4, 4}, "mlp_down": {4, 4}}, 4, nil, nil,
			"--layers mlp_down,mlp_mid,mlp_up; --layers mlp_down,mlp_up,mlp_mid"},
		{"equal in the middle", names{"in": {4, 6}, "mid": {4, 4}, "more": {4, 4}, "out": {3, 4}}, 6, nil, nil,
			"--layers in,mid,more,out; --layers in,more,mid,out"},
		{"equal, chosen", names{"mlp_up": {4, 4}, "mlp_mid": {4, 4}, "mlp_down": {4, 4}}, 4, []string{"mlp_up", "mlp_mid", "mlp_down"}, []string{"mlp_up", "mlp_mid", "mlp_down"}, ""},
		{"one takes the objects", names{"a": {2, 3}, "b": {2, 2}, "c": {3, 2}}, 3, nil, []string{"a", "b", "c"}, ""},
		{"a number beside none", names{"fc1": {4, 4}, "fc2": {4, 4}, "out": {4, 4}}, 4, nil, nil, "3 orders of the matrices fit"},
		{"many", names{"a": {4, 4}, "b": {4, 4}, "c": {4, 4}, "d": {4, 4}, "e": {4, 4}, "f": {4, 4}, "g": {4, 4}, "h": {4, 4}}, 4, nil, nil, "orders of the matrices fit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tensors []safetensors.Tensor
			for name, size := range test.shapes {
				tensors = append(tensors, safetensors.Float64Tensor(name, size, make([]float64, size[0]*size[1])))
			}
			b, err := safetensors.Encode(nil, tensors...)
			if err != nil {
				t.Fatal(err)
			}
			n, err := readWeights(b, Description{Layers: test.layers}, test.values, 2)
			if test.want == nil {
				var e *Error
				if !errors.As(err, &e) || !strings.Contains(e.Text+"; "+e.Hint, test.text) {
					t.Fatalf("error is %v (%+v), want %q", err, e, test.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, n.names()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzRun: whatever the files hold, the result is a mistake that is named or
// something that the stages can read.
func FuzzRun(f *testing.F) {
	weights, err := safetensors.Encode(nil, safetensors.Float64Tensor("a", []int{2, 3}, make([]float64, 6)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(weights, npy.Encode([]int{1, 3}, make([]float64, 3)), npy.Encode([]int{1}, []int32{1}))
	f.Add(bytes.Repeat([]byte{0}, 9), []byte("\x93NUMPY"), []byte{})
	f.Fuzz(func(t *testing.T, w, x, y []byte) {
		out, _, err := given(t, w, x, y)
		if err != nil {
			var mistake *Error
			if !errors.As(err, &mistake) || mistake.File == "" || mistake.Text == "" {
				t.Fatalf("error is %v, want a mistake", err)
			}
			return
		}
		if _, _, err := mlp.Decode(out, 0); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOtherFormats: what people have in place of weights and arrays is named,
// with what to do.
func TestOtherFormats(t *testing.T) {
	weights, inputs, _ := example(t)
	for _, c := range []struct {
		head           string
		weights        string // what it is called; empty for one that is read
		array, forBoth string
	}{
		{head: "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3\n", forBoth: "a Git LFS pointer"},
		{head: "\n<!doctype HTML><html>", forBoth: "a web page"},
		{head: "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00", forBoth: "compressed with gzip"},
		{head: "PK\x03\x04\x00\x00\x00\x00\x00", forBoth: "a zip archive"},
		{head: "\x80\x02\x8a\nl\xfc\x9cF\xf9", forBoth: "a pickle"},
		{head: "\x89HDF\r\n\x1a\n\x00", forBoth: "an HDF5 file"},
		{head: "\x08\x07\x12\x07pytorch", forBoth: "an ONNX model"},
		{head: "", forBoth: "empty"},
		{head: strings.Repeat("\x00", 257) + "ustar\x00", forBoth: "a tar archive"},
		{head: "1.5,2\n3,4\n", forBoth: "text"},
		{head: `{"weight_map": {"a": "model-1.safetensors"}}`, weights: "an index", array: "JSON text"},
		{head: "\x00\x00\x08\x03\x00\x00\x00\x01", weights: "not a safetensors file", array: "an IDX file"},
		{head: string(weights), array: "a safetensors file"},
		{head: string(inputs), weights: "a .npy array"},
		{head: "\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe", weights: "not a safetensors file", array: "not a .npy file"},
	} {
		for i, want := range []string{c.weights, c.array} {
			if c.forBoth != "" {
				want = c.forBoth
			}
			err := CheckHead("f", i == 0, []byte(c.head), int64(len(c.head)))
			var wrong *Error
			if want == "" && err != nil || want != "" && (!errors.As(err, &wrong) || wrong.File != "f" || !strings.Contains(wrong.Text, want)) {
				t.Errorf("%.20q as weights: %v: error %v, want %q", c.head, i == 0, err, want)
			}
		}
	}
}

// TestReadCanBeCancelled: files of any size are left when the context ends.
func TestReadCanBeCancelled(t *testing.T) {
	weights, inputs, labels := example(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := Read(ctx, Source{"w", weights}, Source{"x", inputs}, Source{"y", labels}, false, Description{}, 2); !errors.Is(err, stop) {
		t.Errorf("error %v, want %v", err, stop)
	}
}

// TestManyMatrices: a file of more matrices than a network has is refused at once.
func TestManyMatrices(t *testing.T) {
	var tensors []safetensors.Tensor
	for p := range maxLayers + 1 {
		tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprint("l", p), []int{2, 2}, make([]float64, 4)))
	}
	weights, err := safetensors.Encode(nil, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	_, inputs, labels := example(t)
	if _, _, err := given(t, weights, inputs, labels); err == nil || !strings.Contains(err.Error(), "1001 matrices: at most 1000") {
		t.Errorf("error is %v", err)
	}
}
