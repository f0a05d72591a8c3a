// Package result holds the small artifacts that stages hand on: their Go types
// and their one canonical encoding. The arrays beside them are .npy and
// safetensors files and have packages of their own.
//
// Canonical JSON here means: one line with a newline at its end, the fields in
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
	"math"
)

// summary is what Encode and Decode accept: a value that knows its own rules.
type summary interface {
	Validate() error
}

// Encode returns the canonical bytes of s. It fails when s breaks the rules of
// its type, a number that is not finite among them.
func Encode[S summary](s S) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", s, err)
	}
	return append(b, '\n'), nil
}

// Decode reads what Encode wrote and nothing else: an unknown, missing,
// repeated or reordered field, another way to write the same number and
// trailing bytes are all errors, because two spellings of one value would have
// two digests.
func Decode[S summary](b []byte) (S, error) {
	var s, zero S
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return zero, fmt.Errorf("decode %T: the text ends too early, after %d bytes", zero, len(b))
		}
		return zero, fmt.Errorf("decode %T: %w", zero, err)
	}
	canonical, err := Encode(s)
	if err != nil {
		return zero, fmt.Errorf("decode %T: %w", zero, err)
	}
	if at := mismatch(b, canonical); at >= 0 {
		return zero, fmt.Errorf("decode %T: not the canonical form at byte %d: have %s, want %s",
			zero, at, excerpt(b, at), excerpt(canonical, at))
	}
	return s, nil
}

// Read decodes the input of that name. The error names it.
func Read[S summary](inputs map[string][]byte, name string) (S, error) {
	b, ok := inputs[name]
	if !ok {
		var none S
		return none, fmt.Errorf("input %s is missing", name)
	}
	s, err := Decode[S](b)
	if err != nil {
		return s, fmt.Errorf("input %s: %w", name, err)
	}
	return s, nil
}

// mismatch returns the first index at which a and b differ, or -1.
func mismatch(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return n
	}
	return -1
}

// excerpt quotes a few bytes of b from index at on.
func excerpt(b []byte, at int) string {
	if at >= len(b) {
		return "the end"
	}
	return fmt.Sprintf("%q", b[at:min(len(b), at+24)])
}

// number is a named value of a summary, for Validate.
type number struct {
	name  string
	value float64
}

// checkFinite returns an error that names the first number that is NaN, an
// infinity, or a negative zero (JSON keeps its sign, but no reader expects it).
func checkFinite(numbers ...number) error {
	for _, n := range numbers {
		if math.IsNaN(n.value) || math.IsInf(n.value, 0) {
			return fmt.Errorf("%s is %v: a summary holds finite numbers only", n.name, n.value)
		}
		if n.value == 0 && math.Signbit(n.value) {
			return fmt.Errorf("%s is -0: write 0", n.name)
		}
	}
	return nil
}

// checkFraction returns an error that names the first number outside [0, 1].
func checkFraction(numbers ...number) error {
	for _, n := range numbers {
		if !(n.value >= 0 && n.value <= 1) {
			return fmt.Errorf("%s is %v: a fraction lies between 0 and 1", n.name, n.value)
		}
	}
	return nil
}

// checkNotNegative returns an error that names the first number below zero.
func checkNotNegative(numbers ...number) error {
	for _, n := range numbers {
		if n.value < 0 {
			return fmt.Errorf("%s is %v: it cannot be negative", n.name, n.value)
		}
	}
	return nil
}
