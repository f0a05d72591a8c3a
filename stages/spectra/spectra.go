// Package spectra is the stage that computes the spectrum of the Hessian H of a
// network's mean loss over a sample, and of its parts G (Gauss–Newton) and
// R = H − G: the ends with certificates, exact traces, and what explains them.
package spectra

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// The names of what Run reads and writes.
const (
	Images  = curvature.Images  // in: .npy, objects × values
	Labels  = curvature.Labels  // in: .npy, objects
	Weights = curvature.Weights // in: safetensors
	// Spectrum is out: canonical JSON, result.Spectrum.
	Spectrum = "spectrum"
	// Vectors is out: .npy float64, rows are eigenvectors of H for its
	// largest eigenvalues, descending, columns the weights layer by layer,
	// out×in.
	Vectors = "vectors"
)

// Params decide a spectrum, apart from the inputs.
type Params struct {
	SampleSize  int     // k: the mean over the first k objects; 0 means all
	Top, Bottom int     // eigenvalues of H at either end, and of G
	HTermEnds   int     // eigenvalues of R at either end
	Tolerance   float64 // relative error wanted of each eigenvalue
	Floor       float64 // error relative to the norm that counts as none, for values near zero
	MaxProducts int     // products at most for each of H, G and R; 0: 10·(Top+Bottom)+300
	Dense       int     // up to so many weights the whole matrices are formed and solved; 0: never
	Gram        int     // up to so many objects × classes G is solved by its Gram matrix; 0: never
	Classes     bool    // compare G's outliers with the class means
	BlockSteps  int     // power iterations for the norms of the layer blocks; 0: none
	KinkObjects int     // objects searched for the nearest change of a ReLU; 0: none
	Vectors     int     // eigenvectors handed on, at most Top
	Seed        int64   // of the starting vectors
}

func (p Params) check() error {
	switch {
	case p.Top < 1 || p.Bottom < 0 || p.HTermEnds < 1:
		return fmt.Errorf("%d top, %d bottom, %d ends of R: want at least 1, 0 and 1", p.Top, p.Bottom, p.HTermEnds)
	case !(p.Tolerance > 0 && p.Tolerance < 1) || !(p.Floor >= 0 && p.Floor < 1):
		return fmt.Errorf("tolerance %v, floor %v: want between 0 and 1", p.Tolerance, p.Floor)
	case p.Vectors < 0 || p.Vectors > p.Top:
		return fmt.Errorf("%d eigenvectors: want 0 to %d, the top eigenvalues", p.Vectors, p.Top)
	case p.MaxProducts < 0 || p.Dense < 0 || p.Gram < 0 || p.BlockSteps < 0 || p.KinkObjects < 0:
		return errors.New("a limit is negative: want 0 or more")
	}
	return nil
}

// Run computes Spectrum and Vectors.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	network, data, err := curvature.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.NewPoint(ctx, network, data, t.Workers)
	if err != nil {
		return nil, err
	}
	s := &search{p: p, t: t, pt: pt}
	summary := result.Spectrum{
		Objects: data.Objects, Parameters: network.Parameters(), Layers: network.Layers(), Widths: network.Widths,
		Loss: pt.MeanLoss(data.Objects),
	}
	gradient, err := pt.Gradient(ctx, nil)
	if err != nil {
		return nil, err
	}
	summary.GradientNorm = math.Sqrt(kernel.Dot64(gradient, gradient))
	if summary.LayerTraces, err = pt.LayerTraces(ctx); err != nil {
		return nil, err
	}
	for _, x := range summary.LayerTraces {
		s.trace += x
	}
	if err := s.terms(ctx, &summary); err != nil {
		return nil, err
	}
	if summary.Hessian.Norm > 0 {
		summary.Ratio = summary.GaussNewton.Norm / summary.Hessian.Norm
	}
	if p.Classes {
		if summary.ClassStructure, err = s.classes(ctx); err != nil {
			return nil, err
		}
	}
	if p.BlockSteps > 0 {
		if summary.LayerBlocks, err = s.blocks(ctx); err != nil {
			return nil, err
		}
	}
	if summary.NullSpace, err = s.null(ctx); err != nil {
		return nil, err
	}
	t.Progress(steps, steps)
	text, err := result.Encode(summary)
	if err != nil {
		return nil, err
	}
	var vectors []float64
	count := min(p.Vectors, len(s.hessian.Top))
	for _, pair := range s.hessian.Top[:count] {
		vectors = append(vectors, oriented(pair.Vector)...)
	}
	return map[string][]byte{
		Spectrum: text,
		Vectors:  npy.Encode([]int{count, network.Parameters()}, vectors),
	}, nil
}

// oriented returns v or −v, so that its largest entry is positive: the sign of
// an eigenvector means nothing, but a figure drawn along it has one.
func oriented(v []float64) []float64 {
	at := 0
	for i, x := range v {
		if math.Abs(x) > math.Abs(v[at]) {
			at = i
		}
	}
	v = append([]float64(nil), v...)
	if v[at] < 0 {
		kernel.Scale64(v, -1)
	}
	return v
}
