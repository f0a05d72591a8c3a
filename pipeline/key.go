package pipeline

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Key identifies an action: the SHA-256 of its manifest. Two stages with the
// same key are one action, whatever their names.
//
// A manifest is compact JSON as [json.Marshal] writes it: an object with the
// members format (2), kind, platform (architecture and Go version; empty for a
// portable kind), code (64 hexadecimal digits), outputs (their names, sorted),
// params (as [json.Marshal] writes them) and inputs (their names and the
// digests of their content), in this order.
type Key struct{ Digest }

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

// manifestSize is about how long the manifest of a stage is, and rarely less.
func (s *Stage) manifestSize() int {
	size := len(s.kind.prefix) + len(s.params) + 16
	for i := range s.inputs {
		size += len(s.inputs[i].Name) + hex.EncodedLen(len(Digest{})) + 8
	}
	return size
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
	if cas.Sum(text) != k.Digest {
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
