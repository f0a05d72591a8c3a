package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// record is what EncodeRecord and DecodeRecord accept: the summaries of the
// curvature stages.
type record interface {
	Validate() error
}

// EncodeRecord returns the canonical bytes of r, as Encode does. It fails when
// r breaks the rules of its type or holds a number that is not finite.
func EncodeRecord[R record](r R) ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", r, err)
	}
	return append(b, '\n'), nil
}

// DecodeRecord reads what EncodeRecord wrote and nothing else, as strictly as
// Decode.
func DecodeRecord[R record](b []byte) (R, error) {
	var r, zero R
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return zero, fmt.Errorf("decode %T: the text ends too early, after %d bytes", zero, len(b))
		}
		return zero, fmt.Errorf("decode %T: %w", zero, err)
	}
	canonical, err := EncodeRecord(r)
	if err != nil {
		return zero, fmt.Errorf("decode %T: %w", zero, err)
	}
	if at := mismatch(b, canonical); at >= 0 {
		return zero, fmt.Errorf("decode %T: not the canonical form at byte %d: have %s, want %s",
			zero, at, excerpt(b, at), excerpt(canonical, at))
	}
	return r, nil
}
