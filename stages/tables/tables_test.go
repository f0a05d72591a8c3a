package tables

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// given is a network of which only the name is known.
func given(name string) artifact.Network { return artifact.Network{Given: name} }

func header(table string) []string {
	at := slices.IndexFunc(All, func(t Table) bool { return t.Name == table })
	return All[at].Columns()
}

func inputs(t *testing.T) map[string][]byte {
	t.Helper()
	in := make(map[string][]byte)
	for network, mad := range map[string]float64{"a": 0.25, "b": 0} {
		losses, err := artifact.Encode(artifact.LossSummary{
			Sample: artifact.LossStatistics{Objects: 100, Mean: 0.1, Std: 1e-7, MAD: mad, Max: 12.5, Accuracy: 0.97},
			All:    artifact.LossStatistics{Objects: 10000, Mean: 7, Std: 7, MAD: 7, Max: 7, Accuracy: 0.7, DeadFraction: 0.7},
		})
		if err != nil {
			t.Fatal(err)
		}
		differences, err := artifact.Encode(artifact.DifferenceSummary{Objects: 100, Permutations: 3, EMA: 0.99, MAD: mad, EMALast: mad / 3})
		if err != nil {
			t.Fatal(err)
		}
		in[given(network).Result("losses/summary")], in[given(network).Result("differences/summary")] = losses, differences
	}
	return in
}

func TestTable(t *testing.T) {
	row := func(experiment, network string) Row {
		return Row{experiment, artifact.Network{Dataset: "mnist", Input: "direct", HiddenSize: 16, NumLayers: 5, SampleSize: 100, Seed: -1, Given: network}}
	}
	// The order of the params, the same network twice, a name to be quoted.
	p := Params{Table: "networks", Rows: []Row{row("sizes", "b"), row("paper", "a"), row(`x,"y"`, "a"), row("warm", "a")}}
	p.Rows[3].Network.Steps, p.Rows[3].Network.After = 1570, "10+20"
	out, err := Run(t.Context(), p, task.New(inputs(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := `experiment,dataset,input,hidden_size,num_layers,k,seed,steps,after,mean_loss,std_loss,mad,max_loss,accuracy,dead_fraction,ema_last
sizes,mnist,direct,16,5,100,-1,0,,0.1,1e-07,0,12.5,0.97,0,0
paper,mnist,direct,16,5,100,-1,0,,0.1,1e-07,0.25,12.5,0.97,0,0.08333333333333333
"x,""y""",mnist,direct,16,5,100,-1,0,,0.1,1e-07,0.25,12.5,0.97,0,0.08333333333333333
warm,mnist,direct,16,5,100,-1,1570,10+20,0.1,1e-07,0.25,12.5,0.97,0,0.08333333333333333
`
	if diff := cmp.Diff(want, string(out[CSV])); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// TestGoals: a run with a training until a goal has further columns, empty for the
// other networks.
func TestGoals(t *testing.T) {
	in := inputs(t)
	end, err := artifact.Encode(artifact.TrainingEnd{Epochs: 7, Loss: 0.1, GradientNorm: 0.5, Reached: true})
	if err != nil {
		t.Fatal(err)
	}
	in[given("b").Result("train_until/end")] = end
	p := Params{Table: "networks", Rows: []Row{{"x", given("a")}, {"x", given("b")}}}
	for i := range p.Rows {
		p.Rows[i].Network.SampleSize, p.Rows[i].Network.Seed = 100, int64(i)
	}
	out, err := Run(t.Context(), p, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(out[CSV]), "\n")
	for i, want := range []string{",ema_last,epochs,gradient_norm,reached", ",0.08333333333333333,,,", ",0,7,0.5,1"} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d is %q, want it to end with %q", i, lines[i], want)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		row    Row
		change func(map[string][]byte)
		want   string
	}{
		{"no losses", Row{Network: artifact.Network{Given: "c", SampleSize: 100}}, func(map[string][]byte) {}, "input losses/summary/c"},
		{"no differences", Row{Network: artifact.Network{Given: "a", SampleSize: 100}}, func(in map[string][]byte) { delete(in, "differences/summary/a") }, "input differences/summary/a"},
		{"twice", Row{Network: artifact.Network{Given: "a", SampleSize: 100}}, nil, "two rows have the key experiment=,dataset=,input=,hidden_size=0,num_layers=0,k=100,seed=0,steps=0,after="},
		{"other sample", Row{Network: artifact.Network{Given: "a", SampleSize: 99}}, func(map[string][]byte) {}, "100 objects, want 99"},
	} {
		in, rows := inputs(t), []Row{c.row}
		if c.change == nil {
			rows = append(rows, c.row)
		} else {
			c.change(in)
		}
		_, err := Run(t.Context(), Params{Table: "networks", Rows: rows}, task.New(in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestUnknownTable(t *testing.T) {
	if _, err := Run(t.Context(), Params{Table: "weights"}, task.New(nil)); err == nil || !strings.Contains(err.Error(), `no table "weights"`) {
		t.Errorf("error %v", err)
	}
}

// TestCurvatureTables: one row per network, size or bound, with as many cells
// as columns.
func TestCurvatureTables(t *testing.T) {
	encode := func(v any) []byte {
		t.Helper()
		b, err := artifact.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	value := []artifact.Eigenvalue{{Value: 2, Residual: 1e-9}}
	term := artifact.TermSpectrum{Norm: 2, Top: value, Bottom: []artifact.Eigenvalue{{Value: -1, Residual: 1e-8}}, Method: "lanczos", Outliers: 9, Gap: 4, Converged: true, Missed: 1e-10}
	in := map[string][]byte{
		given("a").Result("spectra/spectrum"): encode(artifact.Spectrum{
			Objects: 100, Parameters: 7, Layers: 1, Widths: []int{7, 1}, LayerTraces: []float64{3}, Hessian: term, GaussNewton: term, HTerm: term,
			NullSpace: artifact.NullSpace{DeadUnits: []int{1, 2}, Kink: &artifact.KinkMargin{Margin: 0.5}},
		}),
		given("a").Result("objects/summary"): encode(artifact.ObjectSummary{Objects: 100, LargestHessian: 8}),
		given("a").Result("increments/increments"): encode(artifact.IncrementSummary{Parameters: 7, Increments: []artifact.Increment{
			{K: 9, HessianNorm: 4, Residual: 1e-6, AbsLoss: 0.5, SampleHessian: 3, SampleGN: 2.5, ObjectHessian: 1},
			{
				K: 12, HessianNorm: 5, Residual: 1e-6, AbsLoss: 0.5, SampleHessian: 3, SampleGN: 2.5, ObjectHessian: 1,
				LargestSine: 0.1, FrobeniusSine: 0.2, EigenspaceError: 0.01, EigenspaceDim: 1,
				Others: []artifact.OtherObject{{Object: 20, HessianNorm: 5}, {Object: 30, HessianNorm: 7}}, OthersMedian: 6, OthersMax: 7,
			},
		}}),
		given("a").Result("bounds/bounds"): encode(artifact.BoundsSummary{
			SampleSize: 100, Objects: 2, Bounds: []artifact.BoundStatistics{{Name: "B0", Of: "G", Slack: 1}, {Name: "B9", Of: "G", Printed: true, Slack: 50}},
			Increments: []artifact.IncrementBounds{{K: 9, Norm: 4, Lower: 1, Upper: 6, Printed: 40}},
		}),
	}
	in[given("a").Result("rotation/rotation")] = encode(artifact.Rotation{
		Objects: 100, Parameters: 8, Dimension: 2, Chance: 0.25,
		Snapshots: []artifact.RotationSnapshot{{Epoch: 0, Values: []float64{2, 1}}, {Epoch: 5, Values: []float64{2, 1}}},
		Pairs:     []artifact.RotationPair{{From: 0, To: 5, Overlap: 0.5, LargestSine: 1, FrobeniusSine: 1, Error: 0.125}},
	})
	in[given("a").Result("trajectory/trajectory")] = encode(artifact.Trajectory{Objects: 100, Parameters: 8, Points: []artifact.TrajectoryPoint{{
		Epoch: 3, Loss: 0.5, GradientNorm: 0.25, Hessian: 4, GaussNewton: 2, HTerm: 3, Residual: 1e-9, Largest: 4, Least: -1, Trace: 7,
		Theorem1: 90, Lemma1: 900, CorrectedGaussNewton: 20, CorrectedHessian: 30,
	}}})
	norms := encode(artifact.Norms{Objects: 50, Parameters: 8, PowerIterations: 25, Points: []artifact.NormsPoint{{
		Epoch: 5, Loss: 0.5, Hessian: 4, GaussNewton: 2, Residual: 1e-9, Products: 12, PowerHessian: 3.5, PowerGaussNewton: 1.5, SpectralBound: 30, FrobeniusBound: 300,
	}}})
	in[given("a").Result("norms_batch/norms")], in[given("a").Result("norms/norms")] = norms, norms
	rows := []Row{{"e", artifact.Network{Dataset: "mnist", Input: "direct", HiddenSize: 4, NumLayers: 1, SampleSize: 100, Given: "a"}}}
	for name, want := range map[string]string{
		"trajectory":  "e,mnist,direct,4,1,100,0,0,,3,0.5,0.25,4,2,3,0.5,1e-09,4,-1,7,90,900,20,30\n",
		"norms_batch": "e,mnist,direct,4,1,100,0,0,,50,5,0.5,4,2,0.5,1e-09,12,25,3.5,1.5,300,30\n",
		"norms":       "e,mnist,direct,4,1,100,0,0,,50,5,0.5,4,2,0.5,1e-09,12,25,3.5,1.5,300,30\n",
		"rotation":    "e,mnist,direct,4,1,100,0,0,,0,5,2,0.5,0.25,1,1,0.125\n",
		"spectra":     "e,mnist,direct,4,1,100,0,0,,7,0,0,2,1e-09,2,2,0,-1,1e-08,0,9,4,3,0,0,8,0,0.5,1,1e-10,1,1e-10,1,1e-10\n",
		"increments": "e,mnist,direct,4,1,100,0,0,,9,4,1e-06,0.5,3,2.5,1,0,,,0,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,12,5,1e-06,0.5,3,2.5,1,2,6,7,1,0.1,0.2,0.01\n",
		"bounds": "e,mnist,direct,4,1,100,0,0,,H_exact,,H,false,0,0,0,0,0,0,0,0,0,1,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,B0,,G,false,0,0,0,0,0,0,0,0,0,1,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,B9,,G,true,0,0,0,0,0,0,0,0,0,50,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,increment_exact,9,H_{k+1}-H^(k),false,4,4,4,4,4,4,4,4,4,1,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,increment_lower,9,H_{k+1}-H^(k),false,1,1,1,1,1,1,1,4,4,0.25,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,increment_upper,9,H_{k+1}-H^(k),false,6,6,6,6,6,6,6,4,4,1.5,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,increment_sum,9,H_{k+1}-H^(k),false,0,0,0,0,0,0,0,4,4,0,0,0,0\n" +
			"e,mnist,direct,4,1,100,0,0,,increment_printed,9,H_{k+1}-H^(k),true,40,40,40,40,40,40,40,4,4,10,0,0,0\n",
	} {
		out, err := Run(t.Context(), Params{Table: name, Rows: rows}, task.New(in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Join(header(name), ",")+"\n"+want, string(out[CSV])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestColumnsAreDocumented: docs/formats.md has for each table, and for the columns
// that begin every table, one line per column in their order; what is bold is its key.
func TestColumnsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	section := func(from string) (columns, keys []string) {
		_, rest, found := strings.Cut(string(text), "\n"+from)
		if !found {
			t.Fatalf("docs/formats.md has no %q", from)
		}
		_, rest, _ = strings.Cut(rest, "| column | content |\n|---|---|\n")
		for line := range strings.Lines(rest) {
			cell, bold := strings.CutPrefix(line, "| **`")
			if !bold {
				if cell, found = strings.CutPrefix(line, "| `"); !found {
					break
				}
			}
			column, _, _ := strings.Cut(cell, "`")
			columns = append(columns, column)
			if bold {
				keys = append(keys, column)
			}
		}
		return columns, keys
	}
	if columns, _ := section("# Tables"); !slices.Equal(columns, common) {
		t.Errorf("documented are the columns %v of every table, want %v", columns, common)
	}
	for _, table := range All {
		columns, keys := section("`" + table.Name + ".csv`: ")
		if diff := cmp.Diff(slices.Concat(table.columns, table.further), columns); diff != "" {
			t.Errorf("columns of %s.csv (-written +documented):\n%s", table.Name, diff)
		}
		if !slices.Equal(keys, table.Keys) {
			t.Errorf("documented as the key of %s.csv is %v, want %v", table.Name, keys, table.Keys)
		}
	}
}
