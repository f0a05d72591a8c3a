// Package layers is the stage that measures what users of other curvature tools ask
// for besides the spectra of the whole H and G: the spectra of their diagonal
// blocks, layer by layer, their diagonals, the empirical Fisher matrix, and the
// angles between the gradient and the top eigenvectors.
//
// The parts of its work that an interrupted run keeps are the blocks of each layer.
package layers

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	Spectrum  = "spectrum"  // in: of spectra, for the traces of the layers
	Vectors   = "vectors"   // in: of spectra, the top eigenvectors of H
	Layers    = "layers"    // out: canonical JSON, artifact.Layers
	Diagonals = "diagonals" // out: .npy float64, 2×P: the diagonals of H and G; 0×P where not asked for
)

// Params of the stage.
type Params struct {
	Blocks   bool // of each layer
	Diagonal bool
	Fisher   bool

	Top, Bottom int     // eigenvalues at either end of each block
	Tolerance   float64 // relative
	Floor       float64 // relative to the norm: smaller errors count as none
	Chance      float64 // that a list lacks a value
	Dense       int     // blocks of up to so many rows are solved whole
	Seed        int64

	Steps, Probes int // of the density of each block; 0 for none
}

func (p Params) check() error {
	if p.Top < 1 || p.Bottom < 1 || !(p.Tolerance > 0 && p.Tolerance < 1) || !(p.Chance > 0 && p.Chance < 1) || p.Dense < 0 || p.Steps < 0 || p.Probes < 0 {
		return fmt.Errorf("params %+v: want at least one eigenvalue at either end, a tolerance and a chance between 0 and 1, and no negative number", p)
	}
	return nil
}

// evaluation is one run of the stage.
type evaluation struct {
	p  Params
	pt *curvature.Point
	t  *task.Task

	ofH, ofG []float64 // traces of the layers
}

// Run computes Layers and Diagonals.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, 0)
	if err != nil {
		return nil, err
	}
	spectrum, err := artifact.Read[artifact.Spectrum](t.Inputs, Spectrum)
	if err != nil {
		return nil, err
	}
	e := &evaluation{p: p, pt: pt, t: t, ofH: spectrum.LayerTraces}
	if e.ofG, err = pt.LayerTraces(ctx); err != nil {
		return nil, err
	}
	if len(e.ofH) != len(e.ofG) {
		return nil, fmt.Errorf("input %s has the traces of %d layers, the network has %d", Spectrum, len(e.ofH), len(e.ofG))
	}
	var l artifact.Layers
	if l.GradientCosine, err = e.cosines(ctx); err != nil {
		return nil, err
	}
	if p.Blocks {
		for layer := range pt.Network.Layers() {
			b, err := e.layer(ctx, layer)
			if err != nil {
				return nil, err
			}
			l.Blocks = append(l.Blocks, b)
			t.Progress(layer+1, pt.Network.Layers()+1)
		}
	}
	if p.Fisher {
		fisher := pt.EmpiricalFisher()
		s, err := e.spectrum(ctx, fisher, "empirical fisher", 0, fisher.Trace())
		if err != nil {
			return nil, err
		}
		l.Fisher = &s
	}
	out := map[string][]byte{}
	if out[Diagonals], err = e.diagonals(ctx); err != nil {
		return nil, err
	}
	out[Layers], err = artifact.Encode(l)
	return out, err
}

// cosines compares the gradient with the eigenvectors.
func (e *evaluation) cosines(ctx context.Context) ([]float64, error) {
	vectors, err := npy.Rows[float64](e.t.Inputs, Vectors, e.pt.Network.Parameters())
	if err != nil {
		return nil, err
	}
	gradient, err := e.pt.Gradient(ctx, nil)
	if err != nil {
		return nil, err
	}
	kernel.Normalise64(gradient)
	cosines := []float64{}
	for _, v := range vectors {
		cosines = append(cosines, min(math.Abs(kernel.Dot64(gradient, v)), 1))
	}
	return cosines, nil
}

// diagonals writes those of H and G.
func (e *evaluation) diagonals(ctx context.Context) ([]byte, error) {
	var values []float64
	n := e.pt.Network.Parameters()
	if e.p.Diagonal {
		for _, term := range []curvature.Term{curvature.Hessian, curvature.GaussNewton} {
			d, err := e.pt.Diagonal(ctx, term)
			if err != nil {
				return nil, err
			}
			values = append(values, d...)
		}
	}
	return npy.Encode([]int{len(values) / n, n}, values), nil
}

// layer measures the blocks of one layer, or takes what an interrupted run found.
func (e *evaluation) layer(ctx context.Context, layer int) (artifact.LayerSpectrum, error) {
	b, err := e.t.Part(fmt.Sprintf("layer %d", layer), func() ([]byte, error) {
		n := e.pt.Network
		l := artifact.LayerSpectrum{Parameters: n.Offset(layer+1) - n.Offset(layer)}
		for _, of := range []struct {
			term  curvature.Term
			trace float64
			to    *artifact.TermSpectrum
		}{{curvature.GaussNewton, e.ofG[layer], &l.GaussNewton}, {curvature.Hessian, e.ofH[layer], &l.Hessian}} {
			op, err := e.pt.Operator(of.term, nil)
			if err != nil {
				return nil, err
			}
			block, key := op.LayerBlock(layer), fmt.Sprintf("layer %d of %v", layer, of.term)
			if of.term == curvature.Hessian {
				if err := e.density(ctx, block, key, &l); err != nil {
					return nil, err
				}
			}
			if *of.to, err = e.spectrum(ctx, block, key, e.p.Bottom, of.trace); err != nil {
				return nil, err
			}
		}
		return artifact.Encode(l)
	})
	if err != nil {
		return artifact.LayerSpectrum{}, err
	}
	return artifact.Decode[artifact.LayerSpectrum](b)
}

// wholer is an operator whose matrix can be formed.
type wholer interface {
	Dense(ctx context.Context) ([]float64, error)
}

// spectrum finds the ends of an operator's spectrum.
func (e *evaluation) spectrum(ctx context.Context, op curvature.Bounded, key string, bottom int, trace float64) (artifact.TermSpectrum, error) {
	n := op.Dim()
	if w, ok := op.(wholer); ok && n <= e.p.Dense {
		matrix, err := w.Dense(ctx)
		if err != nil {
			return artifact.TermSpectrum{}, err
		}
		frobenius := kernel.Norm64(matrix)
		values, _, err := eigen.Symmetric(matrix, n, false, e.t.Workers)
		if err != nil {
			return artifact.TermSpectrum{}, err
		}
		return whole(values, e.p.Top, bottom, trace, frobenius), nil
	}
	top := min(e.p.Top, n)
	wanted := curvature.Ends{Top: top, Bottom: min(bottom, n-top), Tolerance: e.p.Tolerance, Floor: e.p.Floor, Seed: e.p.Seed}
	found, err := curvature.EndsOf(ctx, op, wanted, key, e.t.Workers, nil)
	if err != nil {
		return artifact.TermSpectrum{}, err
	}
	asked := artifact.Complete{AskedTop: len(found.Top), AskedBottom: len(found.Bottom)}
	above, below, err := eigen.Complete(ctx, op, found, eigen.Completion{
		Chance: e.p.Chance, Tolerance: e.p.Tolerance, MaxProducts: 10*(wanted.Top+wanted.Bottom) + 300, Workers: e.t.Workers,
		Random: func(i int) []float64 { return curvature.NormalVector(e.p.Seed, key, "complete", i, n) },
	})
	if err != nil {
		return artifact.TermSpectrum{}, err
	}
	asked.Top, asked.Bottom = above.Values, below.Values
	asked.NextTop, asked.NextBottom = (*artifact.Multiple)(above.Next), (*artifact.Multiple)(below.Next)
	s := artifact.TermSpectrum{
		Norm: found.Norm, Trace: trace, Method: "lanczos", Products: found.Products, Converged: found.Converged && asked.Whole(),
		Block: found.Block, Rounding: found.Rounding, Missed: max(above.Missed, below.Missed), Complete: &asked,
		Top:    pairs(found.Top[:min(max(1, asked.Top), len(found.Top))]),
		Bottom: pairs(found.Bottom[:min(max(1, asked.Bottom), len(found.Bottom))]),
	}
	return s, nil
}

func pairs(list []eigen.Pair) []artifact.Eigenvalue {
	values := []artifact.Eigenvalue{}
	for _, p := range list {
		values = append(values, artifact.Eigenvalue{Value: p.Value, Residual: p.Residual, Error: p.Error})
	}
	return values
}

// whole is the spectrum of a matrix of which all values are known, ascending.
func whole(values []float64, top, bottom int, trace, frobenius float64) artifact.TermSpectrum {
	s := artifact.TermSpectrum{Trace: trace, Frobenius: &frobenius, Method: "dense", Products: len(values)}
	s.SetExact(values, top, bottom)
	return s
}

// density fills in the quadrature rules of a block's spectral density.
func (e *evaluation) density(ctx context.Context, op eigen.Operator, key string, l *artifact.LayerSpectrum) error {
	if e.p.Steps == 0 {
		return nil
	}
	for probe := range e.p.Probes {
		s := rng.New(e.p.Seed, key, "probe", uint64(probe))
		signs := make([]float64, op.Dim())
		for j := range signs {
			signs[j] = float64(2*s.IntN(2) - 1)
		}
		rules, err := eigen.Quadrature(ctx, op, eigen.Probing{Steps: e.p.Steps, Probes: [][]float64{signs}, Workers: e.t.Workers})
		if err != nil {
			return err
		}
		l.Nodes, l.Weights = append(l.Nodes, rules[0].Nodes), append(l.Weights, rules[0].Weights)
	}
	return nil
}
