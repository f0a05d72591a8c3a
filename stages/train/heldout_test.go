package train

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// TestHeldOut: the curve is that of the weights on the way of the training, which
// held-out objects do not change; its last point is that of the trained network.
func TestHeldOut(t *testing.T) {
	images, labels := picture(300, 97, 0.8)
	held, heldLabels := picture(400, 97, 0.8)
	held, heldLabels = held[300*97:], heldLabels[300:]
	in := inputs(images, labels)
	other := inputs(held, heldLabels)
	watched := maps.Clone(in)
	watched[HeldOutImages], watched[HeldOutLabels] = other[mlp.Images], other[mlp.Labels]
	training := small() // 150 objects in 3 updates per epoch, 3 epochs
	training.LearningRate = 1e-2
	for _, c := range []struct {
		every         int
		steps         int
		updates, seen []float64
	}{
		{1, 0, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, []float64{64, 128, 150, 214, 278, 300, 364, 428, 450}},
		{4, 0, []float64{4, 8, 9}, []float64{214, 428, 450}},
		{100, 0, []float64{9}, []float64{450}},
		{5, 7, []float64{5, 7}, []float64{278, 364}},
	} {
		p := HeldOutParams{Training: training, Objects: 90, Every: c.every}
		p.Training.Steps = c.steps
		out, err := RunHeldOut(t.Context(), p, task.New(watched))
		if err != nil {
			t.Fatal(err)
		}
		curve, err := artifact.ReadHeldOutCurve(out, HeldOutCurve)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.updates, curve.Updates) + cmp.Diff(c.seen, curve.Seen); diff != "" {
			t.Errorf("every %d: %s", c.every, diff)
		}
		trained, err := Run(t.Context(), p.Training, task.New(in))
		if err != nil {
			t.Fatal(err)
		}
		network, data, err := mlp.Decode(map[string][]byte{mlp.Images: other[mlp.Images], mlp.Labels: other[mlp.Labels], Weights: trained[Weights]}, 90)
		if err != nil {
			t.Fatal(err)
		}
		e, err := nn.Evaluate(t.Context(), network, data, 1)
		if err != nil {
			t.Fatal(err)
		}
		last := len(curve.Loss) - 1
		if curve.Loss[last] != e.MeanLoss(90) || curve.Accuracy[last] != e.Accuracy(90) {
			t.Errorf("every %d: the last point is %v and %v, the trained network has %v and %v", c.every, curve.Loss[last], curve.Accuracy[last], e.MeanLoss(90), e.Accuracy(90))
		}
		job := task.New(watched)
		job.Workers = 3
		again, err := RunHeldOut(t.Context(), p, job)
		if err != nil || !bytes.Equal(out[HeldOutCurve], again[HeldOutCurve]) {
			t.Errorf("every %d, three workers: other bytes, %v", c.every, err)
		}
	}
	for want, p := range map[string]HeldOutParams{
		"want at least 1 of each": {Training: training, Objects: 90},
		"held-out objects: ":      {Training: training, Objects: 101, Every: 1},
	} {
		if _, err := RunHeldOut(t.Context(), p, task.New(watched)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
