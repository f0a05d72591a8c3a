package figures

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// differences is what the stage of that name made of a network.
type differences struct {
	k, mean, ema []float64 // the curve, k = 1, 2, …
	bandK        []float64 // where the band is taken; nil unless it was asked for
	low, high    []float64
	summary      artifact.DifferenceSummary
}

// collapsed reports whether all differences are zero, because all losses are
// equal: the network has died.
func (d differences) collapsed() bool {
	for _, v := range d.mean {
		if v != 0 {
			return false
		}
	}
	return true
}

func readDifferences(inputs map[string][]byte, network string, band bool) (differences, error) {
	var d differences
	rows, err := readRows(inputs, InputCurve+network)
	if err != nil {
		return d, err
	}
	d.k, d.mean, d.ema = rows[0], rows[1], rows[2]
	if d.summary, err = artifact.Read[artifact.DifferenceSummary](inputs, InputSummary+network); err != nil {
		return d, err
	}
	if len(d.k) != d.summary.Objects-1 {
		return d, fmt.Errorf("input %s%s has %d differences, but its summary speaks of %d objects", InputCurve, network, len(d.k), d.summary.Objects)
	}
	if !band {
		return d, nil
	}
	if rows, err = readRows(inputs, InputBand+network); err != nil {
		return d, err
	}
	d.bandK, d.low, d.high = rows[0], rows[1], rows[2]
	if last := d.bandK[len(d.bandK)-1]; last > float64(len(d.k)) {
		return d, fmt.Errorf("input %s%s goes to k = %v, beyond the curve's %d", InputBand, network, last, len(d.k))
	}
	return d, nil
}

// readRows reads three rows: ascending k from 1 on and two rows of finite
// values that are not negative.
func readRows(inputs map[string][]byte, name string) (rows [3][]float64, err error) {
	a, err := npy.Decode(inputs[name])
	if err != nil {
		return rows, fmt.Errorf("input %s: %w", name, err)
	}
	values, err := npy.Values[float64](a)
	if err != nil {
		return rows, fmt.Errorf("input %s: %w", name, err)
	}
	if len(a.Shape) != 2 || a.Shape[0] != 3 || a.Shape[1] < 1 {
		return rows, fmt.Errorf("input %s has shape %v: want 3 rows", name, a.Shape)
	}
	n := a.Shape[1]
	for i := range rows {
		rows[i] = values[i*n : (i+1)*n]
	}
	for i, k := range rows[0] {
		if !(k >= 1 && k <= 1e9) || k != math.Floor(k) || i > 0 && k <= rows[0][i-1] {
			return rows, fmt.Errorf("input %s: k is %v in column %d: want ascending whole numbers", name, k, i)
		}
		for _, row := range rows[1:] {
			if v := row[i]; !(v >= 0 && v <= math.MaxFloat64) {
				return rows, fmt.Errorf("input %s: %v at k = %v is no difference", name, v, k)
			}
		}
	}
	return rows, nil
}
