// Package spectra computes the spectrum of the Hessian H of a network's mean
// loss over a sample, and of its parts G (Gauss–Newton) and R = H − G: the ends
// with certificates, exact traces, and what explains them.
//
// It is one stage, [Run], or where that would take too long several, whose
// outputs have the same bits: [RunOperator] for each of H, G and R, [RunBlocks]
// for some of the layer blocks of H and of G, and [RunStructure], which reads
// all of these and writes the whole spectrum.
package spectra

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	// Spectrum is out: canonical JSON, artifact.Spectrum.
	Spectrum = "spectrum"
	// Eigenvalues is out: canonical JSON, artifact.TermSpectrum: those of H, of
	// RunOperator those of its operator.
	Eigenvalues = "eigenvalues"
	// Vectors is out: .npy float64, rows are eigenvectors of the same operator
	// for its largest eigenvalues, descending, columns the weights layer by
	// layer, out×in.
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
	Vectors     int     // eigenvectors of either end that structure is computed from, and those of H's top handed on; at most Top
	Seed        int64   // of the starting vectors
}

// Operator returns the params of the part of the work that is about one
// operator, "H", "G" or "R".
func (p Params) Operator(term string) OperatorParams {
	o := OperatorParams{
		SampleSize: p.SampleSize, Term: term, Top: p.Top, Bottom: p.Bottom, Tolerance: p.Tolerance, Floor: p.Floor,
		MaxProducts: p.MaxProducts, Dense: p.Dense, Vectors: p.Vectors, Seed: p.Seed,
	}
	switch term {
	case curvature.GaussNewton.String():
		o.Gram = p.Gram
	case curvature.HTerm.String():
		o.Top, o.Bottom, o.Vectors = p.HTermEnds, p.HTermEnds, 0
	}
	return o
}

// Blocks returns the params of the part that is about the pairs of layers
// from … to−1 of one operator, counted as in curvature.LayerPairs.
func (p Params) Blocks(term string, from, to int) BlockParams {
	return BlockParams{SampleSize: p.SampleSize, Term: term, From: from, To: to, Steps: p.BlockSteps}
}

// Structure returns the params of the part that puts all together; blocks is
// how many parts there are for each of H and G.
func (p Params) Structure(blocks int) StructureParams {
	return StructureParams{SampleSize: p.SampleSize, Classes: p.Classes, Blocks: blocks, KinkObjects: p.KinkObjects}
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

// Run computes Spectrum, and Eigenvalues and Vectors of H.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if p.BlockSteps < 0 || p.KinkObjects < 0 {
		return nil, fmt.Errorf("%d block steps, %d kink objects: cannot be negative", p.BlockSteps, p.KinkObjects)
	}
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	e := &evaluation{pt: pt, t: t}
	found := map[curvature.Term]*ends{}
	for _, o := range operators {
		if found[o.term], err = e.ends(ctx, p.Operator(o.term.String()), o.lo, o.hi); err != nil {
			return nil, err
		}
	}
	structure := p.Structure(0)
	var blocks blockParts
	if p.BlockSteps > 0 {
		structure.Blocks = 1
		pairs := len(curvature.LayerPairs(pt.Network.Layers()))
		for i, term := range []curvature.Term{curvature.Hessian, curvature.GaussNewton} {
			part, err := e.blocks(ctx, p.Blocks(term.String(), 0, pairs), found[term], blocksFrom+i*75, blocksFrom+(i+1)*75)
			if err != nil {
				return nil, err
			}
			blocks[i] = append(blocks[i], *part)
		}
	}
	h, g, r := found[curvature.Hessian], found[curvature.GaussNewton], found[curvature.HTerm]
	summary, err := e.structure(ctx, structure, h, g, r, blocks)
	if err != nil {
		return nil, err
	}
	t.Progress(steps, steps)
	out := map[string][]byte{Vectors: h.file(h.top)}
	if out[Eigenvalues], err = artifact.Encode(h.spectrum); err != nil {
		return nil, err
	}
	out[Spectrum], err = artifact.Encode(*summary)
	return out, err
}

// evaluation is one run of the stage or of a part of it.
type evaluation struct {
	pt *curvature.Point
	t  *task.Task

	traces   []float64                    // of the layers, once they are known
	matrices map[curvature.Term][]float64 // what was formed of H and G
}

// layerTraces are those of the blocks H_pp = G_pp.
func (e *evaluation) layerTraces(ctx context.Context) (traces []float64, err error) {
	if e.traces == nil {
		e.traces, err = e.pt.LayerTraces(ctx)
	}
	return e.traces, err
}

// progress reports a share of the part of the bar from lo to hi.
func (e *evaluation) progress(lo, hi int) func(share float64) {
	return func(share float64) { e.t.Progress(lo+int(share*float64(hi-lo)), steps) }
}

// file writes vectors as .npy.
func (f *ends) file(vectors [][]float64) []byte {
	values := make([]float64, 0, len(vectors)*f.parameters)
	for _, v := range vectors {
		values = append(values, v...)
	}
	return npy.Encode([]int{len(vectors), f.parameters}, values)
}
