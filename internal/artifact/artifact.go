// Package artifact holds the small artifacts that stages pass on: their Go
// types and their one canonical encoding. The arrays beside them are .npy and
// safetensors files, which have packages of their own.
//
// Canonical JSON here means: one line that ends with a newline, the fields in
// the order of the Go type, every field present, numbers in the shortest form
// that reads back to the same bits. Equal values therefore have equal bytes,
// and a digest of the bytes is a digest of the value.
package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Encode returns the canonical bytes of v. It fails if a number is NaN or
// infinite, which JSON cannot hold, with a [*json.UnsupportedValueError].
func Encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return append(b, '\n'), nil
}

// Decode reads what Encode wrote. It refuses unknown fields and anything but
// space after the value.
func Decode[T any](b []byte) (T, error) {
	var v, zero T
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return zero, fmt.Errorf("decode %T: the text ends too early, after %d bytes", zero, len(b))
		}
		return zero, fmt.Errorf("decode %T: %w", zero, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return zero, fmt.Errorf("decode %T: unexpected text after the value, from byte %d", zero, dec.InputOffset())
	}
	return v, nil
}

// Read decodes the input of that name. The error names it.
func Read[T any](inputs map[string][]byte, name string) (T, error) {
	var zero T
	b, ok := inputs[name]
	if !ok {
		return zero, fmt.Errorf("input %s is missing", name)
	}
	v, err := Decode[T](b)
	if err != nil {
		return zero, fmt.Errorf("input %s: %w", name, err)
	}
	return v, nil
}
