package claims

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// realNetworks are networks of a default run, those at num_layers = 5 and at h =
// 16 (testdata/networks.csv, numbers rounded). The losses of single objects are
// made up: those of the sample have its MAD, those after it the mean |ℓ − L_k|.
func realNetworks(t *testing.T) []network {
	t.Helper()
	f, err := os.Open("testdata/networks.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []network
	for _, row := range rows[1:] {
		number := func(i int) float64 {
			if row[i] == "" {
				return 0
			}
			v, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		n := network{Network: artifact.Network{
			Dataset: "mnist", Input: "direct",
			HiddenSize: int(number(1)), NumLayers: int(number(2)), SampleSize: int(number(3)), Seed: int64(number(4)),
		}}
		switch row[0] {
		case artifact.ByUpdates:
			n.Recipe, n.Steps = "cold start, 1,570 updates", 1570
		case artifact.Warm:
			n.Recipe, n.Steps, n.After = artifact.WarmStart+", 1,570 updates", 1570, "100"
		}
		k := n.SampleSize
		n.losses.Sample = artifact.LossStatistics{Objects: k, Mean: number(5), Std: number(6), MAD: number(7), Accuracy: number(8), DeadFraction: number(9)}
		n.differences = artifact.DifferenceSummary{Objects: k, EMA: paperEMA, MAD: number(7), Last: number(7) / float64(k), EMALast: number(10)}
		n.setStates(DefaultParams())
		if row[11] != "" {
			n.values = make([]float64, k, k+100)
			for i := range n.values {
				n.values[i] = number(5) + number(7)*float64(1-2*(i%2))
			}
			for i := range 100 {
				n.values = append(n.values, number(5)+number(11)*(1+0.15*float64(1-2*(i%2))))
			}
		}
		list = append(list, n)
	}
	return list
}

// multiplied scales what the verdicts read of the networks that are chosen.
func multiplied(list []network, chosen func(network) bool, factor float64) []network {
	for i := range list {
		n := &list[i]
		if !chosen(*n) {
			continue
		}
		n.losses.Sample.MAD *= factor
		n.differences.EMALast *= factor
		for o := n.SampleSize; o < len(n.values); o++ {
			n.values[o] = n.losses.Sample.Mean + factor*(n.values[o]-n.losses.Sample.Mean)
		}
	}
	return list
}

// TestRealResults: what a default run says, and one change to it that changes each
// verdict.
func TestRealResults(t *testing.T) {
	cuts := []Cut{{"mnist", "direct", "", OverHiddenSize, 5}, {"mnist", "direct", "", OverNumLayers, 16}}
	verdict := func(t *testing.T, c claim, scope, recipe string, list []network) artifact.Claim {
		t.Helper()
		p := DefaultParams()
		p.Resamples, p.Cuts = 1000, cuts
		r, err := judge(t.Context(), p, []claim{c}, list, func(int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range r.Claims {
			if x.Scope == scope && x.Recipe == recipe {
				return x
			}
		}
		t.Fatalf("no row of %s for %s, %s", c.id, scope, recipe)
		return artifact.Claim{}
	}
	for _, tt := range []struct {
		claim         claim
		scope, recipe string
		want          artifact.Verdict
		says          string
		name          string // of the change
		chosen        func(network) bool
		factor        float64
		then          artifact.Verdict
	}{
		{
			fallsWithHiddenSize, all, artifact.ByEpochs, artifact.DoesNotHold, "MAD rises from h = 4 to 8 (p ≤ ",
			"h = 4 has twice the MAD", func(n network) bool { return n.HiddenSize == 4 }, 2.5, artifact.Holds,
		},
		{
			fallsWithHiddenSize, living, artifact.ByEpochs, artifact.Holds, "h = 4 does not train (36 of 39 networks are dead or partly dead",
			"h = 64 has 2.5 times the MAD", func(n network) bool { return n.HiddenSize == 64 }, 2.5, artifact.DoesNotHold,
		},
		{
			risesWithNumLayers, all, artifact.ByEpochs, artifact.Holds, "MAD rises from num_layers = 1 to 7 (p ≤ 5.7e-9 each) and shows no clear change from num_layers = 7 to 10 (p = 0.66",
			"10 layers have half the MAD", func(n network) bool { return n.NumLayers == 10 }, 0.5, artifact.DoesNotHold,
		},
		{
			publishedCurves, all, artifact.ByEpochs, artifact.Holds, "The paper's 9 networks are consistent with ours; a common shift of ",
			"our curves are a third higher", func(network) bool { return true }, 1.35, artifact.DoesNotHold,
		},
		{
			rateOwnObject, all, artifact.ByEpochs, artifact.Holds, "falls",
			"k = 10,000 has three times the MAD, 5,200 1.7 times", func(n network) bool { return n.SampleSize >= 10000 }, 3, artifact.DoesNotHold,
		},
		{
			rateNewObject, all, artifact.ByUpdates, artifact.Holds, "falls",
			"k = 5,200 has six times the change", func(n network) bool { return n.SampleSize == 5200 }, 6, artifact.DoesNotHold,
		},
		{
			rateNewObject, all, artifact.Warm, artifact.Holds, "falls",
			"k = 5,200 has two and a half times the change", func(n network) bool { return n.SampleSize == 5200 }, 2.5, artifact.Undecided,
		},
		{
			rateFixedWeights, all, artifact.AnyRecipe, artifact.Holds, "true for any weights",
			"a MAD that is not that of the losses", func(n network) bool { return n.SampleSize == 370 }, 1.001, artifact.DoesNotHold,
		},
	} {
		t.Run(tt.claim.id+", "+tt.scope+", "+tt.recipe, func(t *testing.T) {
			if x := verdict(t, tt.claim, tt.scope, tt.recipe, realNetworks(t)); x.Verdict != tt.want || !strings.Contains(x.Conclusion, tt.says) {
				t.Errorf("%v: %s; want %v, %q", x.Verdict, x.Conclusion, tt.want, tt.says)
			}
			if x := verdict(t, tt.claim, tt.scope, tt.recipe, multiplied(realNetworks(t), tt.chosen, tt.factor)); x.Verdict != tt.then {
				t.Errorf("if %s: %v, %s %s; want %v", tt.name, x.Verdict, x.Conclusion, x.Evidence, tt.then)
			}
		})
	}
}
