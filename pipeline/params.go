package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"unicode"
)

// codec turns the values of one type into their canonical encoding and back.
// It is built once a type: reflection over the type costs much more than over
// its values.
type codec struct {
	encode func(b []byte, v reflect.Value) ([]byte, error)
	decode func(tag byte, payload []byte, v reflect.Value) error
}

// paramError says which field cannot enter a key. The path grows on the way
// up, so that it costs nothing where there is no error.
type paramError struct {
	path string
	err  error
}

func (e *paramError) Error() string {
	return fmt.Sprintf("params.%s: %v", strings.TrimPrefix(e.path, "."), e.err)
}

func (e *paramError) Unwrap() error { return e.err }

func atPath(element string, err error) error {
	if p := (*paramError)(nil); errors.As(err, &p) {
		return &paramError{element + p.path, p.err}
	}
	return &paramError{element, err}
}

var codecs sync.Map // reflect.Type → *codec

// paramsCodec returns the codec of a struct of params. The error names the
// first field that is no plain value.
func paramsCodec(t reflect.Type) (*codec, error) {
	if c, ok := codecs.Load(t); ok {
		return c.(*codec), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("params are %s, want a struct", t)
	}
	c, err := newCodec(t, 0)
	if err != nil {
		return nil, err
	}
	shared, _ := codecs.LoadOrStore(t, c)
	return shared.(*codec), nil
}

func (c *codec) encodeParams(b []byte, v reflect.Value) ([]byte, error) { return c.encode(b, v) }

func (c *codec) decodeParams(b []byte, v reflect.Value) error {
	tag, payload, _, err := cutValue(b)
	if err != nil {
		return err
	}
	return c.decode(tag, payload, v)
}

func newCodec(t reflect.Type, depth int) (*codec, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("type %s nests deeper than %d or contains itself", t, maxDepth)
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolCodec, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intCodec, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uintCodec, nil
	case reflect.Float32:
		return float32Codec, nil
	case reflect.Float64:
		return float64Codec, nil
	case reflect.String:
		return stringCodec, nil
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return bytesCodec(t), nil
		}
		return listCodec(t, depth)
	case reflect.Map:
		return mapCodec(t, depth)
	case reflect.Struct:
		return structCodec(t, depth)
	}
	return nil, fmt.Errorf("type %s cannot enter a key: want booleans, integers, floats, strings, slices, arrays, maps with string keys or structs", t)
}

// leaf makes a codec of a value without parts.
func leaf(want byte, encode func([]byte, reflect.Value) ([]byte, error), set func([]byte, reflect.Value)) *codec {
	return &codec{encode, func(tag byte, payload []byte, v reflect.Value) error {
		if err := wantTag(tag, want); err != nil {
			return err
		}
		if err := checkValue(tag, payload, 0); err != nil {
			return err
		}
		set(payload, v)
		return nil
	}}
}

func wantTag(tag, want byte) error {
	if tag != want {
		return fmt.Errorf("the encoding has tag %q, not %q", tag, want)
	}
	return nil
}

var (
	boolCodec = leaf(tagBool,
		func(b []byte, v reflect.Value) ([]byte, error) { return appendBool(b, v.Bool()), nil },
		func(p []byte, v reflect.Value) { v.SetBool(p[0] == 1) })
	intCodec = leaf(tagInt,
		func(b []byte, v reflect.Value) ([]byte, error) { return appendWord(b, tagInt, uint64(v.Int())), nil },
		func(p []byte, v reflect.Value) { v.SetInt(int64(binary.BigEndian.Uint64(p))) })
	uintCodec = leaf(tagUint,
		func(b []byte, v reflect.Value) ([]byte, error) { return appendWord(b, tagUint, v.Uint()), nil },
		func(p []byte, v reflect.Value) { v.SetUint(binary.BigEndian.Uint64(p)) })
	float32Codec = leaf(tagFloat32,
		func(b []byte, v reflect.Value) ([]byte, error) {
			if math.IsNaN(v.Float()) {
				return nil, errNaN
			}
			return appendFloat32(b, float32(v.Float())), nil
		},
		func(p []byte, v reflect.Value) {
			v.SetFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(p))))
		})
	float64Codec = leaf(tagFloat64,
		func(b []byte, v reflect.Value) ([]byte, error) {
			if math.IsNaN(v.Float()) {
				return nil, errNaN
			}
			return appendFloat64(b, v.Float()), nil
		},
		func(p []byte, v reflect.Value) { v.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(p))) })
	stringCodec = leaf(tagString,
		func(b []byte, v reflect.Value) ([]byte, error) { return appendString(b, v.String()), nil },
		func(p []byte, v reflect.Value) { v.SetString(string(p)) })
)

var errNaN = errors.New("a NaN cannot enter a key, since it does not equal itself")

// snakeCase turns the name of a Go field into the one that people see:
// StepSize is step_size, MeshSHA256 is mesh_sha256.
func snakeCase(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if unicode.IsUpper(r) {
			after := i > 0 && runes[i-1] != '_' && !unicode.IsUpper(runes[i-1])
			before := i > 0 && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if after || before {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
