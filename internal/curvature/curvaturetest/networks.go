package curvaturetest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// AllNetworks is the environment variable that names a folder of more golden
// networks of the kind in internal/curvature/testdata/networks.
const AllNetworks = "LANDSCAPE_GOLDEN_NETWORKS"

// GoldenNetwork is a small network of one of the activations and losses, with or
// without biases, whose curvature was computed densely with another framework in
// float64. Vectors of all parameters are in the order of [mlp.Network].
type GoldenNetwork struct {
	Activation string          `json:"activation"`
	Loss       string          `json:"loss"` // cross_entropy_smoothed has a label smoothing of 0.1
	Weights    [][][]float64   `json:"weights"`
	Biases     [][]float64     `json:"biases"`
	Inputs     [][]float64     `json:"inputs"`
	Targets    json.RawMessage `json:"targets"`

	MeanLoss     float64   `json:"mean_loss"`
	Losses       []float64 `json:"per_object_loss"`
	Gradient     []float64 `json:"gradient"`
	H            []float64 `json:"hessian_eigenvalues"` // ascending
	G            []float64 `json:"gauss_newton_eigenvalues"`
	DiagonalH    []float64 `json:"diagonal_hessian"`
	DiagonalG    []float64 `json:"diagonal_gauss_newton"`
	ObjectNorm   []float64 `json:"per_object_hessian_norm"`
	ObjectGNNorm []float64 `json:"per_object_gauss_newton_norm"`
}

// Norm is ‖H‖₂.
func (g GoldenNetwork) Norm() float64 { return max(-g.H[0], g.H[len(g.H)-1]) }

// EachNetwork runs the test for each golden network in the repository, and for
// those in the folder that the environment variable names.
func EachNetwork(t *testing.T, f func(t *testing.T, g GoldenNetwork, n *mlp.Network, d *mlp.Data)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "curvature", "testdata", "networks", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden networks: %v", err)
	}
	if dir := os.Getenv(AllNetworks); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(more) == 0 {
			t.Fatalf("%s=%s: no golden networks: %v", AllNetworks, dir, err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var g GoldenNetwork
			if err := json.Unmarshal(text, &g); err != nil {
				t.Fatal(err)
			}
			n, d, err := g.decode()
			if err != nil {
				t.Fatal(err)
			}
			f(t, g, n, d)
		})
	}
}

func (g GoldenNetwork) decode() (n *mlp.Network, d *mlp.Data, err error) {
	n = &mlp.Network{Widths: mlp.Widths{len(g.Inputs[0])}}
	for _, w := range g.Weights {
		n.Widths = append(n.Widths, len(w))
		n.Weights = append(n.Weights, Flatten(w))
	}
	if len(g.Biases) > 0 {
		n.Biases = g.Biases
	}
	if n.Activation, err = mlp.ParseActivation(g.Activation); err != nil {
		return nil, nil, err
	}
	loss, smoothed := strings.CutSuffix(g.Loss, "_smoothed")
	if n.Loss.Kind, err = mlp.ParseLoss(loss); err != nil {
		return nil, nil, err
	}
	if smoothed {
		n.Loss.Smoothing = 0.1
	}
	labels := make([]int, len(g.Inputs))
	var targets [][]float64
	if n.Loss.Targets() {
		err = json.Unmarshal(g.Targets, &targets)
	} else {
		err = json.Unmarshal(g.Targets, &labels)
	}
	if err != nil {
		return nil, nil, err
	}
	if d, err = mlp.NewData(Flatten(g.Inputs), n.Widths[0], labels); err != nil {
		return nil, nil, err
	}
	if targets != nil {
		if d, err = d.WithTargets(Flatten(targets), len(targets[0])); err != nil {
			return nil, nil, err
		}
	}
	return n, d, n.Check()
}
