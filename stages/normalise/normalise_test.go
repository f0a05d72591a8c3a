package normalise

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func run(t *testing.T, p Params, images []byte) ([]float32, []int, error) {
	out, err := Run(t.Context(), p, task.New(map[string][]byte{Images: images}))
	if err != nil {
		return nil, nil, err
	}
	return npy.Read[float32](out, Images, -1, -1)
}

// TestRun compares with what PyTorch 2.15 makes of the same pixels by ToTensor and
// Normalize((0.1307,), (0.3081,)), to the last digits of its float32 arithmetic.
func TestRun(t *testing.T) {
	got, shape, err := run(t, Params{0.1307, 0.3081}, npy.Encode([]int{2, 3}, []uint8{0, 1, 18, 127, 128, 255}))
	if err != nil || shape[0] != 2 || shape[1] != 3 {
		t.Fatalf("the shape is %v: %v", shape, err)
	}
	for i, want := range []float64{-0.42421296, -0.41148472, -0.19510475, 1.1922727, 1.2050011, 2.8214867} {
		if !(math.Abs(float64(got[i])-want) <= 4e-7) {
			t.Errorf("value %d is %v, want %v", i, got[i], want)
		}
	}
}

func TestErrors(t *testing.T) {
	images := npy.Encode([]int{1, 2}, []uint8{0, 255})
	for _, p := range []Params{{0, 0}, {0, -1}, {math.NaN(), 1}, {math.Inf(1), 1}, {0, math.NaN()}, {0, 1e-60}} {
		if _, _, err := run(t, p, images); err == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
	if _, _, err := run(t, Params{0, 1}, npy.Encode([]int{1, 2}, []float32{0, 1})); err == nil {
		t.Error("floats are accepted as pixels")
	}
}
