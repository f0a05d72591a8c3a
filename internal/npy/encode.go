package npy

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const (
	magic = "\x93NUMPY"
	// align is the boundary on which the data begins.
	align = 64
	// growth is the room numpy leaves for the first dimension, so that an
	// array can be extended in place: its digits are padded to this many.
	growth = 21
)

// Encode returns the .npy file of the array with the given shape and data, in
// C order: the last index runs fastest. An empty shape is a single number. It
// panics if data does not have exactly the elements of the shape, which is a
// mistake in the caller.
func Encode[T Element](shape []int, data []T) []byte {
	dtype := TypeOf[T]()
	n, err := count(shape, dtype.Size())
	if err != nil {
		panic("npy.Encode: " + err.Error())
	}
	if n != len(data) {
		panic(fmt.Sprintf("npy.Encode: shape %v has %d elements, data has %d", shape, n, len(data)))
	}
	head := encodeHeader(dtype, shape)
	out := make([]byte, 0, len(head)+n*dtype.Size())
	out = append(out, head...)
	out, err = binary.Append(out, binary.LittleEndian, data)
	if err != nil {
		panic("npy.Encode: " + err.Error()) // every Element has a fixed size
	}
	return out
}

// encodeHeader returns everything before the data, byte for byte as numpy writes it.
func encodeHeader(dtype DType, shape []int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "{'descr': '%s', 'fortran_order': False, 'shape': (", dtypes[dtype].descr)
	for i, d := range shape {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(d))
	}
	if len(shape) == 1 {
		b.WriteByte(',')
	}
	b.WriteString("), }")
	if len(shape) > 0 {
		b.WriteString(strings.Repeat(" ", growth-len(strconv.Itoa(shape[0]))))
	}
	// At least one space stays before the newline: numpy pads by 1 to 64.
	before := len(magic) + 4
	length := b.Len() + 1
	b.WriteString(strings.Repeat(" ", align-(before+length)%align))
	b.WriteByte('\n')

	out := make([]byte, 0, before+b.Len())
	out = append(out, magic...)
	out = append(out, 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(b.Len()))
	return append(out, b.String()...)
}
