package reliability

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// recipe is a graph of sources, layers of stages that each read two of the
// layer before and have two outputs, and one stage that reads the last layer.
type recipe struct {
	Generation int // other generations have other keys and other bytes
	Width      int
	Layers     int
	Size       int // of an output, about, bytes that do not compress

	// Ran is told the name of each stage that is executed, in the execution.
	// It enters no key.
	Ran func(name string) `json:"-"`
}

// small is a recipe of seven stages.
var small = recipe{Generation: 1, Width: 3, Layers: 2, Size: 2100}

type params struct {
	Generation, Layer, Place, Size int
}

// digests has the digest of each output by stage and output.
type digests = map[string]map[string]pipeline.Digest

// isResult reports whether a file of the store is the object of a result. The
// other objects say which stages were up to date at the end of a run.
func isResult(file string, want digests) bool {
	name, _, _ := strings.Cut(path.Base(filepath.ToSlash(file)), ".")
	for _, outputs := range want {
		for _, d := range outputs {
			if d.String() == name {
				return true
			}
		}
	}
	return false
}

func stageName(layer, place int) string { return fmt.Sprintf("mix[layer=%d,place=%d]", layer, place) }

const lastName = "fold"

// lastExport is where the output of the last stage is exported.
const lastExport = "results/größe der Fläche.bin"

// graph returns the graph of the recipe.
func (r recipe) graph(t testing.TB) *pipeline.Graph {
	t.Helper()
	g, err := r.build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (r recipe) build() (*pipeline.Graph, error) {
	run := func(_ context.Context, p params, t *pipeline.Task) (map[string][]byte, error) {
		if r.Ran != nil {
			name := lastName
			if p.Layer < r.Layers {
				name = stageName(p.Layer, p.Place)
			}
			r.Ran(name)
		}
		t.Logf("layer %d of generation %d", p.Layer, p.Generation)
		return bake(p, t.Inputs), nil
	}
	mix := &pipeline.Kind[params]{Name: "mix", Outputs: []string{"data", "note"}, Portable: true, Run: run}
	fold := &pipeline.Kind[params]{Name: "fold", Outputs: []string{"data", "note"}, Portable: true, Run: run}
	g := pipeline.NewGraph(nil)
	var before []*pipeline.Stage
	for layer := range r.Layers {
		var these []*pipeline.Stage
		for place := range r.Width {
			n := pipeline.Node{Name: stageName(layer, place)}
			if layer > 0 {
				n.Inputs = map[string]pipeline.Output{
					"left":  before[place].Out("data"),
					"right": before[(place+1)%r.Width].Out("note"),
				}
			}
			s, err := pipeline.Add(g, mix, n, params{r.Generation, layer, place, r.Size})
			if err != nil {
				return nil, err
			}
			these = append(these, s)
		}
		before = these
	}
	n := pipeline.Node{Name: lastName, Inputs: make(map[string]pipeline.Output), Export: map[string]string{"data": lastExport}}
	for i, s := range before {
		n.Inputs[fmt.Sprintf("in%03d", i)] = s.Out("data")
	}
	_, err := pipeline.Add(g, fold, n, params{r.Generation, r.Layers, 0, r.Size})
	return g, err
}

// bake returns two outputs that depend on every bit of the params and inputs.
func bake(p params, inputs map[string][]byte) map[string][]byte {
	h := sha256.New()
	fmt.Fprint(h, p)
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		fmt.Fprintf(h, "%s %d ", name, len(inputs[name]))
		h.Write(inputs[name])
	}
	sum := [32]byte(h.Sum(nil))
	random := rand.NewChaCha8(sum)
	data := make([]byte, p.Size+extra(sum))
	random.Read(data)
	return map[string][]byte{"data": data, "note": fmt.Appendf(nil, "%x of %+v\n", sum[:8], p)}
}

// extra is 0 to 15, so that outputs differ in length.
func extra(sum [32]byte) int { return int(sum[0] & 15) }

// reference returns what an undisturbed run in memory gives.
func (r recipe) reference(t testing.TB) digests {
	t.Helper()
	r.Ran = nil
	_, sum := must(t, r.graph(t), open(t, disk, cas.WithFS(castest.NewFS())))
	return sum.Results()
}

// plan compares the recipe with a store.
func plan(t testing.TB, g *pipeline.Graph, st *cas.Store) *pipeline.Plan {
	t.Helper()
	p, err := pipeline.NewPlan(g, st, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// must plans and runs all of g without an error.
func must(t testing.TB, g *pipeline.Graph, st *cas.Store) (*pipeline.Plan, *pipeline.Summary) {
	t.Helper()
	p := plan(t, g, st)
	sum, err := p.Run(t.Context(), pipeline.RunOptions{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return p, sum
}

func open(t testing.TB, dir string, options ...cas.Option) *cas.Store {
	t.Helper()
	d, err := cas.Open(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// wantResults compares results with the reference.
func wantResults(t testing.TB, got, want digests) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("other results than an undisturbed run (-want +got):\n%s", diff)
	}
}

// wrongHits returns what is wrong with the hits of a plan: other digests than
// the reference, or an output that the store cannot give.
func wrongHits(p *pipeline.Plan, st *cas.Store, want digests) error {
	var wrong []string
	for _, step := range p.Steps() {
		if step.State != pipeline.StateCached {
			continue
		}
		for _, name := range step.Stage.Outputs() {
			d, size, ok := p.Output(step.Stage, name)
			data, err := st.Get(context.Background(), d)
			if !ok || err != nil || d != want[step.Stage.Name()][name] || int64(len(data)) != size || cas.Sum(data) != d {
				wrong = append(wrong, fmt.Sprintf("%s %s: %s, %v", step.Stage, name, d.Short(), err))
			}
		}
	}
	if wrong != nil {
		return fmt.Errorf("wrong hits: %s", strings.Join(wrong, "; "))
	}
	return nil
}

// cached returns the names of the stages that a plan has found in the store.
func cached(p *pipeline.Plan) map[string]bool {
	found := make(map[string]bool)
	for _, step := range p.Steps() {
		if step.State == pipeline.StateCached {
			found[step.Stage.Name()] = true
		}
	}
	return found
}

// TestRecipe: the recipe is what the other tests take it for.
func TestRecipe(t *testing.T) {
	want := small.reference(t)
	if len(want) != 7 {
		t.Errorf("%d stages, want 7", len(want))
	}
	seen := make(map[pipeline.Digest]bool)
	other := small
	other.Generation++
	for _, results := range []digests{want, other.reference(t)} {
		for _, outputs := range results {
			for _, d := range outputs {
				if seen[d] {
					t.Error("two outputs are the same")
				}
				seen[d] = true
			}
		}
	}
	if a, b := bake(params{1, 2, 3, 40}, nil), bake(params{1, 2, 3, 40}, nil); !bytes.Equal(a["data"], b["data"]) {
		t.Error("a stage is not a function")
	}
}
