package pipeline

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The canonical encoding of a value is a tag, the length of the payload in
// four bytes (big-endian), and the payload. A value has one encoding only, so
// equal values have equal bytes and different ones do not:
//
//	b  boolean: one byte, 0 or 1
//	i  signed integer of any width: 8 bytes, two's complement, big-endian
//	u  unsigned integer of any width: 8 bytes, big-endian
//	e  float32: its IEEE bits, big-endian; never NaN, never −0
//	f  float64: likewise
//	s  string
//	y  slice or array of bytes
//	l  slice or array: the encodings of the elements
//	m  map: the encodings of keys (s) and values in turn, keys ascending
//	r  struct: the encodings of field names (s) and values in turn, in the
//	   order of the declaration
const (
	tagBool    = 'b'
	tagInt     = 'i'
	tagUint    = 'u'
	tagFloat32 = 'e'
	tagFloat64 = 'f'
	tagString  = 's'
	tagBytes   = 'y'
	tagList    = 'l'
	tagMap     = 'm'
	tagStruct  = 'r'
)

// maxDepth bounds how deep values may nest.
const maxDepth = 64

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, tagBool, 0, 0, 0, 1, 1)
	}
	return append(b, tagBool, 0, 0, 0, 1, 0)
}

func appendWord(b []byte, tag byte, v uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, tag, 0, 0, 0, 8), v)
}

func appendFloat64(b []byte, v float64) []byte {
	if v == 0 {
		v = 0 // −0 too
	}
	return appendWord(b, tagFloat64, math.Float64bits(v))
}

func appendFloat32(b []byte, v float32) []byte {
	if v == 0 {
		v = 0
	}
	return binary.BigEndian.AppendUint32(append(b, tagFloat32, 0, 0, 0, 4), math.Float32bits(v))
}

func appendString(b []byte, v string) []byte {
	return append(appendHead(b, tagString, len(v)), v...)
}

func appendBytes(b, v []byte) []byte {
	return append(appendHead(b, tagBytes, len(v)), v...)
}

func appendHead(b []byte, tag byte, n int) []byte {
	return binary.BigEndian.AppendUint32(append(b, tag), uint32(n))
}

// beginFrame starts a value whose length is not known yet; endFrame, given
// the length of b before, fills it in.
func beginFrame(b []byte, tag byte) []byte { return append(b, tag, 0, 0, 0, 0) }

func endFrame(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start+1:], uint32(len(b)-start-5))
	return b
}

var errShort = errors.New("it ends in the middle of a value")

// cutValue splits the first value off b.
func cutValue(b []byte) (tag byte, payload, rest []byte, err error) {
	if len(b) < 5 {
		return 0, nil, nil, errShort
	}
	n := binary.BigEndian.Uint32(b[1:])
	if uint64(n) > uint64(len(b)-5) {
		return 0, nil, nil, errShort
	}
	return b[0], b[5 : 5+n], b[5+n:], nil
}

// cutTagged is cutValue for a value that must have this tag.
func cutTagged(b []byte, want byte) (payload, rest []byte, err error) {
	tag, payload, rest, err := cutValue(b)
	if err == nil && tag != want {
		err = fmt.Errorf("a value has tag %q, not %q", tag, want)
	}
	return payload, rest, err
}

// checkValue returns what is not canonical in one whole value.
func checkValue(tag byte, payload []byte, depth int) error {
	width := -1
	switch tag {
	case tagBool:
		width = 1
	case tagInt, tagUint, tagFloat64:
		width = 8
	case tagFloat32:
		width = 4
	case tagString, tagBytes:
		return nil
	case tagList, tagMap, tagStruct:
		return checkNested(tag, payload, depth)
	default:
		return fmt.Errorf("a value has the unknown tag %q", tag)
	}
	if len(payload) != width {
		return fmt.Errorf("a value of tag %q has %d bytes, not %d", tag, len(payload), width)
	}
	switch tag {
	case tagBool:
		if payload[0] > 1 {
			return fmt.Errorf("a boolean is %d", payload[0])
		}
	case tagFloat32:
		bits := binary.BigEndian.Uint32(payload)
		if math.IsNaN(float64(math.Float32frombits(bits))) || bits == 1<<31 {
			return fmt.Errorf("a float32 has the bits %08x", bits)
		}
	case tagFloat64:
		bits := binary.BigEndian.Uint64(payload)
		if math.IsNaN(math.Float64frombits(bits)) || bits == 1<<63 {
			return fmt.Errorf("a float64 has the bits %016x", bits)
		}
	}
	return nil
}

func checkNested(tag byte, payload []byte, depth int) error {
	if depth >= maxDepth {
		return fmt.Errorf("values nest deeper than %d", maxDepth)
	}
	var last string
	for n := 0; len(payload) > 0; n++ {
		if tag != tagList {
			name, rest, err := cutTagged(payload, tagString)
			if err != nil {
				return err
			}
			if tag == tagMap && n > 0 && string(name) <= last {
				return fmt.Errorf("map key %q follows %q", name, last)
			}
			last, payload = string(name), rest
		}
		t, inner, rest, err := cutValue(payload)
		if err != nil {
			return err
		}
		if err := checkValue(t, inner, depth+1); err != nil {
			return err
		}
		payload = rest
	}
	return nil
}

// Field is one leaf of a key, for people: "params.step_size" and "0.001".
type Field struct{ Path, Value string }

// appendFields appends the leaves of an encoded value. Empty lists, maps and
// structs are leaves too, except the outermost.
func appendFields(fields []Field, path string, value []byte) []Field {
	tag, payload, _, err := cutValue(value)
	if err != nil {
		return fields
	}
	switch tag {
	case tagList, tagMap, tagStruct:
	default:
		return append(fields, Field{Path: path, Value: leafString(tag, payload)})
	}
	if len(payload) == 0 && path != "" {
		return append(fields, Field{Path: path, Value: map[byte]string{tagList: "[]", tagMap: "{}", tagStruct: "{}"}[tag]})
	}
	for i := 0; len(payload) > 0; i++ {
		var inner string
		if tag == tagList {
			inner = path + "[" + strconv.Itoa(i) + "]"
		} else {
			name, rest, err := cutTagged(payload, tagString)
			if err != nil {
				return fields
			}
			inner, payload = string(name), rest
			if path != "" {
				inner = path + "." + inner
			}
		}
		_, _, rest, err := cutValue(payload)
		if err != nil {
			return fields
		}
		fields = appendFields(fields, inner, payload[:len(payload)-len(rest)])
		payload = rest
	}
	return fields
}

func leafString(tag byte, payload []byte) string {
	if checkValue(tag, payload, 0) != nil {
		return "?"
	}
	switch tag {
	case tagBool:
		return strconv.FormatBool(payload[0] == 1)
	case tagInt:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(payload)), 10)
	case tagUint:
		return strconv.FormatUint(binary.BigEndian.Uint64(payload), 10)
	case tagFloat32:
		return strconv.FormatFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(payload))), 'g', -1, 32)
	case tagFloat64:
		return strconv.FormatFloat(math.Float64frombits(binary.BigEndian.Uint64(payload)), 'g', -1, 64)
	case tagBytes:
		return hex.EncodeToString(payload)
	}
	s := string(payload)
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
