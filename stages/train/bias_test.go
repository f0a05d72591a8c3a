package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// TestBiasDigests holds the bytes of short trainings with biases through each way to
// read the data.
func TestBiasDigests(t *testing.T) {
	sparse, dense, features := readings()
	p := small()
	p.Bias = true
	for _, c := range []struct {
		name, want string
		in         map[string][]byte
	}{
		{"sparse bytes", "2f55d1a373100903", sparse},
		{"dense bytes", "2df12da0644f8604", dense},
		{"features", "8d081ca6f2927a03", features},
	} {
		weights, _ := run(t, p, c.in, 2)
		sum := sha256.Sum256(weights)
		if got := hex.EncodeToString(sum[:8]); got != c.want {
			t.Errorf("%s: weights are %s, want %s", c.name, got, c.want)
		}
	}
}

// TestBiasStart: biases come from a stream of their own, so that the initial weights
// are those of the network without, and its key does not name them.
func TestBiasStart(t *testing.T) {
	in := inputs(picture(200, 97, 0.8))
	p := small()
	p.Epochs = 0
	text, err := json.Marshal(p)
	if err != nil || strings.Contains(string(text), "Bias") {
		t.Errorf("params without biases are %s, %v", text, err)
	}
	plain, _ := run(t, p, in, 1)
	p.Bias = true
	with, _ := run(t, p, in, 1)
	a, b := decode(t, plain), decode(t, with)
	if !slices.EqualFunc(a.Weights, b.Weights, slices.Equal) {
		t.Error("the initial weights depend on whether there are biases")
	}
	if a.AnyBiased() || !b.Biased(0) || !b.Biased(1) || !b.Biased(2) || slices.Contains(slices.Concat(b.Biases...), 0) {
		t.Errorf("the biases are %v and %v", a.Biases, b.Biases)
	}
}

func decode(t *testing.T, weights []byte) *mlp.Network {
	t.Helper()
	n, err := mlp.DecodeNetwork(weights)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBiasSnapshots: the last snapshot has the trained network's parameters, in the
// order of package mlp, and a warm start goes on from weights and biases.
func TestBiasSnapshots(t *testing.T) {
	in := inputs(picture(200, 97, 0.8))
	p := small()
	p.Bias = true
	out, err := RunSnapshots(t.Context(), SnapshotParams{Training: p, Epochs: []int{0, 3}}, task.New(in))
	if err != nil {
		t.Fatal(err)
	}
	weights, _ := run(t, p, in, 1)
	n := decode(t, weights)
	rows, err := npy.Rows[float32](out, Snapshots, n.Parameters())
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, of := range [][]byte{nil, weights} {
		again, err := n.With(rows[i])
		if err != nil {
			t.Fatal(err)
		}
		if same := slices.Equal(again.Flat(), n.Flat()); same != (of != nil) {
			t.Errorf("snapshot %d has the trained network's parameters: %v", i, same)
		}
	}
	p.Epochs = 0
	if again, _ := run(t, p, with(in, Start, weights), 1); !slices.Equal(decode(t, again).Flat(), n.Flat()) {
		t.Error("a warm start does not begin with the weights and biases that it is given")
	}
	p.Bias = false
	if _, err := Run(t.Context(), p, task.New(with(in, Start, weights))); err == nil || !strings.Contains(err.Error(), "input start: layer 0 has biases true, want false") {
		t.Errorf("a start with biases for a network without: error %v", err)
	}
}
