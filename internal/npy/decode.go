package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// maxHeader is the longest header that is read, in bytes. Headers of the
// arrays that this package knows have at most a few hundred.
const maxHeader = 1 << 16

// Array is a decoded array in C order.
type Array struct {
	Shape []int // lengths of the dimensions, the last runs fastest; empty for a single number
	DType DType

	data []byte // the elements, little endian; if possible those of the decoded file
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
	dtype, bigEndian, err := parseDescr(h.descr)
	if err != nil {
		return Array{}, err
	}
	size := dtype.Size()
	n, err := count(h.shape, size)
	if err != nil {
		return Array{}, err
	}
	if want := n * size; len(data) < want {
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
	data = data[:len(data):len(data)]
	if h.fortran && len(h.shape) > 1 {
		data = cOrder(data, h.shape, size)
	}
	if bigEndian && size > 1 {
		data = slices.Clone(data)
		for element := range slices.Chunk(data, size) {
			slices.Reverse(element)
		}
	}
	return Array{Shape: h.shape, DType: dtype, data: data}, nil
}

// cOrder returns the elements, size bytes each, of an array in Fortran order
// (the first index runs fastest) in C order.
func cOrder(data []byte, shape []int, size int) []byte {
	out := make([]byte, len(data))
	strides, index := make([]int, len(shape)), make([]int, len(shape))
	for i, step := 0, size; i < len(shape); i++ {
		strides[i] = step
		step *= shape[i]
	}
	from := 0
	for to := 0; to < len(out); to += size {
		copy(out[to:to+size], data[from:])
		for i := len(shape) - 1; i >= 0; i-- {
			index[i]++
			from += strides[i]
			if index[i] < shape[i] {
				break
			}
			from -= strides[i] * shape[i]
			index[i] = 0
		}
	}
	return out
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
	return decodeAs[T](a.data), nil
}

// decodeAs reads little-endian elements.
func decodeAs[T any](data []byte) []T {
	var zero T
	out := make([]T, len(data)/binary.Size(zero))
	if _, err := binary.Decode(data, binary.LittleEndian, out); err != nil {
		panic("npy: " + err.Error()) // the length was checked, and every T has a fixed size
	}
	return out
}

// Int64s returns the elements of an array of bool (0 and 1) or of integers of
// any width, for input that people made with whichever integers numpy chose.
// It fails if a uint64 is too large for an int64.
func (a Array) Int64s() ([]int64, error) {
	if a.DType == Float32 || a.DType == Float64 {
		return nil, fmt.Errorf("npy: array of shape %v holds %s, want integers", a.Shape, a.DType)
	}
	switch a.DType {
	case Bool, Uint8:
		return widen(a.data), nil
	case Int8:
		return widen(decodeAs[int8](a.data)), nil
	case Int16:
		return widen(decodeAs[int16](a.data)), nil
	case Uint16:
		return widen(decodeAs[uint16](a.data)), nil
	case Int32:
		return widen(decodeAs[int32](a.data)), nil
	case Uint32:
		return widen(decodeAs[uint32](a.data)), nil
	case Uint64:
		values := decodeAs[uint64](a.data)
		for i, u := range values {
			if u > math.MaxInt64 {
				return nil, fmt.Errorf("npy: element %d is %d, more than an int64 holds", i, u)
			}
		}
		return widen(values), nil
	}
	return decodeAs[int64](a.data), nil
}

func widen[T int8 | uint8 | int16 | uint16 | int32 | uint32 | uint64](values []T) []int64 {
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}

// Float64s returns the elements of an array of float32 or float64, exactly.
func (a Array) Float64s() ([]float64, error) {
	switch a.DType {
	case Float64:
		return Values[float64](a)
	case Float32:
		v, err := Values[float32](a)
		out := make([]float64, len(v))
		for i, x := range v {
			out[i] = float64(x)
		}
		return out, err
	}
	return nil, fmt.Errorf("npy: array of shape %v holds %s, want float32 or float64", a.Shape, a.DType)
}

// Read returns the elements and the shape of the input of that name, a whole
// .npy file. The array must hold exactly type T and have the wanted shape,
// where −1 stands for any length. The elements of a uint8 array share the
// memory of the input. The error names the input.
func Read[T Element](inputs map[string][]byte, name string, want ...int) (values []T, shape []int, err error) {
	b, ok := inputs[name]
	if !ok {
		return nil, nil, fmt.Errorf("input %s is missing", name)
	}
	a, err := Decode(b)
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", name, err)
	}
	if !fits(a.Shape, want) {
		return nil, nil, fmt.Errorf("input %s has shape %v: want %s", name, a.Shape, strings.ReplaceAll(fmt.Sprint(want), "-1", "any"))
	}
	values, err = Values[T](a)
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", name, err)
	}
	return values, a.Shape, nil
}

func fits(shape, want []int) bool {
	if len(shape) != len(want) {
		return false
	}
	for i, n := range want {
		if n >= 0 && shape[i] != n {
			return false
		}
	}
	return true
}

// Rows returns the rows of the input of that name, a matrix of the wanted
// number of columns in a whole .npy file, as slices of one array. The error
// names the input.
func Rows[T Element](inputs map[string][]byte, name string, columns int) ([][]T, error) {
	values, shape, err := Read[T](inputs, name, -1, columns)
	if err != nil {
		return nil, err
	}
	rows := make([][]T, shape[0])
	for i := range rows {
		rows[i] = values[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return rows, nil
}
