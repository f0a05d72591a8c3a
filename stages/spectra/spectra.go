// Package spectra is the stage that computes the spectrum of the Hessian H of a
// network's mean loss over a sample, and of its parts G (Gauss–Newton) and
// R = H − G: the ends with certificates, exact traces, and what explains them.
//
// The parts of its work that an interrupted run keeps are the ends of each of
// the three spectra and the norm of each layer block.
package spectra

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	// Spectrum is out: canonical JSON, artifact.Spectrum.
	Spectrum = "spectrum"
	// Eigenvalues is out: canonical JSON, artifact.TermSpectrum: those of H.
	Eigenvalues = "eigenvalues"
	// Vectors is out: .npy float64, rows are eigenvectors of H for its largest
	// eigenvalues, descending, columns the weights layer by layer, out×in.
	Vectors = "vectors"
	// Exact is out: .npy float64, all eigenvalues of H, ascending, where its whole
	// matrix was solved; otherwise it has length 0.
	Exact = "exact"
)

// Params decide a spectrum, apart from the inputs.
type Params struct {
	SampleSize  int     // k: the mean over the first k objects; 0 means all
	Top, Bottom int     // eigenvalues of H at either end, and of G
	HTermEnds   int     // eigenvalues of R at either end
	Tolerance   float64 // relative error wanted of each eigenvalue
	Floor       float64 // error relative to the norm that counts as none, for values near zero
	Chance      float64 // largest acceptable probability that a list lacks a value; 0: copies of multiple eigenvalues are not searched for
	Dense       int     // up to so many weights the whole matrices are formed and solved; 0: never
	Whole       int     // up to so many weights the whole matrix is formed where a list is incomplete; 0: never
	Gram        int     // up to so many objects × classes G is solved by its Gram matrix; 0: never
	Classes     bool    // compare G's outliers with the class means
	BlockSteps  int     // power iterations for the norms of the layer blocks; 0: none
	KinkObjects int     // objects searched for the nearest change of a ReLU; 0: none
	Vectors     int     // eigenvectors of either end that structure is computed from, and those of H's top handed on; at most Top
	Seed        int64   // of the starting vectors
}

// check reports params of which no spectrum can be computed.
func (p Params) check() error {
	switch {
	case p.Top < 1 || p.Bottom < 0 || p.HTermEnds < 1:
		return fmt.Errorf("%d top, %d bottom eigenvalues, %d of R: want at least 1, 0 and 1", p.Top, p.Bottom, p.HTermEnds)
	case !(p.Tolerance > 0 && p.Tolerance < 1) || !(p.Floor >= 0 && p.Floor < 1):
		return fmt.Errorf("tolerance %v, floor %v: want between 0 and 1", p.Tolerance, p.Floor)
	case !(p.Chance >= 0 && p.Chance < 1):
		return fmt.Errorf("chance %v: want between 0 and 1", p.Chance)
	case p.Vectors < 0 || p.Vectors > p.Top:
		return fmt.Errorf("%d eigenvectors: want 0 to %d, the top eigenvalues", p.Vectors, p.Top)
	case p.Dense < 0 || p.Whole < 0 || p.Gram < 0 || p.BlockSteps < 0 || p.KinkObjects < 0:
		return errors.New("a limit is negative: want 0 or more")
	}
	return nil
}

// The parts of the progress bar, in thousandths.
const (
	steps      = 1000
	blocksFrom = 800
)

var operators = []struct {
	term   curvature.Term
	lo, hi int // of the progress bar
}{
	{curvature.Hessian, 20, 400}, {curvature.GaussNewton, 400, 600}, {curvature.HTerm, 600, blocksFrom},
}

// Run computes Spectrum, and Eigenvalues, Vectors and Exact of H.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	e := &evaluation{p: p, pt: pt, t: t}
	found := map[curvature.Term]*ends{}
	for _, o := range operators {
		if found[o.term], err = e.ends(ctx, o.term, o.lo, o.hi); err != nil {
			return nil, err
		}
	}
	h := found[curvature.Hessian]
	summary, err := e.structure(ctx, h, found[curvature.GaussNewton], found[curvature.HTerm])
	if err != nil {
		return nil, err
	}
	t.Progress(steps, steps)
	exact := slices.Concat(h.exact...)
	out := map[string][]byte{Vectors: h.file(h.top), Exact: npy.Encode([]int{len(exact)}, exact)}
	if out[Eigenvalues], err = artifact.Encode(h.spectrum); err != nil {
		return nil, err
	}
	out[Spectrum], err = artifact.Encode(*summary)
	return out, err
}

// evaluation is one run of the stage.
type evaluation struct {
	p  Params
	pt *curvature.Point
	t  *task.Task

	traces   *layerTraces                 // once they are known
	matrices map[curvature.Term][]float64 // what was formed of H and G
}

// progress reports a share of the part of the bar from lo to hi.
func (e *evaluation) progress(lo, hi int) func(share float64) {
	return func(share float64) { e.t.Progress(lo+int(share*float64(hi-lo)), steps) }
}
