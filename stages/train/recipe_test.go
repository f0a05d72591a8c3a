package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func run(t interface {
	Helper()
	Fatal(...any)
}, p Params, in map[string][]byte, workers int) (weights, history []byte) {
	t.Helper()
	job := task.New(in)
	job.Workers = workers
	out, err := Run(context.Background(), p, job)
	if err != nil {
		t.Fatal(err)
	}
	return out[Weights], out[History]
}

func with(in map[string][]byte, name string, b []byte) map[string][]byte {
	m := map[string][]byte{name: b}
	for k, v := range in {
		if k != name {
			m[k] = v
		}
	}
	return m
}

// TestSteps: as many steps as the epochs make are the epochs, and fewer cut the
// last one short.
func TestSteps(t *testing.T) {
	in := inputs(picture(200, 97, 0.8))
	rapid.Check(t, func(t *rapid.T) {
		p := small()
		p.SampleSize = rapid.IntRange(2, 150).Draw(t, "objects")
		p.BatchSize = rapid.IntRange(1, 200).Draw(t, "batch")
		p.Epochs = rapid.IntRange(1, 3).Draw(t, "epochs")
		perEpoch := (p.SampleSize-1)/p.BatchSize + 1
		byEpochs, history := run(t, p, in, 1)
		q := p
		q.Epochs, q.Steps = rapid.IntRange(0, 9).Draw(t, "ignored"), p.Epochs*perEpoch
		if bySteps, h := run(t, q, in, 2); !bytes.Equal(byEpochs, bySteps) || !bytes.Equal(history, h) {
			t.Fatalf("%d steps of %d objects are not %d epochs", q.Steps, p.SampleSize, p.Epochs)
		}
		if q.Steps--; q.Steps > 0 {
			shorter, h := run(t, q, in, 1)
			a, err := npy.Decode(h)
			if err != nil {
				t.Fatal(err)
			}
			if want := (q.Steps-1)/perEpoch + 1; bytes.Equal(byEpochs, shorter) || a.Shape[0] != want {
				t.Fatalf("one step less: the weights are the same, or %d epochs are not %d", a.Shape[0], want)
			}
		}
	})
}

// TestWarmStart: training continues from the weights that it is given, with
// means of Adam that begin at 0, and the same bits for any number of workers.
func TestWarmStart(t *testing.T) {
	in := inputs(picture(200, 97, 0.8))
	rapid.Check(t, func(t *rapid.T) {
		first := small()
		first.SampleSize = rapid.IntRange(2, 100).Draw(t, "first")
		first.Seed = rapid.Int64Range(0, 5).Draw(t, "seed")
		second := first
		second.SampleSize = rapid.IntRange(first.SampleSize, 150).Draw(t, "second")
		start, _ := run(t, first, in, 1)
		warm, _ := run(t, second, with(in, Start, start), 1)
		again, _ := run(t, second, with(in, Start, start), 7)
		if !bytes.Equal(warm, again) {
			t.Fatal("the weights depend on the workers")
		}
		if cold, _ := run(t, second, in, 1); bytes.Equal(cold, warm) {
			t.Fatal("the start has no influence")
		}
		// No step leaves the weights where they start.
		second.Epochs = 0
		if same, _ := run(t, second, with(in, Start, start), 1); !bytes.Equal(same, start) {
			t.Fatal("the training does not begin at the start")
		}
	})
}

// TestWarmStartDigest holds the bytes of a warm start, on every code path.
func TestWarmStartDigest(t *testing.T) {
	in := inputs(picture(200, 97, 0.8))
	p := small()
	p.SampleSize, p.Steps = 70, 5
	start, _ := run(t, p, in, 1)
	p.SampleSize = 150
	weights, _ := run(t, p, with(in, Start, start), 1)
	const want = "133ea9bbd3abd4e2"
	if got := fmt.Sprintf("%x", sha256.Sum256(weights))[:16]; got != want {
		t.Errorf("weights are %s, want %s", got, want)
	}
}

// TestSnapshots: the weights on the way are those of shorter trainings, and the
// last are those of Run.
func TestSnapshots(t *testing.T) {
	in := inputs(picture(200, 97, 0.8))
	p := small()
	p.Steps = 7 // of 3 an epoch
	for _, epochs := range [][]int{{0, 1, 2, 3}, {1}, {0}, {3}} {
		out, err := RunSnapshots(context.Background(), SnapshotParams{p, epochs}, task.New(in))
		if err != nil {
			t.Fatal(err)
		}
		a, err := npy.Decode(out[Snapshots])
		if err != nil {
			t.Fatal(err)
		}
		rows, err := npy.Values[float32](a)
		if err != nil {
			t.Fatal(err)
		}
		n := a.Shape[1]
		for i, epoch := range epochs {
			q := p
			if epoch < 3 {
				q.Steps, q.Epochs = 0, epoch
			}
			weights, _ := run(t, q, in, 1)
			network, err := mlp.DecodeNetwork(weights)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Concat(network.Weights...)
			if !slices.EqualFunc(rows[i*n:(i+1)*n], want, func(a float32, b float64) bool { return float64(a) == b }) {
				t.Errorf("snapshots %v: the weights after epoch %d are not those of a training of that length", epochs, epoch)
			}
		}
	}
}

func TestRecipeErrors(t *testing.T) {
	in := inputs(picture(200, 97, 0.8))
	p := small()
	wide := p
	wide.HiddenSize++
	other, _ := run(t, wide, in, 1)
	for want, start := range map[string][]byte{"input start: a network with widths [97 9 9 10]": other, "input start: ": []byte("x")} {
		if _, err := Run(context.Background(), p, task.New(with(in, Start, start))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	p.Steps = -1
	if _, err := Run(context.Background(), p, task.New(in)); err == nil || !strings.Contains(err.Error(), "steps is -1") {
		t.Errorf("error %v", err)
	}
	p.Steps = 0
	for _, epochs := range [][]int{nil, {1, 0}, {-1}, {4}} {
		if _, err := RunSnapshots(context.Background(), SnapshotParams{p, epochs}, task.New(in)); err == nil || !strings.Contains(err.Error(), "from 0 to 3") {
			t.Errorf("snapshots %v: error %v", epochs, err)
		}
	}
	p.LearningRate = 1e37
	if _, err := RunSnapshots(context.Background(), SnapshotParams{p, []int{3}}, task.New(in)); err == nil || !strings.Contains(err.Error(), "diverged in epoch") {
		t.Errorf("error %v", err)
	}
}
