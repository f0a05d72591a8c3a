package claims

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// TestTrendAtEqualLoss: networks that were trained until a goal have rows of their
// own, beside those of ten epochs. One row takes all of them, one those that
// reached the goal, and both say how many did not.
func TestTrendAtEqualLoss(t *testing.T) {
	r := newRun(t)
	s := rng.New(21, "claims", "goal", 0)
	r.hidden(s, "mnist", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	const recipe = "cold start, until the loss is 0.1"
	r.params.Cuts = append(r.params.Cuts, Cut{"mnist", "direct", recipe, OverHiddenSize, 5})
	for i, h := range []int{4, 8, 16} {
		for seed := range 12 {
			n := artifact.Network{Dataset: "mnist", Input: "direct", HiddenSize: h, NumLayers: 5, SampleSize: 10000, Seed: int64(seed), UntilLoss: 0.1, MaxEpochs: 50, Recipe: recipe}
			r.params.Networks = append(r.params.Networks, n)
			reached := h > 4 || seed < 3
			mad := []float64{0.2, 0.3, 0.4}[i] * noise(s, 0.05)
			if !reached {
				mad = 0.9
			}
			r.encode(n.Result("losses/summary"), artifact.LossSummary{Sample: artifact.LossStatistics{Objects: 10000, Mean: 0.1, MAD: mad, Accuracy: 0.9}})
			for name, v := range map[string]any{
				"differences/summary": artifact.DifferenceSummary{Objects: 10000, EMA: 0.99, MAD: mad},
				"train_until/end":     artifact.TrainingEnd{Epochs: 10 + i, Loss: 0.1, Reached: reached},
			} {
				b, err := artifact.Encode(v)
				if err != nil {
					t.Fatal(err)
				}
				r.inputs[n.Result(name)] = b
			}
		}
	}
	claims, _ := r.run()
	var rows []artifact.Claim
	for _, c := range claims.Claims {
		if c.ID == "falls_with_hidden_size" && c.Input == "direct" {
			rows = append(rows, c)
		}
	}
	if len(rows) != 4 {
		t.Fatalf("%d rows, want two for each recipe", len(rows))
	}
	for i, want := range []struct {
		recipe, scope string
		verdict       artifact.Verdict
		says          string
	}{
		{"epochs", all, artifact.Holds, ""},
		{"epochs", living, artifact.Holds, ""},
		{"until_loss 0.1", all, artifact.DoesNotHold, "; 9 of 36 networks (25 %) did not reach the goal within 50 epochs."},
		{"until_loss 0.1", artifact.GoalReached, artifact.DoesNotHold, "MAD rises from h = 8 to 16 (p = "},
	} {
		c := rows[i]
		if c.Recipe != want.recipe || c.Scope != want.scope || c.Verdict != want.verdict || !strings.Contains(c.Conclusion, want.says) {
			t.Errorf("row %d: recipe %q, scope %q, %v: %s; want %+v", i, c.Recipe, c.Scope, c.Verdict, c.Conclusion, want)
		}
	}
	last := rows[3]
	if !strings.Contains(last.Conclusion, "most networks of h = 4 do not reach it (9 of 12, median") || !strings.HasSuffix(last.Conclusion, "which are left out; 9 of 36 networks (25 %) did not reach the goal within 50 epochs.") {
		t.Errorf("conclusion %q", last.Conclusion)
	}
	table := last.Tables[0]
	if n := len(table.Columns); table.Columns[n-2] != "reached the goal" || table.Rows[0][n-2] != 3 || table.Rows[2][n-1] != 12 {
		t.Errorf("the table is %+v", table)
	}
	for recipe, words := range map[string]string{"until_loss 0.1": "trained until the mean loss is 0.1", "until_gradient 0.01, sgd": "trained until the norm of the gradient is 0.01, sgd", "warm, with biases": "warm start, with biases"} {
		if got := where(artifact.Claim{Recipe: recipe, Scope: artifact.GoalReached}); !strings.Contains(got, words) || !strings.Contains(got, "only networks that reached it") {
			t.Errorf("%s is written %q", recipe, got)
		}
	}
}
