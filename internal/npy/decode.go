package npy

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
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
	dtype, err := parseDescr(*h.Descr)
	if err != nil {
		return Array{}, err
	}
	if *h.Fortran && len(h.Shape) > 1 {
		return Array{}, errors.New("array is in Fortran order: save it as numpy.ascontiguousarray(array)")
	}
	n, err := count(h.Shape, dtype.Size())
	if err != nil {
		return Array{}, err
	}
	if want := n * dtype.Size(); len(data) < want {
		return Array{}, fmt.Errorf("file is truncated: shape %v of %s needs %d bytes after the header, %d are there", h.Shape, dtype, want, len(data))
	} else if len(data) > want {
		return Array{}, fmt.Errorf("%d trailing bytes after the %d bytes of shape %v of %s", len(data)-want, want, h.Shape, dtype)
	}
	if dtype == Bool {
		for i, v := range data {
			if v > 1 {
				return Array{}, fmt.Errorf("element %d of a bool array is %d, neither 0 nor 1", i, v)
			}
		}
	}
	return Array{Shape: h.Shape, DType: dtype, data: data[:len(data):len(data)]}, nil
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

// header is what the dictionary in front of the data says.
type header struct {
	Descr   *string `json:"descr"`
	Fortran *bool   `json:"fortran_order"`
	Shape   []int   `json:"shape"`
}

// Python's literals, apart from trailing commas, become JSON by replacing
// these. Nothing that numpy writes has them inside of a string.
var (
	pythonToJSON  = strings.NewReplacer("'", `"`, "(", "[", ")", "]", "True", "true", "False", "false")
	trailingComma = regexp.MustCompile(`,\s*([\]}])`)
)

// parseHeader reads the Python dictionary of a header. It knows the literals
// that numpy writes there (strings, True, False, tuples of whole numbers) and
// refuses all others, structured types among them.
func parseHeader(text string) (h header, err error) {
	text = trailingComma.ReplaceAllString(pythonToJSON.Replace(text), "$1")
	var structured struct {
		Descr []json.RawMessage `json:"descr"`
	}
	if json.Unmarshal([]byte(text), &structured) == nil && structured.Descr != nil {
		return h, errors.New("structured arrays are not supported: save each field as an array of its own")
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return h, fmt.Errorf("not a dictionary of descr, fortran_order and shape: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return h, errors.New("unexpected text after the closing brace")
	}
	switch {
	case h.Descr == nil:
		return h, errors.New(`field "descr" is missing`)
	case h.Fortran == nil:
		return h, errors.New(`field "fortran_order" is missing`)
	case h.Shape == nil:
		return h, errors.New(`field "shape" is missing`)
	}
	return h, nil
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

// Int64s returns the elements of an array of bool (0 and 1) or of integers of
// any width, for input that people made with whichever integers numpy chose.
// It fails if a uint64 is too large for an int64.
func (a Array) Int64s() ([]int64, error) {
	if a.DType == Float32 || a.DType == Float64 {
		return nil, fmt.Errorf("npy: array of shape %v holds %s, want integers", a.Shape, a.DType)
	}
	size := a.DType.Size()
	out := make([]int64, a.Len())
	for i := range out {
		switch at := a.data[i*size:]; a.DType {
		case Bool, Uint8:
			out[i] = int64(at[0])
		case Int8:
			out[i] = int64(int8(at[0]))
		case Int16:
			out[i] = int64(int16(binary.LittleEndian.Uint16(at)))
		case Uint16:
			out[i] = int64(binary.LittleEndian.Uint16(at))
		case Int32:
			out[i] = int64(int32(binary.LittleEndian.Uint32(at)))
		case Uint32:
			out[i] = int64(binary.LittleEndian.Uint32(at))
		case Int64:
			out[i] = int64(binary.LittleEndian.Uint64(at))
		case Uint64:
			u := binary.LittleEndian.Uint64(at)
			if u > math.MaxInt64 {
				return nil, fmt.Errorf("npy: element %d is %d, more than an int64 holds", i, u)
			}
			out[i] = int64(u)
		}
	}
	return out, nil
}

// Integers reads a whole .npy file of integers, as [Array.Int64s] does, and
// returns its shape too.
func Integers(b []byte) (shape []int, values []int64, err error) {
	a, err := Decode(b)
	if err == nil {
		values, err = a.Int64s()
	}
	return a.Shape, values, err
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
