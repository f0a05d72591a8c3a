package spectra

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// structure puts together what was found of H, G and R and computes what is
// not about one of them alone.
func (e *evaluation) structure(ctx context.Context, h, g, r *ends) (*artifact.Spectrum, error) {
	network, data := e.pt.Network, e.pt.Data
	s := &artifact.Spectrum{
		Objects: data.Objects, Parameters: network.Parameters(), Layers: network.Layers(), Widths: network.Widths,
		Loss: e.pt.MeanLoss(data.Objects), Hessian: h.spectrum, GaussNewton: g.spectrum, HTerm: r.spectrum,
	}
	if s.Hessian.Norm > 0 {
		s.Ratio = s.GaussNewton.Norm / s.Hessian.Norm
	}
	gradient, err := e.pt.Gradient(ctx, nil)
	if err != nil {
		return nil, err
	}
	s.GradientNorm = kernel.Norm64(gradient)
	traces, err := e.layerTraces(ctx)
	if err != nil {
		return nil, err
	}
	s.LayerTraces = traces.of(curvature.Hessian)
	if e.p.BlockSteps > 0 {
		if s.LayerBlocks, err = e.layerBlocks(ctx, h, g); err != nil {
			return nil, err
		}
	}
	e.t.Progress(960, steps)
	if e.p.Classes {
		if s.ClassStructure, err = e.classes(ctx, g); err != nil {
			return nil, err
		}
	}
	s.NullSpace, err = e.null(ctx, e.p.KinkObjects)
	return s, err
}

// classes compares G's top eigenvectors with the class means; nil where these
// need too much memory.
func (e *evaluation) classes(ctx context.Context, g *ends) (*artifact.ClassStructure, error) {
	means, err := e.pt.ClassMeans(ctx)
	if err != nil || means == nil {
		return nil, err
	}
	c := &artifact.ClassStructure{Predicted: means.Values, Share: []float64{}, Cosine: []float64{}}
	c.Predicted = c.Predicted[:min(len(c.Predicted), len(g.spectrum.Top))]
	for i, v := range g.top {
		share, cosine := means.Explain(g.spectrum.Top[i].Value, v)
		c.Share, c.Cosine = append(c.Share, share), append(c.Cosine, cosine)
	}
	return c, nil
}

// layerBlocks measures the norms of the layer blocks of H and of G.
func (e *evaluation) layerBlocks(ctx context.Context, h, g *ends) (*artifact.LayerBlocks, error) {
	layers := e.pt.Network.Layers()
	pairs := curvature.LayerPairs(layers)
	b := &artifact.LayerBlocks{}
	for i, of := range []struct {
		term  curvature.Term
		ends  *ends
		norms *[][]float64
	}{{curvature.Hessian, h, &b.Hessian}, {curvature.GaussNewton, g, &b.GaussNewton}} {
		op, err := e.pt.Operator(of.term, nil)
		if err != nil {
			return nil, err
		}
		known := of.ends.pairs()
		*of.norms = make([][]float64, layers)
		for p := range layers {
			(*of.norms)[p] = make([]float64, layers)
		}
		for j, pair := range pairs {
			name := fmt.Sprintf("block %d %d of %v", pair[0], pair[1], of.term)
			part, err := e.t.Part(name, func() ([]byte, error) {
				norm, residual, err := op.BlockNorm(ctx, known, pair[0], pair[1], e.p.BlockSteps)
				return npy.Encode([]int{2}, []float64{norm, residual}), err
			})
			if err != nil {
				return nil, err
			}
			values, _, err := npy.Read[float64](map[string][]byte{name: part}, name, 2)
			if err != nil {
				return nil, err
			}
			p, q := pair[0], pair[1]
			(*of.norms)[p][q], (*of.norms)[q][p] = values[0], values[0]
			b.Residual = max(b.Residual, values[1])
			e.t.Progress(blocksFrom+(i*len(pairs)+j+1)*150/(2*len(pairs)), steps)
		}
	}
	return b, nil
}

func (e *evaluation) null(ctx context.Context, kinkObjects int) (artifact.NullSpace, error) {
	n := e.pt.Null()
	null := artifact.NullSpace{
		DeadUnits: n.DeadUnits, DeadObjects: n.DeadObjects, Rescaling: n.Rescaling,
		SoftmaxShift: n.SoftmaxShift, ConstantInputs: n.ConstantInputs, Guaranteed: n.Guaranteed,
	}
	if kinkObjects == 0 || e.pt.Network.Layers() == 1 {
		return null, nil
	}
	k, err := e.pt.NearestKink(ctx, kinkObjects)
	if err != nil {
		return null, err
	}
	if !math.IsInf(k.Margin, 1) {
		null.Kink = &artifact.KinkMargin{
			Objects: min(kinkObjects, e.pt.Data.Objects),
			Margin:  k.Margin, Object: k.Object, Layer: k.Layer, Unit: k.Unit,
		}
	}
	return null, nil
}
