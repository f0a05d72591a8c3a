package stages

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// TestParamsReach changes each key and expects it in the params of exactly the
// kinds that are meant to read it: from these keys on, not before, is a run new.
func TestParamsReach(t *testing.T) {
	const text = "[[experiment]]\nname = \"a\"\nhidden_size = [4, 8]\nnum_layers = [2]\nk = [150, 160]\nat_hidden_size = 8\n" +
		"figures = [\"hidden_size\", \"true_difference\", \"mad_over_k\", \"surface_1d\", \"increments_over_k\", \"spectral_density\"]\ncurvature_seeds = [0]\nsnapshots = [1]\n"
	tests := []struct {
		set  string
		want []string
	}{
		{"data.objects=700", []string{"fetch"}},
		{"data.held_out=700", nil},            // no experiment asks for them
		{"train.epochs=3", []string{"train"}}, // the snapshot is taken after the first
		{"train.batch_size=3", []string{"snapshots", "train"}},
		{"train.learning_rate=3", []string{"snapshots", "train"}},
		{"train.beta1=0.3", []string{"snapshots", "train"}},
		{"train.beta2=0.3", []string{"snapshots", "train"}},
		{"train.epsilon=0.3", []string{"snapshots", "train"}},
		{"train.bias=true", []string{ // other networks, with other names
			"ball", "bounds", "claims", "density", "differences", "figures", "increments", "losses", "objects", "rotation", "samplesize", "snapshots", "spectra", "surfaces", "tables", "train",
		}},
		{"differences.permutations=3", []string{"differences"}},
		{"differences.ema=0.3", []string{"differences"}},
		{"differences.seed=3", []string{"claims", "differences"}},
		{"curvature.top=9", []string{"density", "increments", "rotation", "samplesize", "spectra"}},
		{"curvature.bottom=9", []string{"density", "spectra"}},
		{"curvature.tolerance=1e-5", []string{"ball", "bounds", "density", "increments", "spectra"}},
		{"curvature.steps=9", []string{"density"}},
		{"curvature.probes=9", []string{"density"}},
		{"curvature.drawn_steps=9", []string{"density"}},
		{"curvature.drawn_probes=9", []string{"density"}},
		{"curvature.hessians=9", []string{"objects"}},
		{"curvature.bound_objects=9", []string{"bounds"}},
		{"curvature.increments=[9]", []string{"bounds", "increments"}},
		{"curvature.others=9", []string{"increments"}},
		{"curvature.norm_batch=9", nil}, // no experiment asks for norms
		{"curvature.seed=9", []string{"ball", "bounds", "density", "increments", "rotation", "samplesize", "spectra", "surfaces"}},
		{"figures.width_cm=20", []string{"figures"}},
		{"figures.height_cm=20", []string{"figures"}},
		{"figures.published=false", []string{"figures"}},
		{"experiment.a.at_hidden_size=4", []string{"ball", "claims", "density", "figures", "increments", "rotation", "samplesize", "snapshots", "spectra", "surfaces", "tables"}},
		{"experiment.a.figures=[\"surface_1d\", \"spectral_density\"]", nil},
		{"experiment.a.figures=[\"surface_1d\"]", []string{"density"}},
		// The layer blocks are measured of a network that some figure sees closely, and more
		// of the density of one whose density is drawn.
		{"experiment.a.figures=[\"true_difference\"]", []string{"density", "spectra"}},
		{"experiment.a.snapshots=[0]", []string{"rotation", "snapshots"}},
	}
	before := mustNew(t, mustParse(t, text))
	reached := map[string]bool{}
	for _, tt := range tests {
		key, _, _ := strings.Cut(tt.set, "=")
		reached[key] = true
		changed := map[string]bool{}
		after := mustNew(t, mustParse(t, text, tt.set))
		for _, s := range after.Stages() {
			old := before.Stage(s.Name())
			if old == nil || !cmp.Equal(old.Params(), s.Params()) {
				changed[s.Kind()] = true
			}
		}
		if got := slices.Sorted(maps.Keys(changed)); !slices.Equal(got, tt.want) {
			t.Errorf("%s changes the params of %v, want %v", tt.set, got, tt.want)
		}
	}
	for _, key := range config.Keys(Params{}) {
		if !strings.Contains(key.Path, ".NAME.") && !reached[key.Path] {
			t.Errorf("no case for %s", key.Path)
		}
	}
}

// TestUnusedParams: a value that changes no bit of a result changes no key.
func TestUnusedParams(t *testing.T) {
	const text = "[[experiment]]\nname = \"a\"\nhidden_size = [8]\nnum_layers = [2]\nk = [20, 50]\ncurvature_seeds = [0]\n" +
		"figures = [\"increments_over_k\"]\nsnapshots = [0, 1]\n[data]\nobjects = 60\n[curvature]\nincrements = [30]\n"
	for _, c := range []struct {
		why, text string
		values    []string
	}{
		{"the steps are given", text + "[train]\nbatch_size = 10\n", []string{"experiment.a.steps=30", "train.epochs=3", "train.epochs=9"}},
		{"a batch holds the whole sample", text, []string{"", "train.batch_size=50", "train.batch_size=64", "train.batch_size=1000"}},
		{"all objects are measured", text, []string{"", "curvature.hessians=50", "curvature.hessians=60000"}},
		{"the bounds are of all objects", text, []string{"", "curvature.bound_objects=50", "curvature.bound_objects=60000"}},
		{"no object is left", text, []string{"", "curvature.others=29", "curvature.others=100"}},
		{"no increment is larger", text, []string{"", "curvature.increments=[30, 60]", "curvature.increments=[30, 1000]"}},
	} {
		var first *pipeline.Graph
		for _, set := range c.values[1:] {
			sets := []string{set}
			if c.values[0] != "" {
				sets = append(sets, c.values[0])
			}
			g := mustNew(t, mustParse(t, c.text, sets...))
			if first == nil {
				first = g
				continue
			}
			for _, s := range g.Stages() {
				if diff := cmp.Diff(first.Stage(s.Name()).Params(), s.Params()); diff != "" {
					t.Errorf("%s, and yet with %s %s has other params:\n%s", c.why, set, s, diff)
				}
			}
		}
	}
}
