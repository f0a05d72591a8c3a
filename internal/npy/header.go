package npy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// fields is what the header of a file says.
type fields struct {
	descr   string
	fortran bool
	shape   []int
}

// parseHeader reads the Python dictionary of a header. It knows the literals
// that numpy writes there (strings, True, False, tuples of whole numbers) and
// refuses everything else, among it structured types.
func parseHeader(text string) (fields, error) {
	p := &parser{rest: text}
	var f fields
	seen := map[string]bool{}
	if err := p.expect('{'); err != nil {
		return fields{}, err
	}
	for !p.accept('}') {
		key, err := p.str()
		if err != nil {
			return fields{}, fmt.Errorf("name of a field: %w", err)
		}
		if seen[key] {
			return fields{}, fmt.Errorf("field %q is there twice", key)
		}
		seen[key] = true
		if err := p.expect(':'); err != nil {
			return fields{}, err
		}
		switch key {
		case "descr":
			f.descr, err = p.descr()
		case "fortran_order":
			f.fortran, err = p.boolean()
		case "shape":
			f.shape, err = p.tuple()
		default:
			err = errors.New("not one of descr, fortran_order, shape")
		}
		if err != nil {
			return fields{}, fmt.Errorf("field %q: %w", key, err)
		}
		if !p.accept(',') {
			if err := p.expect('}'); err != nil {
				return fields{}, err
			}
			break
		}
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return fields{}, fmt.Errorf("field %q is missing", key)
		}
	}
	if p.skip(); p.rest != "" {
		return fields{}, fmt.Errorf("unexpected %.20q after the closing brace", p.rest)
	}
	return f, nil
}

// parser consumes a header from the front.
type parser struct{ rest string }

func (p *parser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// accept consumes c if it comes next.
func (p *parser) accept(c byte) bool {
	p.skip()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) expect(c byte) error {
	if !p.accept(c) {
		return fmt.Errorf("want %q, have %.20q", c, p.rest)
	}
	return nil
}

// str reads a quoted string without escapes.
func (p *parser) str() (string, error) {
	p.skip()
	if p.rest == "" || p.rest[0] != '\'' && p.rest[0] != '"' {
		return "", fmt.Errorf("want a string, have %.20q", p.rest)
	}
	s, rest, ok := strings.Cut(p.rest[1:], p.rest[:1])
	if !ok || strings.ContainsAny(s, "\\\n") {
		return "", fmt.Errorf("malformed string %.20q", p.rest)
	}
	p.rest = rest
	return s, nil
}

func (p *parser) descr() (string, error) {
	if p.skip(); strings.HasPrefix(p.rest, "[") {
		return "", errors.New("structured arrays are not supported: save each field as an array of its own")
	}
	return p.str()
}

func (p *parser) boolean() (bool, error) {
	p.skip()
	for _, v := range []bool{true, false} {
		word := map[bool]string{true: "True", false: "False"}[v]
		if rest, ok := strings.CutPrefix(p.rest, word); ok {
			p.rest = rest
			return v, nil
		}
	}
	return false, fmt.Errorf("want True or False, have %.20q", p.rest)
}

// tuple reads a shape, such as (), (3,) or (2, 3).
func (p *parser) tuple() ([]int, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	shape := []int{}
	comma := true
	for !p.accept(')') {
		if !comma {
			return nil, fmt.Errorf("want a comma, have %.20q", p.rest)
		}
		p.skip()
		end := 0
		for end < len(p.rest) && '0' <= p.rest[end] && p.rest[end] <= '9' {
			end++
		}
		d, err := strconv.Atoi(p.rest[:end])
		if err != nil {
			if errors.Is(err, strconv.ErrRange) {
				return nil, fmt.Errorf("dimension %.40s is too large", p.rest[:end])
			}
			return nil, fmt.Errorf("want a dimension, have %.20q", p.rest)
		}
		p.rest = p.rest[end:]
		if len(shape) == maxDims {
			return nil, fmt.Errorf("more than %d dimensions", maxDims)
		}
		shape = append(shape, d)
		comma = p.accept(',')
	}
	if len(shape) == 1 && !comma {
		return nil, errors.New("a tuple of one dimension needs a comma")
	}
	return shape, nil
}
