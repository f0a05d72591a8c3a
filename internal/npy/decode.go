package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// maxHeader is the longest header that is read, in bytes. Headers of the
// arrays that this package knows have at most a few hundred.
const maxHeader = 1 << 16

// Array is a decoded array in C order.
type Array struct {
	Shape []int // lengths of the dimensions, the last runs fastest; empty for a single number
	DType DType

	data []byte // the elements, little endian; shared with the decoded file
}

// Len returns the number of elements.
func (a Array) Len() int {
	if size := a.DType.Size(); size > 0 {
		return len(a.data) / size
	}
	return 0
}

// Decode reads a whole .npy file. The array shares b's memory, which must not
// be changed while it is in use.
func Decode(b []byte) (Array, error) {
	a, err := decode(b)
	if err != nil {
		return Array{}, fmt.Errorf("npy: %w", err)
	}
	return a, nil
}

func decode(b []byte) (Array, error) {
	text, data, err := split(b)
	if err != nil {
		return Array{}, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return Array{}, fmt.Errorf("header %.200q: %w", strings.TrimRight(text, " \n"), err)
	}
	dtype, err := parseDescr(h.descr)
	if err != nil {
		return Array{}, err
	}
	if h.fortran && len(h.shape) > 1 {
		return Array{}, errors.New("array is in Fortran order: save it as numpy.ascontiguousarray(array)")
	}
	n, err := count(h.shape, dtype.Size())
	if err != nil {
		return Array{}, err
	}
	if want := n * dtype.Size(); len(data) < want {
		return Array{}, fmt.Errorf("file is truncated: shape %v of %s needs %d bytes after the header, %d are there", h.shape, dtype, want, len(data))
	} else if len(data) > want {
		return Array{}, fmt.Errorf("%d trailing bytes after the %d bytes of shape %v of %s", len(data)-want, want, h.shape, dtype)
	}
	if dtype == Bool {
		for i, v := range data {
			if v > 1 {
				return Array{}, fmt.Errorf("element %d of a bool array is %d, neither 0 nor 1", i, v)
			}
		}
	}
	return Array{Shape: h.shape, DType: dtype, data: data[:len(data):len(data)]}, nil
}

// split checks the frame of a file and returns its header and its data.
func split(b []byte) (header string, data []byte, err error) {
	if len(b) < len(magic)+2 || string(b[:len(magic)]) != magic {
		return "", nil, fmt.Errorf("not a .npy file: it begins with %q instead of %q", b[:min(len(b), len(magic))], magic)
	}
	major, minor := b[len(magic)], b[len(magic)+1]
	rest := b[len(magic)+2:]
	var length uint64
	var width int
	switch {
	case minor != 0 || major < 1 || major > 3:
		return "", nil, fmt.Errorf("format version %d.%d is not known: 1.0, 2.0 and 3.0 are", major, minor)
	case major == 1:
		width = 2
	default:
		width = 4
	}
	if len(rest) < width {
		return "", nil, errors.New("file is truncated in the length of its header")
	}
	if width == 2 {
		length = uint64(binary.LittleEndian.Uint16(rest))
	} else {
		length = uint64(binary.LittleEndian.Uint32(rest))
	}
	rest = rest[width:]
	if length > maxHeader {
		return "", nil, fmt.Errorf("header of %d bytes is longer than the limit of %d", length, maxHeader)
	}
	if uint64(len(rest)) < length {
		return "", nil, fmt.Errorf("file is truncated in its header: %d of %d bytes are there", len(rest), length)
	}
	return string(rest[:length]), rest[length:], nil
}

// parseDescr finds the element type of numpy's descr.
func parseDescr(descr string) (DType, error) {
	for d := Bool; int(d) < len(dtypes); d++ {
		known := dtypes[d].descr
		// "|" is no byte order; numpy accepts any mark on one-byte types.
		if descr == known || d.Size() == 1 && len(descr) == 3 && strings.ContainsRune("|<>=", rune(descr[0])) && descr[1:] == known[1:] {
			return d, nil
		}
		if d.Size() > 1 && descr == ">"+known[1:] {
			return 0, fmt.Errorf("array of %s is big endian (%s): save it as array.astype('%s')", d, descr, known)
		}
	}
	return 0, fmt.Errorf("element type %q is not supported: save the array with astype of one of bool, uint8, int32, int64, float32, float64", descr)
}

// Values returns the elements in C order if they are exactly of type T, and
// otherwise an error that names both types. The slice of a uint8 array shares
// the memory of the decoded file.
func Values[T Element](a Array) ([]T, error) {
	if want := TypeOf[T](); a.DType != want {
		return nil, fmt.Errorf("npy: array of shape %v holds %s, want %s", a.Shape, a.DType, want)
	}
	if v, ok := any(a.data).([]T); ok {
		return v, nil
	}
	out := make([]T, a.Len())
	switch out := any(out).(type) {
	case []int32:
		for i := range out {
			out[i] = int32(binary.LittleEndian.Uint32(a.data[4*i:]))
		}
	case []int64:
		for i := range out {
			out[i] = int64(binary.LittleEndian.Uint64(a.data[8*i:]))
		}
	case []float32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(a.data[4*i:]))
		}
	case []float64:
		for i := range out {
			out[i] = math.Float64frombits(binary.LittleEndian.Uint64(a.data[8*i:]))
		}
	}
	return out, nil
}

// Int64s returns the elements of an array of bool (0 and 1), uint8, int32 or
// int64, for input that people made with whichever integers numpy chose.
func (a Array) Int64s() ([]int64, error) {
	switch a.DType {
	case Int64:
		return Values[int64](a)
	case Int32:
		v, err := Values[int32](a)
		return widen[int64](v), err
	case Bool, Uint8:
		return widen[int64](a.data), nil
	}
	return nil, fmt.Errorf("npy: array of shape %v holds %s, want integers", a.Shape, a.DType)
}

// Float64s returns the elements of an array of float32 or float64, exactly.
func (a Array) Float64s() ([]float64, error) {
	switch a.DType {
	case Float64:
		return Values[float64](a)
	case Float32:
		v, err := Values[float32](a)
		return widen[float64](v), err
	}
	return nil, fmt.Errorf("npy: array of shape %v holds %s, want float32 or float64", a.Shape, a.DType)
}

// widen converts each element to a type that holds it exactly.
func widen[To, From Element](v []From) []To {
	out := make([]To, len(v))
	for i, x := range v {
		out[i] = To(x)
	}
	return out
}
