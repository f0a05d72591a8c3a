package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
)

// Graph is a directed acyclic graph of stages. It cannot have a cycle: a
// stage is added after those that it reads. A graph is built by one
// goroutine; once it is complete, any number of goroutines may read it.
type Graph struct {
	hasher  *codehash.Hasher
	stages  []*Stage
	names   map[string]*Stage
	edges   []edge           // into all stages, in the order of the stages
	kinds   map[any]*kind    // by *Kind[P]
	byKind  map[string]*kind // by name
	exports map[string]*Stage
}

// edge is where an input comes from: the index of a stage and of one of its
// outputs.
type edge struct{ from, output int32 }

// NewGraph returns an empty graph. The hasher computes the code hashes of the
// kinds that name their package; it may be nil if no kind does.
func NewGraph(hasher *codehash.Hasher) *Graph {
	return &Graph{
		hasher:  hasher,
		names:   make(map[string]*Stage),
		kinds:   make(map[any]*kind),
		byKind:  make(map[string]*kind),
		exports: make(map[string]*Stage),
	}
}

// Label is one coordinate of a stage among those of its kind, such as n=16. It
// serves to group and to select stages and does not enter the key.
type Label struct{ Key, Value string }

// Output is an output of a stage, which other stages can read.
type Output struct {
	Stage *Stage
	Name  string
}

// Input is an edge into a stage: the output of From, under the name by which
// the stage reads it. The name and the content of the output enter the key of
// the reader; where the content comes from does not.
type Input struct {
	Name   string
	From   *Stage
	Output string
}

// Node describes a stage, except for its kind and params. Of all its fields,
// only the names of the inputs enter the key.
type Node struct {
	// Name is unique in the graph: "solve[square,n=16,order=2]".
	Name string

	// Labels are in display order.
	Labels []Label

	// Inputs are what the stage reads, under the names by which it reads them.
	Inputs map[string]Output

	// Estimate is how long the stage may take, for a stage that never ran. It
	// affects only the order in which stages run. 0 if unknown.
	Estimate time.Duration

	// Cores is the number of cores that the stage can use; 0 means 1. The
	// engine may allot fewer.
	Cores int

	// Memory is what the stage needs at its peak in addition to its inputs,
	// in bytes.
	Memory int64

	// Size is about how many bytes the outputs take on disk. The engine only tells
	// people; 0 if unknown.
	Size int64

	// Export maps the names of outputs to the files that [Plan.Export]
	// writes: slash-separated paths below its folder.
	Export map[string]string
}

// Stage is one node of a [Graph]: a [Kind] with params and inputs.
type Stage struct {
	graph   *Graph
	index   int32
	edges   int32 // index of the first in the graph's edges; there is one per input
	kind    *kind
	name    string
	labels  []Label
	inputs  []Input // sorted by name
	exports map[string]string
	params  []byte // JSON, as in the manifest

	estimate time.Duration // of the first run, 0 if unknown
	cores    int
	memory   int64 // bytes
	size     int64 // bytes
}

// Add adds a stage to g and returns it, so that later stages can read its
// outputs. It keeps n.Labels, which must not be changed afterwards.
//
// It is an error if the name is empty or taken, if another kind has the name
// of k, if an input or export names an output that does not exist, if two
// exports write the same file, or if params cannot enter a key: a value or a
// type that [Kind] does not list.
func Add[P any](g *Graph, k *Kind[P], n Node, params P) (*Stage, error) {
	e, err := g.kind(k, func() (*kind, error) { return k.untyped(g.hasher) })
	if err != nil {
		return nil, fmt.Errorf("stage %s: %w", n.Name, err)
	}
	if n.Name == "" {
		return nil, fmt.Errorf("a stage of kind %s has no name", e.name)
	}
	switch {
	case g.names[n.Name] != nil:
		return nil, fmt.Errorf("stage %s: the name is taken", n.Name)
	case n.Cores < 0:
		return nil, fmt.Errorf("stage %s: cores are %d, want 0 (for 1) or more", n.Name, n.Cores)
	case n.Memory < 0:
		return nil, fmt.Errorf("stage %s: memory is %d bytes, want 0 or more", n.Name, n.Memory)
	}
	s := &Stage{
		graph: g, index: int32(len(g.stages)), edges: int32(len(g.edges)),
		kind: e, name: n.Name, labels: n.Labels,
		estimate: n.Estimate, cores: max(1, n.Cores), memory: n.Memory, size: n.Size,
	}
	edges, err := s.setInputs(n.Inputs)
	if err != nil {
		return nil, fmt.Errorf("stage %s: %w", n.Name, err)
	}
	if err := s.setExports(n.Export); err != nil {
		return nil, fmt.Errorf("stage %s: %w", n.Name, err)
	}
	*e.value.(*P) = params
	if s.params, err = encodeParams(e.value); err != nil {
		return nil, fmt.Errorf("stage %s: %w", n.Name, err)
	}
	for _, file := range s.exports {
		g.exports[file] = s
	}
	g.names[n.Name] = s
	g.edges = edges
	g.stages = append(g.stages, s)
	return s, nil
}

// kind returns what make returned the first time that it was called for this
// id.
func (g *Graph) kind(id any, make func() (*kind, error)) (*kind, error) {
	if k, ok := g.kinds[id]; ok {
		return k, nil
	}
	k, err := make()
	if err != nil {
		return nil, err
	}
	k.index = len(g.byKind)
	if other, ok := g.byKind[k.name]; !ok {
		g.byKind[k.name] = k
	} else if k.index = other.index; !other.same(k) {
		return nil, fmt.Errorf("kind %s differs from an earlier kind of this name", k.name)
	}
	g.kinds[id] = k
	return k, nil
}

// setInputs returns the edges of the graph followed by those of s.
func (s *Stage) setInputs(inputs map[string]Output) ([]edge, error) {
	edges := s.graph.edges
	if len(inputs) == 0 {
		return edges, nil
	}
	s.inputs = make([]Input, 0, len(inputs))
	for name, from := range inputs {
		s.inputs = append(s.inputs, Input{name, from.Stage, from.Name})
	}
	slices.SortFunc(s.inputs, func(a, b Input) int { return strings.Compare(a.Name, b.Name) })
	for _, in := range s.inputs {
		switch {
		case in.Name == "":
			return nil, errors.New("an input has no name")
		case in.From == nil:
			return nil, fmt.Errorf("input %s comes from no stage", in.Name)
		case in.From.graph != s.graph:
			return nil, fmt.Errorf("input %s comes from stage %s of another graph", in.Name, in.From.name)
		}
		o := in.From.output(in.Output)
		if o < 0 {
			return nil, fmt.Errorf("input %s: stage %s has no output %q, only %s",
				in.Name, in.From.name, in.Output, strings.Join(in.From.kind.outputs, ", "))
		}
		edges = append(edges, edge{in.From.index, int32(o)})
	}
	return edges, nil
}

func (s *Stage) setExports(exports map[string]string) error {
	if len(exports) == 0 {
		return nil
	}
	s.exports = maps.Clone(exports)
	for _, output := range slices.Sorted(maps.Keys(exports)) {
		file := exports[output]
		if s.output(output) < 0 {
			return fmt.Errorf("export %s: there is no output %q, only %s",
				file, output, strings.Join(s.kind.outputs, ", "))
		}
		if file == "." || path.Clean(file) != file || !filepath.IsLocal(filepath.FromSlash(file)) {
			return fmt.Errorf("export of output %s: %q is not a clean path below the folder of exports", output, file)
		}
		if other, ok := s.graph.exports[file]; ok {
			return fmt.Errorf("export %s: stage %s writes this file", file, other.name)
		}
		for other, of := range exports {
			if other != output && of == file {
				return fmt.Errorf("export %s: outputs %s and %s write this file", file, min(output, other), max(output, other))
			}
		}
	}
	return nil
}

// sources returns where the inputs of s come from, in their order.
func (s *Stage) sources() []edge {
	return s.graph.edges[s.edges : int(s.edges)+len(s.inputs)]
}

// output returns the index of an output, -1 if there is none of this name.
func (s *Stage) output(name string) int { return slices.Index(s.kind.outputs, name) }

// Stages returns all stages in the order in which they were added, which is
// topological.
func (g *Graph) Stages() []*Stage { return slices.Clone(g.stages) }

// Stage returns the stage of this name, nil if there is none.
func (g *Graph) Stage(name string) *Stage { return g.names[name] }

// Out returns an output of the stage, for stages that read it. [Add] refuses
// a name that the stage's kind does not have.
func (s *Stage) Out(name string) Output { return Output{s, name} }

// Name returns the unique name of the stage.
func (s *Stage) Name() string { return s.name }

// String returns the unique name of the stage.
func (s *Stage) String() string { return s.name }

// Kind returns the name of the stage's kind.
func (s *Stage) Kind() string { return s.kind.name }

// Code returns the hash of the stage's code. It has no parts if the kind
// carries its code hash ([Kind].Code).
func (s *Stage) Code() codehash.Hash { return s.kind.code }

// Labels returns the coordinates of the stage. The slice must not be changed.
func (s *Stage) Labels() []Label { return s.labels }

// Label returns the value of a label, "" if the stage does not have it.
func (s *Stage) Label(key string) string {
	for _, l := range s.labels {
		if l.Key == key {
			return l.Value
		}
	}
	return ""
}

// Inputs returns the edges into the stage, sorted by name. The slice must not
// be changed.
func (s *Stage) Inputs() []Input { return s.inputs }

// Outputs returns the names of the outputs, sorted. The slice must not be
// changed.
func (s *Stage) Outputs() []string { return s.kind.outputs }

// Exports returns the file of each output that is exported.
func (s *Stage) Exports() map[string]string { return maps.Clone(s.exports) }

// Portable reports whether the outputs have the same bits on every machine.
func (s *Stage) Portable() bool { return s.kind.platform == "" }

// Estimate returns how long the stage may take; 0 if unknown.
func (s *Stage) Estimate() time.Duration { return s.estimate }

// Cores returns the number of cores that the stage can use.
func (s *Stage) Cores() int { return s.cores }

// Memory returns what the stage needs at its peak in addition to its inputs, in
// bytes.
func (s *Stage) Memory() int64 { return s.memory }

// Size returns about how many bytes the outputs take on disk; 0 if unknown.
func (s *Stage) Size() int64 { return s.size }

// Params returns the params as they enter the key, one field per leaf. Paths
// have no prefix: "step_size".
func (s *Stage) Params() []Field { return paramFields("", s.params) }
