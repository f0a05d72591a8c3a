package npy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// header is what the dictionary in front of the data says.
type header struct {
	descr   string
	fortran bool
	shape   []int
}

// parseHeader reads the Python dictionary of a header. It knows the literals
// that numpy writes there (strings, which Python 2 could begin with a u, True,
// False, tuples of whole numbers, which it could end with an L) and refuses all
// others, structured types among them.
func parseHeader(text string) (h header, err error) {
	s := scanner{text}
	seen := map[string]bool{}
	if err := s.expect("{"); err != nil {
		return h, err
	}
	for !s.accept("}") {
		key, err := s.str()
		if err == nil {
			err = s.expect(":")
		}
		if err != nil {
			return h, err
		}
		switch key {
		case "descr":
			if s.accept("[") {
				return h, errors.New("structured arrays are not supported: save each field as an array of its own")
			}
			h.descr, err = s.str()
		case "fortran_order":
			if h.fortran = s.accept("True"); !h.fortran {
				err = s.expect("False")
			}
		case "shape":
			h.shape, err = s.tuple()
		default:
			err = errors.New("it is not one of descr, fortran_order and shape")
		}
		if err != nil {
			return h, fmt.Errorf("key %.40q: %w", key, err)
		}
		seen[key] = true
		if !s.accept(",") {
			if err := s.expect("}"); err != nil {
				return h, err
			}
			break
		}
	}
	if s.space(); s.rest != "" {
		return h, errors.New("unexpected text after the closing brace")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("key %q is missing", key)
		}
	}
	return h, nil
}

// scanner reads Python literals from the beginning of a text.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t\r\n") }

func (s *scanner) accept(token string) bool {
	s.space()
	rest, ok := strings.CutPrefix(s.rest, token)
	if ok {
		s.rest = rest
	}
	return ok
}

func (s *scanner) expect(token string) error {
	if s.accept(token) {
		return nil
	}
	if s.rest == "" {
		return fmt.Errorf("it ends where %q should follow", token)
	}
	return fmt.Errorf("found %.20q, want %q", s.rest, token)
}

// str reads a string without escapes, which may have Python 2's prefix of a
// unicode string.
func (s *scanner) str() (string, error) {
	for _, open := range []string{"'", `"`, "u'", `u"`} {
		if s.accept(open) {
			quote := open[len(open)-1:]
			text, rest, ok := strings.Cut(s.rest, quote)
			if !ok || strings.ContainsAny(text, "\\\n") {
				return "", fmt.Errorf("found %.20q, want a string without escapes", open+s.rest)
			}
			s.rest = rest
			return text, nil
		}
	}
	return "", fmt.Errorf("found %.20q, want a string", s.rest)
}

// tuple reads a tuple or list of whole numbers.
func (s *scanner) tuple() ([]int, error) {
	end := ")"
	if s.accept("[") {
		end = "]"
	} else if err := s.expect("("); err != nil {
		return nil, err
	}
	list := []int{}
	for !s.accept(end) {
		s.space()
		text := s.rest[:len(s.rest)-len(strings.TrimLeft(s.rest, "-0123456789"))]
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("found %.20q, want a whole number up to 2⁶³−1", s.rest)
		}
		s.rest = strings.TrimPrefix(s.rest[len(text):], "L")
		list = append(list, n)
		if !s.accept(",") {
			if err := s.expect(end); err != nil {
				return nil, err
			}
			break
		}
	}
	return list, nil
}

// aliases are further names that numpy has for element types: its characters,
// and Python's types, as they are on the usual 64-bit machines.
var aliases = map[string]DType{
	"?": Bool, "b": Int8, "B": Uint8, "h": Int16, "H": Uint16, "i": Int32, "I": Uint32,
	"l": Int64, "long": Int64, "intp": Int64, "L": Uint64, "q": Int64, "Q": Uint64, "f": Float32, "d": Float64,
	"bool_": Bool, "int": Int64, "float": Float64, "single": Float32, "double": Float64,
}

// parseDescr finds the element type that numpy.dtype(descr) stands for, and
// whether its bytes are in big-endian order.
func parseDescr(descr string) (d DType, bigEndian bool, err error) {
	name, order := descr, byte('<')
	if name != "" && strings.IndexByte("<>=|", name[0]) >= 0 {
		name, order = name[1:], name[0]
	}
	d, known := aliases[name]
	for t := Bool; int(t) < len(dtypes) && !known; t++ {
		if name == dtypes[t].descr[1:] || name == dtypes[t].name {
			d, known = t, true
		}
	}
	if !known {
		return 0, false, fmt.Errorf("element type %.40q is not supported: save the array with astype of one of bool, uint8, int32, int64, float32, float64", descr)
	}
	return d, order == '>', nil
}
