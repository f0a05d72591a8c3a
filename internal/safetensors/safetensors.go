// Package safetensors reads and writes the safetensors format, in which
// trained networks are exchanged: an 8-byte length, a JSON header that names
// each tensor with its type, shape and place, and the values, little endian
// and in C order.
//
// Encode is canonical: the same metadata and the same tensors in the same
// order give the same bytes, namely those that the format's reference
// implementation writes when its own order (wider types first, then by name)
// is the given one. Decode checks every tensor: values without gaps or
// overlaps, sizes as the shapes say, nothing after the end. Tensors of every
// type of the format are listed; only the values of F16, BF16, F32 and F64 can be
// read, and of F32 and F64 written.
//
// The format is described at https://github.com/huggingface/safetensors.
package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// DType is the name of an element type, as it stands in the header.
type DType string

// The types whose values can be read.
const (
	F16  DType = "F16"
	BF16 DType = "BF16"
	F32  DType = "F32"
	F64  DType = "F64"
)

// bits holds the size of one element of each type that the format knows.
var bits = map[DType]int{
	"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8,
	"F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
	"C64": 64, "F64": 64, "I64": 64, "U64": 64,
}

// Tensor is one named array.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // lengths of the dimensions, the last runs fastest; empty for a single number
	Data  []byte // the values, little endian; shared with the decoded file
}

// Float64s returns the values of a tensor of floats in C order, exactly, and for
// any other an error that names it.
func (t Tensor) Float64s() ([]float64, error) {
	switch t.DType {
	case F16, BF16:
		values := make([]float64, len(t.Data)/2)
		for i := range values {
			bits := binary.LittleEndian.Uint16(t.Data[2*i:])
			if t.DType == BF16 {
				values[i] = float64(math.Float32frombits(uint32(bits) << 16))
			} else {
				values[i] = half(bits)
			}
		}
		return values, nil
	case F32:
		values := make([]float64, len(t.Data)/4)
		for i := range values {
			values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:])))
		}
		return values, nil
	case F64:
		values := make([]float64, len(t.Data)/8)
		_, err := binary.Decode(t.Data, binary.LittleEndian, values)
		return values, err
	}
	return nil, fmt.Errorf("safetensors: tensor %q of shape %v is %s: only F16, BF16, F32 and F64 can be read, convert it first", t.Name, t.Shape, t.DType)
}

// half is the value of an IEEE 754 half: a sign, 5 bits of exponent, 10 of fraction.
func half(bits uint16) float64 {
	fraction, exponent := float64(bits&0x3ff), int(bits>>10&0x1f)
	value := math.Ldexp(fraction, -24) // subnormal
	switch {
	case exponent == 0x1f && fraction == 0:
		value = math.Inf(1)
	case exponent == 0x1f:
		return math.NaN()
	case exponent > 0:
		value = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 == 1 {
		return -value
	}
	return value
}

// Float32Tensor returns an F32 tensor that holds a copy of values, in C order.
func Float32Tensor(name string, shape []int, values []float32) Tensor {
	return newTensor(name, F32, shape, values)
}

// Float64Tensor returns an F64 tensor that holds a copy of values, in C order.
func Float64Tensor(name string, shape []int, values []float64) Tensor {
	return newTensor(name, F64, shape, values)
}

// RowsTensor returns an F64 matrix of the given rows, each of that many values.
func RowsTensor(name string, rows [][]float64, width int) Tensor {
	return Float64Tensor(name, []int{len(rows), width}, slices.Concat(rows...))
}

// Rows returns the rows of the matrix of that name, as [RowsTensor] wrote them.
func (f *File) Rows(name string) ([][]float64, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	if len(t.Shape) != 2 {
		return nil, fmt.Errorf("safetensors: tensor %q has %d dimensions, want rows of a matrix", name, len(t.Shape))
	}
	values, err := t.Float64s()
	if err != nil {
		return nil, err
	}
	var rows [][]float64
	for at, width := 0, t.Shape[1]; at < len(values); at += width {
		rows = append(rows, values[at:at+width])
	}
	return rows, nil
}

func newTensor(name string, dtype DType, shape []int, values any) Tensor {
	data, err := binary.Append([]byte{}, binary.LittleEndian, values)
	if err != nil {
		panic("safetensors: " + err.Error()) // floats have a fixed size
	}
	return Tensor{Name: name, DType: dtype, Shape: shape, Data: data}
}

// File is a decoded file.
type File struct {
	Metadata map[string]string // nil if the file has none
	Tensors  []Tensor          // in the order of their values in the file
}

// Tensor finds a tensor by its name; the error names the tensors there are.
func (f *File) Tensor(name string) (Tensor, error) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, nil
		}
	}
	const show = 10
	names := make([]string, 0, show)
	for _, t := range f.Tensors[:min(len(f.Tensors), show)] {
		names = append(names, t.Name)
	}
	return Tensor{}, fmt.Errorf("safetensors: no tensor %q among the %d of the file (%q)", name, len(f.Tensors), names)
}

// size returns the bytes of a tensor of the given type and shape.
func size(dtype DType, shape []int) (int, error) {
	width, ok := bits[dtype]
	if !ok {
		return 0, fmt.Errorf("type %q is not one of the format", dtype)
	}
	n, empty := width, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		case d == 0:
			empty = true
		case n > math.MaxInt/d:
			return 0, fmt.Errorf("shape %v has too many values to count", shape)
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	if n%8 != 0 {
		return 0, fmt.Errorf("shape %v of %s does not fill whole bytes", shape, dtype)
	}
	return n / 8, nil
}
