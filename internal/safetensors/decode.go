package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxHeader bounds the header, in bytes: that of a network of ten thousand
// matrices has about one million. The format allows 100 million.
const maxHeader = 4 << 20

// maxDims bounds the dimensions of a tensor.
const maxDims = 64

// Decode reads a whole file and checks it against every rule of the format. The
// tensors share b's memory, which must not be changed while they are in use.
func Decode(b []byte) (*File, error) {
	f, err := decode(b)
	if err != nil {
		text := err.Error() // which may quote what is in the file
		if len(text) > 500 {
			text = strings.ToValidUTF8(text[:500], "") + "…"
		}
		return nil, errors.New("safetensors: " + text)
	}
	return f, nil
}

// CheckHead checks the beginning of a file of that many bytes, so that a file of
// another format is found before all of it is read.
func CheckHead(head []byte, size int64) error {
	_, err := headerLength(head, size)
	return err
}

// headerLength reads the length of the header from the beginning of a file.
func headerLength(head []byte, size int64) (int, error) {
	if len(head) < 8 {
		return 0, fmt.Errorf("file of %d bytes is truncated in the length of its header", size)
	}
	length := binary.LittleEndian.Uint64(head)
	switch {
	case length > maxHeader && length <= uint64(size):
		return 0, fmt.Errorf("header of %d bytes is longer than the limit of %d: the file holds far more tensors than one network, or is damaged", length, maxHeader)
	case length > maxHeader:
		return 0, errors.New("not a safetensors file: it does not begin with the length of a header")
	case length > uint64(size-8):
		return 0, fmt.Errorf("file is truncated in its header: %d of %d bytes are there", size-8, length)
	case length == 0 || len(head) > 8 && head[8] != '{':
		return 0, errors.New("not a safetensors file: its header does not begin with a brace")
	}
	return int(length), nil
}

func decode(b []byte) (*File, error) {
	length, err := headerLength(b, int64(len(b)))
	if err != nil {
		return nil, err
	}
	b = b[8:]
	head, data := b[:length], b[length:]
	metadata, entries, err := parseHeader(bytes.TrimRight(head, " "))
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}

	// In the order of their offsets the tensors must tile the values.
	slices.SortStableFunc(entries, func(a, b entry) int { return slices.Compare(a.Offsets, b.Offsets) })
	f := &File{Metadata: metadata, Tensors: make([]Tensor, 0, len(entries))}
	at := 0
	for _, e := range entries {
		if err := e.check(at, len(data)); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.Name, err)
		}
		f.Tensors = append(f.Tensors, Tensor{
			Name: e.Name, DType: e.DType, Shape: e.Shape, Data: data[e.Offsets[0]:e.Offsets[1]:e.Offsets[1]],
		})
		at = e.Offsets[1]
	}
	if at != len(data) {
		return nil, fmt.Errorf("%d trailing bytes after the last tensor", len(data)-at)
	}
	return f, nil
}

// entry is what the header says of one tensor; its offsets count from the end
// of the header.
type entry struct {
	Name    string `json:"-"`
	DType   DType  `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets []int  `json:"data_offsets"`
}

// parseHeader reads the JSON of a header. If a name occurs twice, the last one
// counts; the tensors then leave a gap, unless they are the same.
func parseHeader(text []byte) (metadata map[string]string, entries []entry, err error) {
	if !utf8.Valid(text) {
		return nil, nil, errors.New("not UTF-8")
	}
	if !bytes.HasSuffix(text, []byte("}")) {
		return nil, nil, errors.New("does not end with its closing brace")
	}
	var names map[string]json.RawMessage
	if err := json.Unmarshal(text, &names); err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		value := names[name]
		if name == metadataKey {
			if err := json.Unmarshal(value, &metadata); err != nil || metadata == nil {
				return nil, nil, fmt.Errorf("%s is not an object of strings: %.200s", metadataKey, value)
			}
			continue
		}
		e := entry{Name: name}
		dec := json.NewDecoder(bytes.NewReader(value))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		switch {
		case e.DType == "":
			err = errors.New(`"dtype" is missing`)
		case e.Shape == nil:
			err = errors.New(`"shape" is missing`)
		case len(e.Shape) > maxDims:
			err = fmt.Errorf("%d dimensions, at most %d are possible", len(e.Shape), maxDims)
		case len(e.Offsets) != 2:
			err = fmt.Errorf(`"data_offsets" has %d numbers, not 2`, len(e.Offsets))
		}
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, e)
	}
	return metadata, entries, nil
}

// check compares an entry with its shape, with the end of the tensor before it
// (at) and with the number of bytes of all tensors.
func (e entry) check(at, total int) error {
	want, err := size(e.DType, e.Shape)
	begin, end := e.Offsets[0], e.Offsets[1]
	switch {
	case err != nil:
		return err
	case end < begin:
		return fmt.Errorf("data_offsets [%d, %d] end before they begin", begin, end)
	case end-begin != want:
		return fmt.Errorf("data_offsets [%d, %d] hold %d bytes, shape %v of %s needs %d", begin, end, end-begin, e.Shape, e.DType, want)
	case end > total:
		return fmt.Errorf("file is truncated: data_offsets [%d, %d] reach beyond its %d bytes of values", begin, end, total)
	case begin < at:
		return fmt.Errorf("data_offsets [%d, %d] overlap another tensor, which ends at %d", begin, end, at)
	case begin > at:
		return fmt.Errorf("a gap of %d bytes lies before data_offsets [%d, %d]", begin-at, begin, end)
	}
	return nil
}
