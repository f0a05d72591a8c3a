package trajectory

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// tolerance is the relative error of each norm and of λ_min.
const tolerance = 1e-3

// part is what is kept of one epoch: the point, and the eigenvectors near which
// the next epoch looks for its own.
type part struct {
	point   artifact.TrajectoryPoint
	hessian [][]float64 // for λ_min of H
	hTerm   [][]float64 // for both ends of R
}

// The names of the tensors of a part.
const (
	tensorHessian = "hessian"
	tensorHTerm   = "h_term"
	metaPoint     = "point"
)

func (x *part) encode() ([]byte, error) {
	text, err := artifact.Encode(x.point)
	if err != nil {
		return nil, err
	}
	width := 0 // the last epoch may have no vectors
	if len(x.hessian) > 0 {
		width = len(x.hessian[0])
	}
	return safetensors.Encode(map[string]string{metaPoint: string(text)},
		safetensors.RowsTensor(tensorHessian, x.hessian, width), safetensors.RowsTensor(tensorHTerm, x.hTerm, width))
}

// decode reads what encode wrote.
func decode(b []byte) (*part, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		return nil, err
	}
	x := &part{}
	if x.point, err = artifact.Decode[artifact.TrajectoryPoint]([]byte(file.Metadata[metaPoint])); err != nil {
		return nil, err
	}
	if x.hessian, err = file.Rows(tensorHessian); err != nil {
		return nil, err
	}
	x.hTerm, err = file.Rows(tensorHTerm)
	return x, err
}

// measuring is what the points of a trajectory have in common.
type measuring struct {
	network  *mlp.Network // trained
	data     *mlp.Data
	spectrum artifact.Spectrum // of the network
	seed     int64
	workers  int
}

// at measures the network with the weights of one row, after the epoch before.
func (m *measuring) at(ctx context.Context, row []float32, before *part) (*part, error) {
	network, err := m.network.With(row)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.NewPoint(ctx, network, m.data, m.workers)
	if err != nil {
		return nil, err
	}
	x := &part{point: artifact.TrajectoryPoint{Loss: pt.MeanLoss(m.data.Objects)}}
	gradient, err := pt.Gradient(ctx, nil)
	if err != nil {
		return nil, err
	}
	x.point.GradientNorm = kernel.Norm64(gradient)
	traces, err := pt.LayerTraces(ctx)
	if err != nil {
		return nil, err
	}
	for _, trace := range traces {
		x.point.Trace += trace
	}
	if slices.Equal(network.Flat(), m.network.Flat()) {
		m.known(&x.point)
	} else if err := m.search(ctx, pt, x, before); err != nil {
		return nil, err
	}
	constants, err := object.NewConstants(pt)
	if err != nil {
		return nil, err
	}
	bounds := constants.Uniform()
	p := &x.point
	p.Theorem1, p.Lemma1, p.CorrectedGaussNewton, p.CorrectedHessian = bounds.Theorem1, bounds.Lemma1, bounds.GaussNewton, bounds.Hessian
	for _, v := range []float64{p.Hessian, p.GaussNewton, p.HTerm, p.Trace, p.GradientNorm} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("the curvature is not finite")
		}
	}
	return x, nil
}

// known takes the ends of the spectra from the trained network's.
func (m *measuring) known(x *artifact.TrajectoryPoint) {
	h, g, r := m.spectrum.Hessian, m.spectrum.GaussNewton, m.spectrum.HTerm
	x.Hessian, x.GaussNewton, x.HTerm = h.Norm, g.Norm, r.Norm
	for _, list := range [][]artifact.Eigenvalue{h.Top, h.Bottom, g.Top, r.Top, r.Bottom} {
		if len(list) > 0 {
			x.Residual = max(x.Residual, list[0].Residual)
		}
	}
	x.Largest, x.Least = h.Top[0].Value, h.Bottom[0].Value
}

// search finds the ends of the spectra. That of H which costs most, λ_min, has its
// eigenvector near that of R, and near that of the epoch before.
func (m *measuring) search(ctx context.Context, pt *curvature.Point, x, before *part) error {
	ends := func(term curvature.Term, bottom int, near [][]float64) (*eigen.Result, error) {
		op, err := pt.Operator(term, nil)
		if err != nil {
			return nil, err
		}
		r, err := op.Ends(ctx, curvature.Ends{Top: 1, Bottom: bottom, Tolerance: tolerance, Seed: m.seed, Near: near}, nil)
		if err != nil {
			return nil, err
		}
		for _, list := range [][]eigen.Pair{r.Top, r.Bottom} {
			for _, pair := range list {
				x.point.Residual = max(x.point.Residual, pair.Residual)
			}
		}
		return r, nil
	}
	r, err := ends(curvature.HTerm, 1, before.hTerm)
	if err != nil {
		return err
	}
	x.hTerm = [][]float64{r.Top[0].Vector, r.Bottom[0].Vector}
	h, err := ends(curvature.Hessian, 1, append([][]float64{r.Bottom[0].Vector}, before.hessian...))
	if err != nil {
		return err
	}
	x.hessian = [][]float64{h.Bottom[0].Vector}
	g, err := ends(curvature.GaussNewton, 0, nil)
	if err != nil {
		return err
	}
	x.point.Hessian, x.point.GaussNewton, x.point.HTerm = h.Norm, g.Norm, r.Norm
	x.point.Largest, x.point.Least = h.Top[0].Value, h.Bottom[0].Value
	if x.point.Least == 0 {
		x.point.Least = 0 // no negative zero
	}
	return nil
}
