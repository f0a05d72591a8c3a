package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Key identifies an action: the SHA-256 of its manifest. Two stages with the
// same key are one action, whatever their names.
//
// A manifest is compact JSON as [json.Marshal] writes it: an object with the
// members format (2), kind, platform (architecture and Go version; empty for a
// portable kind), code (64 hexadecimal digits), outputs (their names, sorted),
// params (as [json.Marshal] writes them) and inputs (their names and the
// digests of their content), in this order.
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

// keyFormat is the version of the manifest: every key changes with it.
const keyFormat = 2

// manifest is all that identifies an action; see [Key].
type manifest struct {
	Format   int               `json:"format"`
	Kind     string            `json:"kind"`
	Platform string            `json:"platform"`
	Code     Digest            `json:"code"`
	Outputs  []string          `json:"outputs"`
	Params   json.RawMessage   `json:"params"`
	Inputs   map[string]Digest `json:"inputs"`
}

// manifestPrefix returns the manifests of the stages of a kind up to the
// value of params.
func manifestPrefix(kind, platform string, code Digest, outputs []string) ([]byte, error) {
	text, err := json.Marshal(manifest{
		Format: keyFormat, Kind: kind, Platform: platform, Code: code, Outputs: outputs, Inputs: map[string]Digest{},
	})
	return text[:max(0, len(text)-len(`null,"inputs":{}}`))], err
}

// appendManifest appends the manifest of a stage: the prefix of its kind, its
// params, and its inputs in the order of their names.
func (s *Stage) appendManifest(b []byte, digest func(input int) Digest) []byte {
	b = append(append(b, s.kind.prefix...), s.params...)
	b = append(b, `,"inputs":{`...)
	for i := range s.inputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, s.inputs[i].Name), `:"`...)
		d := digest(i)
		b = append(hex.AppendEncode(b, d[:]), '"')
	}
	return append(b, '}', '}')
}

// appendQuoted appends a string as [json.Marshal] writes it.
func appendQuoted(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // a string always encodes
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// decodeManifest reads the manifest of a key. Text with another hash is
// refused, and so is another format.
func decodeManifest(k Key, text []byte) (*manifest, error) {
	if sha256.Sum256(text) != k {
		return nil, fmt.Errorf("the manifest of key %s is damaged", k.Short())
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("manifest of key %s: %w", k.Short(), err)
	}
	if m.Format != keyFormat {
		return nil, fmt.Errorf("manifest of key %s: unsupported format %d (want %d)", k.Short(), m.Format, keyFormat)
	}
	return &m, nil
}

// fields returns the manifest for display, one field per leaf: kind, platform
// (if there is one), code, outputs, params.…, inputs.….
func (m *manifest) fields() []Field {
	fields := []Field{{"kind", m.Kind}}
	if m.Platform != "" {
		fields = append(fields, Field{"platform", m.Platform})
	}
	fields = append(fields,
		Field{"code", m.Code.String()},
		Field{"outputs", strings.Join(m.Outputs, ", ")})
	fields = append(fields, paramFields("params", m.Params)...)
	for _, name := range slices.Sorted(maps.Keys(m.Inputs)) {
		fields = append(fields, Field{"inputs." + name, m.Inputs[name].String()})
	}
	return fields
}
