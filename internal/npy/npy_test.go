package npy

import (
	"bytes"
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
		{"big endian", string(read(t, "bigendian")), "is big endian (>f8): save it as array.astype('<f8')"},
		{"fortran", string(read(t, "fortran")), "Fortran order"},
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
		{"negative", file(descr+"(-1,)}", ""), "want a dimension"},
		{"overflow", file(descr+"(4294967296, 4294967296)}", ""), "too many to count"},
		{"overflow by the element size", file(descr+"(2305843009213693952,)}", ""), "too many to count"},
		{"large", file(descr+"(99999999999999999999,)}", ""), "is too large"},
		{"not a tuple", file(descr+"3}", ""), "want '('"},
		{"no comma", file(descr+"(3)}", ""), "needs a comma"},
		{"no comma between", file(descr+"(3 4)}", ""), "want a comma"},
		{"dimensions", file(descr+"("+strings.Repeat("1,", 65)+")}", "12345678"), "more than 64 dimensions"},
		{"missing", file("{'descr': '<f8', 'shape': ()}", ""), `"fortran_order" is missing`},
		{"twice", file("{'descr': '<f8', 'descr': '<f4'}", ""), `"descr" is there twice`},
		{"unknown", file("{'order': True}", ""), `field "order": not one of`},
		{"boolean", file("{'fortran_order': 0}", ""), "want True or False"},
		{"open", file("{'descr': '<f8'", ""), "want '}'"},
		{"after", file(descr+"()} x", "12345678"), "after the closing brace"},
		{"escape", file(`{'de\x73cr': '<f8'}`, ""), "malformed string"},
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
	if got := Float32.String() + " " + DType(9).String(); got != "float32 DType(9)" {
		t.Error(got)
	}
	if Float32.Size() != 4 || DType(0).Size() != 0 || DType(9).Size() != 0 {
		t.Error("sizes")
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
		case Bool:
			if v, err := a.Int64s(); err != nil || len(v) != a.Len() {
				t.Fatal(len(v), err)
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
