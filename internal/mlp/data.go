package mlp

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Data are objects with a class or with targets, one per row. Exactly one of
// Bytes and Values is set, of Objects×Width entries. It must not be changed.
type Data struct {
	Objects, Width int
	Labels         []int // all 0 where there are Targets

	// Targets are floats, Objects×Outputs, for losses that are not about classes.
	Targets []float64
	Outputs int

	// Bytes are pixels u, which the network sees as [Pixels]()[u].
	Bytes []uint8
	// Values are features, which the network sees as they are.
	Values []float64

	nonZero, counted int
}

// pixels holds the value of each byte; see [Pixels].
var pixels = func() (table [256]float64) {
	for u := range table {
		table[u] = -1 + float64(2*u)/255
	}
	return table
}()

// Pixels returns −1 + 2u/255 for each byte u, the value that the network sees:
// the paper's (u/255 − 0.5)/0.5, formed in float64. Rounding pixels to float32
// first would cost 5e-9 in the largest eigenvalues.
func Pixels() *[256]float64 {
	table := pixels
	return &table
}

// NewData takes features as they are: values is len(labels)×width.
func NewData(values []float64, width int, labels []int) (*Data, error) {
	if err := checkSize(len(values), width, len(labels)); err != nil {
		return nil, err
	}
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("object %d, value %d is %v: inputs must be finite", i/width, i%width, x)
		}
	}
	return &Data{Objects: len(labels), Width: width, Labels: labels, Values: values}, nil
}

// WithTargets returns the same objects with floats in place of classes:
// targets is Objects×outputs.
func (d *Data) WithTargets(targets []float64, outputs int) (*Data, error) {
	if outputs < 1 || len(targets) != d.Objects*outputs {
		return nil, fmt.Errorf("%d targets for %d objects of %d outputs", len(targets), d.Objects, outputs)
	}
	for i, x := range targets {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("object %d, target %d is %v: targets must be finite", i/outputs, i%outputs, x)
		}
	}
	with := *d
	with.Labels, with.Targets, with.Outputs = make([]int, d.Objects), targets, outputs
	return &with, nil
}

// Target returns the targets of object i, nil where there are none.
func (d *Data) Target(i int) []float64 {
	if d.Targets == nil {
		return nil
	}
	return d.Targets[i*d.Outputs : (i+1)*d.Outputs]
}

// CheckTargets reports whether the data have what the loss compares with that
// many outputs.
func (d *Data) CheckTargets(l Loss, outputs int) error {
	switch {
	case !l.Targets() && d.Targets != nil:
		return fmt.Errorf("the objects have targets, the loss %v wants classes", l.Kind)
	case !l.Targets():
		return d.CheckLabels(outputs)
	case d.Targets == nil:
		return fmt.Errorf("the objects have classes, the loss %v wants a target for each of %d outputs", l.Kind, outputs)
	case d.Outputs != outputs:
		return fmt.Errorf("%d targets per object, the network has %d outputs", d.Outputs, outputs)
	}
	if l.Kind == BCE {
		for i, t := range d.Targets {
			if !(t >= 0 && t <= 1) {
				return fmt.Errorf("object %d, target %d is %v: bce wants 0 to 1", i/outputs, i%outputs, t)
			}
		}
	}
	return nil
}

// NewPixels takes images of bytes: len(labels)×width.
func NewPixels(bytes []uint8, width int, labels []int) (*Data, error) {
	if err := checkSize(len(bytes), width, len(labels)); err != nil {
		return nil, err
	}
	return &Data{
		Objects: len(labels), Width: width, Labels: labels, Bytes: bytes,
		nonZero: kernel.NonZero(bytes), counted: len(bytes),
	}, nil
}

func checkSize(values, width, objects int) error {
	if width < 1 || objects < 1 || values != width*objects {
		return fmt.Errorf("%d values for %d objects of %d values", values, objects, width)
	}
	return nil
}

// Filled returns how many of how many bytes are not zero. Products skip zeros
// where there are many, and round differently then: the choice depends only on
// these numbers, never on the machine. A subset has the numbers of the data
// that it was taken from.
func (d *Data) Filled() (nonZero, of int) { return d.nonZero, d.counted }

// CheckLabels reports the first label that is not one of 0 … classes−1.
func (d *Data) CheckLabels(classes int) error {
	for i, y := range d.Labels {
		if y < 0 || y >= classes {
			return fmt.Errorf("label of object %d is %d: want 0 … %d", i, y, classes-1)
		}
	}
	return nil
}

// Row writes the inputs of object i to x.
func (d *Data) Row(i int, x []float64) {
	if d.Values != nil {
		copy(x, d.Values[i*d.Width:(i+1)*d.Width])
		return
	}
	for j, u := range d.Bytes[i*d.Width : (i+1)*d.Width] {
		x[j] = pixels[u]
	}
}

// Norm is ‖x_i‖₂.
func (d *Data) Norm(i int) float64 {
	x := make([]float64, d.Width)
	d.Row(i, x)
	return kernel.Norm64(x)
}

// LargestNorm is the largest ‖x_i‖.
func (d *Data) LargestNorm() float64 {
	largest := 0.0
	for i := range d.Objects {
		largest = max(largest, d.Norm(i))
	}
	return largest
}

// First returns the first k objects. They share the memory of all.
func (d *Data) First(k int) (*Data, error) {
	k = min(k, d.Objects)
	var first *Data
	var err error
	if d.Values != nil {
		first, err = NewData(d.Values[:k*d.Width], d.Width, d.Labels[:k])
	} else {
		first, err = NewPixels(d.Bytes[:k*d.Width], d.Width, d.Labels[:k])
	}
	if err != nil || d.Targets == nil {
		return first, err
	}
	return first.WithTargets(d.Targets[:k*d.Outputs], d.Outputs)
}

// From returns the objects from number first on. They share the memory of all.
func (d *Data) From(first int) (*Data, error) {
	list := make([]int, max(d.Objects-first, 0))
	for i := range list {
		list[i] = first + i
	}
	return d.Subset(list)
}

// Subset returns the listed objects, in that order, as data of their own; if
// they are consecutive they share the memory of all. What is computed of an
// object alone has the same bits as in all of the data.
func (d *Data) Subset(objects []int) (*Data, error) {
	labels := make([]int, len(objects))
	for j, i := range objects {
		if i < 0 || i >= d.Objects {
			return nil, fmt.Errorf("object %d of %d", i, d.Objects)
		}
		labels[j] = d.Labels[i]
	}
	var few *Data
	var err error
	if d.Values != nil {
		few, err = NewData(rows(d.Values, d.Width, objects), d.Width, labels)
	} else {
		few, err = NewPixels(rows(d.Bytes, d.Width, objects), d.Width, labels)
	}
	if err != nil {
		return nil, err
	}
	few.nonZero, few.counted = d.nonZero, d.counted
	if d.Targets == nil {
		return few, nil
	}
	return few.WithTargets(rows(d.Targets, d.Outputs, objects), d.Outputs)
}

// rows returns the listed rows of a matrix, in place where they follow one
// another.
func rows[T any](matrix []T, width int, list []int) []T {
	consecutive := len(list) > 0
	for j, i := range list {
		consecutive = consecutive && i == list[0]+j
	}
	if consecutive {
		return matrix[list[0]*width : (list[0]+len(list))*width]
	}
	out := make([]T, 0, len(list)*width)
	for _, i := range list {
		out = append(out, matrix[i*width:(i+1)*width]...)
	}
	return out
}
