package stages

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

const coldText = "[[experiment]]\nname = \"cold\"\nhidden_size = [8]\nnum_layers = [2]\nk = [100, 200, 400]\nseeds = [0, 1]\n"

// TestWarmStart: each network reads the weights of the next smaller k of its
// seed, and the smallest is the cold one of the same length.
func TestWarmStart(t *testing.T) {
	text := coldText + strings.Replace(coldText, "cold", "warm", 1) + "warm_start = true\n" +
		strings.Replace(coldText, "cold", "short", 1) + "warm_start = true\nsteps = 30\n"
	g := mustNew(t, mustParse(t, text))
	if got, want := byKind(g)["train"], 6+4+6; got != want {
		t.Errorf("%d trainings, want %d", got, want)
	}
	for name, from := range map[string]string{
		"h=8,num_layers=2,k=100,seed=1":                        "",
		"h=8,num_layers=2,k=400,seed=1":                        "",
		"h=8,num_layers=2,k=200,seed=1,after=100":              "h=8,num_layers=2,k=100,seed=1",
		"h=8,num_layers=2,k=400,seed=1,after=100+200":          "h=8,num_layers=2,k=200,seed=1,after=100",
		"h=8,num_layers=2,k=100,seed=0,steps=30":               "",
		"h=8,num_layers=2,k=400,seed=0,steps=30,after=100+200": "h=8,num_layers=2,k=200,seed=0,steps=30,after=100",
	} {
		s := g.Stage("train[mnist," + name + "]")
		if s == nil {
			t.Errorf("no network %s", name)
			continue
		}
		got := ""
		for _, in := range s.Inputs() {
			if in.Name == "start" {
				got = in.From.Name()
			}
		}
		if want := "train[mnist," + from + "]"; got != want && (from != "" || got != "") {
			t.Errorf("%s starts from %q, want %q", s, got, want)
		}
	}
}

// TestColdIsUntouched: beside warm ones the cold networks have the params and
// inputs that they have alone, and so the keys.
func TestColdIsUntouched(t *testing.T) {
	alone := mustNew(t, mustParse(t, coldText))
	beside := mustNew(t, mustParse(t, coldText+strings.Replace(coldText, "cold", "warm", 1)+"warm_start = true\nsteps = 30\nsnapshots = [0, 1]\n"))
	for _, s := range alone.Stages() {
		if s.Kind() == "claims" || s.Kind() == "tables" {
			continue
		}
		other := beside.Stage(s.Name())
		if other == nil {
			t.Errorf("%s is gone", s)
			continue
		}
		from := func(s *pipeline.Stage) (list []string) {
			for _, in := range s.Inputs() {
				list = append(list, in.Name+" = "+in.From.Name()+" "+in.Output)
			}
			return list
		}
		if diff := cmp.Diff(s.Params(), other.Params()) + cmp.Diff(from(s), from(other)); diff != "" {
			t.Errorf("%s (-alone +beside warm ones):\n%s", s, diff)
		}
	}
}

// TestFigureOfRecipes: experiments that train in different ways share a figure
// over k.
func TestFigureOfRecipes(t *testing.T) {
	figure := "figures = [\"mad_over_k\"]\n"
	p := mustParse(t, coldText+figure+strings.Replace(coldText, "cold", "warm", 1)+"warm_start = true\n"+figure)
	g := mustNew(t, p)
	s := g.Stage("figures[mnist,mad_over_k]")
	if s == nil || len(s.Inputs()) != 6+4 {
		t.Fatalf("the figure reads %v", s.Inputs())
	}
	if d := p.drawings(); len(d) != 1 || len(d[0].of) != 2 {
		t.Errorf("drawings are %v", d)
	}
	var series []string
	for _, f := range s.Params() {
		if strings.HasSuffix(f.Path, "Recipe") || strings.HasSuffix(f.Path, "recipe") {
			series = append(series, f.Value)
		}
	}
	slices.Sort(series)
	if got := slices.Compact(series); len(series) != 12 || len(got) != 2 {
		t.Errorf("recipes of the series are %q", series)
	}
}

// TestGoalRecipes: a training until a goal has a stage of its own, whose weights
// everything reads that follows; its params hold nothing that it does not use.
func TestGoalRecipes(t *testing.T) {
	text := coldText + strings.Replace(coldText, "cold", "loss", 1) + "until_loss = 0.1\nmax_epochs = 30\noptimiser = \"sgd\"\nlearning_rate = 0.1\n"
	p := mustParse(t, text)
	g := mustNew(t, p)
	if got := byKind(g); got["train"] != 6 || got["train_until"] != 6 || got["losses"] != 12 {
		t.Errorf("stages are %v", got)
	}
	const name = "[mnist,h=8,num_layers=2,k=100,seed=0,until_loss=0.1,max_epochs=30,optimiser=sgd,momentum=0.9,learning_rate=0.1]"
	s := g.Stage("train_until" + name)
	if s == nil {
		t.Fatalf("no stage train_until%s", name)
	}
	want := map[string]string{
		"loss": "0.1", "training.epochs": "30", "training.optimiser": "sgd", "training.momentum": "0.9",
		"training.learning_rate": "0.1", "training.beta1": "0", "training.epsilon": "0", "gradient": "",
	}
	got := map[string]string{}
	for _, f := range s.Params() {
		if _, ok := want[f.Path]; ok {
			got[f.Path] = f.Value
		}
	}
	delete(want, "gradient")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("params (-want +got):\n%s", diff)
	}
	for _, in := range g.Stage("losses" + name).Inputs() {
		if in.Name == "weights" && in.From != s {
			t.Errorf("the losses are of %s", in.From)
		}
	}
	for _, f := range g.Stage("train[mnist,h=8,num_layers=2,k=100,seed=0]").Params() {
		if f.Path == "optimiser" || f.Path == "momentum" {
			t.Errorf("the usual training has %s = %s in its key", f.Path, f.Value)
		}
	}
	if got, want := p.Experiments[1].recipe(), "cold start, until the loss is 0.1, SGD with momentum 0.9, learning rate 0.1"; got != want {
		t.Errorf("recipe %q, want %q", got, want)
	}
}

// TestBiases: biases are part of a network's name and of its training's key, by every
// recipe, and only where there are any; an experiment has those of [train] unless it
// says otherwise.
func TestBiases(t *testing.T) {
	text := coldText + strings.Replace(coldText, "cold", "own", 1) + "bias = true\nuntil_gradient = 0.1\n"
	p := mustParse(t, text)
	if p.Experiments[0].Bias || !p.Experiments[1].Bias || p.Experiments[0].recipe() != "" || p.Experiments[1].recipe() != "cold start, until the gradient is 0.1, with biases" {
		t.Errorf("experiments are %+v", p.Experiments)
	}
	g := mustNew(t, p)
	const name = "mnist,h=8,num_layers=2,k=100,seed=0"
	for stage, want := range map[string]string{"train[" + name + "]": "", "train_until[" + name + ",until_gradient=0.1,max_epochs=1000,bias=true]": "true"} {
		s := g.Stage(stage)
		if s == nil {
			t.Fatalf("no stage %s", stage)
		}
		got := ""
		for _, f := range s.Params() {
			if strings.HasSuffix(f.Path, "bias") {
				got = f.Value
			}
		}
		if got != want {
			t.Errorf("%s has bias %q in its key, want %q", s, got, want)
		}
	}
	all := mustParse(t, text, "train.bias=true", "experiment.own.bias=false")
	if !all.Experiments[0].Bias || all.Experiments[1].Bias {
		t.Errorf("with train.bias the experiments are %+v", all.Experiments)
	}
	plain, biased := shapeOf(p.Experiments[0].network(8, 2, 0, 0), 200, 784, 10), shapeOf(p.Experiments[1].network(8, 2, 0, 0), 200, 784, 10)
	if got := biased.parameters() - plain.parameters(); got != 8+8+8+10 {
		t.Errorf("biases add %d parameters", got)
	}
}

// TestHeldOut: held-out objects come from the test split, whose stages and params are
// apart from those of the training; only what evaluates them follows data.held_out.
func TestHeldOut(t *testing.T) {
	text := coldText + "held_out = true\nheld_out_every = 3\nfigures = [\"accuracy_over_size\"]\n"
	cold, g := mustNew(t, mustParse(t, coldText)), mustNew(t, mustParse(t, text))
	if got := byKind(g); got["fetch"] != 2 || got["held_out"] != 6 || got["held_out_curve"] != 6 {
		t.Errorf("stages are %v", got)
	}
	for _, s := range cold.Stages() {
		if k := s.Kind(); k != "claims" && k != "tables" && cmp.Diff(s.Params(), g.Stage(s.Name()).Params()) != "" {
			t.Errorf("%s has other params beside held-out objects", s)
		}
	}
	changed := map[string]bool{}
	for _, s := range mustNew(t, mustParse(t, text, "data.held_out=77")).Stages() {
		if !cmp.Equal(s.Params(), g.Stage(s.Name()).Params()) {
			changed[s.Name()] = true
		}
	}
	if !changed["fetch[mnist_test]"] || !changed["held_out[mnist,h=8,num_layers=2,k=100,seed=0]"] || len(changed) != 1+6+6 {
		t.Errorf("data.held_out changes %v", changed)
	}
	if s := g.Stage("tables[held_out]"); s == nil || len(s.Inputs()) != 2*6 {
		t.Errorf("the table of held-out objects is %v", s)
	}
}

// TestNeededSize: each shape has one size, from all its networks, and a data set
// without a test split holds out its last objects, which no sample may reach.
func TestNeededSize(t *testing.T) {
	text := coldText + "held_out = true\nheld_out_target = 0.01\nfigures = [\"held_out_over_k\"]\n[data]\nobjects = 500\nheld_out = 100\n"
	g := mustNew(t, mustParse(t, text))
	s := g.Stage("needed_size[mnist,h=8,num_layers=2,k=400,seed=0]")
	if s == nil || len(s.Inputs()) != 2*6 || byKind(g)["needed_size"] != 1 || byKind(g)["fetch"] != 2 {
		t.Fatalf("the size is %v, stages are %v", s, byKind(g))
	}
	split := strings.Replace(text, "name", "dataset = \"fashion_mnist\"\nname", 1)
	g = mustNew(t, mustParse(t, split))
	got := ""
	for _, f := range g.Stage("held_out[fashion_mnist,h=8,num_layers=2,k=400,seed=0]").Params() {
		if f.Path == "from" {
			got = f.Value
		}
	}
	if got != "400" || byKind(g)["fetch"] != 1 {
		t.Errorf("held out from object %q on, stages are %v", got, byKind(g))
	}
	_, err := ParseParams("p.toml", []byte(split), []string{"data.held_out=101"})
	if err == nil || !strings.Contains(err.Error(), "k holds 400, but the last 101 of 500 objects are held out, since fashion_mnist has no test split here") {
		t.Errorf("a sample that reaches the held-out objects: error %v", err)
	}
}
