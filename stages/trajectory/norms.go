package trajectory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Norms is the output of RunNorms: canonical JSON, artifact.Norms.
const Norms = "norms"

// NormsParams decide the output of RunNorms, apart from the inputs.
type NormsParams struct {
	SampleSize      int   // k: the first k objects; 0 means all
	Batch           int   // of these, so many at random; 0 means all
	BatchSeed       int64 // of the choice
	Snapshots       []int // epochs of the snapshots, ascending
	Epochs          []int // those of them that are measured, ascending
	PowerIterations int   // of H and of G from a random vector, beside the norms
	Seed            int64 // of the starting vectors
}

// RunNorms computes Norms: what Run does of ‖H‖₂ and ‖G‖₂ alone, with as few products as
// their tolerance allows, without the trained network's spectrum.
func RunNorms(ctx context.Context, p NormsParams, t *task.Task) (map[string][]byte, error) {
	network, data, err := mlp.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	rows, err := snapshotRows(t.Inputs, p.Snapshots, p.Epochs, network.Parameters())
	if err != nil {
		return nil, err
	}
	if p.Batch > 0 {
		if data, err = batch(data, p.Batch, p.BatchSeed); err != nil {
			return nil, err
		}
	}
	r := artifact.Norms{Objects: data.Objects, Parameters: network.Parameters(), PowerIterations: p.PowerIterations, Points: []artifact.NormsPoint{}}
	before := &normsPart{}
	for i, epoch := range p.Epochs {
		b, err := t.Part(fmt.Sprintf("epoch %d", epoch), func() ([]byte, error) {
			of, err := network.With(rows[i])
			if err != nil {
				return nil, err
			}
			x, err := p.at(ctx, of, data, before, t.Workers)
			if err != nil {
				return nil, fmt.Errorf("after epoch %d: %w", epoch, err)
			}
			x.point.Epoch = epoch
			return x.encode()
		})
		if err != nil {
			return nil, err
		}
		if before, err = decodeNorms(b); err != nil {
			return nil, err
		}
		r.Points = append(r.Points, before.point)
		t.Progress(i+1, len(p.Epochs))
	}
	text, err := artifact.Encode(r)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Norms: text}, nil
}

// batch returns so many random objects, in the order of the data.
func batch(data *mlp.Data, objects int, seed int64) (*mlp.Data, error) {
	if objects > data.Objects {
		return nil, fmt.Errorf("a batch of %d objects of %d", objects, data.Objects)
	}
	all := make([]int, data.Objects)
	rng.Permutation(rng.New(seed, "trajectory", "batch", 0), all)
	slices.Sort(all[:objects])
	return data.Subset(all[:objects])
}

// normsPart is what is kept of one epoch: the point, and the top eigenvectors of H and
// G, near which the next epoch looks for its own.
type normsPart struct {
	point artifact.NormsPoint
	near  [][]float64
}

func (x *normsPart) encode() ([]byte, error) {
	text, err := artifact.Encode(x.point)
	if err != nil {
		return nil, err
	}
	return safetensors.Encode(map[string]string{metaPoint: string(text)}, safetensors.RowsTensor(tensorHessian, x.near, len(x.near[0])))
}

func decodeNorms(b []byte) (*normsPart, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		return nil, err
	}
	x := &normsPart{}
	if x.point, err = artifact.Decode[artifact.NormsPoint]([]byte(file.Metadata[metaPoint])); err != nil {
		return nil, err
	}
	x.near, err = file.Rows(tensorHessian)
	return x, err
}

// at measures one network. An end of H's spectrum counts as found when it is known to
// the tolerance times ‖H‖₂: that λ_min is small beside λ_max takes few products.
func (p NormsParams) at(ctx context.Context, network *mlp.Network, data *mlp.Data, before *normsPart, workers int) (*normsPart, error) {
	pt, err := curvature.NewPoint(ctx, network, data, workers)
	if err != nil {
		return nil, err
	}
	x := &normsPart{point: artifact.NormsPoint{Loss: pt.MeanLoss(data.Objects)}}
	for _, of := range []struct {
		term        curvature.Term
		bottom      int
		norm, power *float64
	}{{curvature.GaussNewton, 0, &x.point.GaussNewton, &x.point.PowerGaussNewton}, {curvature.Hessian, 1, &x.point.Hessian, &x.point.PowerHessian}} {
		op, err := pt.Operator(of.term, nil)
		if err != nil {
			return nil, err
		}
		near := before.near
		if of.term == curvature.Hessian { // H's top eigenvector is near that of G
			near = x.near
		}
		r, err := op.Ends(ctx, curvature.Ends{Top: 1, Bottom: of.bottom, Tolerance: tolerance, Floor: tolerance, Seed: p.Seed, Near: near}, nil)
		if err != nil {
			return nil, err
		}
		*of.norm = r.Norm
		x.point.Products += r.Products
		for _, pair := range slices.Concat(r.Top, r.Bottom) {
			x.point.Residual = max(x.point.Residual, pair.Residual)
		}
		x.near = append(x.near, r.Top[0].Vector)
		if *of.power, err = power(ctx, op, p.PowerIterations, curvature.NormalVector(p.Seed, "trajectory", "power", 0, op.Dim())); err != nil {
			return nil, err
		}
	}
	if err := bounds(network, data, &x.point); err != nil {
		return nil, err
	}
	for _, v := range []float64{x.point.Loss, x.point.Hessian, x.point.GaussNewton} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("the curvature is not finite")
		}
	}
	return x, nil
}

// power is |vᵀAv| of the unit vector v before the last of so many products with A,
// each of the vector that the one before gave; 0 without any product.
func power(ctx context.Context, op eigen.Operator, iterations int, v []float64) (float64, error) {
	image, value := make([]float64, len(v)), 0.0
	for range iterations {
		if kernel.Norm64(v) == 0 {
			return 0, nil
		}
		kernel.Normalise64(v)
		if err := op.Apply(ctx, image, v, 1); err != nil {
			return 0, err
		}
		value = math.Abs(kernel.Dot64(v, image))
		v, image = image, v
	}
	return value, nil
}

// bounds sets both bounds of the point.
func bounds(network *mlp.Network, data *mlp.Data, x *artifact.NormsPoint) error {
	spectral, frobenius := 0.0, 0.0
	for p, w := range network.Weights {
		norm, err := eigen.SpectralNorm(w, network.Widths[p+1], network.Widths[p])
		if err != nil {
			return err
		}
		spectral, frobenius = max(spectral, norm), max(frobenius, kernel.Norm64(w))
	}
	largest := data.LargestNorm()
	of := func(w float64) float64 {
		b := float64(float64(math.Sqrt2*float64(network.Layers())) * float64(largest*largest))
		for range 2*network.Layers() - 2 {
			b = float64(b * w)
		}
		return min(b, math.MaxFloat64)
	}
	x.SpectralBound, x.FrobeniusBound = of(spectral), of(frobenius)
	return nil
}
