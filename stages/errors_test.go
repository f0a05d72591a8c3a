package stages

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/landscape-pipe/landscape-pipe/internal/config"
)

var update = flag.Bool("update", false, "rewrite the golden files from the code")

// TestParamsErrors reads each testdata/params/*.txtar: a params.toml, the
// overrides one per line in the file set, and the whole text of the error.
func TestParamsErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/params/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var params, want string
			var overrides []string
			for _, f := range archive.Files {
				switch f.Name {
				case "params.toml":
					params = string(f.Data)
				case "set":
					overrides = strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n")
				case "error":
					want = string(f.Data)
				}
			}
			_, err = ParseParams("params.toml", []byte(params), overrides)
			var pe *config.Error
			if !errors.As(err, &pe) {
				t.Fatalf("error is %v, want a *config.Error", err)
			}
			got := pe.Error() + "\n"
			if *update {
				rewriteError(t, path, archive, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, p := range pe.Problems {
				if p.Line > 0 && (p.Column < 1 || p.Width < 1 || p.Text == "") {
					t.Errorf("incomplete problem %+v", p)
				}
			}
		})
	}
}

func rewriteError(t *testing.T, path string, archive *txtar.Archive, text string) {
	t.Helper()
	files := archive.Files[:0]
	for _, f := range archive.Files {
		if f.Name != "error" {
			files = append(files, f)
		}
	}
	archive.Files = append(files, txtar.File{Name: "error", Data: []byte(text)})
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLoadParamsMissing(t *testing.T) {
	_, err := LoadParams(t.Context(), filepath.Join(t.TempDir(), "params.toml"), nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "--params") {
		t.Errorf("error is %v; want one of a missing file that names --params", err)
	}
}

func TestParseParamsTooLarge(t *testing.T) {
	_, err := ParseParams("big.toml", []byte(strings.Repeat("#\n", 200_000)), nil)
	if err == nil || !strings.Contains(err.Error(), "big.toml: more than 256 KiB") {
		t.Errorf("error is %v", err)
	}
}

// TestOverrides applies overrides and expects the params that a file with the
// same values gives.
func TestOverrides(t *testing.T) {
	const base = "[train]\nepochs = 3\n[[experiment]]\nname = \"paper\"\nseeds = [7]\n[[experiment]]\nname = \"b-2\"\n"
	tests := []struct {
		name      string
		overrides []string
		change    func(*Params)
	}{
		{"float", []string{"train.learning_rate=0.002"}, func(p *Params) { p.Train.LearningRate = 0.002 }},
		{"integer for a number", []string{"train.learning_rate = 1"}, func(p *Params) { p.Train.LearningRate = 1 }},
		{"list", []string{"experiment.paper.seeds=[0,1]"}, func(p *Params) { p.Experiments[0].Seeds = []int64{0, 1} }},
		{"dash in a name", []string{`experiment.b-2.dataset="mnist"`, "experiment.b-2.k=[50]"}, func(p *Params) { p.Experiments[1].SampleSizes = []int{50} }},
		{"the last wins", []string{"train.epochs=4", "train.epochs=5"}, func(p *Params) { p.Train.Epochs = 5 }},
		{"objects reach the default k", []string{"data.objects=600"}, func(p *Params) {
			p.Data.Objects = 600
			p.Experiments[0].SampleSizes = []int{600}
			p.Experiments[1].SampleSizes = []int{600}
		}},
		{"inline table", []string{"train={epochs=6, beta1=0}"}, func(p *Params) { p.Train.Epochs, p.Train.Beta1 = 6, 0 }},
		{"boolean", []string{"figures.published=false"}, func(p *Params) { p.Figures.Published = false }},
		{"negative zero", []string{"train.beta1=-0.0"}, func(p *Params) { p.Train.Beta1 = 0 }},
		{"quoted key", []string{`experiment."paper".figures=[]`}, func(p *Params) {}},
		{"the only layer is the one that figures show", []string{"experiment.paper.num_layers=[2]"}, func(p *Params) {
			p.Experiments[0].NumLayers, p.Experiments[0].AtNumLayers = []int{2}, 2
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := ParseParams("base", []byte(base), nil)
			if err != nil {
				t.Fatal(err)
			}
			tt.change(&want)
			got, err := ParseParams("base", []byte(base), tt.overrides)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (want.Digest() == mustParse(t, base).Digest()) != (tt.name == "quoted key") {
				t.Error("the digest does not tell whether the params differ")
			}
		})
	}
}

func mustParse(t *testing.T, text string, overrides ...string) Params {
	t.Helper()
	p, err := ParseParams("test.toml", []byte(text), overrides)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestDatasetTooSmall asks for more objects than a data set has.
func TestDatasetTooSmall(t *testing.T) {
	const text = "[data]\nobjects = 300\n[[experiment]]\nname = \"a\"\n"
	_, err := parseParams("p.toml", []byte(text), []string{"experiment.a.k=[400]"}, map[string]int{"mnist": 200})
	want := `p.toml:2:11: data.objects is 300, but mnist has 200 objects
    2 | objects = 300
      |           ^^^ allowed with mnist: 2 to 200
--set #1: experiment.a.k holds 400, but data.objects is 300
      | experiment.a.k=[400]
      |                 ^^^ allowed: 2 to 300`
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}
