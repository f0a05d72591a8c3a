// Package bitdiff says where two contents differ first: of arrays the element
// and how far apart the floats are, of text the line, otherwise the byte.
package bitdiff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

// Difference is the first place where two contents differ.
type Difference struct {
	Place  string `json:"place"` // "element [3, 17]", "layers.0.weight[3, 17]", "line 4, column 9", "byte 128"
	Want   string `json:"want"`
	Have   string `json:"have"`
	ULP    uint64 `json:"ulp,omitempty"`     // distance of two floats in units in the last place
	MaxULP uint64 `json:"max_ulp,omitempty"` // the largest of all elements
	Differ int    `json:"differ,omitempty"`  // elements that differ
	Of     int    `json:"of,omitempty"`      // elements
}

// String is the difference in one line.
func (d Difference) String() string {
	text := fmt.Sprintf("%s is %s, was %s", d.Place, d.Have, d.Want)
	if d.ULP > 0 {
		text += fmt.Sprintf(" (%d ulp)", d.ULP)
	}
	if d.Of > 0 {
		text += fmt.Sprintf("; %d of %s differ", d.Differ, term.Count(d.Of, "element"))
		if d.MaxULP > d.ULP {
			text += fmt.Sprintf(", by up to %d ulp", d.MaxULP)
		}
	}
	return text
}

// First compares the expected content with the actual one. The two must differ.
func First(want, have []byte) Difference {
	if w, err := npy.Decode(want); err == nil {
		if h, err := npy.Decode(have); err == nil {
			if d, ok := arrayDifference(w, h); ok {
				return d
			}
		}
	}
	if w, err := safetensors.Decode(want); err == nil {
		if h, err := safetensors.Decode(have); err == nil {
			if d, ok := tensorDifference(w, h); ok {
				return d
			}
		}
	}
	return plainDifference(want, have)
}

func arrayDifference(want, have npy.Array) (Difference, bool) {
	if fmt.Sprint(want.Shape, want.DType) != fmt.Sprint(have.Shape, have.DType) {
		return Difference{
			Place: "the array", Want: fmt.Sprintf("%v %v", want.DType, want.Shape), Have: fmt.Sprintf("%v %v", have.DType, have.Shape),
		}, true
	}
	w, h := arrayValues(want), arrayValues(have)
	d, ok := w.compare(h)
	if ok {
		d.Place = "element " + index(d.first, want.Shape)
	}
	return d.Difference, ok
}

func tensorDifference(want, have *safetensors.File) (Difference, bool) {
	var found Difference
	var all elements
	for i, t := range want.Tensors {
		if i == len(have.Tensors) {
			return Difference{Place: "tensor " + t.Name, Want: "there", Have: "gone"}, true
		}
		o := have.Tensors[i]
		if t.Name != o.Name || t.DType != o.DType || fmt.Sprint(t.Shape) != fmt.Sprint(o.Shape) {
			return Difference{
				Place: fmt.Sprintf("tensor %d", i),
				Want:  fmt.Sprintf("%s %s %v", t.Name, t.DType, t.Shape), Have: fmt.Sprintf("%s %s %v", o.Name, o.DType, o.Shape),
			}, true
		}
		var size int
		switch t.DType {
		case safetensors.F32:
			size = 4
		case safetensors.F64:
			size = 8
		default:
			return Difference{}, false
		}
		d, differs := floatBits(t.Data, size).compare(floatBits(o.Data, size))
		all.Of += d.Of
		if !differs {
			continue
		}
		if all.Differ == 0 {
			found = d.Difference
			found.Place = t.Name + index(d.first, t.Shape)
		}
		all.Differ += d.Differ
		all.MaxULP = max(all.MaxULP, d.MaxULP)
	}
	found.Differ, found.Of, found.MaxULP = all.Differ, all.Of, all.MaxULP
	return found, all.Differ > 0
}

// plainDifference compares contents of no known form.
func plainDifference(want, have []byte) Difference {
	n := 0
	for n < len(want) && n < len(have) && want[n] == have[n] {
		n++
	}
	if n == len(want) || n == len(have) {
		return Difference{Place: "the length", Want: fmt.Sprintf("%d bytes", len(want)), Have: fmt.Sprintf("%d bytes", len(have))}
	}
	if isText(want) && isText(have) {
		line, start := bytes.Count(want[:n], []byte("\n"))+1, bytes.LastIndexByte(want[:n], '\n')+1
		return Difference{
			Place: fmt.Sprintf("line %d, column %d", line, n-start+1), Want: excerpt(want, n), Have: excerpt(have, n),
		}
	}
	return Difference{Place: fmt.Sprintf("byte %d", n), Want: fmt.Sprintf("0x%02x", want[n]), Have: fmt.Sprintf("0x%02x", have[n])}
}

func isText(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' })
}

// excerpt is the word or number at a byte of a text.
func excerpt(b []byte, at int) string {
	stop := func(r rune) bool { return strings.ContainsRune(",;:{}[]\"\n\t ", r) }
	start := bytes.LastIndexFunc(b[:at], stop) + 1
	end := bytes.IndexFunc(b[at:], stop)
	if end < 0 {
		end = len(b) - at
	}
	word := b[start : at+end]
	return strconv.Quote(string(word[:min(len(word), 40)]))
}

// values are the elements of an array: bits that compare, and what they mean.
type values struct {
	bits  []uint64
	float int // bytes of a float, 0 for integers
}

// arrayValues returns the elements of an array whatever their type.
func arrayValues(a npy.Array) values {
	if f, err := a.Float64s(); err == nil {
		v := values{bits: make([]uint64, len(f)), float: a.DType.Size()}
		for i, x := range f {
			v.bits[i] = math.Float64bits(x)
			if v.float == 4 {
				v.bits[i] = uint64(math.Float32bits(float32(x)))
			}
		}
		return v
	}
	whole, _ := a.Int64s()
	v := values{bits: make([]uint64, len(whole))}
	for i, x := range whole {
		v.bits[i] = uint64(x)
	}
	return v
}

func floatBits(data []byte, size int) values {
	v := values{bits: make([]uint64, len(data)/size), float: size}
	for i := range v.bits {
		if size == 4 {
			v.bits[i] = uint64(binary.LittleEndian.Uint32(data[4*i:]))
		} else {
			v.bits[i] = binary.LittleEndian.Uint64(data[8*i:])
		}
	}
	return v
}

// elements is a Difference with the number of its element.
type elements struct {
	Difference
	first int
}

func (v values) compare(have values) (d elements, differs bool) {
	d.Of = len(v.bits)
	for i, w := range v.bits {
		h := have.bits[i]
		if w == h {
			continue
		}
		ulp := v.distance(w, h)
		if d.Differ == 0 {
			d.first, d.Want, d.Have, d.ULP = i, v.text(w), v.text(h), ulp
		}
		d.Differ++
		d.MaxULP = max(d.MaxULP, ulp)
	}
	return d, d.Differ > 0
}

func (v values) text(bits uint64) string {
	switch v.float {
	case 4:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(bits))), 'g', -1, 32)
	case 8:
		return strconv.FormatFloat(math.Float64frombits(bits), 'g', -1, 64)
	}
	return strconv.FormatInt(int64(bits), 10)
}

// distance is how many floats lie between two: of opposite signs, the sum of
// their distances from zero. Of integers it is not given.
func (v values) distance(a, b uint64) uint64 {
	if v.float == 0 {
		return 0
	}
	sign := uint64(1) << (8*v.float - 1)
	x, y := a&^sign, b&^sign
	switch {
	case a&sign != b&sign:
		return x + y
	case x > y:
		return x - y
	}
	return y - x
}

// index writes the place of element i of an array in C order: "[3, 17]".
func index(i int, shape []int) string {
	at := make([]string, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at[axis] = strconv.Itoa(i % shape[axis])
		i /= shape[axis]
	}
	return "[" + strings.Join(at, ", ") + "]"
}
