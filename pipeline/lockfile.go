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

// Lockfile holds the digests that results are expected to have. It is a text
// file for version control: JSON with one line per result, sorted, so that a
// diff names what changed:
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
// A portable result has one digest, any other has one for each architecture.
type Lockfile struct {
	results map[string]expected // by the names of the stage and the output

	// Params and Code are what the results were made with: hints for finding
	// the cause of a difference without the store of that run. Both are nil
	// if they are not known, or not the same for all results.
	Params map[string]string // as in [Run]
	Code   map[string]Digest // by the name of a [codehash.Part]
}

// resultName is the name of a result in a lock file.
func resultName(stage, output string) string { return stage + " " + output }

// expected is one digest for all platforms, or one per architecture.
type expected struct {
	all      Digest
	platform map[string]Digest // nil for a portable result
}

// here returns the digest for this architecture, zero if there is none.
func (e expected) here() Digest {
	if e.platform != nil {
		return e.platform[runtime.GOARCH]
	}
	return e.all
}

// MarshalJSON implements [json.Marshaler].
func (e expected) MarshalJSON() ([]byte, error) {
	if e.platform != nil {
		return json.Marshal(e.platform)
	}
	return json.Marshal(e.all)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *expected) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("{")) {
		return json.Unmarshal(text, &e.platform)
	}
	return json.Unmarshal(text, &e.all)
}

const (
	lockFormat  = 1
	maxLockfile = 256 << 20
)

// NewLockfile returns a lock file that expects nothing.
func NewLockfile() *Lockfile { return &Lockfile{results: make(map[string]expected)} }

// LoadLockfile reads a lock file. If there is none, the error is
// [fs.ErrNotExist].
func LoadLockfile(path string) (*Lockfile, error) {
	l := NewLockfile()
	if err := readLockfile(path, l.decode); err != nil {
		return nil, err
	}
	return l, nil
}

// LockfileParams returns only the Params of a lock file, in a quarter of the time of
// [LoadLockfile]. Whatever else the file holds need only be JSON. If there is no
// file, the error is [fs.ErrNotExist].
func LockfileParams(path string) (params map[string]string, err error) {
	err = readLockfile(path, func(text []byte) error {
		var file struct {
			Format int               `json:"format"`
			Params map[string]string `json:"params"`
		}
		if err := json.Unmarshal(text, &file); err != nil {
			return err
		}
		params = file.Params
		return checkLockFormat(file.Format)
	})
	return params, err
}

func readLockfile(path string, decode func(text []byte) error) error {
	text, err := files.Read(context.Background(), path, maxLockfile)
	if err != nil {
		return err
	}
	if err := decode(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func checkLockFormat(format int) error {
	if format != lockFormat {
		return fmt.Errorf("unsupported format %d (want %d)", format, lockFormat)
	}
	return nil
}

func (l *Lockfile) decode(text []byte) error {
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
	if err := checkLockFormat(file.Format); err != nil {
		return err
	}
	l.Params, l.Code = file.Params, file.Code
	for name, value := range file.Results {
		if !strings.Contains(name, " ") {
			return fmt.Errorf("result %q: want a stage, a space and an output", name)
		}
		var e expected
		if err := json.Unmarshal(value, &e); err != nil {
			return fmt.Errorf("result %q: %w", name, err)
		}
		l.results[name] = e
	}
	return nil
}

// Encode returns the text of the lock file.
func (l *Lockfile) Encode() []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "{\n  \"format\": %d", lockFormat)
	writeMember(&text, "results", l.results)
	if len(l.Params) > 0 {
		writeMember(&text, "params", l.Params)
	}
	if len(l.Code) > 0 {
		writeMember(&text, "code", l.Code)
	}
	text.WriteString("\n}\n")
	return text.Bytes()
}

// writeMember writes a further member of an object, with one line per value.
func writeMember[T any](text *bytes.Buffer, name string, values map[string]T) {
	fmt.Fprintf(text, ",\n  %q: {", name)
	e := json.NewEncoder(text)
	e.SetEscapeHTML(false)
	write := func(v any, end string) {
		if err := e.Encode(v); err != nil {
			panic(err) // strings and digests always encode
		}
		text.Truncate(text.Len() - 1) // the newline
		text.WriteString(end)
	}
	for i, key := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString("\n    ")
		write(key, ": ")
		write(values[key], "")
	}
	text.WriteString("\n  }")
}

// Save writes the lock file, unless the file has this text already.
func (l *Lockfile) Save(path string) error {
	text := l.Encode()
	same, err := hasContent(path, output{cas.Sum(text), int64(len(text))})
	if err != nil || same {
		return err
	}
	return files.Replace(path, text)
}

// Update accepts the results of a run, as [Summary.Results] returns them. Of a
// result that is not portable, only the digest for this architecture changes.
func (l *Lockfile) Update(g *Graph, results map[string]map[string]Digest) {
	for stage, outputs := range results {
		s := g.Stage(stage)
		for name, d := range outputs {
			key := resultName(stage, name)
			if s == nil || s.Portable() {
				l.results[key] = expected{all: d}
				continue
			}
			platform := maps.Clone(l.results[key].platform)
			if platform == nil {
				platform = make(map[string]Digest)
			}
			platform[runtime.GOARCH] = d
			l.results[key] = expected{platform: platform}
		}
	}
}

// MadeWith notes with which params, and with which code of the graph, the
// results were made. If only some of them were updated (all is false) and
// params or code changed, they are not the same for all results: both are
// forgotten.
func (l *Lockfile) MadeWith(g *Graph, params map[string]string, all bool) {
	code := make(map[string]Digest)
	for _, s := range g.stages {
		for _, p := range s.kind.code.Parts {
			code[p.Name] = p.Digest
		}
	}
	if !all && !(maps.Equal(l.Params, params) && maps.Equal(l.Code, code)) {
		params, code = nil, nil
	}
	l.Params, l.Code = params, code
}

// Retain drops the results of stages that the graph does not have.
func (l *Lockfile) Retain(g *Graph) {
	maps.DeleteFunc(l.results, func(name string, _ expected) bool {
		return g.Stage(name[:strings.LastIndexByte(name, ' ')]) == nil
	})
}

// Digests calls yield with every digest, for all platforms.
func (l *Lockfile) Digests(yield func(Digest) bool) {
	for _, name := range slices.Sorted(maps.Keys(l.results)) {
		e := l.results[name]
		if e.platform == nil && !yield(e.all) {
			return
		}
		for _, arch := range slices.Sorted(maps.Keys(e.platform)) {
			if !yield(e.platform[arch]) {
				return
			}
		}
	}
}

// expects returns the digests that are expected of the outputs of a stage on
// this architecture.
func (l *Lockfile) expects(s *Stage) map[string]Digest {
	outputs := make(map[string]Digest)
	for _, name := range s.kind.outputs {
		if d := l.results[resultName(s.name, name)].here(); !d.IsZero() {
			outputs[name] = d
		}
	}
	return outputs
}

// DifferenceKind says how a result differs from what is expected.
type DifferenceKind string

// The kinds of differences.
const (
	Missing DifferenceKind = "missing" // expected, but not present
	New     DifferenceKind = "new"     // present, but not expected
	Unknown DifferenceKind = "unknown" // present, and expected only of other architectures
	Changed DifferenceKind = "changed" // has another digest
)

// Difference is one result that is not as expected.
type Difference struct {
	Kind   DifferenceKind `json:"difference"`
	Stage  string         `json:"stage"`
	Output string         `json:"output"`
	Want   Digest         `json:"want,omitzero"`
	Have   Digest         `json:"have,omitzero"`
}

// String says in one line how the result differs.
func (d Difference) String() string {
	name := d.Stage + ": " + d.Output
	switch d.Kind {
	case New:
		return name + " is new: " + d.Have.Short()
	case Unknown:
		return name + " is " + d.Have.Short() + ", and is expected only of other architectures"
	case Missing:
		return name + " is gone: " + d.Want.Short()
	}
	return name + " is " + d.Have.Short() + ", expected " + d.Want.Short()
}

// Compare returns where results, as [Summary.Results] returns them, differ
// from what is expected on this architecture, sorted by stage and output.
func (l *Lockfile) Compare(results map[string]map[string]Digest) []Difference {
	var found []Difference
	for name, e := range l.results {
		space := strings.LastIndexByte(name, ' ')
		d := Difference{Stage: name[:space], Output: name[space+1:], Want: e.here()}
		have, ok := results[d.Stage][d.Output]
		d.Have = have
		switch {
		case !ok && !d.Want.IsZero():
			d.Kind = Missing
		case ok && d.Want.IsZero():
			d.Kind = Unknown
		case ok && have != d.Want:
			d.Kind = Changed
		default:
			continue
		}
		found = append(found, d)
	}
	for stage, outputs := range results {
		for name, have := range outputs {
			if _, ok := l.results[resultName(stage, name)]; !ok {
				found = append(found, Difference{Kind: New, Stage: stage, Output: name, Have: have})
			}
		}
	}
	slices.SortFunc(found, func(x, y Difference) int {
		return cmp.Or(strings.Compare(x.Stage, y.Stage), strings.Compare(x.Output, y.Output))
	})
	return found
}
