package curvature

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

var (
	peersFolder  = flag.String("peers", "", "folder into which BenchmarkPeers writes networks, data, probes and results for bench/peers")
	peersObjects = flag.Int("peers.objects", 10_000, "MNIST objects that BenchmarkPeers takes")
	peersHidden  = flag.Int("peers.h", 64, "widest network that BenchmarkPeers takes, of 16 and 64")
	peersSteps   = flag.Int("peers.steps", 80, "Lanczos steps of the quadrature in BenchmarkPeers")
	peersProbes  = flag.Int("peers.probes", 10, "probes of the quadrature in BenchmarkPeers")
)

// forPeers is what BenchmarkPeers leaves of one network, as JSON. Times are
// medians in seconds.
type forPeers struct {
	Hidden     int         `json:"hidden"`
	Parameters int         `json:"parameters"`
	Objects    int         `json:"objects"`
	Workers    int         `json:"workers"`
	Top        []topRun    `json:"top"`     // to peersTolerances
	Density    *densityRun `json:"density"` // of the narrowest network only
	Product    product     `json:"product"`
}

// peersTolerances are the relative errors to which the top eigenvalues are
// wanted: the peers' accuracy is between the first and the last.
var peersTolerances = []float64{1e-6, 1e-8, 1e-10, 1e-12, 1e-14}

type topRun struct {
	Tolerance float64   `json:"tolerance"`
	Seconds   float64   `json:"seconds"`
	Products  int       `json:"products"`
	Values    []float64 `json:"values"`
	Residual  float64   `json:"residual"` // the largest
	Error     float64   `json:"error"`    // the largest estimate relative to its value
}

// densityRun has the rules of the probes, and such with four times the steps,
// which have converged where the density is smoothed.
type densityRun struct {
	Seconds   float64      `json:"seconds"`
	Rules     []eigen.Rule `json:"rules"`
	Converged []eigen.Rule `json:"converged"`
}

// product counts operations as two for a multiply-add. What is counted as done
// leaves out black pixels and units that no object activates; the formula's
// count does not.
type product struct {
	Seconds           float64 `json:"seconds"`
	BlockSeconds      float64 `json:"block_seconds"` // of one direction among ten
	DenseSeconds      float64 `json:"dense_seconds"` // every pixel multiplied
	DenseBlockSeconds float64 `json:"dense_block_seconds"`
	GradientSeconds   float64 `json:"gradient_seconds"` // forward and backward
	Formula           float64 `json:"formula"`
	FormulaGradient   float64 `json:"formula_gradient"`
	Done              float64 `json:"done"`
	DoneDense         float64 `json:"done_dense"`
	DoneGradient      float64 `json:"done_gradient"`
}

// BenchmarkPeers is our side of bench/peers/hessian.py, which runs it with
// -peers: the top 20 eigenvalues of H to 1e-6 with their certificate, the
// stochastic Lanczos quadrature, one product and one gradient, each from the
// weights and the pixels on, on all cores.
func BenchmarkPeers(b *testing.B) {
	for _, h := range []int{16, 64} {
		if h > *peersHidden {
			continue
		}
		b.Run(fmt.Sprintf("h=%d", h), func(b *testing.B) {
			network := trained(b, h).Network
			all := curvaturetest.MNIST(b)
			data, err := all.First(*peersObjects)
			if err != nil {
				b.Fatal(err)
			}
			r := &forPeers{Hidden: h, Parameters: network.Parameters(), Objects: data.Objects, Workers: runtime.GOMAXPROCS(0)}
			probes := signs(network.Parameters(), *peersProbes)
			for _, tolerance := range peersTolerances {
				b.Run(fmt.Sprintf("top20/%g", tolerance), func(b *testing.B) { r.top(b, network, data, tolerance) })
			}
			if h == 16 {
				b.Run("quadrature", func(b *testing.B) { r.density(b, network, data, probes) })
			}
			b.Run("product", func(b *testing.B) { r.product(b, network, data) })
			if *peersFolder != "" {
				r.write(b, network, data, probes)
			}
		})
	}
}

// signs are random probes of ±1, side by side.
func signs(n, probes int) []float64 {
	v := make([]float64, n*probes)
	s := rng.New(2, "curvature", "peers", 0)
	for i := range v {
		v[i] = float64(2*s.IntN(2) - 1)
	}
	return v
}

// operator starts from the pixels: nothing is left of an earlier run.
func (r *forPeers) operator(b *testing.B, n *mlp.Network, d *mlp.Data) *Operator {
	b.Helper()
	fresh, err := d.First(d.Objects)
	if err != nil {
		b.Fatal(err)
	}
	pt, err := NewPoint(b.Context(), n, fresh, r.Workers)
	if err != nil {
		b.Fatal(err)
	}
	op, err := pt.Operator(Hessian, nil)
	if err != nil {
		b.Fatal(err)
	}
	return op
}

func (r *forPeers) top(b *testing.B, n *mlp.Network, d *mlp.Data, tolerance float64) {
	run := topRun{Tolerance: tolerance}
	var found *eigen.Result
	run.Seconds = median(b, func() (err error) {
		found, err = r.operator(b, n, d).Ends(b.Context(), Ends{Top: 20, Tolerance: tolerance, Floor: tolerance * 1e-4}, nil)
		return err
	})
	if !found.Converged {
		b.Fatalf("not converged after %d products", found.Products)
	}
	run.Products = found.Products
	for _, p := range found.Top {
		run.Values = append(run.Values, p.Value)
		run.Residual = max(run.Residual, p.Residual)
		run.Error = max(run.Error, p.Error/p.Value)
	}
	r.Top = append(r.Top, run)
	b.ReportMetric(float64(found.Products), "products")
}

func (r *forPeers) density(b *testing.B, n *mlp.Network, d *mlp.Data, probes []float64) {
	p := eigen.Probing{Steps: *peersSteps, Workers: r.Workers}
	for dim := n.Parameters(); len(probes) > 0; probes = probes[dim:] {
		p.Probes = append(p.Probes, probes[:dim])
	}
	run := densityRun{}
	run.Seconds = median(b, func() (err error) {
		run.Rules, err = eigen.Quadrature(b.Context(), r.operator(b, n, d), p)
		return err
	})
	if *peersFolder != "" {
		p.Steps *= 4
		var err error
		if run.Converged, err = eigen.Quadrature(b.Context(), r.operator(b, n, d), p); err != nil {
			b.Fatal(err)
		}
	}
	r.Density = &run
}

func (r *forPeers) product(b *testing.B, n *mlp.Network, d *mlp.Data) {
	const block = 10
	op := r.operator(b, n, d)
	pt, err := NewPoint(b.Context(), n, d, r.Workers)
	if err != nil {
		b.Fatal(err)
	}
	pt.inputs.sparse = false
	opDense, err := pt.Operator(Hessian, nil)
	if err != nil {
		b.Fatal(err)
	}
	src, dst := make([]float64, block*op.Dim()), make([]float64, block*op.Dim())
	s := rng.New(1, "curvature", "bench", 0)
	for i := range src {
		src[i] = s.Normal()
	}
	var single, blocks, denseSingle, denseBlocks, gradients []float64
	for b.Loop() {
		// in turn, so that a busy moment meets all of them
		for range 10 {
			single = append(single, seconds(b, func() error { return op.Apply(b.Context(), dst, src, 1) }))
			denseSingle = append(denseSingle, seconds(b, func() error { return opDense.Apply(b.Context(), dst, src, 1) }))
			gradients = append(gradients, seconds(b, func() error {
				there, err := NewPoint(b.Context(), n, op.pt.Data, r.Workers)
				if err == nil {
					_, err = there.Gradient(b.Context(), nil)
				}
				return err
			}))
		}
		blocks = append(blocks, seconds(b, func() error { return op.Apply(b.Context(), dst, src, block) })/block)
		denseBlocks = append(denseBlocks, seconds(b, func() error { return opDense.Apply(b.Context(), dst, src, block) })/block)
	}
	first, rest := float64(len(n.Weights[0])), float64(n.Parameters()-len(n.Weights[0]))
	used := op.pt.Network
	usedFirst, usedRest := float64(len(used.Weights[0])), float64(used.Parameters()-len(used.Weights[0]))
	share := 1.0
	if op.pt.inputs.sparse {
		nonZero, of := d.Filled()
		share = float64(nonZero) / float64(of)
	}
	// A product takes two matrix products in the first layer and six in any
	// other, its forward pass being kept; a gradient takes two and three.
	k := 2 * float64(d.Objects)
	r.Product = product{
		Seconds: middle(single), BlockSeconds: middle(blocks), DenseSeconds: middle(denseSingle),
		DenseBlockSeconds: middle(denseBlocks), GradientSeconds: middle(gradients),
		Formula: k * (2*first + 6*rest), FormulaGradient: k * (2*first + 3*rest),
		Done: k * (2*share*usedFirst + 6*usedRest), DoneDense: k * (2*usedFirst + 6*usedRest),
		DoneGradient: k * (2*share*first + 3*rest),
	}
	b.ReportMetric(r.Product.Seconds*1e3, "ms/product")
	b.ReportMetric(r.Product.Seconds/r.Product.GradientSeconds, "gradients")
	b.ReportMetric(r.Product.Done/r.Product.DoneGradient, "operations/gradient")
	b.ReportMetric(r.Product.Done/r.Product.Seconds/1e9, "GFLOP/s")
	b.ReportMetric(r.Product.DoneDense/r.Product.DenseSeconds/1e9, "dense-GFLOP/s")
}

// median runs f b.N times and returns the median of its seconds.
func median(b *testing.B, f func() error) float64 {
	var runs []float64
	for b.Loop() {
		runs = append(runs, seconds(b, f))
	}
	return middle(runs)
}

func seconds(b *testing.B, f func() error) float64 {
	start := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}

func middle(a []float64) float64 {
	slices.Sort(a)
	return a[len(a)/2]
}

// write leaves h=N.safetensors, h=N.probes.npy and h=N.json, and images.npy
// and labels.npy, in the folder of -peers.
func (r *forPeers) write(b *testing.B, n *mlp.Network, d *mlp.Data, probes []float64) {
	b.Helper()
	var tensors []safetensors.Tensor
	for p, w := range n.Weights {
		tensors = append(tensors, safetensors.Float64Tensor(fmt.Sprintf("layers.%d.weight", p), []int{n.Widths[p+1], n.Widths[p]}, w))
	}
	weights, err := safetensors.Encode(nil, tensors...)
	if err != nil {
		b.Fatal(err)
	}
	results, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	labels := make([]uint8, d.Objects)
	for i, y := range d.Labels {
		labels[i] = uint8(y)
	}
	for name, content := range map[string][]byte{
		fmt.Sprintf("h=%d.safetensors", r.Hidden): weights,
		fmt.Sprintf("h=%d.probes.npy", r.Hidden):  npy.Encode([]int{len(probes) / n.Parameters(), n.Parameters()}, probes),
		fmt.Sprintf("h=%d.json", r.Hidden):        results,
		"images.npy":                              npy.Encode([]int{d.Objects, d.Width}, d.Bytes),
		"labels.npy":                              npy.Encode([]int{d.Objects}, labels),
	} {
		if err := os.WriteFile(filepath.Join(*peersFolder, name), content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
}
