package mlp

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// TestPixels: the byte's value in float64 is the paper's (u/255 − 0.5)/0.5.
func TestPixels(t *testing.T) {
	table := Pixels()
	for u, got := range table {
		want := (float64(u)/255 - 0.5) / 0.5
		if math.Abs(got-want) > 2.3e-16 {
			t.Errorf("byte %d is %v, want %v", u, got, want)
		}
	}
	if table[0] != -1 || table[255] != 1 {
		t.Errorf("black is %v, white %v", table[0], table[255])
	}
}

func TestWidths(t *testing.T) {
	w := PaperWidths(784, 16, 5, 10)
	if w.Layers() != 7 || w.Inputs() != 784 || w.Classes() != 10 || w.Parameters() != 13984 {
		t.Errorf("%v: %d matrices, %d parameters", w, w.Layers(), w.Parameters())
	}
	for _, c := range []struct {
		w    Widths
		want string
	}{
		{Widths{3}, "at least inputs and classes"},
		{Widths{3, 0, 2}, "width 1 is 0"},
		{Widths{3, 1}, "1 classes"},
	} {
		if err := c.w.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not say %q", c.w, err, c.want)
		}
	}
	if err := w.Validate(); err != nil {
		t.Error(err)
	}
}

// TestLoss holds the cases that a plain formula gets wrong.
func TestLoss(t *testing.T) {
	for _, c := range []struct {
		z    []float64
		y    int
		loss float64
		top  int
	}{
		{[]float64{40, 0, 20}, 0, math.Log1p(math.Exp(-20) + math.Exp(-40)), 0}, // far below 1e-8
		{[]float64{2000, 0, 1000}, 0, 0, 0},                                     // e^−1000 underflows
		{[]float64{2000, 0, 1000}, 1, 2000, 0},                                  // e^2000 would overflow
		{[]float64{0, 0, 0}, 2, math.Log(3), 0},
		{[]float64{1, 3, 3}, 2, math.Log(2 + math.Exp(-2)), 1},
	} {
		loss, top, others := CrossEntropyLoss(c.z, c.y)
		if math.Abs(loss-c.loss) > 4e-16*c.loss || top != c.top {
			t.Errorf("CrossEntropyLoss(%v, %d) = %v with class %d the most likely, want %v and %d", c.z, c.y, loss, top, c.loss, c.top)
		}
		if l, _, _ := CrossEntropyLoss(c.z, top); math.Abs(math.Log1p(others)-l) > 4e-16*l {
			t.Errorf("CrossEntropyLoss(%v, %d): the other classes add up to %v, the loss of the most likely one is %v", c.z, c.y, others, l)
		}
	}
}

func TestSubset(t *testing.T) {
	pixels, err := NewPixels([]uint8{0, 1, 2, 3, 250, 255}, 2, []int{0, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	few, err := pixels.Subset([]int{2, 0})
	if err != nil {
		t.Fatal(err)
	}
	got, want := make([]float64, 2), make([]float64, 2)
	few.Row(0, got)
	pixels.Row(2, want)
	if few.Objects != 2 || !slices.Equal(got, want) || !slices.Equal(few.Labels, []int{2, 0}) {
		t.Errorf("objects 2 and 0: %d objects, labels %v, first row %v, want %v", few.Objects, few.Labels, got, want)
	}
	if nonZero, of := few.Filled(); nonZero != 5 || of != 6 {
		t.Errorf("%d of %d bytes are filled, want those of all objects, 5 of 6", nonZero, of)
	}
	if _, err := pixels.Subset([]int{3}); err == nil {
		t.Error("object 3 of 3 was accepted")
	}
}
