package userfiles

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

// given are files in memory.
func given(weights, inputs, labels []byte) (Files, Params) {
	source := func(name string, b []byte) (Source, string) {
		sum := sha256.Sum256(b)
		return Source{name, func() ([]byte, error) { return b, nil }}, hex.EncodeToString(sum[:])
	}
	var f Files
	var p Params
	f.Weights, p.Weights = source("w", weights)
	f.Inputs, p.Inputs = source("x", inputs)
	f.Labels, p.Labels = source("y", labels)
	return f, p
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
	f, p := given(example(t))
	out, err := f.Run(t.Context(), p, task.New(nil))
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
	want := Shape{Objects: 2, Widths: []int{3, 2, 2}, Layers: []string{"fc9.weight", "fc10.weight"}}
	if diff := cmp.Diff(want, shape); diff != "" || shape.Parameters() != 10 {
		t.Errorf("%d parameters, shape (-want +got):\n%s", shape.Parameters(), diff)
	}
}

// TestChanged: content that is not what was announced is no mistake of the
// user's, and never enters a result.
func TestChanged(t *testing.T) {
	f, p := given(example(t))
	p.Inputs = strings.Repeat("0", 64)
	_, err := f.Run(t.Context(), p, task.New(nil))
	var mistake *Error
	if err == nil || errors.As(err, &mistake) || !strings.Contains(err.Error(), "x was changed while it was read") {
		t.Errorf("error is %v", err)
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
		files, p := given(w, x, y)
		out, err := files.Run(t.Context(), p, task.New(nil))
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
