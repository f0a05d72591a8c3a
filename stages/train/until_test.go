package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func runUntil(t *testing.T, p UntilParams, in map[string][]byte) (map[string][]byte, artifact.TrainingEnd) {
	t.Helper()
	out, err := RunUntil(context.Background(), p, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	end, err := artifact.Read[artifact.TrainingEnd](out, End)
	if err != nil {
		t.Fatal(err)
	}
	return out, end
}

// TestUntil: a training until a goal is the usual one of as many epochs, it is the
// shortest that reaches the goal, and the numbers at its end are those of its
// weights.
func TestUntil(t *testing.T) {
	images, labels := picture(300, 97, 0.8)
	in := inputs(images, labels)
	base := small()
	base.Epochs, base.LearningRate = 100, 1e-2
	momentum := base
	momentum.Optimiser, momentum.Momentum, momentum.LearningRate = SGD, 0.9, 0.05
	for _, p := range []UntilParams{{base, 0.2, 0}, {base, 0, 0.1}, {momentum, 0.2, 0}} {
		out, end := runUntil(t, p, in)
		if !end.Reached || end.Epochs < 2 || end.Epochs >= 100 {
			t.Fatalf("%+v: ended with %+v", p, end)
		}
		usual := p.Training
		usual.Epochs = end.Epochs
		same, err := Run(t.Context(), usual, task.New(in))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out[Weights], same[Weights]) || !bytes.Equal(out[History], same[History]) {
			t.Errorf("%+v: not the training of %d epochs", p, end.Epochs)
		}
		all := map[string][]byte{mlp.Images: in[mlp.Images], mlp.Labels: in[mlp.Labels], Weights: out[Weights]}
		network, data, err := mlp.Decode(all, p.Training.SampleSize)
		if err != nil {
			t.Fatal(err)
		}
		e, err := nn.Evaluate(t.Context(), network, data, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.MeanLoss(data.Objects); got != end.Loss {
			t.Errorf("%+v: the mean loss of the weights is %v, the training ended with %v", p, got, end.Loss)
		}
		point, err := curvature.NewPoint(t.Context(), network, data, 1)
		if err != nil {
			t.Fatal(err)
		}
		gradient, err := point.Gradient(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := norm(gradient); end.GradientNorm < got*(1-1e-5) || end.GradientNorm > got*(1+1e-5) {
			t.Errorf("%+v: the norm of the gradient in float64 is %v, the training ended with %v", p, got, end.GradientNorm)
		}
		before := p
		before.Training.Epochs = end.Epochs - 1
		if _, end := runUntil(t, before, in); end.Reached || end.Epochs != before.Training.Epochs {
			t.Errorf("%+v: with one epoch less it ended with %+v", p, end)
		}
	}
}

// TestPlateau: the small gradient of a deep network at its initial weights, where all
// objects get the same logits, ends no training.
func TestPlateau(t *testing.T) {
	images, labels := picture(300, 97, 0.8)
	p := UntilParams{Training: small(), Gradient: 0.05}
	p.Training.NumLayers, p.Training.Epochs, p.Training.LearningRate = 12, 3, 1e-6
	_, end := runUntil(t, p, inputs(images, labels))
	if end.GradientNorm > p.Gradient {
		t.Fatalf("no plateau: %+v", end)
	}
	if end.Reached || end.Epochs != 3 || math.Abs(end.Loss-math.Log(float64(p.Training.Classes))) > 0.1 {
		t.Errorf("ended with %+v", end)
	}
}

func norm(v []float64) float64 {
	squares := 0.0
	for _, x := range v {
		squares += float64(x * x)
	}
	return math.Sqrt(squares)
}

// TestUntilDigests holds the bytes of trainings by each optimiser and goal.
func TestUntilDigests(t *testing.T) {
	images, labels := picture(200, 97, 0.8)
	sgd := small()
	sgd.Optimiser, sgd.Momentum, sgd.LearningRate, sgd.Beta1, sgd.Beta2, sgd.Epsilon = SGD, 0.9, 0.1, 0, 0, 0
	for _, c := range []struct {
		p    UntilParams
		want [3]string
	}{
		{UntilParams{Training: small(), Loss: 2.29}, [3]string{"8f4839c06becdf5f", "e937703252cfbe74", "189753f866c9a853"}},
		{UntilParams{Training: sgd, Gradient: 0.5}, [3]string{"53f515711ae74571", "6858815e7fdada38", "97bedf4cc2a53d15"}},
	} {
		out, _ := runUntil(t, c.p, inputs(images, labels))
		for i, name := range []string{Weights, History, End} {
			sum := sha256.Sum256(out[name])
			if got := hex.EncodeToString(sum[:8]); got != c.want[i] {
				t.Errorf("%+v: %s is %s, want %s: %s", c.p, name, got, c.want[i], out[End])
			}
		}
	}
}

// TestUntilRefuses names what makes no sense.
func TestUntilRefuses(t *testing.T) {
	images, labels := picture(200, 97, 0.8)
	for _, c := range []struct {
		want   string
		change func(*UntilParams)
	}{
		{"one of them above 0", func(p *UntilParams) { p.Loss = 0 }},
		{"one of them above 0", func(p *UntilParams) { p.Gradient = 1 }},
		{"one of them above 0", func(p *UntilParams) { p.Loss, p.Gradient = -1, 1 }},
		{"0 steps", func(p *UntilParams) { p.Training.Steps = 3 }},
		{"1 epoch or more", func(p *UntilParams) { p.Training.Epochs = 0 }},
		{"optimiser is \"lion\"", func(p *UntilParams) { p.Training.Optimiser = "lion" }},
		{"momentum is 1", func(p *UntilParams) { p.Training.Optimiser, p.Training.Momentum = SGD, 1 }},
	} {
		p := UntilParams{Training: small(), Loss: 1}
		c.change(&p)
		if _, err := RunUntil(t.Context(), p, task.New(inputs(images, labels))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
