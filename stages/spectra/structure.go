package spectra

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// OfTerm is the name of an input of RunStructure: an output of RunOperator,
// Eigenvalues of each of "H", "G" and "R" and Vectors of G.
func OfTerm(term, output string) string { return term + "/" + output }

// BlocksOf is the name of an input of RunStructure: part i of the layer blocks
// of "H" or "G".
func BlocksOf(term string, i int) string { return fmt.Sprintf("%s/%s/%06d", term, Blocks, i) }

// StructureParams decide what explains the spectra of the three operators.
type StructureParams struct {
	SampleSize  int
	Classes     bool // compare G's outliers with the class means
	Blocks      int  // parts with layer blocks, for each of H and G
	KinkObjects int
}

// RunStructure computes Spectrum from what the other parts found.
func RunStructure(ctx context.Context, p StructureParams, t *task.Task) (map[string][]byte, error) {
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	var found [3]*ends
	for i, o := range operators {
		if found[i], err = read(t.Inputs, OfTerm(o.term.String(), ""), pt.Network.Parameters()); err != nil {
			return nil, err
		}
	}
	var blocks blockParts
	for of, term := range []curvature.Term{curvature.Hessian, curvature.GaussNewton} {
		for i := range p.Blocks {
			part, err := artifact.Read[artifact.BlockNorms](t.Inputs, BlocksOf(term.String(), i))
			if err != nil {
				return nil, err
			}
			blocks[of] = append(blocks[of], part)
		}
	}
	e := &evaluation{pt: pt, t: t}
	summary, err := e.structure(ctx, p, found[0], found[1], found[2], blocks)
	if err != nil {
		return nil, err
	}
	t.Progress(steps, steps)
	text, err := artifact.Encode(*summary)
	return map[string][]byte{Spectrum: text}, err
}

// structure puts together what was found of H, G and R and computes what is
// not about one of them alone.
func (e *evaluation) structure(ctx context.Context, p StructureParams, h, g, r *ends, blocks blockParts) (*artifact.Spectrum, error) {
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
	s.GradientNorm = math.Sqrt(kernel.Dot64(gradient, gradient))
	if s.LayerTraces, err = e.layerTraces(ctx); err != nil {
		return nil, err
	}
	if p.Classes {
		if s.ClassStructure, err = e.classes(ctx, g); err != nil {
			return nil, err
		}
	}
	e.t.Progress(960, steps)
	if p.Blocks > 0 {
		b := &artifact.LayerBlocks{}
		for i, norms := range []*[][]float64{&b.Hessian, &b.GaussNewton} {
			residual := 0.0
			if *norms, residual, err = matrix(network.Layers(), blocks[i]); err != nil {
				return nil, err
			}
			b.Residual = max(b.Residual, residual)
		}
		s.LayerBlocks = b
	}
	s.NullSpace, err = e.null(ctx, p.KinkObjects)
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

// matrix fills the symmetric layers×layers matrix of the blocks' norms.
func matrix(layers int, parts []artifact.BlockNorms) (norms [][]float64, residual float64, err error) {
	norms = make([][]float64, layers)
	for p := range norms {
		norms[p] = make([]float64, layers)
	}
	pairs, next := curvature.LayerPairs(layers), 0
	for i, part := range parts {
		if part.From != next || next+len(part.Norms) > len(pairs) {
			return nil, 0, fmt.Errorf("part %d has the layer blocks from %d on: want %d", i, part.From, next)
		}
		for j, norm := range part.Norms {
			p, q := pairs[next+j][0], pairs[next+j][1]
			norms[p][q], norms[q][p] = norm, norm
		}
		next += len(part.Norms)
		residual = max(residual, part.Residual)
	}
	if next != len(pairs) {
		return nil, 0, fmt.Errorf("there are the norms of %d layer blocks: want %d", next, len(pairs))
	}
	return norms, residual, nil
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
		null.Kink = &artifact.Kink{
			Objects: min(kinkObjects, e.pt.Data.Objects),
			Margin:  k.Margin, Object: k.Object, Layer: k.Layer, Unit: k.Unit,
		}
	}
	return null, nil
}
