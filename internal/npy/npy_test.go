package npy

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check decodes what numpy wrote, compares it, and expects Encode to write
// the same bytes.
func check[T Element](t *testing.T, name string, shape []int, want []T) {
	t.Run(name, func(t *testing.T) {
		file := read(t, name)
		a, err := Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shape, a.Shape); diff != "" {
			t.Errorf("shape (-want +got):\n%s", diff)
		}
		got, err := Values[T](a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("values (-want +got):\n%s", diff)
		}
		if a.Len() != len(want) {
			t.Errorf("Len = %d, want %d", a.Len(), len(want))
		}
		if file[6] == 1 && !bytes.Equal(Encode(shape, want), file) {
			t.Errorf("Encode does not write numpy's bytes:\n%q\n%q", Encode(shape, want), file)
		}
	})
}

func TestAgainstNumpy(t *testing.T) {
	negativeZero := math.Copysign(0, -1)
	check(t, "uint8", []int{2, 3}, []uint8{0, 1, 2, 3, 254, 255})
	check(t, "int32", []int{4}, []int32{math.MinInt32, -1, 0, math.MaxInt32})
	check(t, "int64", []int{4}, []int64{math.MinInt64, -1, 0, math.MaxInt64})
	check(t, "float32", []int{6}, []float32{0.1, float32(negativeZero), float32(math.Inf(1)), float32(math.Inf(-1)), math.SmallestNonzeroFloat32, math.MaxFloat32})
	check(t, "float64", []int{6}, []float64{0.1, negativeZero, math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64, math.MaxFloat64})
	check(t, "scalar", []int{}, []float64{2.5})
	check(t, "empty", []int{0, 784}, []uint8{})
	check(t, "cube", []int{2, 3, 4}, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23})
	check(t, "v2", []int{2}, []float64{1.5, 2.5})
	check(t, "v3", []int{2}, []float64{1.5, 2.5})
}

func TestWidening(t *testing.T) {
	for _, c := range []struct {
		name   string
		ints   []int64
		floats []float64
	}{
		{"bool", []int64{1, 0, 1}, nil},
		{"uint8", []int64{0, 1, 2, 3, 254, 255}, nil},
		{"int32", []int64{math.MinInt32, -1, 0, math.MaxInt32}, nil},
		{"int64", []int64{math.MinInt64, -1, 0, math.MaxInt64}, nil},
		{"float64", nil, []float64{0.1, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64, math.MaxFloat64}},
		{"float32", nil, []float64{float64(float32(0.1)), math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat32, math.MaxFloat32}},
	} {
		a, err := Decode(read(t, c.name))
		if err != nil {
			t.Fatal(err)
		}
		ints, intErr := a.Int64s()
		floats, floatErr := a.Float64s()
		if diff := cmp.Diff(c.ints, ints); diff != "" {
			t.Errorf("%s: Int64s (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.floats, floats); diff != "" {
			t.Errorf("%s: Float64s (-want +got):\n%s", c.name, diff)
		}
		if (intErr == nil) == (floatErr == nil) {
			t.Errorf("%s: exactly one of the two must fail, have %v and %v", c.name, intErr, floatErr)
		}
	}
}

func TestValuesNamesBothTypes(t *testing.T) {
	a, err := Decode(read(t, "cube"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Values[float32](a)
	if err == nil || !strings.Contains(err.Error(), "holds int64, want float32") {
		t.Errorf("error = %v", err)
	}
}

// file builds a file with any header, of version 1.0.
func file(header, data string) string {
	return magic + "\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + data
}

func TestDecodeErrors(t *testing.T) {
	const descr = "{'descr': '<f8', 'fortran_order': False, 'shape': "
	for _, c := range []struct{ name, file, want string }{
		{"structured", string(read(t, "structured")), "structured arrays"},
		{"half", string(read(t, "half")), `element type "<f2" is not supported`},
		{"nothing", "", "not a .npy file"},
		{"png", "\x89PNG\r\n\x1a\n", "not a .npy file"},
		{"version", magic + "\x04\x00", "version 4.0 is not known"},
		{"length", magic + "\x01\x00\x10", "length of its header"},
		{"long header", magic + "\x02\x00\xff\xff\xff\xff", "longer than the limit"},
		{"cut header", magic + "\x01\x00\x10\x00{", "truncated in its header: 1 of 16"},
		{"truncated", string(read(t, "float64")[:128+40]), "needs 48 bytes after the header, 40 are there"},
		{"trailing", string(read(t, "float64")) + "x", "1 trailing bytes"},
		{"negative", file(descr+"(-1,)}", ""), "negative dimension"},
		{"overflow", file(descr+"(4294967296, 4294967296)}", ""), "too many to count"},
		{"overflow by the element size", file(descr+"(2305843009213693952,)}", ""), "too many to count"},
		{"large", file(descr+"(99999999999999999999,)}", ""), `found "99999999999999999999", want a whole number`},
		{"not a tuple", file(descr+"3}", ""), `key "shape": found "3}", want "("`},
		{"no comma between", file(descr+"(3 4)}", ""), `found "4)}", want ")"`},
		{"dimensions", file(descr+"("+strings.Repeat("1,", 65)+")}", "12345678"), "65 dimensions, more than 64"},
		{"missing", file("{'descr': '<f8', 'shape': ()}", ""), `key "fortran_order" is missing`},
		{"unknown", file("{'order': True}", ""), `key "order": it is not one of`},
		{"boolean", file("{'fortran_order': 0}", ""), `found "0}", want "False"`},
		{"open", file("{'descr': '<f8'", ""), `ends where "}" should follow`},
		{"after", file(descr+"()} x", "12345678"), "after the closing brace"},
		{"escape", file(`{'de\x73cr': '<f8'}`, ""), "want a string without escapes"},
		{"bool", file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", "\x01\x02"), "element 1 of a bool array is 2"},
	} {
		_, err := Decode([]byte(c.file))
		if err == nil || !strings.HasPrefix(err.Error(), "npy: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not hold %q", c.name, err, c.want)
		}
	}
}

func TestDecodeLenient(t *testing.T) {
	for _, header := range []string{
		`{"shape":(2,),"descr":"<f4","fortran_order":True}`,
		"{ 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , ) , } \n",
		"{u'descr': u'<f4', u\"fortran_order\": False, 'shape': (2L,), }",
	} {
		a, err := Decode([]byte(file(header, "\x00\x00\x80\x3f\x00\x00\x00\x40")))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Values[float32](a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]float32{1, 2}, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", header, diff)
		}
	}
}

// TestOtherOrders: what numpy saved in big-endian or Fortran order, and what
// other versions of numpy write in headers, is the same array.
func TestOtherOrders(t *testing.T) {
	values := func(b []byte) ([]int, []float64) {
		t.Helper()
		a, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Values[float64](a)
		if err != nil {
			t.Fatal(err)
		}
		return a.Shape, v
	}
	const data = "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40" // 1, 2
	for _, c := range []struct {
		file  []byte
		shape []int
		want  []float64
	}{
		{read(t, "bigendian"), []int{3}, []float64{0, 1, 2}},
		{read(t, "fortran"), []int{2, 3}, []float64{0, 1, 2, 3, 4, 5}},
		{handmade("=f8", "(2L,)", data), []int{2}, []float64{1, 2}},
		{handmade("f8", "(2L, 1L)", data), []int{2, 1}, []float64{1, 2}},
		{handmade("float64", "[2]", data), []int{2}, []float64{1, 2}},
		{handmade("d", "(1,2)", data), []int{1, 2}, []float64{1, 2}},
		{handmade("|f8", "(2,)", data), []int{2}, []float64{1, 2}},
		{handmade(">f8", "(1,)", "\x3f\xf0\x00\x00\x00\x00\x00\x00"), []int{1}, []float64{1}},
	} {
		shape, got := values(c.file)
		if diff := cmp.Diff(c.shape, shape) + cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%.80q: (-want +got):\n%s", c.file, diff)
		}
	}
	cube := bytes.Replace(Encode([]int{2, 3, 4}, []uint8{ // the value at (i, j, k) is its place in C order
		0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23,
	}), []byte("'fortran_order': False"), []byte("'fortran_order': True "), 1)
	a, err := Decode(cube)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range a.data {
		if int(v) != i {
			t.Fatalf("in C order the cube is %v", a.data)
		}
	}
}

func TestHeaderAlignment(t *testing.T) {
	for dims := range 40 {
		shape := make([]int, dims)
		for i := range shape {
			shape[i] = 1
		}
		b := Encode(shape, []float64{1})
		if (len(b)-8)%align != 0 {
			t.Errorf("%d dimensions: data begins at %d", dims, len(b)-8)
		}
		if _, err := Decode(b); err != nil {
			t.Errorf("%d dimensions: %v", dims, err)
		}
	}
}

func TestEncodePanics(t *testing.T) {
	for _, shape := range [][]int{{3}, {-1}, {math.MaxInt, 2}, make([]int, 65)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("shape %v of two elements: no panic", shape)
				}
			}()
			Encode(shape, []int64{1, 2})
		}()
	}
}

func TestDTypeString(t *testing.T) {
	if got := Float32.String() + " " + DType(99).String(); got != "float32 DType(99)" {
		t.Error(got)
	}
	if Float32.Size() != 4 || DType(0).Size() != 0 || DType(99).Size() != 0 {
		t.Error("sizes")
	}
}

// handmade is a file of version 1.0 with the given header and data.
func handmade(descr, shape, data string) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape)
	return []byte(magic + "\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + data)
}

func integers(b []byte) ([]int, []int64, error) {
	a, err := Decode(b)
	if err != nil {
		return nil, nil, err
	}
	values, err := a.Int64s()
	return a.Shape, values, err
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
		{">i2", "\x00\x01\x7f\xff\xff\xfe", []int64{1, 32767, -2}},
		{">u4", "\x00\x00\x00\x01\x00\x00\x01\x00\xff\xff\xff\xff", []int64{1, 256, 1<<32 - 1}},
		{"=i2", "\x01\x00\xff\x7f\xff\xff", []int64{1, 32767, -1}},
		{"i2", "\x01\x00\xff\x7f\xff\xff", []int64{1, 32767, -1}},
		{"uint16", "\x01\x00\xff\x7f\xff\xff", []int64{1, 32767, 65535}},
		{"bool", "\x00\x01\x00", []int64{0, 1, 0}},
		{"B", "\x00\x7f\xff", []int64{0, 127, 255}},
		{"=u1", "\x00\x7f\xff", []int64{0, 127, 255}},
	}
	for _, tt := range tests {
		shape, values, err := integers(handmade(tt.descr, "(3,)", tt.data))
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
		{"trailing", "<u4", "(1,)", "\x00\x00\x00\x00\x00", "1 trailing bytes"},
	}
	for _, tt := range tests {
		if _, _, err := integers(handmade(tt.descr, tt.shape, tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestRead(t *testing.T) {
	inputs := map[string][]byte{"m": Encode([]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}), "bad": []byte("x")}
	values, shape, err := Read[float64](inputs, "m", -1, 3)
	if err != nil || len(values) != 6 || cmp.Diff([]int{2, 3}, shape) != "" {
		t.Errorf("values %v of shape %v, %v", values, shape, err)
	}
	rows, err := Rows[float64](inputs, "m", 3)
	if diff := cmp.Diff([][]float64{{1, 2, 3}, {4, 5, 6}}, rows); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	for want, read := range map[string]func() error{
		"input n is missing":                    func() error { _, _, err := Read[float64](inputs, "n"); return err },
		"input bad: npy: ":                      func() error { _, err := Rows[float64](inputs, "bad", 3); return err },
		"input m has shape [2 3]: want [any 4]": func() error { _, err := Rows[float64](inputs, "m", 4); return err },
		"input m has shape [2 3]: want [6]":     func() error { _, _, err := Read[float64](inputs, "m", 6); return err },
		"holds float64, want float32":           func() error { _, err := Rows[float32](inputs, "m", 3); return err },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// FuzzDecode: whatever decodes has as many elements as its shape, and encodes
// to a canonical file that decodes to the same array.
func FuzzDecode(f *testing.F) {
	names, err := filepath.Glob("testdata/*.npy")
	if err != nil || len(names) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Decode(b)
		if err != nil {
			return
		}
		switch a.DType {
		case Bool, Int8, Int16, Uint16, Uint32:
			if v, err := a.Int64s(); err != nil || len(v) != a.Len() {
				t.Fatal(len(v), err)
			}
		case Uint64:
			if v, err := a.Int64s(); err == nil && len(v) != a.Len() {
				t.Fatal(len(v), a.Len())
			}
		case Uint8:
			again[uint8](t, a)
		case Int32:
			again[int32](t, a)
		case Int64:
			again[int64](t, a)
		case Float32:
			again[float32](t, a)
		case Float64:
			again[float64](t, a)
		default:
			t.Fatalf("type %v", a.DType)
		}
	})
}

func again[T Element](t *testing.T, a Array) {
	v, err := Values[T](a)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Decode(Encode(a.Shape, v))
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(a.Shape, b.Shape) || a.DType != b.DType || !bytes.Equal(a.data, b.data) {
		t.Fatalf("%v %v became %v %v", a.DType, a.Shape, b.DType, b.Shape)
	}
}
