package curvature

import (
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

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
	network, err := mlp.NewNetwork([]int{width, 3, 2}, [][]float64{randomVector(3*width, 1), randomVector(6, 2)})
	if err != nil {
		t.Fatal(err)
	}
	all, err := mlp.NewPixels(pixels, width, labels)
	if err != nil {
		t.Fatal(err)
	}
	list := []int{29, 20, 21, 16}
	few, err := all.Subset(list)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := mlp.NewPixels(few.Bytes, width, few.Labels)
	if err != nil {
		t.Fatal(err)
	}
	if !newInputs(alone).sparse || newInputs(all).sparse || newInputs(few).sparse {
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
