package tables

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

func inputs(t *testing.T) map[string][]byte {
	t.Helper()
	in := make(map[string][]byte)
	for network, mad := range map[string]float64{"a": 0.25, "b": 0} {
		losses, err := result.Encode(result.LossSummary{
			Sample: result.LossStatistics{Objects: 100, Mean: 0.1, Std: 1e-7, MAD: mad, Max: 12.5, Accuracy: 0.97},
			All:    result.LossStatistics{Objects: 10000, Mean: 7, Std: 7, MAD: 7, Max: 7, Accuracy: 0.7, DeadFraction: 0.7},
		})
		if err != nil {
			t.Fatal(err)
		}
		differences, err := result.Encode(result.DifferenceSummary{Objects: 100, Permutations: 3, EMA: 0.99, MAD: mad, EMALast: mad / 3})
		if err != nil {
			t.Fatal(err)
		}
		in[InputLosses+network], in[InputDifferences+network] = losses, differences
	}
	return in
}

func TestTable(t *testing.T) {
	row := func(experiment, network string) Row {
		return Row{Experiment: experiment, Dataset: "mnist", Input: "direct", HiddenSize: 16, NumLayers: 5, SampleSize: 100, Seed: -1, Network: network}
	}
	// The order of the params, the same network twice, a name to be quoted.
	p := Params{Rows: []Row{row("sizes", "b"), row("paper", "a"), row(`x,"y"`, "a")}}
	out, err := Run(t.Context(), p, task.New(inputs(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := `experiment,dataset,input,hidden_size,num_layers,k,seed,mean_loss,std_loss,mad,max_loss,accuracy,dead_fraction,ema_last
sizes,mnist,direct,16,5,100,-1,0.1,1e-07,0,12.5,0.97,0,0
paper,mnist,direct,16,5,100,-1,0.1,1e-07,0.25,12.5,0.97,0,0.08333333333333333
"x,""y""",mnist,direct,16,5,100,-1,0.1,1e-07,0.25,12.5,0.97,0,0.08333333333333333
`
	if diff := cmp.Diff(want, string(out[OutputNetworks])); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		row    Row
		change func(map[string][]byte)
		want   string
	}{
		{"no losses", Row{Network: "c", SampleSize: 100}, func(map[string][]byte) {}, "input losses/c"},
		{"no differences", Row{Network: "a", SampleSize: 100}, func(in map[string][]byte) { delete(in, "differences/a") }, "input differences/a"},
		{"other sample", Row{Network: "a", SampleSize: 99}, func(map[string][]byte) {}, "100 objects, want 99"},
	} {
		in := inputs(t)
		c.change(in)
		_, err := Run(t.Context(), Params{Rows: []Row{c.row}}, task.New(in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}
