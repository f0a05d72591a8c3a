package stages

import (
	"strings"
	"testing"

	landscape "github.com/landscape-pipe/landscape-pipe"
)

// TestFollow changes values that others in the default params name, and wants
// that these follow, or that the error names the further override.
func TestFollow(t *testing.T) {
	for _, test := range []struct {
		set, path, want, said string
	}{
		{"experiment.paper.hidden_size=[128]", "experiment.paper.at_hidden_size", "128", "experiment.paper.at_hidden_size follows hidden_size: 16 → 128"},
		{"experiment.paper.hidden_size=[2,12,30]", "experiment.paper.at_hidden_size", "12", "16 → 12"},
		{"experiment.paper.num_layers=[0,20]", "experiment.paper.at_num_layers", "0", "5 → 0"},
		{"experiment.paper.hidden_size=[16,128]", "experiment.paper.at_hidden_size", "16", ""},
		{"experiment.sample-size.seeds=[9]", "experiment.sample-size.curvature_seeds", "[9]", "follows seeds: [0, 1, 2, 3, 4] → [9]"},
		{"experiment.sample-size.seeds=[9,3]", "experiment.sample-size.curvature_seeds", "[9,3]", "→ [9, 3]"},
		{"experiment.hidden-size.seeds=[9]", "experiment.hidden-size.curvature_seeds", "[]", ""},
		{"train.epochs=3", "experiment.sample-size.snapshots", "[0,1,2,3]", "follows the length of the training"},
		{"train.epochs=30", "experiment.sample-size.snapshots", "[0,1,2,3,4,5,6,7,8,9,10]", ""},
		{"data.objects=500", "experiment.sample-size.k", "[100,200,370,500]", "follows data.objects"},
		{"data.objects=500", "experiment.sample-size-warm.warm_start", "true", ""},
		{"data.objects=50", "curvature.increments", "[49,100,300,1000,3000,9999]", "curvature.increments follows the sample sizes"},
		{"data.objects=50", "experiment.sample-size-warm.warm_start", "false", "true → false"},
		{"experiment.sample-size-updates.k=[5200]", "experiment.sample-size-updates.figures", "[]", "follows k, of which one value is left"},
		{"experiment.num-layers.seeds=\"3..5\"", "experiment.num-layers.seeds", "[3,4,5]", ""},
	} {
		p, err := ParseParams("params.toml", landscape.DefaultParams, []string{test.set})
		if err != nil {
			t.Errorf("%s: %v", test.set, err)
			continue
		}
		if have := p.Lines()[test.path]; have != test.want {
			t.Errorf("%s: %s is %s, want %s", test.set, test.path, have, test.want)
		}
		said := strings.Join(p.Followed, "\n")
		if test.said == "" && strings.Contains(said, test.path) || !strings.Contains(said, test.said) {
			t.Errorf("%s: the notes are\n%s\nwant %q", test.set, said, test.said)
		}
	}
	for _, test := range []struct{ set, want string }{
		{"experiment.sample-size.hidden_size=[128];experiment.sample-size.at_hidden_size=16", "allowed: one of its hidden_size, 128"},
		{"experiment.paper.seeds=[9];experiment.paper.curvature_seeds=[0]", "curvature_seeds holds 0, which is none of its seeds"},
		{"train.epochs=3;experiment.sample-size.snapshots=[0,4]", "snapshots holds 4, but the training has 3 epochs"},
		{"data.objects=500;experiment.paper.k=[700]", "k holds 700, but data.objects is 500"},
		{"experiment.hidden-size.hidden_size=[128]", `add --set 'experiment.num-layers.figures=["num_layers"]'`},
		{"experiment.paper.seeds=3", `for one value: [3]; for the values from 0 to 2: "0..2"`},
		{`experiment.paper.seeds="3"`, `write "0..9" for the integers from 0 to 9`},
		{`experiment.paper.seeds="4..2"`, "which is not a range"},
		{`experiment.paper.seeds="-4..2"`, "allowed: 0 or more"},
		{`experiment.paper.k="1..3"`, "allowed: 2 to 60000"},
		{`experiment.paper.seeds="0..9223372036854775807"`, "allowed: at most 10000"},
		{`experiment.paper.seeds="0..9223372036854775808"`, "which is not a range"},
		{"experiment.paper.seeds=0..38", `--set 'experiment.paper.seeds="0..38"'`},
		{"experiment.sample-size.num_layers=[0]", "add --set 'experiment.sample-size-warm.figures=[]'"},
		{"experiment.sample-size.curvature_seeds=[5]", "curvature_seeds holds 5, which is none of its seeds"},
	} {
		_, err := ParseParams("params.toml", landscape.DefaultParams, strings.Split(test.set, ";"))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.set, err, test.want)
		}
	}
}
