package safetensors

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// metadataKey is the name in the header that holds free text instead of a tensor.
const metadataKey = "__metadata__"

// Encode returns the file that holds the tensors in the given order. Metadata,
// if any, comes first in the header, sorted by key; the header is padded with
// spaces to a multiple of 8 bytes. It is an error if two tensors share a name,
// a name is "__metadata__" or not UTF-8, or data does not fit its shape.
func Encode(metadata map[string]string, tensors ...Tensor) ([]byte, error) {
	head := []byte{'{'}
	if len(metadata) > 0 {
		head = append(quote(head, metadataKey), ":{"...)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
				return nil, fmt.Errorf("safetensors: metadata %q is not UTF-8", key)
			}
			if i > 0 {
				head = append(head, ',')
			}
			head = quote(head, key)
			head = append(head, ':')
			head = quote(head, metadata[key])
		}
		head = append(head, '}')
	}
	seen := map[string]bool{}
	offset := 0
	for i, t := range tensors {
		want, err := size(t.DType, t.Shape)
		switch {
		case err != nil:
		case want != len(t.Data):
			err = fmt.Errorf("shape %v of %s has %d bytes, the data %d", t.Shape, t.DType, want, len(t.Data))
		case seen[t.Name]:
			err = fmt.Errorf("duplicate name")
		case t.Name == metadataKey:
			err = fmt.Errorf("the name is reserved by the format")
		case !utf8.ValidString(t.Name):
			err = fmt.Errorf("the name is not UTF-8")
		}
		if err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
		}
		seen[t.Name] = true
		if i > 0 || len(metadata) > 0 {
			head = append(head, ',')
		}
		head = quote(head, t.Name)
		head = fmt.Appendf(head, `:{"dtype":"%s","shape":[`, t.DType)
		for j, d := range t.Shape {
			if j > 0 {
				head = append(head, ',')
			}
			head = strconv.AppendInt(head, int64(d), 10)
		}
		head = fmt.Appendf(head, `],"data_offsets":[%d,%d]}`, offset, offset+want)
		offset += want
	}
	head = append(head, '}')
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	if len(head) > maxHeader {
		return nil, fmt.Errorf("safetensors: header of %d bytes is longer than the limit of %d", len(head), maxHeader)
	}

	out := make([]byte, 0, 8+len(head)+offset)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(head)))
	out = append(out, head...)
	for _, t := range tensors {
		out = append(out, t.Data...)
	}
	return out, nil
}

// quote appends s as a JSON string with the fewest escapes, as the reference
// implementation does; encoding/json escapes more.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\b':
			b = append(b, `\b`...)
		case c == '\f':
			b = append(b, `\f`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
