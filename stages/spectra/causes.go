package spectra

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
)

// classes compares G's top eigenvectors with the class means; nil where these
// need too much memory.
func (s *search) classes(ctx context.Context) (*result.ClassStructure, error) {
	means, err := s.pt.ClassMeans(ctx)
	if err != nil || means == nil {
		return nil, err
	}
	c := &result.ClassStructure{Predicted: means.Values, Share: []float64{}, Cosine: []float64{}}
	if len(c.Predicted) > s.p.Top {
		c.Predicted = c.Predicted[:s.p.Top]
	}
	for _, p := range s.gaussNewton.Top {
		share, cosine := means.Explain(p.Value, p.Vector)
		c.Share, c.Cosine = append(c.Share, share), append(c.Cosine, cosine)
	}
	s.t.Progress(800, steps)
	return c, nil
}

func (s *search) blocks(ctx context.Context) (*result.LayerBlocks, error) {
	b := &result.LayerBlocks{}
	for i, term := range []struct {
		curvature.Term
		ends  *eigen.Result
		norms *[][]float64
	}{{curvature.Hessian, s.hessian, &b.Hessian}, {curvature.GaussNewton, s.gaussNewton, &b.GaussNewton}} {
		op, err := s.pt.Operator(term.Term, nil)
		if err != nil {
			return nil, err
		}
		pairs := append(append([]eigen.Pair(nil), term.ends.Top...), term.ends.Bottom...)
		report := s.progress(800+i*75, 875+i*75)
		norms, residual, err := op.BlockNorms(ctx, pairs, s.p.BlockSteps, func(done, total int) { report(float64(done) / float64(total)) })
		if err != nil {
			return nil, err
		}
		*term.norms, b.Residual = norms, max(b.Residual, residual)
	}
	return b, nil
}

func (s *search) null(ctx context.Context) (result.NullSpace, error) {
	n := s.pt.Null()
	null := result.NullSpace{
		DeadUnits: n.DeadUnits, DeadObjects: n.DeadObjects, Rescaling: n.Rescaling,
		SoftmaxShift: n.SoftmaxShift, ConstantInputs: n.ConstantInputs, Guaranteed: n.Guaranteed,
	}
	if s.p.KinkObjects == 0 || s.pt.Network.Layers() == 1 {
		return null, nil
	}
	k, err := s.pt.KinkMargin(ctx, s.p.KinkObjects)
	if err != nil {
		return null, err
	}
	if !math.IsInf(k.Margin, 1) {
		null.Kink = &result.Kink{
			Objects: min(s.p.KinkObjects, s.pt.Data.Objects),
			Margin:  k.Margin, Object: k.Object, Layer: k.Layer, Unit: k.Unit,
		}
	}
	return null, nil
}
