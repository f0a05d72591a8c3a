package userfiles

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// decode reads an array; the hints say how to save one of numbers, and what to do
// with one of text.
func decode(b []byte, hint, textHint string) (npy.Array, error) {
	a, err := npy.Decode(b)
	if err == nil {
		return a, nil
	}
	text := strings.TrimPrefix(err.Error(), "npy: ")
	switch {
	case strings.Contains(text, "truncated"):
		hint = copyHint
	case strings.Contains(text, "structured"):
		hint = "in Python: numpy.lib.recfunctions.structured_to_unstructured(array)"
	case strings.Contains(text, `"<U`), strings.Contains(text, `"|S`):
		hint = textHint
	}
	return a, mistake(hint, "%s", text)
}

const copyHint = "copy or download the file again: it ends too early"

// readInputs checks the objects and writes them as a matrix of floats. What
// they are is taken as given: whole numbers become float64 of the same value,
// objects of several dimensions become rows in the order of their values, and
// nothing is scaled.
func readInputs(b []byte, n *network) (matrix []byte, objects int, err error) {
	const hint = "in Python: numpy.save(\"inputs.npy\", inputs.astype(numpy.float64))"
	a, err := decode(b, hint, hint)
	if err != nil {
		return nil, 0, err
	}
	first, want := quote(n.layers[0].Tensor), n.widths[0]
	size := a.Shape
	if len(size) == 1 && want == 1 {
		size = []int{size[0], 1}
	}
	if len(size) < 2 {
		hint := "inputs.reshape(-1, " + fmt.Sprint(want) + ") makes rows of that many values"
		return nil, 0, mistake(hint, "array of shape (%s): want objects × values", shape(size))
	}
	if objects = size[0]; objects < 1 {
		return nil, 0, mistake("", "it has no objects: the shape is %s", shape(size))
	}
	if width := a.Len() / objects; width != want {
		hint := ""
		if len(size) == 2 && objects == want {
			hint = "the objects seem to be columns: in Python: numpy.save(\"inputs.npy\", inputs.T)"
		}
		return nil, 0, mistake(hint, "objects have %d values (the shape is %s), but %s, the first matrix, takes %d", width, shape(size), first, want)
	}
	switch a.DType {
	case npy.Float32:
		matrix, err = finite[float32](a, want)
	case npy.Float64:
		matrix, err = finite[float64](a, want)
	default:
		matrix, err = whole(a, want)
	}
	return matrix, objects, err
}

// finite writes an array of finite floats as a matrix.
func finite[T float32 | float64](a npy.Array, width int) ([]byte, error) {
	values, err := npy.Values[T](a)
	if err != nil {
		return nil, err
	}
	for i, x := range values {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, mistake("", "object %d, value %d is %v: want finite values", i/width, i%width, x)
		}
	}
	return npy.Encode([]int{len(values) / width, width}, values), nil
}

// whole writes an array of integers as a matrix of float64.
func whole(a npy.Array, width int) ([]byte, error) {
	integers, err := a.Int64s()
	if err != nil {
		return nil, mistake("", "%s", strings.TrimPrefix(err.Error(), "npy: "))
	}
	values := make([]float64, len(integers))
	for i, x := range integers {
		if values[i] = float64(x); int64(values[i]) != x || values[i] == 1<<63 {
			return nil, mistake("", "object %d, value %d is %d, which is not a float64", i/width, i%width, x)
		}
	}
	return npy.Encode([]int{len(values) / width, width}, values), nil
}

// readLabels checks that each object has one of the network's classes, and
// writes them as a vector.
func readLabels(b []byte, n *network, objects int, inputs string) (vector []byte, err error) {
	a, err := decode(b, "in Python: numpy.save(\"labels.npy\", labels.astype(numpy.int64))", "in Python: numpy.unique(labels, return_inverse=True)[1] numbers the classes")
	if err != nil {
		return nil, err
	}
	labels, err := wholeNumbers(a)
	if err != nil {
		return nil, err
	}
	last := n.layers[len(n.layers)-1]
	outputs := last.Shape[0]
	switch size := a.Shape; {
	case len(size) <= 1, len(size) == 2 && (size[0] == 1 && size[1] == objects || size[1] == 1): // a row or a column
	case len(size) == 2:
		if labels, err = oneHot(labels, size[1], outputs); err != nil {
			return nil, err
		}
	default:
		return nil, mistake("labels.ravel() makes one dimension of it", "array of shape (%s): want one label per object", shape(size))
	}
	if len(labels) != objects {
		return nil, mistake("", "the number of labels is %d, but %s has %d objects", len(labels), inputs, objects)
	}
	wrong, first := 0, errors.New("")
	for i, y := range labels {
		if y < 0 || y >= int64(outputs) {
			if wrong++; wrong == 1 {
				first = fmt.Errorf("the label of object %d is %d, but %s, the last matrix, has %d rows: want 0 … %d", i, y, quote(last.Tensor), outputs, outputs-1)
			}
		}
	}
	hint := ""
	if slices.Min(labels) == 1 && slices.Max(labels) == int64(outputs) {
		hint = "the labels seem to count from 1: in Python: numpy.save(\"labels.npy\", labels - 1)"
	}
	switch {
	case wrong == 1:
		return nil, mistake(hint, "%v", first)
	case wrong == 2:
		return nil, mistake(hint, "%v (and 1 more label)", first)
	case wrong > 2:
		return nil, mistake(hint, "%v (and %d more labels)", first, wrong-1)
	}
	return npy.Encode([]int{objects}, labels), nil
}

// wholeNumbers returns the values of an array of integers or of floats that are
// whole numbers.
func wholeNumbers(a npy.Array) ([]int64, error) {
	if a.DType != npy.Float32 && a.DType != npy.Float64 {
		labels, err := a.Int64s()
		if err != nil {
			return nil, mistake("", "%s", strings.TrimPrefix(err.Error(), "npy: "))
		}
		return labels, nil
	}
	values, err := a.Float64s()
	if err != nil {
		return nil, err
	}
	labels := make([]int64, len(values))
	for i, x := range values {
		if labels[i] = int64(x); !(math.Abs(x) < 1<<53) || float64(labels[i]) != x {
			if len(a.Shape) == 2 && a.Shape[1] > 1 {
				return nil, mistake("labels.argmax(axis=1) makes class numbers of scores", "value %d of object %d is %v: want class numbers, or a one-hot row of 0s and a 1 per object", i%a.Shape[1], i/a.Shape[1], x)
			}
			return nil, mistake("labels are class numbers, counted from 0", "the label of object %d is %v: want a whole number", i, x)
		}
	}
	return labels, nil
}

// oneHot returns the places of the 1s in rows of 0s and a 1, one row per object
// with as many columns as the network has outputs.
func oneHot(values []int64, columns, outputs int) ([]int64, error) {
	if columns != outputs {
		return nil, mistake("save one class number per object, a vector", "labels of %d columns: one-hot rows would have %d, one per class", columns, outputs)
	}
	var labels []int64
	for row := range slices.Chunk(values, columns) {
		at := slices.Index(row, 1)
		for i, v := range row {
			if at < 0 || i != at && v != 0 {
				return nil, mistake("labels.argmax(axis=1) makes class numbers of scores", "row %d of the labels is not 0s and a single 1: it begins with %v", len(labels), row[:min(len(row), 12)])
			}
		}
		labels = append(labels, int64(at))
	}
	return labels, nil
}
