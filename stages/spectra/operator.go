package spectra

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// BottomVectors is an output of RunOperator: as Vectors, of the smallest
// eigenvalues, ascending.
const BottomVectors = "bottom_vectors"

// OperatorParams decide the ends of the spectrum of one operator.
type OperatorParams struct {
	SampleSize  int
	Term        string // "H", "G" or "R"
	Top, Bottom int
	Tolerance   float64
	Floor       float64
	MaxProducts int
	Dense       int
	Gram        int // G alone
	Vectors     int // eigenvectors handed on of either end, at most Top; of G's top alone
	Seed        int64
}

func (p OperatorParams) check() error {
	switch {
	case p.Top < 1 || p.Bottom < 0:
		return fmt.Errorf("%s: %d top, %d bottom eigenvalues: want at least 1 and 0", p.Term, p.Top, p.Bottom)
	case !(p.Tolerance > 0 && p.Tolerance < 1) || !(p.Floor >= 0 && p.Floor < 1):
		return fmt.Errorf("tolerance %v, floor %v: want between 0 and 1", p.Tolerance, p.Floor)
	case p.Vectors < 0 || p.Vectors > p.Top:
		return fmt.Errorf("%d eigenvectors: want 0 to %d, the top eigenvalues", p.Vectors, p.Top)
	case p.MaxProducts < 0 || p.Dense < 0 || p.Gram < 0:
		return errors.New("a limit is negative: want 0 or more")
	}
	return nil
}

// ends are those of an operator's spectrum, with some of the eigenvectors: of
// Top and Bottom of the spectrum the first ones.
type ends struct {
	parameters  int
	spectrum    artifact.TermSpectrum
	top, bottom [][]float64
}

// pairs are all eigenvalues whose vectors are there.
func (f *ends) pairs() []eigen.Pair {
	var list []eigen.Pair
	for i, v := range f.top {
		list = append(list, eigen.Pair{Value: f.spectrum.Top[i].Value, Vector: v})
	}
	for i, v := range f.bottom {
		list = append(list, eigen.Pair{Value: f.spectrum.Bottom[i].Value, Vector: v})
	}
	return list
}

// RunOperator computes Eigenvalues, Vectors and BottomVectors of one operator.
func RunOperator(ctx context.Context, p OperatorParams, t *task.Task) (map[string][]byte, error) {
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	e := &evaluation{pt: pt, t: t}
	f, err := e.ends(ctx, p, 0, steps)
	if err != nil {
		return nil, err
	}
	t.Progress(steps, steps)
	text, err := artifact.Encode(f.spectrum)
	return map[string][]byte{Eigenvalues: text, Vectors: f.file(f.top), BottomVectors: f.file(f.bottom)}, err
}

// ends finds the ends of one operator's spectrum. Its progress goes from lo to
// hi.
func (e *evaluation) ends(ctx context.Context, p OperatorParams, lo, hi int) (*ends, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	term, err := curvature.ParseTerm(p.Term)
	if err != nil {
		return nil, err
	}
	op, err := e.pt.Operator(term, nil)
	if err != nil {
		return nil, err
	}
	n := op.Dim()
	dense := n <= p.Dense
	between := hi
	if dense {
		between = (lo + hi) / 2
	}
	bottom := p.Bottom
	if term == curvature.GaussNewton {
		bottom = 0 // what it has there is known
	}
	found, err := op.Ends(ctx, curvature.Ends{
		Top: min(p.Top, n), Bottom: min(bottom, n-min(p.Top, n)), Tolerance: p.Tolerance, Floor: p.Floor, MaxProducts: p.MaxProducts, Seed: p.Seed,
	}, e.progress(lo, between))
	if err != nil {
		return nil, err
	}
	if !found.Converged {
		e.t.Logf("%v: not all eigenvalues converged after %d products; their residuals hold", term, found.Products)
	}
	overlap(found, min(bottom, n))
	f := &ends{parameters: n, spectrum: describe(found), top: handed(found.Top, p.Vectors), bottom: handed(found.Bottom, p.Vectors)}
	if term != curvature.HTerm {
		traces, err := e.layerTraces(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range traces {
			f.spectrum.Trace += x
		}
	}
	if term == curvature.GaussNewton {
		if err := e.bottomOfG(ctx, op, p.Bottom, &f.spectrum); err != nil {
			return nil, err
		}
	}
	switch factors := e.pt.Data.Objects * e.pt.Network.Classes(); {
	case dense:
		err = e.dense(ctx, p, term, &f.spectrum, e.progress(between, hi))
	case factors <= p.Gram && term == curvature.GaussNewton:
		err = e.gram(ctx, p, &f.spectrum)
		f.top = f.top[:min(len(f.top), len(f.spectrum.Top))] // G has no more values than factors
	}
	return f, err
}

// overlap completes the lists of a spectrum that is so small that its two ends
// share values: Lanczos looks for each value once.
func overlap(r *eigen.Result, bottom int) {
	for i := len(r.Top) - 1; i >= 0 && len(r.Bottom) < bottom; i-- {
		r.Bottom = append(r.Bottom, r.Top[i])
	}
}

// handed returns the first vectors, turned so that the largest entry of each is
// positive: the sign of an eigenvector means nothing, but a figure drawn along
// it has one.
func handed(pairs []eigen.Pair, count int) [][]float64 {
	var list [][]float64
	for _, p := range pairs[:min(count, len(pairs))] {
		at := 0
		for i, x := range p.Vector {
			if math.Abs(x) > math.Abs(p.Vector[at]) {
				at = i
			}
		}
		v := append([]float64(nil), p.Vector...)
		if v[at] < 0 {
			kernel.Scale64(v, -1)
		}
		list = append(list, v)
	}
	return list
}

func describe(r *eigen.Result) artifact.TermSpectrum {
	t := artifact.TermSpectrum{
		Norm: r.Norm, Top: eigenvalues(r.Top), Bottom: eigenvalues(r.Bottom), Method: "lanczos",
		Products: r.Products, Converged: r.Converged, Block: r.Block, Rounding: r.Rounding, Missed: r.Missed,
	}
	t.Outliers, t.Gap = outliers(t.Top)
	return t
}

func eigenvalues(pairs []eigen.Pair) []artifact.Eigenvalue {
	list := []artifact.Eigenvalue{}
	for _, p := range pairs {
		list = append(list, artifact.Eigenvalue{Value: p.Value, Residual: p.Residual, Error: p.Error})
	}
	return list
}

// outliers finds the largest ratio of neighbours among positive values.
func outliers(top []artifact.Eigenvalue) (count int, ratio float64) {
	for i := 1; i < len(top); i++ {
		if top[i].Value > 0 && top[i-1].Value/top[i].Value > ratio {
			count, ratio = i, top[i-1].Value/top[i].Value
		}
	}
	return count, ratio
}

// bottomOfG fills in G's smallest eigenvalues. G has no negative ones and a
// null space that is known, so nothing is searched, only certified: between 0
// and a vector's Rayleigh quotient there is an eigenvalue.
func (e *evaluation) bottomOfG(ctx context.Context, op *curvature.Operator, count int, g *artifact.TermSpectrum) error {
	vectors := e.pt.NullDirections(count)
	if len(vectors) == 0 {
		return nil
	}
	pairs, err := eigen.Certify(ctx, op, vectors, e.t.Workers)
	if err != nil {
		return err
	}
	g.Products += len(pairs)
	for _, p := range pairs {
		// a value within rounding of zero is zero
		g.Bottom = append(g.Bottom, artifact.Eigenvalue{Value: 0, Residual: p.Residual + math.Abs(p.Value), Error: math.Abs(p.Value)})
	}
	return nil
}
