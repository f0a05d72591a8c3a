package stages

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

// ownData writes files of four objects into a folder and returns params that name them.
func ownData(t *testing.T) (dir, text string) {
	t.Helper()
	dir = t.TempDir()
	save := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	save("X.npy", npy.Encode([]int{4, 2}, []float64{1, 2, 3, 4, 5, 6, 7, 8}))
	save("y.npy", npy.Encode([]int{4}, []int64{0, 1, 2, 0}))
	save("more.npy", npy.Encode([]int{5, 3}, make([]float32, 15)))
	text = "[data]\nobjects = 4\n[dataset.mine]\ninputs = 'DIR/X.npy'\nlabels = 'DIR/y.npy'\nclasses = 3\n[input.wide]\nfile = 'DIR/more.npy'\n" +
		"[[experiment]]\nname = 'a'\ndataset = 'mine'\nhidden_size = [4]\nnum_layers = [1]\nfigures = ['hidden_size']\n" +
		"[[experiment]]\nname = 'b'\ndataset = 'mine'\ninput = 'wide'\nhidden_size = [4]\nnum_layers = [1]\nfigures = ['hidden_size']\n"
	return dir, strings.ReplaceAll(text, "DIR", filepath.ToSlash(dir))
}

// ownGraph is the graph of params that name files.
func ownGraph(t *testing.T, text string, overrides ...string) *pipeline.Graph {
	t.Helper()
	p := mustParse(t, text, overrides...)
	given, err := ReadGiven(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	env := testEnv(t)
	env.Given = given
	g, err := New(p, env)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestOwnData: one stage per data set and per input; the labels of features are
// those of the data set, and the shape follows from the files.
func TestOwnData(t *testing.T) {
	dir, text := ownData(t)
	g := ownGraph(t, text)
	kinds := byKind(g)
	if kinds["userdata"] != 1 || kinds["userinput"] != 1 || kinds["fetch"] != 0 || kinds["train"] != 2 {
		t.Errorf("stages %v", kinds)
	}
	from := map[string]string{}
	for _, in := range g.Stage("train[mine,wide,h=4,num_layers=1,k=4,seed=0]").Inputs() {
		from[in.Name] = in.From.Name()
	}
	if diff := cmp.Diff(map[string]string{"images": "userinput[mine,wide]", "labels": "userdata[mine]"}, from); diff != "" {
		t.Errorf("inputs of a training on features (-want +got):\n%s", diff)
	}

	// What reaches which kind.
	for _, tt := range []struct {
		set  string
		want []string
	}{
		{"dataset.mine.scaling='standard'", []string{"userdata"}},
		{"dataset.mine.format='npy'", []string{"userdata"}},
		{"dataset.mine.classes=4", []string{"train", "userdata"}},
		{"input.wide.scaling='standard'", []string{"userinput"}},
		{"figures.width_cm=20", []string{"figures"}},
	} {
		changed := map[string]bool{}
		for _, s := range ownGraph(t, text, tt.set).Stages() {
			if !cmp.Equal(g.Stage(s.Name()).Params(), s.Params()) {
				changed[s.Kind()] = true
			}
		}
		if got := slices.Sorted(maps.Keys(changed)); !slices.Equal(got, tt.want) {
			t.Errorf("%s changes the params of %v, want %v", tt.set, got, tt.want)
		}
	}

	// Another content is another key; a file that no experiment names is not read.
	if err := os.WriteFile(filepath.Join(dir, "X.npy"), npy.Encode([]int{4, 2}, []float64{1, 2, 3, 4, 5, 6, 7, 9}), 0o644); err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(g.Stage("userdata[mine]").Params(), ownGraph(t, text).Stage("userdata[mine]").Params()) {
		t.Error("another file has the same params")
	}
	ownGraph(t, text+"[dataset.unused]\ninputs = 'none'\nclasses = 2\n[input.unused]\nfile = 'none'\n")
}

func TestOwnDataErrors(t *testing.T) {
	dir, text := ownData(t)
	for _, c := range []struct{ set, want, hint string }{
		{"data.objects=5", "dataset.mine: " + filepath.ToSlash(dir) + "/X.npy: it has 4 objects, but data.objects is 5", "write objects = 4 in [data]"},
		{"dataset.mine.inputs='none.npy'", "dataset.mine: open none.npy: no such file", "paths are relative to the folder"},
		{"input.wide.file='" + filepath.ToSlash(dir) + "'", "input.wide: " + filepath.ToSlash(dir) + " is a folder, not a file", ""},
		{"dataset.mine.classes=2", "the label of object 2 is 2: want 0 … 1", "labels run from 0 to 1"},
	} {
		_, err := ReadGiven(t.Context(), mustParse(t, text, c.set))
		var e *DataError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s: error %v, want %q", c.set, err, c.want)
		}
	}
	if _, err := New(mustParse(t, text), testEnv(t)); err == nil || !strings.Contains(err.Error(), "data set mine was not read") {
		t.Errorf("without the files: %v", err)
	}
	for _, d := range fetch.Datasets() {
		if _, err := ParseParams("p.toml", []byte("[dataset."+d.Name+"]\ninputs = 'X.npy'\nclasses = 2\n[[experiment]]\nname = 'a'\n"), nil); err == nil || !strings.Contains(err.Error(), "has the name of a data set that is known") {
			t.Errorf("an own data set of the name %s: %v", d.Name, err)
		}
	}
}

// TestFewWeights: of a network with fewer weights than curvature.top most of the
// spectrum stays for the density.
func TestFewWeights(t *testing.T) {
	_, text := ownData(t)
	g := ownGraph(t, text+"[[experiment]]\nname = 'few'\ndataset = 'mine'\nhidden_size = [2]\nnum_layers = [0]\ncurvature_seeds = [0]\n", "curvature.increments=[2]")
	params := g.Stage("density[mine,h=2,num_layers=0,k=4,seed=0]").Params()
	if !slices.Contains(params, pipeline.Field{Path: "deflate", Value: "2"}) {
		t.Errorf("of 10 eigenvalues 2 are to be projected out: %v", params)
	}
}

// TestNorms: networks learn the normalised pixels, and their norms are measured as the
// params say.
func TestNorms(t *testing.T) {
	const text = "[input.normalised]\nmean = 0.1\ndeviation = 0.3\n[data]\nobjects = 200\n" +
		"[[experiment]]\nname = 'a'\ninput = 'normalised'\nhidden_size = [4]\nnum_layers = [0, 1]\nk = [100, 200]\nseeds = [0, 1]\nnorm_epochs = [0, 2]\nnorm_seeds = [1]\nfigures = ['norms_over_epochs']\n"
	g := mustNew(t, mustParse(t, text))
	kinds := byKind(g)
	if kinds["normalise"] != 1 || kinds["norms_batch"] != 4 || kinds["norms"] != 2 || kinds["snapshots"] != 4 {
		t.Errorf("stages %v", kinds)
	}
	for _, in := range g.Stage("train[mnist,normalised,h=4,num_layers=0,k=200,seed=1]").Inputs() {
		if want := map[string]string{"images": "normalise[mnist,normalised]", "labels": "fetch[mnist]"}[in.Name]; in.From.Name() != want {
			t.Errorf("input %s comes from %s, want %s", in.Name, in.From.Name(), want)
		}
	}
	for _, tt := range []struct {
		set  string
		want []string
	}{
		{"input.normalised.mean=0.2", []string{"normalise"}},
		{"input.normalised.deviation=0.2", []string{"normalise"}},
		{"curvature.norm_batch=9", []string{"norms_batch"}},
		{"curvature.seed=9", []string{"norms", "norms_batch"}},
		{"experiment.a.norm_epochs=[0,1]", []string{"norms", "norms_batch", "snapshots"}},
		{"train.epochs=1", []string{"norms", "norms_batch", "snapshots", "train"}}, // norm_epochs follows
		{"experiment.a.seeds=[0]", []string{"claims", "figures", "tables"}},        // norm_seeds follows
	} {
		changed := map[string]bool{}
		for _, s := range mustNew(t, mustParse(t, text, tt.set)).Stages() {
			if old := g.Stage(s.Name()); old == nil || !cmp.Equal(old.Params(), s.Params()) {
				changed[s.Kind()] = true
			}
		}
		if got := slices.Sorted(maps.Keys(changed)); !slices.Equal(got, tt.want) {
			t.Errorf("%s changes the params of %v, want %v", tt.set, got, tt.want)
		}
	}
}
