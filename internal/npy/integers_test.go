package npy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// handmade is a file of version 1.0 with the given header and data.
func handmade(descr, shape, data string) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape)
	return []byte(magic + "\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + data)
}

func TestIntegers(t *testing.T) {
	tests := []struct {
		descr, data string
		want        []int64
	}{
		{"|i1", "\x00\x7f\x80", []int64{0, 127, -128}},
		{"|u1", "\x00\x7f\xff", []int64{0, 127, 255}},
		{"<i2", "\x01\x00\xff\x7f\xff\xff", []int64{1, 32767, -1}},
		{"<u2", "\x01\x00\xff\x7f\xff\xff", []int64{1, 32767, 65535}},
		{"<i4", "\x01\x00\x00\x00\x00\x01\x00\x00\xff\xff\xff\xff", []int64{1, 256, -1}},
		{"<u4", "\x01\x00\x00\x00\x00\x01\x00\x00\xff\xff\xff\xff", []int64{1, 256, 1<<32 - 1}},
		{"<u8", "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f", []int64{1, 256, 1<<63 - 1}},
		{"|b1", "\x00\x01\x00", []int64{0, 1, 0}},
	}
	for _, tt := range tests {
		shape, values, err := Integers(handmade(tt.descr, "(3,)", tt.data))
		if err != nil {
			t.Errorf("%s: %v", tt.descr, err)
		}
		if diff := cmp.Diff(tt.want, values); diff != "" || len(shape) != 1 || shape[0] != 3 {
			t.Errorf("%s: shape %v, values (-want +got):\n%s", tt.descr, shape, diff)
		}
	}
}

func TestIntegersErrors(t *testing.T) {
	tests := []struct{ name, descr, shape, data, want string }{
		{"floats", "<f8", "(1,)", "\x00\x00\x00\x00\x00\x00\x00\x00", "holds float64, want integers"},
		{"half floats", "<f2", "(1,)", "\x00\x00", `element type "<f2" is not supported`},
		{"too large", "<u8", "(1,)", "\xff\xff\xff\xff\xff\xff\xff\xff", "element 0 is 18446744073709551615"},
		{"truncated", "<i2", "(2,)", "\x00\x00\x00", "needs 4 bytes"},
		{"trailing", "<u4", "(1,)", "\x00\x00\x00\x00\x00", "needs 4 bytes"},
		{"big endian", ">i2", "(1,)", "\x00\x00", `">i2" is not supported`},
	}
	for _, tt := range tests {
		if _, _, err := Integers(handmade(tt.descr, tt.shape, tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want %q", tt.name, err, tt.want)
		}
	}
}
