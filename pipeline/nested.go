package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// The codecs of values that have parts.

func bytesCodec(t reflect.Type) *codec {
	array := t.Kind() == reflect.Array
	return &codec{
		encode: func(b []byte, v reflect.Value) ([]byte, error) {
			b = appendHead(b, tagBytes, v.Len())
			if !array {
				return append(b, v.Bytes()...), nil
			}
			for i := range v.Len() {
				b = append(b, byte(v.Index(i).Uint()))
			}
			return b, nil
		},
		decode: func(tag byte, payload []byte, v reflect.Value) error {
			if err := wantTag(tag, tagBytes); err != nil {
				return err
			}
			n := len(payload)
			if array && n != v.Len() {
				return fmt.Errorf("the encoding has %d bytes, not %d", n, v.Len())
			}
			if !array && n > 0 {
				v.Set(reflect.MakeSlice(t, n, n))
			}
			for i, c := range payload {
				v.Index(i).SetUint(uint64(c))
			}
			return nil
		},
	}
}

func listCodec(t reflect.Type, depth int) (*codec, error) {
	elem, err := newCodec(t.Elem(), depth+1)
	if err != nil {
		return nil, atPath("[]", err)
	}
	return &codec{
		encode: func(b []byte, v reflect.Value) ([]byte, error) {
			start := len(b)
			b = beginFrame(b, tagList)
			for i := range v.Len() {
				var err error
				if b, err = elem.encode(b, v.Index(i)); err != nil {
					return nil, atPath(fmt.Sprintf("[%d]", i), err)
				}
			}
			return endFrame(b, start), nil
		},
		decode: func(tag byte, payload []byte, v reflect.Value) error {
			if err := wantTag(tag, tagList); err != nil {
				return err
			}
			for i := 0; len(payload) > 0; i++ {
				switch {
				case t.Kind() == reflect.Slice:
					v.Set(reflect.Append(v, reflect.Zero(t.Elem())))
				case i == v.Len():
					return fmt.Errorf("the encoding has more than %d elements", v.Len())
				}
				tag, inner, rest, err := cutValue(payload)
				if err != nil {
					return err
				}
				if err := elem.decode(tag, inner, v.Index(i)); err != nil {
					return err
				}
				payload = rest
			}
			return nil
		},
	}, nil
}

func mapCodec(t reflect.Type, depth int) (*codec, error) {
	if t.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("type %s cannot enter a key: the keys of a map must be strings", t)
	}
	elem, err := newCodec(t.Elem(), depth+1)
	if err != nil {
		return nil, atPath("[]", err)
	}
	return &codec{
		encode: func(b []byte, v reflect.Value) ([]byte, error) {
			start := len(b)
			b = beginFrame(b, tagMap)
			keys := v.MapKeys()
			slices.SortFunc(keys, func(x, y reflect.Value) int { return cmp.Compare(x.String(), y.String()) })
			for _, k := range keys {
				var err error
				if b, err = elem.encode(appendString(b, k.String()), v.MapIndex(k)); err != nil {
					return nil, atPath("."+k.String(), err)
				}
			}
			return endFrame(b, start), nil
		},
		decode: func(tag byte, payload []byte, v reflect.Value) error {
			if err := wantTag(tag, tagMap); err != nil {
				return err
			}
			v.Set(reflect.MakeMap(t))
			for len(payload) > 0 {
				name, rest, err := cutTagged(payload, tagString)
				if err != nil {
					return err
				}
				tag, inner, rest, err := cutValue(rest)
				if err != nil {
					return err
				}
				value := reflect.New(t.Elem()).Elem()
				if err := elem.decode(tag, inner, value); err != nil {
					return err
				}
				v.SetMapIndex(reflect.ValueOf(string(name)).Convert(t.Key()), value)
				payload = rest
			}
			return nil
		},
	}, nil
}

// structField is one field of a struct with its encoded name.
type structField struct {
	name  string
	frame []byte
	codec *codec
}

func structCodec(t reflect.Type, depth int) (*codec, error) {
	fields := make([]structField, t.NumField())
	seen := make(map[string]string)
	for i := range fields {
		f := t.Field(i)
		name := snakeCase(f.Name)
		if !f.IsExported() {
			return nil, atPath("."+f.Name, errors.New("the field is not exported, so its value cannot enter a key"))
		}
		if other, ok := seen[name]; ok {
			return nil, atPath("."+f.Name, fmt.Errorf("the field has the same name %q in a key as %s", name, other))
		}
		seen[name] = f.Name
		c, err := newCodec(f.Type, depth+1)
		if err != nil {
			return nil, atPath("."+name, err)
		}
		fields[i] = structField{name, appendString(nil, name), c}
	}
	return &codec{
		encode: func(b []byte, v reflect.Value) ([]byte, error) {
			start := len(b)
			b = beginFrame(b, tagStruct)
			for i := range fields {
				f := &fields[i]
				var err error
				if b, err = f.codec.encode(append(b, f.frame...), v.Field(i)); err != nil {
					return nil, atPath("."+f.name, err)
				}
			}
			return endFrame(b, start), nil
		},
		decode: func(tag byte, payload []byte, v reflect.Value) error {
			if err := wantTag(tag, tagStruct); err != nil {
				return err
			}
			for i := range fields {
				name, rest, err := cutTagged(payload, tagString)
				if err != nil {
					return err
				}
				if string(name) != fields[i].name {
					return fmt.Errorf("the encoding has field %q, not %q", name, fields[i].name)
				}
				tag, inner, rest, err := cutValue(rest)
				if err != nil {
					return err
				}
				if err := fields[i].codec.decode(tag, inner, v.Field(i)); err != nil {
					return err
				}
				payload = rest
			}
			if len(payload) > 0 {
				return errors.New("the encoding has more fields than the struct")
			}
			return nil
		},
	}, nil
}
