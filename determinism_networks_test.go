package landscape_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// userNetwork is a golden network of internal/curvature in the files that a user
// would have, with the arguments of the verb curvature.
type userNetwork struct {
	name string
	args []string
}

// writeNetworks writes the golden networks into a folder: one for each activation
// and loss, or only two of them, which have all losses' and activations' functions
// of detmath between them.
func writeNetworks(t *testing.T, dir string, all bool) []userNetwork {
	t.Helper()
	files, err := filepath.Glob("internal/curvature/testdata/networks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden networks: %v", err)
	}
	var list []userNetwork
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if !all && name != "gelu_cross_entropy_bias" && name != "sigmoid_bce_bias" {
			continue
		}
		list = append(list, writeNetwork(t, dir, name, file))
	}
	return list
}

func writeNetwork(t *testing.T, dir, name, file string) userNetwork {
	t.Helper()
	var g struct {
		Activation, Loss string
		Weights          [][][]float64
		Biases           [][]float64
		Inputs           [][]float64
		Targets          json.RawMessage
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Tensor
	for p, w := range g.Weights {
		tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprintf("layers.%d.weight", p), []int{len(w), len(w[0])}, slices.Concat(w...)))
		if len(g.Biases) > 0 {
			tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprintf("layers.%d.bias", p), []int{len(w)}, g.Biases[p]))
		}
	}
	weights, err := safetensors.Encode(nil, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	write := func(suffix string, content []byte) string {
		path := filepath.Join(dir, name+suffix)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	loss, smoothed := strings.CutSuffix(g.Loss, "_smoothed")
	n := userNetwork{name, []string{
		"curvature", "--json", "-q", "--per-object", "all", "--per-layer", "--diagonal", "--fisher", "--density", "6x2", "--exact", "20", "--top", "5", "--bottom", "3",
		"--weights", write(".safetensors", weights), "--inputs", write("-x.npy", npy.Encode([]int{len(g.Inputs), len(g.Inputs[0])}, slices.Concat(g.Inputs...))),
		"--activation", g.Activation, "--loss", loss,
	}}
	if smoothed {
		n.args = append(n.args, "--label-smoothing", "0.1")
	}
	if loss == "cross_entropy" {
		var labels []int64
		err = json.Unmarshal(g.Targets, &labels)
		n.args = append(n.args, "--labels", write("-y.npy", npy.Encode([]int{len(labels)}, labels)))
	} else {
		var targets [][]float64
		err = json.Unmarshal(g.Targets, &targets)
		n.args = append(n.args, "--targets", write("-t.npy", npy.Encode([]int{len(targets), len(targets[0])}, slices.Concat(targets...))))
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// curvature returns the digest of what the verb prints, computed in a store of its
// own in that folder.
func (n userNetwork) curvature(t *testing.T, mode string, argv, env []string, dir string) json.RawMessage {
	t.Helper()
	cmd := exec.Command(argv[0], slices.Concat(argv[1:], n.args, []string{"--store", filepath.Join(dir, "store-of-networks")})...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: curvature of %s: %v\n%s", mode, n.name, err, &stderr)
	}
	return json.RawMessage(fmt.Sprintf("%x", sha256.Sum256(stdout.Bytes())))
}
