package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Digest identifies content: the SHA-256 of its uncompressed bytes.
type Digest = cas.Digest

// Task is what a running stage receives in addition to its params: its inputs
// by name (Inputs), the number of goroutines that it may use (Workers), and
// functions to report progress (Progress), to write lines to the stage's log
// (Logf) and to keep finished parts of the work (Part). Stages import package
// [task], which is small, instead of the engine; [task.New] makes a Task for
// tests.
type Task = task.Task

// Kind is what many stages have in common: a function and its outputs. It is
// only read, so it can be a package-level variable.
//
// P is the struct of its params. It may hold booleans, integers, finite
// floats, strings in UTF-8, slices, arrays, maps with string keys, and structs
// of these with exported fields. Run receives its own copy, read back from the
// JSON in the key, so it sees nothing that its key does not tell. Nil and an
// empty slice or map, and −0 and 0, give different keys.
type Kind[P any] struct {
	// Name enters the key: "solve".
	Name string

	// Package is the package that implements Run, by its folder in the module:
	// "stages/solve". The hash of its code, which the graph computes, enters
	// the key; see [codehash.Hasher.Package].
	Package string

	// Code is the hash of the implementing code, for a kind without a
	// Package.
	Code Digest

	// Outputs are the names of what Run returns, at least one. They enter
	// the key; their order does not.
	Outputs []string

	// Portable says that the outputs have the same bits on every machine.
	// If it is false, the architecture and the Go version enter the key.
	Portable bool

	// Run computes the outputs of a stage, by name, from its params and the
	// inputs of the task. It must be a pure function of both, and return early
	// with the error of ctx when ctx is done. The engine takes ownership of
	// the outputs.
	Run func(ctx context.Context, p P, t *Task) (map[string][]byte, error)
}

// kind is a Kind without its type parameter. It is shared by all its stages.
type kind struct {
	index    int // in the graph
	name     string
	code     codehash.Hash
	outputs  []string // sorted
	platform string   // "" if portable
	prefix   []byte   // of the manifest, up to the params
	params   reflect.Type
	value    any // *P: [Add] encodes the params from here, which saves an allocation
	run      func(ctx context.Context, params []byte, t *Task) (map[string][]byte, error)
}

// platform names what the bits of a result that is not portable depend on.
func platform() string { return runtime.GOARCH + " " + runtime.Version() }

// untyped checks a kind and hashes its code.
func (k *Kind[P]) untyped(hasher *codehash.Hasher) (*kind, error) {
	switch {
	case k == nil:
		return nil, errors.New("kind is nil")
	case k.Name == "":
		return nil, errors.New("kind has no name")
	case k.Run == nil:
		return nil, fmt.Errorf("kind %s has no function", k.Name)
	case len(k.Outputs) == 0:
		return nil, fmt.Errorf("kind %s has no outputs", k.Name)
	case k.Package != "" && !k.Code.IsZero():
		return nil, fmt.Errorf("kind %s has both a package and a code hash", k.Name)
	case k.Package != "" && hasher == nil:
		return nil, fmt.Errorf("kind %s names package %s, and the graph has nothing to hash its code with", k.Name, k.Package)
	}
	outputs := slices.Sorted(slices.Values(k.Outputs))
	for i, o := range outputs {
		if o == "" || strings.ContainsAny(o, " \n") {
			return nil, fmt.Errorf("kind %s has an output %q: want a name without spaces", k.Name, o)
		}
		if i > 0 && o == outputs[i-1] {
			return nil, fmt.Errorf("kind %s has two outputs %q", k.Name, o)
		}
	}
	params := reflect.TypeFor[P]()
	if err := checkParams(params); err != nil {
		return nil, fmt.Errorf("kind %s: %w", k.Name, err)
	}
	code := codehash.Hash{Digest: k.Code}
	if k.Package != "" {
		var err error
		if code, err = hasher.Package(k.Package); err != nil {
			return nil, fmt.Errorf("kind %s: %w", k.Name, err)
		}
	}
	e := &kind{
		name:    k.Name,
		code:    code,
		outputs: outputs,
		params:  params,
		value:   new(P),
	}
	if !k.Portable {
		e.platform = platform()
	}
	var err error
	if e.prefix, err = manifestPrefix(e.name, e.platform, e.code.Digest, e.outputs); err != nil {
		return nil, fmt.Errorf("kind %s: %w", k.Name, err)
	}
	f := k.Run
	e.run = func(ctx context.Context, params []byte, t *Task) (map[string][]byte, error) {
		var p P
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, fmt.Errorf("reading back the params: %w", err)
		}
		return f(ctx, p, t)
	}
	return e, nil
}

// same reports whether two kinds of one name give the same keys. Their
// functions cannot be compared; their code hashes stand for them.
func (k *kind) same(o *kind) bool {
	return k.name == o.name && string(k.prefix) == string(o.prefix) && k.params == o.params
}
