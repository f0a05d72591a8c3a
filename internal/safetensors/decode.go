package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// maxHeader is the format's limit on the header, in bytes.
const maxHeader = 100_000_000

// Decode reads a whole file and checks everything the format demands. The
// tensors share b's memory, which must not be changed while they are in use.
func Decode(b []byte) (*File, error) {
	f, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func decode(b []byte) (*File, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("file of %d bytes is truncated in the length of its header", len(b))
	}
	length := binary.LittleEndian.Uint64(b)
	b = b[8:]
	switch {
	case length > maxHeader:
		return nil, fmt.Errorf("not a safetensors file, or damaged: header of %d bytes, the format's limit is %d", length, maxHeader)
	case length > uint64(len(b)):
		return nil, fmt.Errorf("file is truncated in its header: %d of %d bytes are there", len(b), length)
	case length == 0 || b[0] != '{':
		return nil, errors.New("header does not begin with a brace")
	}
	head, data := b[:length], b[length:]
	metadata, entries, err := parseHeader(bytes.TrimRight(head, " "))
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}

	// In the order of their places the tensors must tile the data.
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return a.end - b.end
	})
	f := &File{Metadata: metadata, Tensors: make([]Tensor, 0, len(entries))}
	at := 0
	for _, e := range entries {
		if err := e.check(at, len(data)); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		f.Tensors = append(f.Tensors, Tensor{
			Name: e.name, DType: e.dtype, Shape: e.shape, Data: data[e.begin:e.end:e.end],
		})
		at = e.end
	}
	if at != len(data) {
		return nil, fmt.Errorf("%d trailing bytes after the last tensor", len(data)-at)
	}
	return f, nil
}

// check holds an entry to its shape, to the end of the tensor before it (at)
// and to the number of bytes there are.
func (e entry) check(at, there int) error {
	want, err := size(e.dtype, e.shape)
	switch {
	case err != nil:
		return err
	case e.end < e.begin:
		return fmt.Errorf("data_offsets [%d, %d] end before they begin", e.begin, e.end)
	case e.end-e.begin != want:
		return fmt.Errorf("data_offsets [%d, %d] hold %d bytes, shape %v of %s needs %d", e.begin, e.end, e.end-e.begin, e.shape, e.dtype, want)
	case e.end > there:
		return fmt.Errorf("file is truncated: data_offsets [%d, %d] reach beyond the %d bytes there are", e.begin, e.end, there)
	case e.begin < at:
		return fmt.Errorf("data_offsets [%d, %d] overlap another tensor, which ends at %d", e.begin, e.end, at)
	case e.begin > at:
		return fmt.Errorf("a gap of %d bytes lies in front of its data_offsets [%d, %d]", e.begin-at, e.begin, e.end)
	}
	return nil
}
