package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Baseline holds the digests that results are expected to have. It is a text
// file for version control: JSON with one line a result, sorted by stage, so
// that a difference in a review names what changed:
//
//	{
//	  "format": 1,
//	  "results": {
//	    "plot[height] svg": {"amd64":"0f3c…","arm64":"77ab…"},
//	    "solve[square,n=16] field": "5be1…"
//	  },
//	  "params": {
//	    "grid.cells": "64"
//	  },
//	  "code": {
//	    "internal/grid": "90aa…"
//	  }
//	}
//
// A portable result has one digest, another has one for each architecture.
type Baseline struct {
	results map[resultName]expected

	// Params and Code are what the results were made with: hints for whoever
	// looks for the cause of a difference without the store of that run. Both
	// are nil where it is not known, or not the same for all results.
	Params map[string]string // as in [Snapshot]
	Code   map[string]Digest // by the name of a [CodePart]
}

type resultName struct{ stage, output string }

// expected is one digest for all platforms, or one an architecture.
type expected struct {
	all      Digest
	platform map[string]Digest // nil for a portable result
}

const baselineFormat = 1

// maxBaseline bounds a baseline in bytes; the default one has half a megabyte.
const maxBaseline = 256 << 20

// NewBaseline returns a baseline that expects nothing.
func NewBaseline() *Baseline { return &Baseline{results: make(map[resultName]expected)} }

// LoadBaseline reads a baseline. Where there is no file, the error is
// [fs.ErrNotExist].
func LoadBaseline(path string) (*Baseline, error) {
	text, err := files.Read(context.Background(), path, maxBaseline)
	if err != nil {
		return nil, err
	}
	b := NewBaseline()
	if err := b.decode(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func (b *Baseline) decode(text []byte) error {
	var file struct {
		Format  int                        `json:"format"`
		Results map[string]json.RawMessage `json:"results"`
		Params  map[string]string          `json:"params"`
		Code    map[string]Digest          `json:"code"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return err
	}
	if file.Format != baselineFormat {
		return fmt.Errorf("its format is %d, this program reads %d", file.Format, baselineFormat)
	}
	b.Params, b.Code = file.Params, file.Code
	for name, value := range file.Results {
		space := strings.LastIndexByte(name, ' ')
		if space < 0 {
			return fmt.Errorf("result %q: want a stage, a space and an output", name)
		}
		var e expected
		var err error
		if bytes.HasPrefix(value, []byte("{")) {
			err = json.Unmarshal(value, &e.platform)
		} else {
			err = json.Unmarshal(value, &e.all)
		}
		if err != nil {
			return fmt.Errorf("result %q: %w", name, err)
		}
		b.results[resultName{name[:space], name[space+1:]}] = e
	}
	return nil
}

// Encode returns the text of the baseline.
func (b *Baseline) Encode() []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "{\n  \"format\": %d,\n  \"results\": {", baselineFormat)
	for i, name := range b.names() {
		if i > 0 {
			text.WriteByte(',')
		}
		e := b.results[name]
		text.WriteString("\n    " + quoteJSON(name.stage+" "+name.output) + ": ")
		if e.platform == nil {
			text.WriteString(quoteJSON(e.all.String()))
			continue
		}
		text.WriteByte('{')
		for j, arch := range slices.Sorted(maps.Keys(e.platform)) {
			if j > 0 {
				text.WriteByte(',')
			}
			text.WriteString(quoteJSON(arch) + ":" + quoteJSON(e.platform[arch].String()))
		}
		text.WriteByte('}')
	}
	text.WriteString("\n  }")
	writeObject(&text, "params", b.Params, func(v string) string { return v })
	writeObject(&text, "code", b.Code, Digest.String)
	text.WriteString("\n}\n")
	return text.Bytes()
}

// writeObject writes a further member of the file, a line a value, if there
// are any.
func writeObject[T any](text *bytes.Buffer, name string, values map[string]T, value func(T) string) {
	if len(values) == 0 {
		return
	}
	fmt.Fprintf(text, ",\n  %s: {", quoteJSON(name))
	for i, key := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString("\n    " + quoteJSON(key) + ": " + quoteJSON(value(values[key])))
	}
	text.WriteString("\n  }")
}

func quoteJSON(s string) string {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func (b *Baseline) names() []resultName {
	return slices.SortedFunc(maps.Keys(b.results), compareNames)
}

func compareNames(x, y resultName) int {
	return cmp.Or(strings.Compare(x.stage, y.stage), strings.Compare(x.output, y.output))
}

// Save writes the baseline, unless the file says the same already.
func (b *Baseline) Save(path string) error {
	text := b.Encode()
	same, err := hasContent(path, output{cas.Sum(text), int64(len(text))})
	if err != nil || same {
		return err
	}
	return files.Replace(path, text)
}

// Update takes over the results of a run, as [Summary.Results] returns them. Of a
// result that is not portable only the digest of this architecture changes.
func (b *Baseline) Update(g *Graph, results map[string]map[string]Digest) {
	for stage, outputs := range results {
		s := g.Stage(stage)
		portable := s == nil || s.Portable()
		for name, d := range outputs {
			key := resultName{stage, name}
			if portable {
				b.results[key] = expected{all: d}
				continue
			}
			platform := maps.Clone(b.results[key].platform)
			if platform == nil {
				platform = make(map[string]Digest)
			}
			platform[runtime.GOARCH] = d
			b.results[key] = expected{platform: platform}
		}
	}
}

// Retain drops the results that keep refuses: those of stages that no longer
// exist.
func (b *Baseline) Retain(keep func(stage, output string) bool) {
	maps.DeleteFunc(b.results, func(n resultName, _ expected) bool { return !keep(n.stage, n.output) })
}

// Len returns the number of results.
func (b *Baseline) Len() int { return len(b.results) }

// Digests calls yield with every digest of the baseline, of all platforms.
func (b *Baseline) Digests(yield func(stage, output string, d Digest) bool) {
	for _, n := range b.names() {
		e := b.results[n]
		if e.platform == nil {
			if !yield(n.stage, n.output, e.all) {
				return
			}
			continue
		}
		for _, arch := range slices.Sorted(maps.Keys(e.platform)) {
			if !yield(n.stage, n.output, e.platform[arch]) {
				return
			}
		}
	}
}

// DifferenceKind says how a result differs from a baseline.
type DifferenceKind uint8

// The kinds of differences.
const (
	Missing DifferenceKind = iota // expected, but not there
	New                           // there, but not expected (on this architecture)
	Changed                       // has another digest
)

// String returns the name of the kind in lower case.
func (k DifferenceKind) String() string {
	switch k {
	case Missing:
		return "missing"
	case New:
		return "new"
	case Changed:
		return "changed"
	}
	return "unknown"
}

// Difference is one result that is not as a baseline expects.
type Difference struct {
	Kind          DifferenceKind
	Stage, Output string
	Want, Have    Digest // zero where there is none
}

// Compare returns where results, as [Summary.Results] returns them, differ from
// the baseline on this architecture, sorted by stage and output.
func (b *Baseline) Compare(results map[string]map[string]Digest) []Difference {
	var found []Difference
	for n, e := range b.results {
		want := e.all
		if e.platform != nil {
			want = e.platform[runtime.GOARCH]
		}
		have, ok := results[n.stage][n.output]
		switch {
		case !ok && !want.IsZero():
			found = append(found, Difference{Missing, n.stage, n.output, want, have})
		case ok && want.IsZero():
			found = append(found, Difference{New, n.stage, n.output, want, have})
		case ok && have != want:
			found = append(found, Difference{Changed, n.stage, n.output, want, have})
		}
	}
	for stage, outputs := range results {
		for name, have := range outputs {
			if _, ok := b.results[resultName{stage, name}]; !ok {
				found = append(found, Difference{New, stage, name, Digest{}, have})
			}
		}
	}
	slices.SortFunc(found, func(x, y Difference) int {
		return compareNames(resultName{x.Stage, x.Output}, resultName{y.Stage, y.Output})
	})
	return found
}
