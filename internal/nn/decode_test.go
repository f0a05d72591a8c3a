package nn

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

func TestWeightsRoundTrip(t *testing.T) {
	w := PaperWidths(5, 3, 2, 4)
	weights := InitialWeights(w, testStream)
	b, err := EncodeWeights(w, weights)
	if err != nil {
		t.Fatal(err)
	}
	gotWidths, got, err := DecodeWeights(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, gotWidths); diff != "" {
		t.Errorf("widths (-want +got):\n%s", diff)
	}
	for p := range weights {
		if diff := cmp.Diff(convert[float64](weights[p]), got[p]); diff != "" {
			t.Errorf("matrix %d (-want +got):\n%s", p, diff)
		}
	}
	if _, err := EncodeWeights(w, weights[1:]); err == nil || !strings.Contains(err.Error(), "3 weight matrices, want 4") {
		t.Errorf("a missing matrix: %v", err)
	}
}

func TestDecodeWeightsErrors(t *testing.T) {
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
		{"bias", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("layers.0.bias", 2)}, `no tensor "layers.1.weight"`},
		{"gap", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("layers.2.weight", 2, 2)}, `no tensor "layers.1.weight"`},
		{"not a matrix", []safetensors.Tensor{tensor("layers.0.weight", 2, 3, 1)}, "shape [2 3 1]"},
		{"chain", []safetensors.Tensor{tensor("layers.0.weight", 2, 3), tensor("layers.1.weight", 2, 3)}, "want 2 columns"},
		{"infinite", []safetensors.Tensor{infinite}, "row 1, column 1 is -Inf"},
		{"one class", []safetensors.Tensor{tensor("layers.0.weight", 1, 3)}, "1 classes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := safetensors.Encode(nil, c.tensors...)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := DecodeWeights(b); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}

func TestDecodeInputs(t *testing.T) {
	in, err := DecodeInputs(npy.Encode([]int{2, 2, 3}, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}))
	if err != nil {
		t.Fatal(err)
	}
	want := Inputs{Objects: 2, Width: 6, Bytes: []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	want.Objects, want.Bytes = 1, want.Bytes[:6]
	if diff := cmp.Diff(want, in.First(1)); diff != "" {
		t.Errorf("the first of them (-want +got):\n%s", diff)
	}
	in, err = DecodeInputs(npy.Encode([]int{2, 1}, []float32{-1, 2}))
	if diff := cmp.Diff(Inputs{Objects: 2, Width: 1, Floats: []float32{-1, 2}}, in); diff != "" || err != nil {
		t.Errorf("features: %v (-want +got):\n%s", err, diff)
	}
}

// TestPixel: the byte's value in float64 is the paper's (u/255 − 0.5)/0.5.
func TestPixel(t *testing.T) {
	for u := range 256 {
		want := (float64(u)/255 - 0.5) / 0.5
		if got := Pixel(uint8(u)); math.Abs(got-want) > 2.3e-16 {
			t.Errorf("Pixel(%d) = %v, want %v", u, got, want)
		}
	}
	if Pixel(0) != -1 || Pixel(255) != 1 {
		t.Errorf("black is %v, white %v", Pixel(0), Pixel(255))
	}
}

func TestWidths(t *testing.T) {
	w := PaperWidths(784, 16, 5, 10)
	if w.Matrices() != 7 || w.Inputs() != 784 || w.Classes() != 10 || w.Parameters() != 13984 {
		t.Errorf("%v: %d matrices, %d parameters", w, w.Matrices(), w.Parameters())
	}
	for _, c := range []struct {
		w    Widths
		want string
	}{
		{Widths{3}, "at least inputs and classes"},
		{Widths{3, 0, 2}, "width 1 is 0"},
		{Widths{3, 1}, "1 classes"},
		{Widths{3, 257}, "257 classes"},
		{Widths{1 << 20, 1 << 12, 2}, "more than 2^31 weights"},
	} {
		if err := c.w.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not say %q", c.w, err, c.want)
		}
	}
	if err := w.Validate(); err != nil {
		t.Error(err)
	}
}

func TestNonZero(t *testing.T) {
	s := testStream(0)
	for n := range 40 {
		b := make([]uint8, n)
		want := 0
		for i := range b {
			// Half zeros, and among the others the values at the edges.
			if s.IntN(2) == 1 {
				b[i] = []uint8{1, 0x7f, 0x80, 0x81, 0xff}[s.IntN(5)]
				want++
			}
		}
		if got := nonZero(b); got != want {
			t.Errorf("%d of %v are not zero, want %d", got, b, want)
		}
	}
}
