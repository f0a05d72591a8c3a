package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Params enter a key as [json.Marshal] writes them, and a stage receives what
// [json.Unmarshal] reads from that. So a stage sees nothing that its key does
// not tell: what JSON drops is zero in the stage. checkParams and encodeParams
// refuse what JSON would drop or change.

// checkParams returns an error, with the path of the field, if values of type
// t cannot enter a key.
func checkParams(t reflect.Type) error {
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("params are %s, want a struct", t)
	}
	return checkType(t, "params", nil)
}

func checkType(t reflect.Type, path string, within []reflect.Type) error {
	if slices.Contains(within, t) {
		return fmt.Errorf("%s: type %s contains itself", path, t)
	}
	within = append(within, t)
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Slice, reflect.Array:
		return checkType(t.Elem(), path+"[]", within)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("%s: type %s cannot enter a key: the keys of a map must be strings", path, t)
		}
		return checkType(t.Elem(), path+"[]", within)
	case reflect.Struct:
		return checkFields(t, path, within)
	}
	return fmt.Errorf("%s: type %s cannot enter a key: want booleans, integers, floats, strings, slices, arrays, maps with string keys or structs", path, t)
}

func checkFields(t reflect.Type, path string, within []reflect.Type) error {
	named := make(map[string]string)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		path := path + "." + snakeCase(f.Name)
		switch {
		case !f.IsExported():
			return fmt.Errorf("%s: the field is not exported, so its value cannot enter a key", path)
		case f.Anonymous:
			return fmt.Errorf("%s: the field is embedded: give it a name", path)
		case tag == "-":
			return fmt.Errorf(`%s: the field has the tag json:"-", so its value cannot enter a key`, path)
		case named[name] != "":
			return fmt.Errorf("%s: the field has the same name %q in JSON as %s", path, name, named[name])
		}
		named[name] = f.Name
		if err := checkType(f.Type, path, within); err != nil {
			return err
		}
	}
	return nil
}

// encodeParams returns params as they enter a key. The error names the field
// that cannot.
func encodeParams(params any) ([]byte, error) {
	text, err := json.Marshal(params)
	if err != nil || bytes.Contains(text, []byte(`\ufffd`)) { // stands for what is not UTF-8
		if bad := checkValue(reflect.Indirect(reflect.ValueOf(params)), "params"); bad != nil {
			return nil, bad
		}
	}
	return text, err
}

// checkValue looks for what JSON cannot hold: NaN, infinities, and strings
// that are not UTF-8.
func checkValue(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		switch f := v.Float(); {
		case math.IsNaN(f):
			return fmt.Errorf("%s: a NaN cannot enter a key", path)
		case math.IsInf(f, 0):
			return fmt.Errorf("%s: an infinity cannot enter a key", path)
		}
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return fmt.Errorf("%s: the string %q is not UTF-8", path, v.String())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := checkValue(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			path := path + "." + key.String()
			if err := errors.Join(checkValue(key, path), checkValue(v.MapIndex(key), path)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := checkValue(v.Field(i), path+"."+snakeCase(v.Type().Field(i).Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Field is one leaf of a key, for display: "params.step_size" and "0.001".
type Field struct{ Path, Value string }

// paramFields returns the leaves of encoded params, in their order. Their
// paths begin with the given one. Empty lists and objects are leaves too,
// except the outermost.
func paramFields(path string, text []byte) []Field {
	w := fieldWalk{decoder: json.NewDecoder(bytes.NewReader(text))}
	w.decoder.UseNumber()
	w.walk(path, true)
	return w.fields
}

type fieldWalk struct {
	decoder *json.Decoder
	fields  []Field
}

// walk reads one value and reports whether that succeeded.
func (w *fieldWalk) walk(path string, outermost bool) bool {
	token, err := w.decoder.Token()
	if err != nil {
		return false
	}
	opening, nested := token.(json.Delim)
	if !nested {
		w.fields = append(w.fields, Field{path, leafText(token)})
		return true
	}
	n := 0
	for ; w.decoder.More(); n++ {
		inner := path + "[" + strconv.Itoa(n) + "]"
		if opening == '{' {
			name, err := w.decoder.Token()
			if err != nil {
				return false
			}
			inner = snakeCase(fmt.Sprint(name))
			if path != "" {
				inner = path + "." + inner
			}
		}
		if !w.walk(inner, false) {
			return false
		}
	}
	closing, err := w.decoder.Token()
	if n == 0 && !outermost {
		w.fields = append(w.fields, Field{path, opening.String() + fmt.Sprint(closing)})
	}
	return err == nil
}

// leafText returns a token as text. A string is quoted if it is empty or has
// spaces or characters that do not print.
func leafText(token json.Token) string {
	s, ok := token.(string)
	switch {
	case token == nil:
		return "null"
	case !ok:
		return fmt.Sprint(token)
	case s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || !strconv.IsPrint(r) }):
		return strconv.Quote(s)
	}
	return s
}

// snakeCase turns the name of a Go field into the one for display: StepSize
// is step_size, MeshSHA256 is mesh_sha256.
func snakeCase(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if unicode.IsUpper(r) {
			after := i > 0 && runes[i-1] != '_' && !unicode.IsUpper(runes[i-1])
			before := i > 0 && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if after || before {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
