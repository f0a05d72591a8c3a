package npy

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Integers reads a whole .npy file of whole numbers of any width, signed or
// not, or of bool (0 and 1), for input that people made with whichever
// integers numpy chose. It returns the shape and the values in C order.
func Integers(b []byte) (shape []int, values []int64, err error) {
	a, err := Decode(b)
	if err == nil {
		values, err = a.Int64s()
		return a.Shape, values, err
	}
	text, data, splitErr := split(b)
	if splitErr != nil {
		return nil, nil, err
	}
	h, headerErr := parseHeader(text)
	if headerErr != nil {
		return nil, nil, err
	}
	width, signed := 0, false
	switch h.descr {
	case "|i1", "<i1", "=i1":
		width, signed = 1, true
	case "<i2":
		width, signed = 2, true
	case "<u2":
		width = 2
	case "<u4":
		width = 4
	case "<u8":
		width = 8
	default:
		return nil, nil, err
	}
	if h.fortran && len(h.shape) > 1 {
		return nil, nil, fmt.Errorf("npy: array is in Fortran order: save it as numpy.ascontiguousarray(array)")
	}
	n, err := count(h.shape, width)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	if len(data) != n*width {
		return nil, nil, fmt.Errorf("npy: shape %v of %d-byte integers needs %d bytes after the header, %d are there", h.shape, width, n*width, len(data))
	}
	values = make([]int64, n)
	for i := range values {
		at := data[i*width:]
		switch {
		case width == 1:
			values[i] = int64(int8(at[0]))
		case width == 2 && signed:
			values[i] = int64(int16(binary.LittleEndian.Uint16(at)))
		case width == 2:
			values[i] = int64(binary.LittleEndian.Uint16(at))
		case width == 4:
			values[i] = int64(binary.LittleEndian.Uint32(at))
		default:
			u := binary.LittleEndian.Uint64(at)
			if u > math.MaxInt64 {
				return nil, nil, fmt.Errorf("npy: element %d is %d, more than an int64 holds", i, u)
			}
			values[i] = int64(u)
		}
	}
	return h.shape, values, nil
}
