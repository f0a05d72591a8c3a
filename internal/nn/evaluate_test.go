package nn

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// TestEvaluateMatchesTraining compares the losses of the two forward passes.
func TestEvaluateMatchesTraining(t *testing.T) {
	g, w := readGoldenAdam(t)
	n, err := mlp.NewNetwork(w, g.InitialWeights)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Evaluate(context.Background(), n, g.data(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	r := newReference(g, w, 1)
	r.inputs = g.data(t).Values
	for i, got := range e.Losses {
		want := r.backward([]int32{int32(i)})
		if math.Abs(got-want) > 1e-14 {
			t.Errorf("object %d: loss %v, in training %v", i, got, want)
		}
	}
	// Bits do not depend on the workers.
	many, err := Evaluate(context.Background(), n, g.data(t), 5)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, many); diff != "" {
		t.Errorf("five workers differ (-one +five):\n%s", diff)
	}
}

// TestEvaluateReadsBothInputs evaluates the same numbers as bytes and as
// features, which round them to float32.
func TestEvaluateReadsBothInputs(t *testing.T) {
	w := mlp.PaperWidths(60, 7, 2, 10)
	weights := make([][]float64, w.Layers())
	for p, m := range InitialWeights(w, testStream) {
		weights[p] = convert[float64](m)
	}
	n, err := mlp.NewNetwork(w, weights)
	if err != nil {
		t.Fatal(err)
	}
	losses := func(d *mlp.Data) []float64 {
		e, err := Evaluate(context.Background(), n, d, 2)
		if err != nil {
			t.Fatal(err)
		}
		return e.Losses
	}
	bytes := pixels(t, 200, 60, 0.5)
	features := asFeatures(t, bytes)
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-7 })
	if diff := cmp.Diff(losses(bytes), losses(features), near); diff != "" {
		t.Errorf("(-bytes +features):\n%s", diff)
	}
}

// TestConfidentAndDead holds the cases that a plain formula gets wrong. The
// network's second matrix is chosen so that the logits are known.
func TestConfidentAndDead(t *testing.T) {
	n, err := mlp.NewNetwork([]int{1, 1, 3}, [][]float64{{1}, {1, 0, 0.5}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := mlp.NewData([]float64{40, 2000, 2000, -1, 0.5}, 1, []int{0, 0, 1, 2, 2})
	if err != nil {
		t.Fatal(err)
	}
	e, err := Evaluate(context.Background(), n, d, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := &Evaluation{
		Losses: []float64{
			math.Exp(-20) + math.Exp(-40), // log1p of a sum far below 1e-8
			0,                             // e^−1000 underflows
			2000,                          // e^2000 would overflow
			math.Log(3),
			0.25 + math.Log1p(math.Exp(-0.5)+math.Exp(-0.25)),
		},
		Correct: []bool{true, true, false, false, false},
		Dead:    []bool{false, false, false, true, false},
	}
	want.Losses[0] = math.Log1p(want.Losses[0])
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 4e-16*max(math.Abs(a), math.Abs(b)) })
	if diff := cmp.Diff(want, e, near); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e.Losses[3] != detmath.Log1p(2) {
		t.Errorf("a dead object has loss %v, want exactly ln 3 = %v", e.Losses[3], detmath.Log1p(2))
	}
}
