package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// entry is what the header says of one tensor; begin and end count from the
// end of the header.
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end int
}

// parseHeader reads the JSON of a header token by token, since a decoder into
// maps and structs would let duplicate and unknown names pass.
func parseHeader(text []byte) (metadata map[string]string, entries []entry, err error) {
	if !utf8.Valid(text) {
		return nil, nil, errors.New("not UTF-8")
	}
	h := header{json.NewDecoder(bytes.NewReader(text))}
	h.UseNumber()
	seen := map[string]bool{}
	err = h.object(func(name string) error {
		if seen[name] {
			return fmt.Errorf("name %q is there twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			metadata = map[string]string{}
			return h.metadata(metadata)
		}
		e, err := h.entry(name)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if h.InputOffset() != int64(len(text)) {
		return nil, nil, fmt.Errorf("unexpected text after its closing brace, at byte %d", h.InputOffset())
	}
	return metadata, entries, nil
}

// header reads the few shapes of JSON that a header may have.
type header struct{ *json.Decoder }

// token reads the next token; an end of the text is an error here.
func (h header) token() (json.Token, error) {
	tok, err := h.Token()
	if errors.Is(err, io.EOF) {
		err = errors.New("unexpected end of the JSON")
	}
	return tok, err
}

func (h header) expect(d json.Delim) error {
	tok, err := h.token()
	if err == nil && tok != d {
		err = fmt.Errorf("want %v at byte %d, have %v", d, h.InputOffset(), tok)
	}
	return err
}

func (h header) str() (string, error) {
	tok, err := h.token()
	if err != nil {
		return "", err
	}
	s, ok := tok.(string)
	if !ok {
		return "", fmt.Errorf("want a string at byte %d, have %v", h.InputOffset(), tok)
	}
	return s, nil
}

// object calls f for each name of an object; f reads the value.
func (h header) object(f func(name string) error) error {
	if err := h.expect('{'); err != nil {
		return err
	}
	for h.More() {
		name, err := h.str()
		if err != nil {
			return err
		}
		if err := f(name); err != nil {
			return err
		}
	}
	return h.expect('}')
}

func (h header) metadata(into map[string]string) error {
	return h.object(func(name string) error {
		if _, there := into[name]; there {
			return fmt.Errorf("metadata %q is there twice", name)
		}
		value, err := h.str()
		if err != nil {
			return fmt.Errorf("metadata %q: %w", name, err)
		}
		into[name] = value
		return nil
	})
}

func (h header) entry(name string) (entry, error) {
	e := entry{name: name}
	seen := map[string]bool{}
	err := h.object(func(field string) error {
		if seen[field] {
			return fmt.Errorf("%q is there twice", field)
		}
		seen[field] = true
		switch field {
		case "dtype":
			s, err := h.str()
			e.dtype = DType(s)
			return err
		case "shape":
			shape, err := h.numbers()
			e.shape = shape
			return err
		case "data_offsets":
			offsets, err := h.numbers()
			if err == nil && len(offsets) != 2 {
				err = fmt.Errorf("data_offsets has %d numbers, not 2", len(offsets))
			}
			if err == nil {
				e.begin, e.end = offsets[0], offsets[1]
			}
			return err
		}
		return fmt.Errorf("%q is not one of dtype, shape, data_offsets", field)
	})
	for _, field := range []string{"dtype", "shape", "data_offsets"} {
		if err == nil && !seen[field] {
			err = fmt.Errorf("%q is missing", field)
		}
	}
	return e, err
}

// numbers reads an array of whole numbers that are not negative.
func (h header) numbers() ([]int, error) {
	if err := h.expect('['); err != nil {
		return nil, err
	}
	out := []int{}
	for h.More() {
		tok, err := h.token()
		if err != nil {
			return nil, err
		}
		n, ok := tok.(json.Number)
		if !ok {
			return nil, fmt.Errorf("want a number at byte %d, have %v", h.InputOffset(), tok)
		}
		v, err := strconv.ParseUint(n.String(), 10, strconv.IntSize-1)
		if err != nil {
			return nil, fmt.Errorf("%s is not a whole number within range", n)
		}
		out = append(out, int(v))
	}
	return out, h.expect(']')
}
