package curvature

import (
	"math"
	"testing"
)

// sameBits stops the test where got is not want to the last bit.
func sameBits(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i, x := range want {
		if math.Float64bits(got[i]) != math.Float64bits(x) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], x)
		}
	}
}

// TestBiasesRowByRow compares what is done for many rows at a time with the same
// row by row, for rows shorter and longer than what is handled at a time.
func TestBiasesRowByRow(t *testing.T) {
	for _, width := range []int{1, 3, 16, 300, repeated, repeated + 1, 3 * repeated} {
		for _, rows := range []int{1, 2, 33, 700} {
			bias, z := randomVector(width, 1), randomVector(rows*width, 2)
			set, added := make([]float64, len(z)), make([]float64, len(z))
			for i, x := range z {
				set[i], added[i] = bias[i%width], x+bias[i%width]
			}
			got := randomVector(len(z), 3)
			if !setBias(got, bias) {
				t.Fatal("setBias reports that there is no bias")
			}
			sameBits(t, "setBias", got, set)
			addBias(z, bias)
			sameBits(t, "addBias", z, added)
		}
	}
}

// TestColumnSumsOfPanels compares sums over more rows than a part has, and over
// more columns than a panel has, with the same sums one by one.
func TestColumnSumsOfPanels(t *testing.T) {
	for _, rows := range []int{1, partObjects, 2*partObjects + 7} {
		for _, n := range []int{1, panelColumns, 2*panelColumns + 5} {
			b, want := randomVector(rows*n, 4), make([]float64, n)
			for i, x := range b {
				want[i%n] -= x
			}
			sameBits(t, "negatedColumnSums", negatedColumnSums(inPanels(b, rows, n), rows, n), want)
			clear(want)
			for i, x := range b {
				want[i%n] += x
			}
			if rows <= partObjects {
				sum := make([]float64, n)
				addRows(sum, b, false)
				sameBits(t, "addRows", sum, want)
			}
		}
	}
}
