package stages

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

func testEnv(t testing.TB) Env {
	t.Helper()
	sources, err := codehash.New(landscape.Sources(), landscape.Module)
	if err != nil {
		t.Fatal(err)
	}
	return Env{Hasher: sources}
}

func mustNew(t *testing.T, p Params) *pipeline.Graph {
	t.Helper()
	g, err := New(p, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// byKind counts the stages of each kind.
func byKind(g *pipeline.Graph) map[string]int {
	count := map[string]int{}
	for _, s := range g.Stages() {
		count[s.Kind()]++
	}
	return count
}

func exports(g *pipeline.Graph) []string {
	var files []string
	for _, s := range g.Stages() {
		files = slices.AppendSeq(files, maps.Values(s.Exports()))
	}
	slices.Sort(files)
	return files
}

func TestDefaultGraph(t *testing.T) {
	g := mustNew(t, DefaultParams())
	// 25 networks with 8 seeds, nine of them with 39, and 8·5 of the sample-size
	// experiment, of which 5 are among the others.
	// With as many updates for each size there are as many again, and of the
	// warm ones those that are not the smallest.
	const networks = 25*8 + 9*(39-8) + 8*5 - 5 + 8*5 + 7*5
	// Curvature: the first seed of the 25, five of the 8 sizes, of which one is
	// among the others, and the first of the warm ones. The density is that of
	// one network a size.
	const measured, sizes = 25 + 8*5 - 1 + 8, 25 + 8 - 1
	want := map[string]int{
		"fetch": 1, "train": networks, "losses": networks, "differences": networks, "figures": 20,
		"spectra": measured, "density": sizes, "objects": measured, "bounds": measured,
		"snapshots": 25, "rotation": 1, "trajectory": 25,
		"increments": 5, "surfaces": 1, "ball": 1, "samplesize": 1, "claims": 1, "tables": 6,
	}
	if diff := cmp.Diff(want, byKind(g)); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	files := []string{
		"results/networks.csv", "results/spectra.csv", "results/bounds.csv", "results/increments.csv", "results/rotation.csv", "results/trajectory.csv",
		"results/claims.json", "results/claims.csv", "results/claims.txt", "results/claims.md",
	}
	p := DefaultParams()
	drawn := map[string]bool{} // two figures are drawn of several recipes
	for _, e := range p.Experiments {
		for _, f := range e.Figures {
			drawn[f] = true
		}
	}
	for f := range drawn {
		for _, suffix := range []string{"pdf", "png", "svg"} {
			files = append(files, "figures/mnist_direct_"+f+"."+suffix)
		}
	}
	slices.Sort(files)
	if diff := cmp.Diff(files, exports(g)); diff != "" {
		t.Errorf("exports (-want +got):\n%s", diff)
	}
}

// TestCode: the key of a stage covers the code of its package.
func TestCode(t *testing.T) {
	folders := map[string]string{"snapshots": "train", "norms": "trajectory", "norms_batch": "trajectory", "operator": "spectra", "blocks": "spectra", "structure": "spectra"}
	for _, s := range mustNew(t, DefaultParams()).Stages() {
		folder := folders[s.Kind()]
		if folder == "" {
			folder = s.Kind()
		}
		folder = "stages/" + folder
		if !slices.ContainsFunc(s.Code().Parts, func(p codehash.Part) bool { return p.Name == folder }) {
			t.Fatalf("the code of %v is %v, without %s", s, s.Code().Parts, folder)
		}
	}
}

// TestSharedNetwork: two experiments with one network read the same stage.
func TestSharedNetwork(t *testing.T) {
	g := mustNew(t, DefaultParams())
	shared := g.Stage("differences[mnist,h=16,num_layers=5,k=10000,seed=0]")
	if shared == nil {
		t.Fatal("the shared network has no stage")
	}
	for _, figure := range []string{"hidden_size", "num_layers", "true_difference"} {
		s := g.Stage("figures[mnist," + figure + "]")
		if s == nil || !slices.ContainsFunc(s.Inputs(), func(in pipeline.Input) bool { return in.From == shared }) {
			t.Errorf("figure %s does not read the shared network", figure)
		}
	}
}

// TestTargets selects every stage by its name, and by its kind with its labels,
// which those of a network trained in another way may have too.
func TestTargets(t *testing.T) {
	g := mustNew(t, DefaultParams())
	for _, s := range g.Stages() {
		group := s.Kind()
		if labels := s.Labels(); len(labels) > 0 {
			var items []string
			for _, l := range labels {
				items = append(items, l.Key+"="+l.Value)
			}
			group += "[" + strings.Join(items, ",") + "]"
		}
		if found, err := g.Match(s.Name()); err != nil || len(found) != 1 || found[0] != s {
			t.Errorf("target %s finds %v, %v", s, found, err)
		}
		if found, err := g.Match(group); err != nil || !slices.Contains(found, s) || len(found) > 3 {
			t.Errorf("target %s finds %v, %v", group, found, err)
		}
	}
	for target, want := range map[string]int{
		"train[h=16,num_layers=5,seed=0,steps=1570]": 15, "train[mnist,k=100]": 10, "train[after=100]": 5, "figures": 20, "losses[h=64]": 39 + 4*8, "figures/mnist_direct_mad_over_k.svg": 1,
	} {
		if found, err := g.Match(target); err != nil || len(found) != want {
			t.Errorf("target %s finds %d stages, %v; want %d", target, len(found), err, want)
		}
	}
}

// TestReads holds the order of the method: what each kind may read.
func TestReads(t *testing.T) {
	g := mustNew(t, DefaultParams())
	reads := map[string][]string{
		"fetch": nil, "train": {"fetch", "train"}, "snapshots": {"fetch", "train"}, "rotation": {"fetch", "train", "snapshots"}, "trajectory": {"fetch", "train", "snapshots", "spectra"}, "losses": {"fetch", "train"}, "differences": {"losses"},
		"spectra": {"fetch", "train"}, "density": {"fetch", "train", "spectra"}, "objects": {"fetch", "train"}, "increments": {"fetch", "train"},
		"bounds": {"fetch", "train", "spectra"}, "surfaces": {"fetch", "train", "spectra"}, "ball": {"fetch", "train", "spectra"},
		"samplesize": {"fetch", "train", "spectra", "objects"},
		"claims":     {"losses", "differences", "spectra", "objects", "bounds", "increments", "ball", "samplesize"},
		"figures":    {"differences", "losses", "rotation", "trajectory", "spectra", "density", "objects", "increments", "surfaces", "bounds", "ball", "samplesize"},
		"tables":     {"rotation", "trajectory", "differences", "losses", "spectra", "objects", "bounds", "increments"},
	}
	for _, s := range g.Stages() {
		for _, in := range s.Inputs() {
			if !slices.Contains(reads[s.Kind()], in.From.Kind()) {
				t.Errorf("%s reads %s", s, in.From)
			}
		}
		if !s.Portable() {
			t.Errorf("%s is not portable", s)
		}
		if s.Kind() != "figures" {
			continue
		}
		// A figure reads of each network exactly what it is drawn from.
		network := map[string]bool{}
		for _, in := range s.Inputs() {
			id := in.Name[strings.LastIndexByte(in.Name, '/')+1:]
			network[id] = true
			if !strings.HasSuffix(in.From.Name(), id+"]") {
				t.Errorf("%s: input %s comes from %s", s, in.Name, in.From)
			}
		}
		figure := figureNamed(s.Labels()[len(s.Labels())-1].Value)
		if want := len(network) * len(figure.Reads); len(s.Inputs()) != want {
			t.Errorf("%s has %d inputs, want %d", s, len(s.Inputs()), want)
		}
	}
}

// TestSetRenamesNothing: a network is called the same whatever else a run has.
func TestSetRenamesNothing(t *testing.T) {
	const text = "[[experiment]]\nname = \"a\"\nhidden_size = [4, 8]\nnum_layers = [2, 5]\nk = [150, 160]\nseeds = [0, 1]\nsteps = 20\nwarm_start = true\n"
	all := mustNew(t, mustParse(t, text))
	for _, set := range []string{
		"train.epochs=3", "data.objects=200", "experiment.a.seeds=[1]", "experiment.a.hidden_size=[8]", "experiment.a.num_layers=[5]",
	} {
		for _, s := range mustNew(t, mustParse(t, text, set)).Stages() {
			if all.Stage(s.Name()) == nil {
				t.Errorf("with %s there is %s, without it not", set, s)
			}
		}
	}
	one := mustNew(t, mustParse(t, strings.Replace(text, "k = [150, 160]\n", "k = [150]\n", 1), "experiment.a.warm_start=false"))
	for _, s := range one.Stages() {
		if all.Stage(s.Name()) == nil {
			t.Errorf("with one k there is %s, with two not", s)
		}
	}
}

// jsonList writes a list, which is TOML too.
func jsonList(list any) string {
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestNewAcceptsParams builds the graph of any params that are accepted: as
// many trainings as there are different networks, and no two exports alike.
func TestNewAcceptsParams(t *testing.T) {
	env := testEnv(t)
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		fmt.Fprintf(&b, "[data]\nobjects = %d\n", rapid.IntRange(40, 100).Draw(t, "objects"))
		list := func(name string, values ...int) {
			got := rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, 3, rapid.ID).Draw(t, name)
			fmt.Fprintf(&b, "%s = %s\n", name, jsonList(got))
		}
		free := figures.Names()
		for i := range rapid.IntRange(1, 3).Draw(t, "experiments") {
			fmt.Fprintf(&b, "[[experiment]]\nname = \"e%d\"\nat_hidden_size = 8\nat_num_layers = 5\n", i)
			list("hidden_size", 4, 8, 16)
			list("num_layers", 1, 5, 7)
			list("k", 10, 20, 40)
			list("seeds", 0, 1, 2)
			n := rapid.IntRange(0, len(free)).Draw(t, "figures")
			fmt.Fprintf(&b, "figures = %s\n", jsonList(free[:n]))
			free = free[n:]
		}
		p, err := ParseParams("rapid.toml", []byte(b.String()), nil)
		if err != nil {
			return // such as a figure over what the experiment does not have
		}
		g, err := New(p, env)
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		different := map[string]bool{}
		for i := range p.Experiments {
			for n := range p.Experiments[i].grid {
				different[n.ID()] = true
			}
		}
		if got := byKind(g); got["train"] != len(different) || got["losses"] != len(different) || got["differences"] != len(different) {
			t.Fatalf("stages are %v for %d networks\n%s", got, len(different), b.String())
		}
		if files := exports(g); len(slices.Compact(slices.Clone(files))) != len(files) {
			t.Fatalf("exports are %q", files)
		}
	})
}

func TestNewWithoutSources(t *testing.T) {
	if _, err := New(DefaultParams(), Env{}); err == nil || !strings.Contains(err.Error(), "no sources") {
		t.Errorf("error is %v", err)
	}
}

// TestNewRefuses builds graphs of params that no file can give.
func TestNewRefuses(t *testing.T) {
	unknown := DefaultParams()
	unknown.Experiments[0].Dataset = "emnist"
	tooMany := DefaultParams()
	tooMany.Data.Objects = 70000
	for name, p := range map[string]Params{"emnist": unknown, "70000": tooMany} {
		if _, err := New(p, testEnv(t)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want one about %s", err, name)
		}
	}
}

// TestMemoryEstimate keeps the estimates of the default run within what a
// small machine has, and sees to it that they grow with the networks.
func TestMemoryEstimate(t *testing.T) {
	largest := func(p Params) map[string]int64 {
		memory := map[string]int64{}
		for _, s := range mustNew(t, p).Stages() {
			memory[s.Kind()] = max(memory[s.Kind()], s.Memory())
		}
		return memory
	}
	m := largest(DefaultParams())
	for kind, bytes := range m {
		if bytes > 1<<30 {
			t.Errorf("%s needs %d bytes in the default run", kind, bytes)
		}
	}
	if m["fetch"] < 47040016 || m["train"] < 10000*784*4 {
		t.Errorf("memory of the default run is %v", m)
	}
	wide := DefaultParams()
	wide.Experiments[0].HiddenSize = []int{4, 4096}
	wide.Experiments[0].CurvatureSeeds, wide.Experiments[0].Figures = nil, nil
	if w := largest(wide); w["train"] < 4*4*10*4096*4096 {
		t.Errorf("memory of a wide network is %v", w)
	}
}

// TestUserMemory: what is asked for counts.
func TestUserMemory(t *testing.T) {
	largest := func(r Request, s shape) int64 {
		m := r.measurement(s)
		_, memory, _ := estimate(s, m.spectra)
		if m.density != nil {
			_, more, _ := estimate(s, *m.density)
			memory = max(memory, more)
		}
		return memory
	}
	s := shape{all: 1000, objects: 1000, widths: []int{784, 64, 64, 10}}
	plain := largest(Request{}, s)
	if with := largest(Request{Steps: 3000, Probes: 1}, s); with < plain+1500*int64(s.parameters())*8 {
		t.Errorf("with 3000 steps of a probe %d bytes, without %d", with, plain)
	}
	small := shape{all: 10, objects: 10, widths: []int{784, 8, 10}}
	if with := largest(Request{Exact: 7000}, small); with < 4*6352*6352*8 {
		t.Errorf("with whole matrices of %d rows %d bytes", small.parameters(), with)
	}
}

// TestUserGraph: what was asked for is measured, and nothing else.
func TestUserGraph(t *testing.T) {
	files := userfiles.Files{Shape: userfiles.Shape{Objects: 3000, Widths: []int{784, 16, 10}, Layers: make([]string, 2), Biased: make([]bool, 2)}}
	request := Request{
		Name: "net", Top: 20, Bottom: 20, Tolerance: 1e-6, Exact: 4000, PerObject: All, Increments: []int{1, 10, 2999},
		Bounds: true, Steps: 10, Probes: 2, Figures: true,
	}
	all, err := NewUser(request, files, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"userfiles": 1, "spectra": 1, "layers": 1, "density": 1, "objects": 1, "bounds": 1, "bound_rows": 1, "increments": 1, "surfaces": 1,
		"figures": 9, // top_eigenvalues, layer_blocks, spectral_density, object_norms, increments_over_k, surface_1d, surface_2d, losses_difference, bound_waterfall
	}
	if diff := cmp.Diff(want, byKind(all.Graph)); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	for _, s := range all.Graph.Stages() {
		if kind := s.Kind(); kind != "userfiles" && kind != "figures" && (s.Estimate() == 0 || s.Memory() == 0) {
			t.Errorf("nothing is known of the cost of %v", s)
		}
	}
	for result, file := range userExports {
		if o := all.Results[result]; o.Stage == nil || o.Stage.Exports()[o.Name] != file {
			t.Errorf("%s is not exported to %s", result, file)
		}
	}
	for _, stage := range all.Graph.Stages() {
		for _, file := range stage.Exports() {
			if !slices.Contains(UserExports(), file) {
				t.Errorf("UserExports lacks %s of %s", file, stage.Name())
			}
		}
	}
	few, err := NewUser(Request{Name: "net", Top: 20, Bottom: 20, Tolerance: 1e-6, Exact: 4000}, files, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"userfiles": 1, "spectra": 1, "layers": 1}, byKind(few.Graph)); diff != "" {
		t.Errorf("stages of spectra and layers alone (-want +got):\n%s", diff)
	}
}

// TestPublishedNames: the catalogue calls data sets as the paper's curves do; a
// figure finds them by this name. Stand-ins are none of the paper's. Each has a
// title in figures.
func TestPublishedNames(t *testing.T) {
	for _, name := range (Experiment{}).Choices()["dataset"] {
		_, ok, err := published.Published(published.Name{Mode: published.Direct, Dataset: name, Figure: published.HiddenSize, HiddenSize: 16, NumLayers: 5})
		if err != nil || ok != !slices.Contains([]string{"cifar10_split", "cifar100_standin"}, name) {
			t.Errorf("the paper's curves know the data set %q: %v (%v); give it in the catalogue of stages/fetch the name it has in internal/published", name, ok, err)
		}
		if title := chart.Title(name, InputDirect); strings.HasPrefix(title, name) {
			t.Errorf("data set %q has the title %q in figures: give it one in internal/chart", name, title)
		}
	}
}
