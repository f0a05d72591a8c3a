// Package npy reads and writes the .npy array format of numpy.
//
// Encode is canonical: the same shape and values give the same bytes, which
// are the bytes that numpy's own save writes (format 1.0, little endian, C
// order, header padded to 64 bytes), so arrays can be named by their digest
// and opened with numpy.load.
//
// Decode reads what numpy reads of the element types below, in versions 1.0,
// 2.0 and 3.0, in either byte order and in C or Fortran order. It refuses other
// element types and structured arrays by name. All of its errors name the
// fault and, where numpy can repair the array, how.
//
// The format is described in numpy's documentation under numpy.lib.format.
package npy

import (
	"fmt"
	"math"
)

// DType is the type of an array's elements.
type DType uint8

// The element types. Those that [Element] does not list can only be decoded,
// by [Array.Int64s]. An element of Bool is one byte, 0 or 1.
const (
	Bool DType = iota + 1
	Int8
	Uint8
	Int16
	Uint16
	Int32
	Uint32
	Int64
	Uint64
	Float32
	Float64
)

// dtypes gives for each DType its name in Go, the descr that numpy writes
// on a little-endian machine, and the bytes of one element.
var dtypes = [...]struct {
	name, descr string
	size        int
}{
	Bool:    {"bool", "|b1", 1},
	Int8:    {"int8", "|i1", 1},
	Uint8:   {"uint8", "|u1", 1},
	Int16:   {"int16", "<i2", 2},
	Uint16:  {"uint16", "<u2", 2},
	Int32:   {"int32", "<i4", 4},
	Uint32:  {"uint32", "<u4", 4},
	Int64:   {"int64", "<i8", 8},
	Uint64:  {"uint64", "<u8", 8},
	Float32: {"float32", "<f4", 4},
	Float64: {"float64", "<f8", 8},
}

// String returns the name of the type, such as "float32".
func (d DType) String() string {
	if int(d) < len(dtypes) && dtypes[d].size != 0 {
		return dtypes[d].name
	}
	return fmt.Sprintf("DType(%d)", uint8(d))
}

// Size returns the bytes of one element, or 0 for an invalid type.
func (d DType) Size() int {
	if int(d) < len(dtypes) {
		return dtypes[d].size
	}
	return 0
}

// Element lists the Go types of elements that [Encode] writes and [Values] reads.
type Element interface {
	uint8 | int32 | int64 | float32 | float64
}

// TypeOf returns the DType of T.
func TypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case uint8:
		return Uint8
	case int32:
		return Int32
	case int64:
		return Int64
	case float32:
		return Float32
	default:
		return Float64
	}
}

// maxDims is numpy's own limit on the number of dimensions.
const maxDims = 64

// count returns the number of elements of an array of the given shape, and
// an error for a negative dimension, too many of them, or more elements of
// size bytes than an int can count in bytes.
func count(shape []int, size int) (int, error) {
	if len(shape) > maxDims {
		return 0, fmt.Errorf("shape has %d dimensions, more than %d", len(shape), maxDims)
	}
	n, empty := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		case d == 0:
			empty = true
		case n > math.MaxInt/size/d:
			return 0, fmt.Errorf("shape %v: its %d-byte elements are too many to count in bytes", shape, size)
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}
