package userfiles

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// readInputs checks the objects and writes them as a matrix of floats. What
// they are is taken as given: whole numbers become float64 of the same value,
// and nothing is scaled.
func readInputs(b []byte, n *network) (matrix []byte, objects int, err error) {
	a, err := npy.Decode(b)
	var integers []int64
	if err != nil || a.DType != npy.Float32 && a.DType != npy.Float64 {
		if a.Shape, integers, err = npy.Integers(b); err != nil {
			return nil, 0, mistake("in Python: numpy.save(\"inputs.npy\", inputs.astype(numpy.float64))", "%s", strings.TrimPrefix(err.Error(), "npy: "))
		}
	}
	if len(a.Shape) < 2 {
		return nil, 0, mistake("reshape(len(inputs), -1) puts each object into a row", "array of shape (%s): want objects × values", shape(a.Shape))
	}
	objects = a.Shape[0]
	if objects < 1 {
		return nil, 0, mistake("", "it has no objects: the shape is %s", shape(a.Shape))
	}
	width := 1
	for _, l := range a.Shape[1:] {
		width *= l
	}
	if want := n.widths[0]; width != want {
		return nil, 0, mistake("", "objects have %d values (the shape is %s), but %s, the first matrix, takes %d", width, shape(a.Shape), quote(n.layers[0]), want)
	}
	size := []int{objects, width}
	switch {
	case integers != nil:
		values := make([]float64, len(integers))
		for i, x := range integers {
			if values[i] = float64(x); int64(values[i]) != x {
				return nil, 0, mistake("", "object %d, value %d is %d, which is not a float64", i/width, i%width, x)
			}
		}
		return npy.Encode(size, values), objects, nil
	case a.DType == npy.Float32:
		values, err := npy.Values[float32](a)
		if err == nil {
			err = finite(values, width)
		}
		if err != nil {
			return nil, 0, err
		}
		return npy.Encode(size, values), objects, nil
	}
	values, err := npy.Values[float64](a)
	if err == nil {
		err = finite(values, width)
	}
	if err != nil {
		return nil, 0, err
	}
	return npy.Encode(size, values), objects, nil
}

func finite[T float32 | float64](values []T, width int) error {
	for i, x := range values {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return mistake("", "object %d, value %d is %v: want finite values", i/width, i%width, x)
		}
	}
	return nil
}

// readLabels checks that each object has one of the network's classes. The
// classes are those up to the largest label.
func readLabels(b []byte, n *network, objects int, inputs string) (vector []byte, classes int, err error) {
	size, labels, err := npy.Integers(b)
	if err != nil {
		const hint = "in Python: numpy.save(\"labels.npy\", labels.astype(numpy.int64))"
		return nil, 0, mistake(hint, "%s", strings.TrimPrefix(err.Error(), "npy: "))
	}
	if len(size) != 1 {
		hint := "labels.ravel() makes one of it"
		if len(size) == 2 && size[1] > 1 {
			hint = "labels.argmax(axis=1) makes one of labels in one-hot form"
		}
		return nil, 0, mistake(hint, "array of shape (%s): want one dimension, one label per object", shape(size))
	}
	if len(labels) != objects {
		return nil, 0, mistake("", "%d labels, but %s has %d objects", len(labels), inputs, objects)
	}
	last := n.layers[len(n.layers)-1]
	wrong, first := 0, errors.New("")
	for i, y := range labels {
		if y < 0 || y >= int64(last.Shape[0]) {
			if wrong++; wrong == 1 {
				first = fmt.Errorf("the label of object %d is %d, but %s, the last matrix, has %d rows: want 0 … %d", i, y, quote(last), last.Shape[0], last.Shape[0]-1)
			}
		}
	}
	switch {
	case wrong == 1:
		return nil, 0, mistake("", "%v", first)
	case wrong == 2:
		return nil, 0, mistake("", "%v (and 1 more label)", first)
	case wrong > 2:
		return nil, 0, mistake("", "%v (and %d more labels)", first, wrong-1)
	}
	return npy.Encode([]int{objects}, labels), int(slices.Max(labels)) + 1, nil
}
