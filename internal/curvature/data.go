package curvature

import (
	"fmt"
	"math"
	"sync"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Data is the matrix X of inputs, one object a row, with the labels.
type Data struct {
	Objects, Width int
	Labels         []int

	values []float64 // taken as given, or
	bytes  []uint8   // pixels u, seen as x = −1 + 2u/255
	table  *[256]float64
	scale  *[256]float64 // 2u/255
	sparse bool          // most pixels are black

	parts []keptPart // the sparse forms of whole parts
}

// keptPart is made by the first product that needs it.
type keptPart struct {
	once sync.Once
	part *sparsePart
}

// NewData takes inputs as they are: values is len(labels)×width.
func NewData(values []float64, width int, labels []int) (*Data, error) {
	if err := checkData(len(values), width, len(labels)); err != nil {
		return nil, err
	}
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("object %d, value %d is %v", i/width, i%width, x)
		}
	}
	return &Data{Objects: len(labels), Width: width, Labels: labels, values: values}, nil
}

// NewPixels takes images of bytes, which the network sees as −1 + 2u/255
// formed in float64: rounding pixels to float32 first would cost 5e-9 in the
// largest eigenvalues.
func NewPixels(bytes []uint8, width int, labels []int) (*Data, error) {
	if err := checkData(len(bytes), width, len(labels)); err != nil {
		return nil, err
	}
	d := &Data{Objects: len(labels), Width: width, Labels: labels, bytes: bytes, table: new([256]float64), scale: new([256]float64)}
	for u := range d.table {
		d.scale[u] = float64(2*u) / 255
		d.table[u] = -1 + d.scale[u]
	}
	d.sparse = isSparse(bytes) && width <= 1<<16
	d.parts = make([]keptPart, (d.Objects+partObjects-1)/partObjects)
	return d, nil
}

func checkData(values, width, objects int) error {
	if width < 1 || objects < 1 || values != width*objects {
		return fmt.Errorf("inputs: %d values for %d objects of %d values", values, objects, width)
	}
	return nil
}

// Row writes the inputs of object i to x.
func (d *Data) Row(i int, x []float64) {
	if d.values != nil {
		copy(x, d.values[i*d.Width:(i+1)*d.Width])
		return
	}
	for j, u := range d.bytes[i*d.Width : (i+1)*d.Width] {
		x[j] = d.table[u]
	}
}

// LargestNorm is the largest ‖x_i‖.
func (d *Data) LargestNorm() float64 {
	largest := 0.0
	for i := range d.Objects {
		largest = max(largest, d.SquaredNorm(i))
	}
	return math.Sqrt(largest)
}

// SquaredNorm is ‖x_i‖².
func (d *Data) SquaredNorm(i int) float64 {
	x := make([]float64, d.Width)
	d.Row(i, x)
	return kernel.Dot64(x, x)
}
