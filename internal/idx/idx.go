// Package idx reads IDX files of unsigned bytes, the format of the MNIST
// family: two zero bytes, the element type, the number of dimensions, each
// dimension as a big-endian uint32, and the elements in C order. It is
// described with the data set at http://yann.lecun.com/exdb/mnist/.
package idx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

const (
	// ubyte is the code of the only element type that is read.
	ubyte = 0x08
	// maxDims bounds the dimensions; the data sets have one or three.
	maxDims = 8
)

// types names the other element types of the format, for the error.
var types = map[byte]string{0x09: "int8", 0x0b: "int16", 0x0c: "int32", 0x0d: "float32", 0x0e: "float64"}

// Array is the content of a file. The first dimension counts objects.
type Array struct {
	Dims []int  // at least one dimension; the last runs fastest
	Data []byte // one byte per element; shared with the decoded file
}

// Decode reads a whole, uncompressed file: its length must be exactly what
// its dimensions say. The array shares b's memory.
func Decode(b []byte) (Array, error) {
	a, err := decode(b)
	if err != nil {
		return Array{}, fmt.Errorf("idx: %w", err)
	}
	return a, nil
}

func decode(b []byte) (Array, error) {
	if len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b {
		return Array{}, errors.New("file is compressed with gzip: decompress it first")
	}
	if len(b) < 4 {
		return Array{}, fmt.Errorf("file of %d bytes is truncated in its magic number", len(b))
	}
	if b[0] != 0 || b[1] != 0 {
		return Array{}, fmt.Errorf("not an IDX file: it begins with % x, not with two zero bytes", b[:4])
	}
	if b[2] != ubyte {
		if name, ok := types[b[2]]; ok {
			return Array{}, fmt.Errorf("elements are %s, only unsigned bytes are supported", name)
		}
		return Array{}, fmt.Errorf("not an IDX file: element type 0x%02x is unknown", b[2])
	}
	dims := int(b[3])
	if dims < 1 || dims > maxDims {
		return Array{}, fmt.Errorf("%d dimensions, want 1 to %d", dims, maxDims)
	}
	b = b[4:]
	if len(b) < 4*dims {
		return Array{}, fmt.Errorf("file is truncated in its %d dimensions", dims)
	}
	a := Array{Dims: make([]int, dims), Data: b[4*dims:]}
	// The product without zeros is bounded too, so that ObjectSize, the product
	// of some dimensions, cannot overflow.
	n, bound := uint64(1), uint64(1)
	for i := range a.Dims {
		d := uint64(binary.BigEndian.Uint32(b[4*i:]))
		if d > math.MaxInt32 || bound > math.MaxInt/max(d, 1) {
			return Array{}, fmt.Errorf("dimension %d, %d, is too large", i, d)
		}
		a.Dims[i] = int(d)
		n *= d
		bound *= max(d, 1)
	}
	if have := uint64(len(a.Data)); have < n {
		return Array{}, fmt.Errorf("file is truncated: dimensions %v need %d bytes, %d are there", a.Dims, n, have)
	} else if have > n {
		return Array{}, fmt.Errorf("%d trailing bytes after the %d of dimensions %v", have-n, n, a.Dims)
	}
	return a, nil
}

// ObjectSize returns the bytes of one object: the product of all dimensions
// except the first.
func (a Array) ObjectSize() int {
	size := 1
	for _, d := range a.Dims[1:] {
		size *= d
	}
	return size
}

// First returns the array of the first n objects, which shares a's memory. It
// is an error if there are fewer.
func (a Array) First(n int) (Array, error) {
	if n < 0 || n > a.Dims[0] {
		return Array{}, fmt.Errorf("idx: want the first %d objects, the file has %d", n, a.Dims[0])
	}
	dims := append([]int{n}, a.Dims[1:]...)
	end := n * a.ObjectSize()
	return Array{Dims: dims, Data: a.Data[:end:end]}, nil
}
