package npy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	inputs := map[string][]byte{"m": Encode([]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}), "bad": []byte("x")}
	values, shape, err := Read[float64](inputs, "m", -1, 3)
	if err != nil || len(values) != 6 || cmp.Diff([]int{2, 3}, shape) != "" {
		t.Errorf("values %v of shape %v, %v", values, shape, err)
	}
	rows, err := Rows[float64](inputs, "m", 3)
	if diff := cmp.Diff([][]float64{{1, 2, 3}, {4, 5, 6}}, rows); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	for want, read := range map[string]func() error{
		"input n is missing":                   func() error { _, _, err := Read[float64](inputs, "n"); return err },
		"input bad: npy: ":                     func() error { _, err := Rows[float64](inputs, "bad", 3); return err },
		"input m has shape [2 3]: want [-1 4]": func() error { _, err := Rows[float64](inputs, "m", 4); return err },
		"input m has shape [2 3]: want [6]":    func() error { _, _, err := Read[float64](inputs, "m", 6); return err },
		"holds float64, want float32":          func() error { _, err := Rows[float32](inputs, "m", 3); return err },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}
