package object

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// smallProblem is the dimension up to which the compressed Hessian of an
// object is solved densely; above it the two ends come from Lanczos.
const smallProblem = 150

// compressed is H_i restricted to its range, in an orthonormal basis: for each
// layer the directions a x̂_pᵀ (one a per active unit) and, for p ≥ 2, δ̂_p bᵀ with
// b ⟂ x_p among the active inputs. That is n_1 + Σ_{p≥2}(n_p + n_{p−1} − 1)
// dimensions, one more for each layer with biases, whatever the size of the
// network's input.
type compressed struct {
	dim    int
	matrix []float64
}

// compress writes the bilinear form vᵀH_i v' = sᵀA s' + Σ_{p<q} (b_qᵀP_qp a'_p
// + b'_qᵀP_qp a_p), and what σ″ adds to ∂²ℓ_i/∂z_q∂z_p, in that basis, where a_p = V_p x_p, b_q = V_qᵀ δ_q and
// s = Σ S_p a_p. For V = α x̂ᵀ + δ̂ (Qβ)ᵀ they are a = ‖x‖α and
// b = x̂(δ·α) + ‖δ‖Qβ.
func (o *Curvature) compress() compressed {
	if o.Dead() {
		return compressed{dim: 1, matrix: []float64{0}}
	}
	alpha, beta := make([]int, o.Layers+1), make([]int, o.Layers+1)
	dim := 0
	for p := 1; p <= o.Layers; p++ {
		alpha[p] = dim
		dim += o.width[p]
		beta[p] = dim
		if p > 1 && o.deltaNorm[p] > 0 && len(o.x[p]) > 0 {
			dim += len(o.x[p]) - 1
		}
	}
	m := compressed{dim: dim, matrix: make([]float64, dim*dim)}
	a, k := o.lossHessian(), o.Classes
	for p := 1; p <= o.Layers; p++ {
		as := make([]float64, k*o.width[p])
		kernel.MulNN64(as, a, o.sensitive[p], k, o.width[p], k, false)
		path := o.between(p)
		for q := p; q <= o.Layers; q++ {
			block := make([]float64, o.width[q]*o.width[p]) // (α_q, α_p)
			kernel.MulTN64(block, o.sensitive[q], as, o.width[q], o.width[p], k, false)
			o.addBent(block, q, p, path)
			if norms := float64(o.inputNorm[q] * o.inputNorm[p]); norms <= math.MaxFloat64 {
				kernel.Scale64(block, norms)
			} else { // the block can be zero
				kernel.Scale64(block, o.inputNorm[q])
				kernel.Scale64(block, o.inputNorm[p])
			}
			if q > p && len(o.x[q]) > 0 {
				unit := append([]float64(nil), o.x[q]...) // x̂_q
				if kernel.Normalise64(unit) == 0 {
					unit[0] = 1 // any basis does
				}
				row := make([]float64, o.width[p]) // x̂_qᵀ P_qp ‖x_p‖
				kernel.MulTN64(row, path[q], unit, o.width[p], 1, len(unit), false)
				kernel.Scale64(row, o.inputNorm[p])
				for u, d := range o.delta[q] {
					kernel.Axpy64(block[u*o.width[p]:(u+1)*o.width[p]], d, row)
				}
				if o.deltaNorm[q] > 0 {
					side := complement(unit, path[q], len(unit), o.width[p]) // Q_qᵀ P_qp
					kernel.Scale64(side, float64(o.deltaNorm[q]*o.inputNorm[p]))
					m.place(beta[q], alpha[p], side, len(unit)-1, o.width[p])
				}
			}
			m.place(alpha[q], alpha[p], block, o.width[q], o.width[p])
		}
	}
	return m
}

// place writes a block and its mirror image.
func (m compressed) place(row, column int, block []float64, rows, columns int) {
	for i := range rows {
		for j := range columns {
			m.matrix[(row+i)*m.dim+column+j] = block[i*columns+j]
			m.matrix[(column+j)*m.dim+row+i] = block[i*columns+j]
		}
	}
}

// complement returns Qᵀ P for the n×(n−1) matrix Q of orthonormal columns
// that are orthogonal to the unit vector x: the reflector that maps x to ∓e_1,
// without its first row. P is n×columns.
func complement(x, p []float64, n, columns int) []float64 {
	v := append([]float64(nil), x...)
	v[0] += math.Copysign(1, v[0])
	scale := 2 / kernel.Dot64(v, v)
	vp := make([]float64, columns)
	kernel.MulTN64(vp, p, v, columns, 1, n, false)
	out := append([]float64(nil), p[columns:n*columns]...)
	for i := 1; i < n; i++ {
		kernel.Axpy64(out[(i-1)*columns:i*columns], -float64(scale*v[i]), vp)
	}
	return out
}

// Hessian returns λ_min(H_i) and λ_max(H_i): exact up to rounding for small
// compressed problems, otherwise by Lanczos to 1e-10 relative. Zero is an
// eigenvalue of H_i whenever it has more weights than compressed dimensions.
func (o *Curvature) Hessian(ctx context.Context) (least, largest float64, err error) {
	m := o.compress()
	if m.dim <= smallProblem {
		values, _, err := eigen.Symmetric(m.matrix, m.dim, false, 1)
		if err != nil {
			return 0, 0, err
		}
		return min(values[0], 0), max(values[m.dim-1], 0), nil
	}
	start := make([]float64, m.dim)
	for i := range start { // overlaps every eigenvector in general, without randomness
		start[i] = 1 + float64(float64(i%7)/8)
	}
	result, err := eigen.Lanczos(ctx, m, eigen.Search{Top: 1, Bottom: 1, Tolerance: 1e-10, Start: start, Workers: 1})
	if err != nil {
		return 0, 0, err
	}
	return min(result.Bottom[0].Value, 0), max(result.Top[0].Value, 0), nil
}

// Dim and Apply make the compressed matrix an eigen.Operator.
func (m compressed) Dim() int { return m.dim }

func (m compressed) Apply(_ context.Context, dst, src []float64, block int) error {
	for b := range block {
		for i := range m.dim {
			dst[b*m.dim+i] = kernel.Dot64(m.matrix[i*m.dim:(i+1)*m.dim], src[b*m.dim:(b+1)*m.dim])
		}
	}
	return nil
}
