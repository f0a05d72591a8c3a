package stages

import (
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/stages/figures"
)

// TestWithout: an experiment that stands in for a data set runs exactly where that
// is left out, and neither changes which run it is.
func TestWithout(t *testing.T) {
	whole := mustParse(t, `
[[experiment]]
name = "a"
[[experiment]]
name = "b"
dataset = "fashion_mnist"
[[experiment]]
name = "c"
in_place_of = "fashion_mnist"
hidden_size = [12]
`)
	for _, tt := range []struct{ without, want []string }{
		{nil, []string{"a", "b"}},
		{[]string{"fashion_mnist"}, []string{"a", "c"}},
		{[]string{"mnist"}, []string{"b"}},
	} {
		p, err := whole.Without(tt.without...)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range p.running() {
			names = append(names, e.Name)
		}
		if !slices.Equal(names, tt.want) {
			t.Errorf("without %v the experiments %v run, want %v", tt.without, names, tt.want)
		}
		if p.Digest() != whole.Digest() {
			t.Errorf("without %v the digest of the params is another one", tt.without)
		}
	}
	for _, wrong := range [][]string{{"cifar10"}, {"mnist", "fashion_mnist"}} {
		if _, err := whole.Without(wrong...); err == nil {
			t.Errorf("no error without %v", wrong)
		}
	}
}

// TestSmallerStandIn: a stand-in with fewer objects than data.objects gives all of its
// own, of which the last are held out; others have no such allowance.
func TestSmallerStandIn(t *testing.T) {
	const text = `
[data]
objects = 50000
held_out = 1000
[[experiment]]
name = "a"
dataset = "cifar10"
k = [50000]
held_out = true
[[experiment]]
name = "b"
dataset = "cifar10_split"
in_place_of = "cifar10"
k = [9000]
held_out = true
`
	p, err := mustParse(t, text).Without("cifar10")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range mustNew(t, p).Stages() {
		for _, field := range s.Params() {
			if s.Kind() == "held_out" && (field.Path == "from" || field.Path == "sample_size") {
				got = append(got, field.Path+"="+field.Value)
			}
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, []string{"from=9000", "sample_size=1000"}) {
		t.Errorf("held out: %v", got)
	}
	for k, want := range map[string]string{
		"9001":  "experiment.b.k holds 9001, but the last 1000 of 10000 objects are held out",
		"10001": "experiment.b.k holds 10001, but cifar10_split has 10000 objects",
	} {
		if _, err := ParseParams("test.toml", []byte(text), []string{"experiment.b.k=[" + k + "]"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("k = %s: error %v, want %s", k, err, want)
		}
	}
}

// TestPaperRun: params.paper.toml asks for the paper's networks and figures on each of
// its data sets, and with the stand-in in the place of CIFAR-100 for as many.
func TestPaperRun(t *testing.T) {
	whole, err := LoadParams(t.Context(), "../params.paper.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	instead, err := whole.Without("cifar100")
	if err != nil {
		t.Fatal(err)
	}
	const networks = 4 * (25*8 + 9*(39-8))
	for _, tt := range []struct {
		p    Params
		last string // data set
	}{{whole, "cifar100"}, {instead, "cifar100_standin"}} {
		g := mustNew(t, tt.p)
		got := byKind(g)
		if got["train"] != networks || got["spectra"] != 3*25+1 || got["fetch"] != 4 {
			t.Errorf("with %s: %v", tt.last, got)
		}
		var files []string
		for _, s := range g.Stages() {
			for _, file := range s.Exports() {
				files = append(files, file)
			}
		}
		for _, d := range []string{"mnist", "fashion_mnist", "cifar10", tt.last} {
			for _, f := range []string{"hidden_size", "num_layers", "mad_grid"} {
				if file := "figures/" + d + "_direct_" + f + "." + figures.OutputSVG; !slices.Contains(files, file) {
					t.Errorf("no %s", file)
				}
			}
		}
		if !slices.Contains(files, "figures/mad_panels.svg") {
			t.Error("no figures/mad_panels.svg")
		}
	}
}
