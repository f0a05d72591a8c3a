package pipeline

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Digest identifies content: the SHA-256 of its uncompressed bytes.
type Digest = cas.Digest

// Task is what a running stage receives besides its params.
type Task = task.Task

// Func computes the outputs of a stage, by name, from its params and the
// inputs of the task. It must be a pure function of both, and return early
// with the error of ctx when ctx is done. The outputs belong to the engine
// from then on.
type Func[P any] func(ctx context.Context, p P, t *Task) (map[string][]byte, error)

// Kind is what many stages have in common: the function, and what is known
// of it beforehand. P is the struct of its params: plain values only, which
// are booleans, integers, floats, strings, slices, arrays, maps with string
// keys, and structs of these with exported fields.
//
// Run receives the params as they read back from their canonical encoding,
// a copy of its own: −0 is 0, an empty slice is nil, an empty map is not nil.
// So it cannot see anything that its key does not tell.
type Kind[P any] struct {
	// Name enters the key: "solve".
	Name string

	// Code is the hash of the implementing code and enters the key; see
	// [Sources].
	Code Digest

	// Outputs are the names of what Run returns, at least one. They enter
	// the key; their order does not.
	Outputs []string

	// Portable says that the outputs have the same bits on every machine.
	// If it is false, the architecture and the Go version enter the key.
	Portable bool

	// Cores is the number of cores that Run can use; 0 means 1. The engine
	// may allot fewer.
	Cores int

	// Memory is what Run needs at its peak besides its inputs, in bytes.
	Memory int64

	// Run does the work.
	Run Func[P]
}

// kind is a Kind without its type parameter. It is shared by all its stages.
type kind struct {
	index    int // in the graph
	name     string
	code     Digest
	outputs  []string // sorted
	platform string   // "" if portable
	cores    int
	memory   int64
	prefix   []byte // of the manifest, up to the params
	params   *codec
	value    any           // *P, into which Add puts the params to encode them
	encoded  reflect.Value // what it points to
	run      func(ctx context.Context, params []byte, t *Task) (map[string][]byte, error)
}

// platform names what the bits of a result that is not portable depend on.
func platform() string { return runtime.GOARCH + " " + runtime.Version() }

func (k *Kind[P]) erase() (*kind, error) {
	switch {
	case k == nil:
		return nil, errors.New("kind is nil")
	case k.Name == "":
		return nil, errors.New("kind has no name")
	case k.Run == nil:
		return nil, fmt.Errorf("kind %s has no function", k.Name)
	case len(k.Outputs) == 0:
		return nil, fmt.Errorf("kind %s has no outputs", k.Name)
	case k.Cores < 0:
		return nil, fmt.Errorf("kind %s: cores are %d, want none (for 1) or more", k.Name, k.Cores)
	case k.Memory < 0:
		return nil, fmt.Errorf("kind %s: memory is %d bytes, want none or more", k.Name, k.Memory)
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
	c, err := paramsCodec(reflect.TypeFor[P]())
	if err != nil {
		return nil, fmt.Errorf("kind %s: %w", k.Name, err)
	}
	value := new(P)
	e := &kind{
		name:    k.Name,
		code:    k.Code,
		outputs: outputs,
		cores:   max(1, k.Cores),
		memory:  k.Memory,
		params:  c,
		value:   value,
		encoded: reflect.ValueOf(value).Elem(),
	}
	if !k.Portable {
		e.platform = platform()
	}
	e.prefix = appendManifestPrefix(nil, e.name, e.platform, e.code, e.outputs)
	f := k.Run
	e.run = func(ctx context.Context, params []byte, t *Task) (map[string][]byte, error) {
		var p P
		if err := c.decodeParams(params, reflect.ValueOf(&p).Elem()); err != nil {
			return nil, fmt.Errorf("reading back the params: %w", err)
		}
		return f(ctx, p, t)
	}
	return e, nil
}

// same reports whether two kinds of one name are the same to the key. Their
// functions cannot be compared; the code hash speaks for them.
func (k *kind) same(o *kind) bool {
	return k.name == o.name && string(k.prefix) == string(o.prefix) &&
		k.cores == o.cores && k.memory == o.memory && k.params == o.params
}
