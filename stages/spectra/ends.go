package spectra

import (
	"context"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// ends are the two ends of an operator's spectrum, with the eigenvectors of the
// first values of either end.
type ends struct {
	parameters  int
	spectrum    artifact.TermSpectrum
	top, bottom [][]float64
	exact       [][]float64 // one row of all eigenvalues, ascending, or none
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

// file writes vectors as .npy.
func (f *ends) file(vectors [][]float64) []byte {
	return npy.Encode([]int{len(vectors), f.parameters}, slices.Concat(vectors...))
}

// encode writes the ends as a part: the spectrum as metadata, the vectors as
// tensors.
func (f *ends) encode() ([]byte, error) {
	text, err := artifact.Encode(f.spectrum)
	if err != nil {
		return nil, err
	}
	return safetensors.Encode(map[string]string{"spectrum": string(text)},
		safetensors.RowsTensor("top", f.top, f.parameters), safetensors.RowsTensor("bottom", f.bottom, f.parameters),
		safetensors.RowsTensor("exact", f.exact, f.parameters))
}

// decodeEnds reads what encode wrote.
func decodeEnds(b []byte, parameters int) (*ends, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		return nil, err
	}
	f := &ends{parameters: parameters}
	if f.spectrum, err = artifact.Decode[artifact.TermSpectrum]([]byte(file.Metadata["spectrum"])); err != nil {
		return nil, err
	}
	if f.top, err = file.Rows("top"); err != nil {
		return nil, err
	}
	if f.bottom, err = file.Rows("bottom"); err != nil {
		return nil, err
	}
	f.exact, err = file.Rows("exact")
	return f, err
}

// ends finds the ends of one operator's spectrum, or takes what an interrupted
// run found. Its progress goes from lo to hi.
func (e *evaluation) ends(ctx context.Context, term curvature.Term, lo, hi int) (*ends, error) {
	b, err := e.t.Part("ends of "+term.String(), func() ([]byte, error) {
		f, err := e.search(ctx, term, lo, hi)
		if err != nil {
			return nil, err
		}
		return f.encode()
	})
	if err != nil {
		return nil, err
	}
	return decodeEnds(b, e.pt.Network.Parameters())
}

// further is how many products the search for missing values may take, as far as can be
// foreseen, which is by a fifth too many.
const further = 50

// search finds the ends of one operator's spectrum.
func (e *evaluation) search(ctx context.Context, term curvature.Term, lo, hi int) (*ends, error) {
	op, err := e.pt.Operator(term, nil)
	if err != nil {
		return nil, err
	}
	top, bottom, vectors := e.p.Top, e.p.Bottom, e.p.Vectors
	searched := bottom
	switch term {
	case curvature.GaussNewton:
		searched = 0 // what it has there is known
	case curvature.HTerm:
		top, bottom, vectors = e.p.HTermEnds, e.p.HTermEnds, 0
		searched = bottom
	}
	n := op.Dim()
	dense := n <= e.p.Dense
	between := hi
	if dense {
		between = (lo + hi) / 2
	}
	wanted := curvature.Ends{
		Top: min(top, n), Bottom: min(searched, n-min(top, n)), Tolerance: e.p.Tolerance, Floor: e.p.Floor, Seed: e.p.Seed,
	}
	factors := e.pt.Data.Objects * e.pt.Network.Classes()
	gram := factors <= e.p.Gram && term == curvature.GaussNewton
	search := e.p.Chance > 0 && !dense && !gram
	if search {
		wanted.Further = further
	}
	found, err := op.Ends(ctx, wanted, e.progress(lo, between))
	if err != nil {
		return nil, err
	}
	var complete *artifact.Complete
	whole := search && n <= e.p.Whole
	if search && !(whole && !found.Converged) {
		if complete, err = e.complete(ctx, op, wanted, found); err != nil {
			return nil, err
		}
	}
	if whole && !found.Converged {
		e.t.Logf("%v: the search did not find all eigenvalues with %d products: the whole matrix is solved", term, found.Products)
		dense, complete = true, nil
	}
	if complete != nil { // a list that may lack a value ends before it, or after its first value
		found.Top = found.Top[:min(max(1, complete.Top), len(found.Top))]
		found.Bottom = found.Bottom[:min(max(1, complete.Bottom), len(found.Bottom))]
	}
	if !found.Converged && !dense {
		e.t.Logf("%v: not all eigenvalues converged after %d products; their residuals hold", term, found.Products)
	}
	fillBottom(found, min(searched, n))
	f := &ends{parameters: n, spectrum: describe(found), top: orientVectors(found.Top, vectors), bottom: orientVectors(found.Bottom, vectors)}
	f.spectrum.Complete = complete
	if err := e.setTrace(ctx, term, &f.spectrum); err != nil {
		return nil, err
	}
	if term == curvature.GaussNewton {
		if err := e.bottomOfG(ctx, op, bottom, &f.spectrum); err != nil {
			return nil, err
		}
	}
	switch {
	case dense:
		f.exact, err = e.dense(ctx, top, bottom, term, &f.spectrum, e.progress(between, hi))
	case gram:
		err = e.gram(ctx, top, &f.spectrum)
		f.top = f.top[:min(len(f.top), len(f.spectrum.Top))] // G has no more values than factors
	}
	return f, err
}

// complete searches for what the lists lack.
func (e *evaluation) complete(ctx context.Context, op *curvature.Operator, wanted curvature.Ends, found *eigen.Result) (*artifact.Complete, error) {
	c := &artifact.Complete{AskedTop: len(found.Top), AskedBottom: len(found.Bottom)}
	before := found.Products
	top, bottom, err := op.Complete(ctx, wanted, found, e.p.Chance)
	if err != nil {
		return nil, err
	}
	c.Products = found.Products - before
	c.Top, c.Bottom = top.Values, bottom.Values
	c.NextTop, c.NextBottom = (*artifact.Multiple)(top.Next), (*artifact.Multiple)(bottom.Next)
	found.Missed = max(top.Missed, bottom.Missed)
	found.Converged = found.Converged && c.Whole()
	return c, nil
}

// fillBottom completes the lists of a spectrum that is so small that its two ends
// share values: Lanczos looks for each value once.
func fillBottom(r *eigen.Result, bottom int) {
	for i := len(r.Top) - 1; i >= 0 && len(r.Bottom) < bottom; i-- {
		r.Bottom = append(r.Bottom, r.Top[i])
	}
}

// orientVectors returns the first vectors, turned so that the largest entry of each is
// positive: the sign of an eigenvector means nothing, but a figure drawn along
// it has one.
func orientVectors(pairs []eigen.Pair, count int) [][]float64 {
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

// bottomOfG fills in G's smallest eigenvalues, as many as vectors of its null space
// are known. G has no negative ones, so nothing is searched, only certified:
// between 0 and a vector's Rayleigh quotient there is an eigenvalue.
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
