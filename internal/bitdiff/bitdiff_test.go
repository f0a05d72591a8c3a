package bitdiff

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

func TestFirst(t *testing.T) {
	weights := func(values ...float32) []byte {
		b, err := safetensors.Encode(nil,
			safetensors.Float32Tensor("layers.0.weight", []int{2}, []float32{1, 2}),
			safetensors.Float32Tensor("layers.1.weight", []int{2, 2}, values))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	next := func(x float32, ulps int) float32 {
		for range ulps {
			x = math.Nextafter32(x, 2*x)
		}
		return x
	}
	for _, test := range []struct {
		name       string
		want, have []byte
		text       string
	}{
		{
			"floats", npy.Encode([]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}),
			npy.Encode([]int{2, 3}, []float64{1, 2, 3, 4, math.Nextafter(5, 6), 7}),
			"element [1, 1] is 5.000000000000001, was 5 (1 ulp); 2 of 6 elements differ, by up to 1125899906842624 ulp",
		},
		{
			"tensors", weights(1, 2, 3, 4), weights(1, 2, next(3, 5), 4),
			"layers.1.weight[1, 0] is 3.0000012, was 3 (5 ulp); 1 of 6 elements differ",
		},
		{
			"signs of zero", npy.Encode([]int{1}, []float64{0}), npy.Encode([]int{1}, []float64{math.Copysign(1e-323, -1)}),
			"element [0] is -1e-323, was 0 (2 ulp); 1 of 1 element differ",
		},
		{
			"integers", npy.Encode([]int{3}, []uint8{1, 2, 3}), npy.Encode([]int{3}, []uint8{1, 9, 3}),
			"element [1] is 9, was 2; 1 of 3 elements differ",
		},
		{
			"shapes", npy.Encode([]int{3}, []uint8{1, 2, 3}), npy.Encode([]int{1, 3}, []uint8{1, 2, 3}),
			"the array is uint8 [1 3], was uint8 [3]",
		},
		{"text", []byte("a,b\n1,2.50\n"), []byte("a,b\n1,2.75\n"), `line 2, column 5 is "2.75", was "2.50"`},
		{"bytes", []byte{0, 1, 2}, []byte{0, 7, 2}, "byte 1 is 0x07, was 0x01"},
		{"length", []byte{0, 1}, []byte{0, 1, 2}, "the length is 3 bytes, was 2 bytes"},
	} {
		if diff := cmp.Diff(test.text, First(test.want, test.have).String()); diff != "" {
			t.Errorf("%s (-want +have):\n%s", test.name, diff)
		}
	}
}
