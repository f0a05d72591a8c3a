package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAgainstReference(t *testing.T) {
	file := read(t, "reference")
	got, err := Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Metadata: map[string]string{"format": "np"},
		Tensors: []Tensor{
			Float64Tensor("double", []int{2, 2}, []float64{0.1, math.Copysign(0, -1), math.Inf(1), 5e-324}),
			Float32Tensor("layers.0.weight", []int{2, 3}, []float32{0, 1. / 3, 2. / 3, 1, 4. / 3, 5. / 3}),
			Float32Tensor("layers.1.weight", []int{1, 1}, []float32{-1.5}),
			Float32Tensor("scalar", []int{}, []float32{2.5}),
			Float32Tensor("void", []int{0, 4}, nil),
			Float32Tensor("w \"quoted\" \\ ü \u2028 <&> \x01\n", []int{1}, []float32{1}),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, err := Encode(got.Metadata, got.Tensors...)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, file) {
		t.Errorf("Encode does not write the reference's bytes:\n%q\n%q", again, file)
	}
}

func TestValues(t *testing.T) {
	f, err := Decode(read(t, "reference"))
	if err != nil {
		t.Fatal(err)
	}
	single, err := f.Tensor("layers.0.weight")
	if err != nil {
		t.Fatal(err)
	}
	v64, err := single.Float64s()
	if diff := cmp.Diff([]float64{0, float64(float32(1. / 3)), float64(float32(2. / 3)), 1, float64(float32(4. / 3)), float64(float32(5. / 3))}, v64); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	double, err := f.Tensor("double")
	if err != nil {
		t.Fatal(err)
	}
	v64, err = double.Float64s()
	if diff := cmp.Diff([]float64{0.1, math.Copysign(0, -1), math.Inf(1), 5e-324}, v64); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if _, err := f.Tensor("layers.2.weight"); err == nil || !strings.Contains(err.Error(), `no tensor "layers.2.weight" among the 6`) {
		t.Errorf("error %v", err)
	}
}

// Types other than floats are listed, and refused when their values are asked for.
func TestOtherTypes(t *testing.T) {
	f, err := Decode(read(t, "mixed"))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]DType{}
	for _, tensor := range f.Tensors {
		types[tensor.Name] = tensor.DType
	}
	if diff := cmp.Diff(map[string]DType{"half": "F16", "labels": "I64", "mask": "BOOL", "weight": "F32"}, types); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	labels, err := f.Tensor("labels")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := labels.Float64s(); err == nil || !strings.Contains(err.Error(), "is I64: only F16, BF16, F32 and F64 can be read") {
		t.Errorf("error %v", err)
	}
}

// TestHalves: the values of 16 bits, among them the largest, the least normal and
// the least subnormal number.
func TestHalves(t *testing.T) {
	for _, c := range []struct {
		dtype DType
		bits  []uint16
		want  []float64
	}{
		{F16, []uint16{0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x83ff, 0x3555, 0x7c00, 0x8000}, []float64{1, -2, 65504, 0x1p-14, 0x1p-24, -1023 * 0x1p-24, 0x1.554p-2, math.Inf(1), 0}},
		{BF16, []uint16{0x3f80, 0xc000, 0x7f7f, 0x0080, 0x0001, 0x3eab, 0xff80}, []float64{1, -2, 0x1.fep127, 0x1p-126, 0x1p-133, 0x1.56p-2, math.Inf(-1)}},
	} {
		var data []byte
		for _, b := range c.bits {
			data = binary.LittleEndian.AppendUint16(data, b)
		}
		got, err := Tensor{DType: c.dtype, Shape: []int{len(c.bits)}, Data: data}.Float64s()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if got[i] != want {
				t.Errorf("%s %#04x is %v, want %v", c.dtype, c.bits[i], got[i], want)
			}
		}
	}
	for dtype, bits := range map[DType]uint16{F16: 0x7e00, BF16: 0x7fc0} {
		got, err := Tensor{DType: dtype, Shape: []int{1}, Data: binary.LittleEndian.AppendUint16(nil, bits)}.Float64s()
		if err != nil || !math.IsNaN(got[0]) {
			t.Errorf("%s %#04x is %v, %v", dtype, bits, got, err)
		}
	}
}

// file builds a file with any header and any number of zero bytes as data.
func file(header string, data int) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return string(b) + header + strings.Repeat("\x00", data)
}

// TestRows reads back what RowsTensor wrote, also where there are no rows.
func TestRows(t *testing.T) {
	want := [][]float64{{1, 2, 3}, {4, 5, 6}}
	b, err := Encode(nil, RowsTensor("rows", want, 3), RowsTensor("none", nil, 3), Float64Tensor("vector", []int{2}, []float64{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Rows("rows"); err != nil || !cmp.Equal(got, want) {
		t.Errorf("rows: %v, %v, want %v", got, err, want)
	}
	if got, err := f.Rows("none"); err != nil || len(got) != 0 {
		t.Errorf("none: %v, %v", got, err)
	}
	for _, name := range []string{"vector", "missing"} {
		if got, err := f.Rows(name); err == nil {
			t.Errorf("%s: %v, want an error", name, got)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	const good = `{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for _, c := range []struct{ name, file, want string }{
		{"short", "1234567", "truncated in the length"},
		{"long header", "\xff\xff\xff\xff\xff\xff\xff\xff{", "does not begin with the length of a header"},
		{"many tensors", file(strings.Repeat("{", maxHeader+1), 0), "longer than the limit of 4194304"},
		{"dimensions", file(`{"a":{"dtype":"F32","shape":[1`+strings.Repeat(",1", 100_000)+`],"data_offsets":[0,4]}}`, 4), "100001 dimensions, at most 64"},
		{"long name", file(`{"`+strings.Repeat("a", 100_000)+`":3}`, 0), "…"},
		{"cut header", file(`{}`, 0)[:9], "truncated in its header: 1 of 2"},
		{"no header", file("", 0), "its header does not begin with a brace"},
		{"array", file("[]", 0), "its header does not begin with a brace"},
		{"leading space", file(" {}", 0), "its header does not begin with a brace"},
		{"utf8", file("{\"\xff\":1}", 0), "not UTF-8"},
		{"open", file(`{"a":`+good, 8), "unexpected end"},
		{"after", file(`{"a":`+good+`}{}`, 8), "after top-level value"},
		{"newline after", file(`{"a":`+good+"}\n", 8), "does not end with its closing brace"},
		{"twice", file(`{"a":`+good+`,"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), "a gap of 8 bytes"},
		{"twice by escape", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"\u0061":`+good+`}`, 12), "4 trailing bytes"},
		{"unknown field", file(`{"a":{"type":"F32"}}`, 8), `unknown field "type"`},
		{"missing field", file(`{"a":{"dtype":"F32","shape":[]}}`, 8), `"data_offsets" has 0 numbers`},
		{"no object", file(`{"a":3}`, 0), "cannot unmarshal number"},
		{"metadata", file(`{"__metadata__":{"a":1}}`, 0), "is not an object of strings"},
		{"metadata is null", file(`{"__metadata__":null}`, 0), "is not an object of strings"},
		{"negative", file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), "negative dimension"},
		{"fraction", file(`{"a":{"shape":[1.0]}}`, 0), "cannot unmarshal number 1.0"},
		{"exponent", file(`{"a":{"shape":[1e3]}}`, 0), "cannot unmarshal number 1e3"},
		{"huge", file(`{"a":{"shape":[99999999999999999999]}}`, 0), "cannot unmarshal number 99999999999999999999"},
		{"string for number", file(`{"a":{"shape":["1"]}}`, 0), "cannot unmarshal string"},
		{"three offsets", file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,1,2]}}`, 0), "3 numbers, not 2"},
		{"overflow", file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}`, 8), "too many values"},
		{"unknown type", file(`{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}`, 8), `type "F31"`},
		{"half a byte", file(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, 2), "does not fill whole bytes"},
		{"backwards", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), "end before they begin"},
		{"size", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "hold 4 bytes, shape [2] of F32 needs 8"},
		{"truncated", file(`{"a":`+good+`}`, 7), `tensor "a": file is truncated`},
		{"trailing", file(`{"a":`+good+`}`, 9), "1 trailing bytes"},
		{"overlap", file(`{"a":`+good+`,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `tensor "b": data_offsets [4, 8] overlap`},
		{"same place", file(`{"a":`+good+`,"b":`+good+`}`, 8), "overlap"},
		{"gap", file(`{"a":`+good+`,"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}`, 16), `tensor "b": a gap of 4 bytes`},
		{"gap at the front", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "a gap of 4 bytes"},
	} {
		_, err := Decode([]byte(c.file))
		if err == nil || !strings.HasPrefix(err.Error(), "safetensors: ") || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 600 {
			t.Errorf("%s: error %.1000v does not say %q", c.name, err, c.want)
		}
	}
}

// TestCheckHead: the beginning is enough to refuse a file of any size.
func TestCheckHead(t *testing.T) {
	good := file("{}", 0)
	for _, c := range []struct {
		head string
		size int64
		want string
	}{
		{good, 10, ""},
		{good[:9], 1 << 40, ""},
		{good[:9], 9, "truncated in its header: 1 of 2"},
		{"\xff\xff\xff\x7f\x00\x00\x00\x00{", 1 << 40, "longer than the limit"},
		{"version https", 130, "not a safetensors file"},
		{"", 0, "truncated"},
	} {
		err := CheckHead([]byte(c.head), c.size)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q of %d bytes: error %v, want %q", c.head, c.size, err, c.want)
		}
	}
}

// The order of names in the header is free; the order of values counts.
func TestDecodeOrder(t *testing.T) {
	f, err := Decode([]byte(file(`{"b":{"dtype":"F32","data_offsets":[4,8],"shape":[1]}, "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  `, 8)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Tensors[0].Name != "a" || f.Tensors[1].Name != "b" || f.Metadata != nil {
		t.Errorf("%+v", f)
	}
}

func TestEncode(t *testing.T) {
	one := Float32Tensor("one", []int{1}, []float32{1})
	metadata := map[string]string{"b": "2", "a": "1", "c": "3", "d": "4"}
	first, err := Encode(metadata, one)
	if err != nil {
		t.Fatal(err)
	}
	if head := string(first[8:]); !strings.HasPrefix(head, `{"__metadata__":{"a":"1","b":"2","c":"3","d":"4"},"one":`) {
		t.Errorf("header %q", head)
	}
	if binary.LittleEndian.Uint64(first)%8 != 0 {
		t.Errorf("header of %d bytes", binary.LittleEndian.Uint64(first))
	}
	empty, err := Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := Decode(empty); err != nil || len(f.Tensors) != 0 || f.Metadata != nil {
		t.Errorf("empty file: %+v, %v", f, err)
	}
	for _, c := range []struct {
		name     string
		metadata map[string]string
		tensors  []Tensor
		want     string
	}{
		{"twice", nil, []Tensor{one, one}, `tensor "one": duplicate name`},
		{"reserved", nil, []Tensor{Float32Tensor("__metadata__", []int{}, []float32{1})}, "reserved"},
		{"utf8", nil, []Tensor{Float32Tensor("\xff", []int{}, []float32{1})}, "not UTF-8"},
		{"metadata", map[string]string{"a": "\xff"}, nil, `metadata "a" is not UTF-8`},
		{"size", nil, []Tensor{Float64Tensor("a", []int{2}, []float64{1})}, "shape [2] of F64 has 16 bytes, the data 8"},
		{"negative", nil, []Tensor{Float64Tensor("a", []int{-1}, nil)}, "negative dimension"},
		{"type", nil, []Tensor{{Name: "a"}}, `type ""`},
	} {
		_, err := Encode(c.metadata, c.tensors...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", c.name, err, c.want)
		}
	}
}

// FuzzDecode: what decodes also encodes, to a
// canonical file which decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"reference", "mixed"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".safetensors"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(file(`{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}`, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Decode(b)
		if err != nil {
			return
		}
		canonical, err := Encode(got.Metadata, got.Tensors...)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(canonical)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Metadata) == 0 {
			got.Metadata = nil
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}
