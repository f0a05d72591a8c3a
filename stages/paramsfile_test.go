package stages

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
)

// TestParamsFile compares the comment above each key of params.toml, in its
// first table, with the tags: type and range, and the default, which of a table
// of which there is one is the value itself. Tables that the default run lacks are
// commented out by a # alone.
func TestParamsFile(t *testing.T) {
	followed := map[string]string{ // defaults that follow from other keys
		"experiment.NAME.k": "[data.objects], all of them", "experiment.NAME.bias": "train.bias",
		"experiment.NAME.at_num_layers": "5, or the only one of num_layers", "experiment.NAME.at_hidden_size": "16, or the only one of hidden_size",
	}
	comments, values := map[string]string{}, map[string]string{}
	table, comment := "", ""
	for line := range strings.Lines(string(landscape.DefaultParams)) {
		line = strings.TrimSuffix(line, "\n")
		if text, out := strings.CutPrefix(line, "#"); out && !strings.HasPrefix(text, " ") {
			line = text
		}
		key, value, assigned := strings.Cut(line, " = ")
		switch text, isComment := strings.CutPrefix(line, "# "); {
		case isComment:
			comment += text + " "
		case strings.HasPrefix(line, "[") && strings.Contains(line, ".mine]"):
			table, comment = strings.TrimSuffix(strings.Trim(line, "[]"), "mine")+"NAME", ""
		case strings.HasPrefix(line, "[["):
			table, comment = strings.Trim(line, "[]")+".NAME", ""
		case strings.HasPrefix(line, "["):
			table, comment = strings.Trim(line, "[]"), ""
		case assigned && comments[table+"."+key] == "":
			comments[table+"."+key], values[table+"."+key], comment = strings.TrimSpace(comment), value, ""
		}
	}
	for _, key := range config.Keys(Params{}) {
		want := key.Values + "."
		switch {
		case slices.Contains([]string{"experiment.NAME.name", "dataset.NAME.inputs", "dataset.NAME.classes"}, key.Path):
			want += " Required."
		case followed[key.Path] != "":
			want += " Default " + followed[key.Path] + "."
		case strings.Contains(key.Path, ".NAME."):
			want += " Default " + key.Default + "."
		default:
			want += " Default " + values[key.Path] + "."
		}
		doc, ok := strings.CutSuffix(comments[key.Path], want)
		if !ok || !strings.HasSuffix(doc, ". ") {
			t.Errorf("the comment of %s is\n%s\nwant a sentence and at the end\n%s", key.Path, comments[key.Path], want)
		}
		delete(comments, key.Path)
	}
	for path := range comments {
		t.Errorf("params.toml has %s, which is no key", path)
	}
}

// TestLines: what a file of params means survives as lines, the order of the
// experiments included, and a value without a line has its default.
func TestLines(t *testing.T) {
	for _, p := range []Params{DefaultParams(), mustParse(t, "[[experiment]]\nname = \"b\"\n[[experiment]]\nname = \"a\"\nnum_layers = [2]\n[train]\nepsilon = 1e-30\n")} {
		lines := p.Lines()
		again, err := ParseLines("lines", lines)
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Errorf("(-params +again): %v\n%s", err, diff)
		}
		delete(lines, "train.beta1")
		delete(lines, "experiment."+p.Experiments[0].Name+".warm_start")
		if again, err = ParseLines("lines", lines); err != nil || again.Digest() != p.Digest() {
			t.Errorf("without two lines of defaults: %v, digest %s, want %s", err, again.Digest(), p.Digest())
		}
	}
	lines := DefaultParams().Lines()
	lines["train.momentum"] = "0.9"
	if _, err := ParseLines("lines", lines); err == nil || !strings.Contains(err.Error(), "momentum") {
		t.Errorf("a key that does not exist: error %v", err)
	}
}

// TestDefaults leaves everything out that may be left out.
func TestDefaults(t *testing.T) {
	p, err := ParseParams("p.toml", []byte("[[experiment]]\nname = \"x\"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultParams()
	want.Experiments = []Experiment{{
		Name: "x", Dataset: "mnist", InPlaceOf: "none", Input: "direct",
		HiddenSize: []int{4, 8, 16, 32, 64}, NumLayers: []int{1, 3, 5, 7, 10},
		SampleSizes: []int{10000}, Seeds: []int64{0}, MaxEpochs: 1000, Optimiser: "adam", Momentum: 0.9, CurvatureSeeds: []int64{}, Snapshots: []int{}, CurvatureEpochs: []int{}, NormEpochs: []int{}, NormSeeds: []int64{}, Figures: []string{},
		AtNumLayers: 5, AtHiddenSize: 16,
	}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSmallRun: the params of CI ask for a run of seconds that draws each figure.
func TestSmallRun(t *testing.T) {
	p, err := LoadParams(t.Context(), "../params.ci.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Data.Objects > 1000 || p.Train.Epochs > 3 {
		t.Errorf("params.ci.toml has %d objects and %d epochs: too many for seconds", p.Data.Objects, p.Train.Epochs)
	}
	fed := map[string]bool{}
	for _, e := range p.Experiments {
		if n := e.networks(); n > 8 {
			t.Errorf("experiment %s has %d networks: too many for seconds", e.Name, n)
		}
		for _, f := range e.Figures {
			fed[f] = true
		}
	}
	for _, f := range figures.Names() {
		if !fed[f] {
			t.Errorf("params.ci.toml draws no %s", f)
		}
	}
	if got := p.RunName("some/params.ci.toml", nil); got != "ci" {
		t.Errorf("RunName = %q, want ci", got)
	}
}

func TestRunName(t *testing.T) {
	small := DefaultParams()
	small.Train.Epochs = 2
	digest := small.Digest()[:8]
	tests := []struct {
		p         Params
		path      string
		overrides []string
		want      string
	}{
		{small, "params.toml", nil, "params-" + digest},
		{small, "params.toml", []string{"train.epochs=2"}, "params-" + digest},
		{small, "a/params.quick.toml", nil, "quick"},
		{small, "a/params.quick.toml", []string{"train.epochs=2"}, "quick-" + digest},
		{small, "mine.toml", nil, "mine"},
		{small, "..toml", nil, "params-" + digest},
		{small, "params..toml", nil, "params-" + digest},
		{small, "/dev/fd/63", nil, "params-" + digest},
		{small, "/dev/stdin", nil, "params-" + digest},
		{small, "/proc/self/fd/11", []string{"train.epochs=2"}, "params-" + digest},
		{small, "x\xff.toml", nil, "params-" + digest},
	}
	for _, tt := range tests {
		if got := tt.p.RunName(tt.path, tt.overrides); got != tt.want {
			t.Errorf("RunName(%q, %q) = %q, want %q", tt.path, tt.overrides, got, tt.want)
		}
	}
}
