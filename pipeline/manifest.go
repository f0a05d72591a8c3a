package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Key identifies an action: the SHA-256 of its manifest. Two stages with the
// same key are one action, whatever their names.
type Key [sha256.Size]byte

// ParseKey reads the 64 hexadecimal digits that String writes.
func ParseKey(s string) (Key, error) {
	var k Key
	if len(s) != hex.EncodedLen(len(k)) {
		return Key{}, fmt.Errorf("key %q: want %d hexadecimal digits, have %d characters", s, hex.EncodedLen(len(k)), len(s))
	}
	if _, err := hex.Decode(k[:], []byte(s)); err != nil {
		return Key{}, fmt.Errorf("key %q: %w", s, err)
	}
	return k, nil
}

// String returns the key as 64 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Short returns the first twelve digits, for people.
func (k Key) Short() string { return hex.EncodeToString(k[:6]) }

// IsZero reports whether k is unset.
func (k Key) IsZero() bool { return k == Key{} }

// MarshalText implements [encoding.TextMarshaler].
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Key) UnmarshalText(text []byte) error {
	parsed, err := ParseKey(string(text))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

// manifestMagic is the version of the key format: with another one, every
// key is another.
const manifestMagic = "pipeline manifest 1\n"

// Manifest is all that identifies an action. Its encoding is manifestMagic
// followed by the names and values of six fields, as in a struct: kind,
// platform, code, outputs, params, inputs.
type Manifest struct {
	Kind     string
	Platform string // architecture and Go version; "" for a portable kind
	Code     Digest
	Outputs  []string // sorted
	Inputs   []ManifestInput

	params []byte // encoded
}

// ManifestInput is the content of one input of an action.
type ManifestInput struct {
	Name   string
	Digest Digest
}

// The names of the fields, framed once.
var (
	frameKind     = appendString([]byte(manifestMagic), "kind")
	framePlatform = appendString(nil, "platform")
	frameCode     = appendString(nil, "code")
	frameOutputs  = appendString(nil, "outputs")
	frameParams   = appendString(nil, "params")
	frameInputs   = appendString(nil, "inputs")
)

// appendManifestPrefix appends a manifest up to the value of params: what all
// stages of a kind share.
func appendManifestPrefix(b []byte, kind, platform string, code Digest, outputs []string) []byte {
	b = appendString(append(b, frameKind...), kind)
	b = appendString(append(b, framePlatform...), platform)
	b = appendBytes(append(b, frameCode...), code[:])
	b = append(b, frameOutputs...)
	start := len(b)
	b = beginFrame(b, tagList)
	for _, o := range outputs {
		b = appendString(b, o)
	}
	b = endFrame(b, start)
	return append(b, frameParams...)
}

// appendManifestInput appends one entry of the map of inputs.
func appendManifestInput(b []byte, name string, d *Digest) []byte {
	return appendBytes(appendString(b, name), d[:])
}

// Encode returns the canonical bytes. Their SHA-256 is the key.
func (m *Manifest) Encode() []byte {
	b := appendManifestPrefix(nil, m.Kind, m.Platform, m.Code, m.Outputs)
	b = append(b, m.params...)
	b = append(b, frameInputs...)
	start := len(b)
	b = beginFrame(b, tagMap)
	for i := range m.Inputs {
		b = appendManifestInput(b, m.Inputs[i].Name, &m.Inputs[i].Digest)
	}
	return endFrame(b, start)
}

// Key returns the key of the action.
func (m *Manifest) Key() Key { return sha256.Sum256(m.Encode()) }

// DecodeManifest reads what [Manifest.Encode] writes and refuses everything
// else, so that a manifest encodes to the bytes that it was read from.
func DecodeManifest(b []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := m.decode(b); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

func (m *Manifest) decode(b []byte) error {
	fields := []struct {
		name string
		tag  byte
		take func(payload []byte) error
	}{
		{"kind", tagString, func(p []byte) error { m.Kind = string(p); return nil }},
		{"platform", tagString, func(p []byte) error { m.Platform = string(p); return nil }},
		{"code", tagBytes, func(p []byte) (err error) { m.Code, err = takeDigest(p); return err }},
		{"outputs", tagList, m.decodeOutputs},
		{"params", tagStruct, func(p []byte) error {
			m.params = append(appendHead(nil, tagStruct, len(p)), p...)
			return checkValue(tagStruct, p, 0)
		}},
		{"inputs", tagMap, m.decodeInputs},
	}
	b, ok := bytes.CutPrefix(b, []byte(manifestMagic))
	if !ok {
		return fmt.Errorf("it does not begin with %q", manifestMagic)
	}
	for _, f := range fields {
		name, rest, err := cutTagged(b, tagString)
		if err != nil {
			return err
		}
		if string(name) != f.name {
			return fmt.Errorf("it has field %q where %q belongs", name, f.name)
		}
		payload, rest, err := cutTagged(rest, f.tag)
		if err == nil {
			err = f.take(payload)
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f.name, err)
		}
		b = rest
	}
	if len(b) > 0 {
		return fmt.Errorf("%d bytes follow its end", len(b))
	}
	return nil
}

func (m *Manifest) decodeOutputs(p []byte) error {
	for len(p) > 0 {
		name, rest, err := cutTagged(p, tagString)
		if err != nil {
			return err
		}
		if n := len(m.Outputs); n > 0 && m.Outputs[n-1] >= string(name) {
			return fmt.Errorf("output %q follows %q", name, m.Outputs[n-1])
		}
		m.Outputs = append(m.Outputs, string(name))
		p = rest
	}
	return nil
}

func (m *Manifest) decodeInputs(p []byte) error {
	if err := checkValue(tagMap, p, 0); err != nil {
		return err
	}
	for len(p) > 0 {
		name, rest, err := cutTagged(p, tagString)
		if err != nil {
			return err
		}
		content, rest, err := cutTagged(rest, tagBytes)
		if err != nil {
			return err
		}
		d, err := takeDigest(content)
		if err != nil {
			return err
		}
		m.Inputs = append(m.Inputs, ManifestInput{Name: string(name), Digest: d})
		p = rest
	}
	return nil
}

func takeDigest(p []byte) (Digest, error) {
	if len(p) != len(Digest{}) {
		return Digest{}, errors.New("a digest has the wrong length")
	}
	return Digest(p), nil
}

// Fields returns the manifest for people, one line a leaf: kind, platform
// (only if there is one), code, outputs, params.…, inputs.….
func (m *Manifest) Fields() []Field {
	fields := []Field{{"kind", m.Kind}}
	if m.Platform != "" {
		fields = append(fields, Field{"platform", m.Platform})
	}
	fields = append(fields,
		Field{"code", m.Code.String()},
		Field{"outputs", strings.Join(m.Outputs, ", ")})
	fields = append(fields, m.paramFields()...)
	for _, in := range m.Inputs {
		fields = append(fields, Field{"inputs." + in.Name, in.Digest.String()})
	}
	return fields
}

func (m *Manifest) paramFields() []Field {
	return slices.DeleteFunc(appendFields(nil, "params", m.params), func(f Field) bool {
		return f.Path == "params" // of a struct without fields
	})
}
