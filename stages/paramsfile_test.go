package stages

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/stages/figures"
)

var update = flag.Bool("update", false, "rewrite params.toml and the golden files from the code")

const paramsHead = `# The default run of landscape-pipe: the paper's 25 networks on MNIST with
# eight seeds each, 39 seeds of the nine that the paper's figures show, and a grid
# over the sample size k, trained in three ways.
#
# Every key may be left out, except the name of an experiment, and takes the
# default that stands in its comment. Unknown keys are errors. One value can be
# changed for one run: --set train.learning_rate=0.002, or, with the name of an
# experiment, --set 'experiment.paper.seeds=[0, 1]'.
#
# Only the stages that read a changed value run again.
`

var tableHeads = map[string]string{
	"data":        "What the networks learn from.",
	"train":       "The paper's training: Adam on the mean cross-entropy, batches in a new random\n# order each epoch.",
	"differences": "The curve |L_{k+1} - L_k| over the sample size k, from the losses of one network.",
	"curvature":   "The Hessian H of the mean loss of the networks that an experiment lists by\n# curvature_seeds, and its parts G (Gauss-Newton) and R = H - G.",
	"figures":     "How figures look. These values reach no other stage.",
}

const experimentHead = `
# Each experiment is a grid of networks, one for each combination of the values of
# hidden_size, num_layers, k and seeds, and the figures that are drawn of them. A
# network that two experiments share is trained once.
`

// comment wraps a documentation text into comment lines of 80 characters.
func comment(text string) string {
	var b strings.Builder
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 80 {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}

// renderParams writes params as a documented params.toml; the comments stand
// in the first experiment.
func renderParams(p Params) string {
	var b strings.Builder
	b.WriteString(paramsHead)
	for _, t := range p.tables() {
		fmt.Fprintf(&b, "\n# %s\n[%s]\n", tableHeads[t.name], t.name)
		for i, f := range t.fields {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(comment(f.doc) + comment(f.limits()))
			fmt.Fprintf(&b, "%s = %s\n", f.name, f.byDef)
		}
	}
	b.WriteString(experimentHead)
	documented := defaultExperiment()
	for i := range p.Experiments {
		e := &p.Experiments[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("[[experiment]]\n")
		values := map[string]string{
			"name": fmt.Sprintf("%q", e.Name), "k": tomlList(e.SampleSizes),
			"at_num_layers": fmt.Sprint(e.AtNumLayers), "at_hidden_size": fmt.Sprint(e.AtHiddenSize),
		}
		docs := documented.fields()
		for j, f := range e.fields() {
			value := f.byDef
			if v, ok := values[f.name]; ok {
				value = v
			}
			if i == 0 {
				if j > 0 {
					b.WriteByte('\n')
				}
				b.WriteString(comment(docs[j].doc) + comment(docs[j].limits()))
			}
			fmt.Fprintf(&b, "%s = %s\n", f.name, value)
		}
	}
	return b.String()
}

// TestParamsFile holds params.toml to what the code says: the meaning, range
// and default of every key, and the default run as its values.
func TestParamsFile(t *testing.T) {
	const path = "../params.toml"
	want := renderParams(DefaultParams())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("params.toml does not say what the code says; go test ./stages -run ParamsFile -update rewrites it (-code +file):\n%s", diff)
	}
	p, err := LoadParams(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultParams(), p); diff != "" {
		t.Errorf("params.toml is not the default run (-default +file):\n%s", diff)
	}
	if !p.IsDefault() || p.RunName(path, nil) != "" {
		t.Errorf("IsDefault = %v, RunName = %q; want true and none", p.IsDefault(), p.RunName(path, nil))
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
		Name: "x", Dataset: "mnist", Input: "direct",
		HiddenSize: []int{4, 8, 16, 32, 64}, NumLayers: []int{1, 3, 5, 7, 10},
		SampleSizes: []int{10000}, Seeds: []int64{0}, CurvatureSeeds: []int64{}, Snapshots: []int{}, Figures: []string{},
		AtNumLayers: 5, AtHiddenSize: 16,
	}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSmallRun holds the params of CI to what they promise.
func TestSmallRun(t *testing.T) {
	p, err := LoadParams("../params.ci.toml", nil)
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
		{DefaultParams(), "params.toml", nil, ""},
		{DefaultParams(), "copy.toml", []string{"train.epochs=10"}, ""},
		{small, "params.toml", nil, "params-" + digest},
		{small, "params.toml", []string{"train.epochs=2"}, "params-" + digest},
		{small, "a/params.quick.toml", nil, "quick"},
		{small, "a/params.quick.toml", []string{"train.epochs=2"}, "quick-" + digest},
		{small, "mine.toml", nil, "mine"},
		{small, "..toml", nil, "params-" + digest},
		{small, "params..toml", nil, "params-" + digest},
	}
	for _, tt := range tests {
		if got := tt.p.RunName(tt.path, tt.overrides); got != tt.want {
			t.Errorf("RunName(%q, %q) = %q, want %q", tt.path, tt.overrides, got, tt.want)
		}
	}
}

// TestDocumented sees to it that no key is without its meaning, type and range.
func TestDocumented(t *testing.T) {
	p, e := defaultTables(), defaultExperiment()
	all := append(p.tables(), table{experimentTable, e.fields()})
	for _, tb := range all {
		var names []string
		for _, f := range tb.fields {
			if f.doc == "" || !strings.HasSuffix(f.doc, ".") || f.values == "" {
				t.Errorf("%s.%s: doc %q, values %q", tb.name, f.name, f.doc, f.values)
			}
			if slices.Contains(names, f.name) {
				t.Errorf("%s.%s stands twice", tb.name, f.name)
			}
			names = append(names, f.name)
		}
	}
}
