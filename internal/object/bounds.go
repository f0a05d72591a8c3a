package object

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// Constants are the uniform quantities in the paper's bounds. Where any layer has
// biases, an input is [x; 1] and a matrix [W b; 0 1], which takes [x_p; 1] to
// [z_p; 1]: the bounds hold for them as they do without biases for x and W.
type Constants struct {
	Layers    int       // L, weight matrices
	LargestX  float64   // M_x = max ‖x_i‖
	LargestW  float64   // M_W = max ‖W_p‖₂
	Largest   float64   // M = max |w_ij|
	Width     int       // h, the largest hidden width
	LayerNorm []float64 // ‖W_p‖₂, p = 1 … L from index 0
}

// NewConstants measures them over all objects of a point.
func NewConstants(pt *curvature.Point) (Constants, error) {
	n := pt.Network
	c := Constants{Layers: n.Layers(), LargestX: pt.Data.LargestNorm()}
	if n.AnyBiased() {
		c.LargestX = kernel.Norm64([]float64{c.LargestX, 1})
	}
	for p := range n.Weights {
		w, rows, columns := extended(n, p)
		norm, err := eigen.SpectralNorm(w, rows, columns)
		if err != nil {
			return c, err
		}
		c.LayerNorm = append(c.LayerNorm, norm)
		c.LargestW = max(c.LargestW, norm)
		for _, x := range w {
			c.Largest = max(c.Largest, math.Abs(x))
		}
		if p > 0 {
			c.Width = max(c.Width, n.Widths[p])
		}
	}
	return c, nil
}

// extended returns the matrix of layer p, counted from 0, which has biases in it
// where any layer has.
func extended(n *mlp.Network, p int) (w []float64, rows, columns int) {
	rows, columns = n.Widths[p+1], n.Widths[p]
	if !n.AnyBiased() {
		return n.Weights[p], rows, columns
	}
	for u := range rows {
		w = append(w, n.Weights[p][u*columns:(u+1)*columns]...)
		if n.Biased(p) {
			w = append(w, n.Biases[p][u])
		} else {
			w = append(w, 0)
		}
	}
	w = append(w, make([]float64, columns)...)
	return append(w, 1), rows + 1, columns + 1
}

// BoundNames lists the bounds in the order of [Curvature.Bounds]: the chain for
// ‖G_i‖₂ from tight to loose, then what bounds the H-term and H_i.
var BoundNames = []string{
	"B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10",
	"C", "alpha_plus_c", "B0_plus_C", "H_uniform",
}

// Bounds returns the bounds of one object, named by [BoundNames]. A bound that
// overflows is the largest float64. B3 to B10 and H_uniform hold for slopes of at
// most 1 and cross-entropy. In B4, ‖[x_p; 1]‖² = ‖x_p‖² + 1 has the summand that
// biases add, the second one of Theorem 1 (T5).
//
//	B10 Lemma 1 as printed     √2[L M_x²(hM)^{2L} + Σ_{j=1}^L (hM)^{2j}]   (not valid in general: T1, T7)
//	B9  Theorem 1 as printed   √2[L M_x² M_W^{2L} + Σ_{j=1}^L M_W^{2j}]    (not valid in general: T1)
//	B8  corrected exponent     √2 L M_x² M_W^{2L−2}                        (T1, T5)
//	B7  ‖A‖₂ ≤ ½               ½ L M_x² M_W^{2L−2}                         (T6)
//	B6  norms of each layer    ½ ‖x‖² Σ_p Π_{s≠p} ‖W_s‖²
//	B5  the object's A         ‖A‖₂ ‖x‖² Σ_p Π_{s≠p} ‖W_s‖²
//	B4  its activations        ‖A‖₂ Σ_p ‖x_p‖² Π_{s>p} ‖W_s‖²
//	B3  its masks              ‖A‖₂ Σ_p ‖x_p‖² ‖S_p‖₂²
//	B2  the joint Jacobian     ‖A‖₂ ‖Σ_p ‖x_p‖² S_p S_pᵀ‖₂
//	B1  block comparison       ‖[‖x_p‖ ‖x_q‖ ‖S_pᵀ A S_q‖₂]_pq‖₂
//	B0  exact                  ‖G_i‖₂
//	C                          ‖[c_pq]‖₂ ≥ ‖R_i‖₂, c_pq = ‖δ_q‖ ‖P_qp‖₂ ‖x_p‖, p < q
//	alpha_plus_c               ‖[α_pq + c_pq]‖₂ ≥ ‖H_i‖₂, α from B1
//	B0_plus_C                  B0 + C ≥ ‖H_i‖₂
//	H_uniform                  B7 + √2 (L−1) M_x M_W^{L−2} ≥ ‖H_i‖₂
func (o *Curvature) Bounds(c Constants) ([]float64, error) {
	layers, k := o.Layers, o.Classes
	a := o.lossHessian()
	normA, err := spectralNorm(a, k, k)
	if err != nil {
		return nil, err
	}
	gram := o.jacobianGram()
	joint, err := spectralNorm(gram, k, k)
	if err != nil {
		return nil, err
	}
	values, err := o.GaussNewton()
	if err != nil {
		return nil, err
	}
	var others, later, masked float64 // the sums of B6, B4, B3
	for p := 1; p <= layers; p++ {
		before, after := 1.0, 1.0
		for s, norm := range c.LayerNorm {
			if s+1 < p {
				before = float64(before * float64(norm*norm))
			} else if s+1 > p {
				after = float64(after * float64(norm*norm))
			}
		}
		sensitive, err := spectralNorm(o.sensitive[p], k, o.width[p])
		if err != nil {
			return nil, err
		}
		x2 := float64(o.inputNorm[p] * o.inputNorm[p])
		others += float64(before * after)
		later += float64(x2 * after)
		masked += float64(x2 * float64(sensitive*sensitive))
	}
	comparison, err := o.comparison()
	if err != nil {
		return nil, err
	}
	x2 := float64(o.given * o.given)
	u := c.uniform()
	exact := max(values[k-1], 0)
	bounds := []float64{
		exact, comparison[0], float64(normA * joint), float64(normA * masked), float64(normA * later),
		float64(float64(normA*x2) * others), float64(float64(x2*others) / 2),
		u.GaussNewton, float64(2 * math.Sqrt2 * u.GaussNewton), u.Theorem1, u.Lemma1,
		comparison[1], comparison[2], exact + comparison[1],
		u.Hessian,
	}
	for i, b := range bounds {
		bounds[i] = limited(b)
	}
	return bounds, nil
}

// Uniform are the bounds that are one number for all objects.
type Uniform struct {
	GaussNewton float64 // B7, of ‖G_i‖₂
	Hessian     float64 // H_uniform, of ‖H_i‖₂
	Theorem1    float64 // B9, as printed
	Lemma1      float64 // B10, as printed
}

// Uniform returns the uniform bounds; see [Curvature.Bounds]. A bound that overflows
// is the largest float64.
func (c Constants) Uniform() Uniform {
	u := c.uniform()
	return Uniform{limited(u.GaussNewton), limited(u.Hessian), limited(u.Theorem1), limited(u.Lemma1)}
}

func (c Constants) uniform() Uniform {
	l, mx2, w2 := float64(c.Layers), float64(c.LargestX*c.LargestX), float64(c.LargestW*c.LargestW)
	entry := float64(float64(c.Width) * c.Largest)
	u := Uniform{
		GaussNewton: float64(float64(float64(l*mx2)*power(w2, c.Layers-1)) / 2),
		Theorem1:    printed(l, mx2, w2), Lemma1: printed(l, mx2, float64(entry*entry)),
	}
	u.Hessian = u.GaussNewton + float64(float64(math.Sqrt2*(l-1))*float64(c.LargestX*power(c.LargestW, c.Layers-2)))
	return u
}

// limited is a bound that does not overflow.
func limited(b float64) float64 {
	if !(b <= math.MaxFloat64) { // NaN is an overflow times a zero
		return math.MaxFloat64
	}
	return b
}

// comparison returns the norms of the L×L matrices of B1, C and alpha_plus_c.
func (o *Curvature) comparison() (norms [3]float64, err error) {
	alpha, err := o.blockNorms()
	if err != nil {
		return norms, err
	}
	cross, err := o.crossNorms()
	if err != nil {
		return norms, err
	}
	both := make([]float64, len(alpha))
	for i := range both {
		both[i] = alpha[i] + cross[i]
	}
	for i, m := range [][]float64{alpha, cross, both} {
		if norms[i], err = spectralNorm(m, o.Layers, o.Layers); err != nil {
			return norms, err
		}
	}
	return norms, nil
}

// HessianBound returns the tightest upper bound of ‖H_i‖₂ that needs no
// eigenvalue of H_i: min(alpha_plus_c, B0_plus_C, ‖H_i‖_F), see
// [Curvature.Bounds]. It costs a product and a norm for each pair of layers.
func (o *Curvature) HessianBound() (float64, error) {
	if o.Dead() {
		return 0, nil
	}
	values, err := o.GaussNewton()
	if err != nil {
		return 0, err
	}
	norms, err := o.comparison()
	if err != nil {
		return 0, err
	}
	frobenius, err := o.Frobenius()
	return min(norms[2], max(values[len(values)-1], 0)+norms[1], frobenius), err
}

// spectralNorm is [eigen.SpectralNorm], and infinite where an entry overflowed.
func spectralNorm(m []float64, rows, columns int) (float64, error) {
	if !finite(m) {
		return math.Inf(1), nil
	}
	return eigen.SpectralNorm(m, rows, columns)
}

// printed is √2 [L M_x² m^L + Σ_{j=1}^L m^j] for m = M_W² (Theorem 1) or
// (hM)² (Lemma 1): the geometric sum written out has no 0/0 at m = 1 (T9).
func printed(layers, mx2, m float64) float64 {
	sum, term := 0.0, 1.0
	for range int(layers) {
		term = float64(term * m)
		sum += term
	}
	return float64(math.Sqrt2 * (float64(float64(layers*mx2)*term) + sum))
}

// power is x^n; for n = −1 (one weight matrix) the factor it belongs to is
// zero.
func power(x float64, n int) float64 {
	result := 1.0
	for range n {
		result = float64(result * x)
	}
	return result
}

// blockNorms returns α_pq = ‖x_p‖ ‖x_q‖ ‖S_pᵀ A S_q‖₂, L×L. S_pᵀAS_q is
// F_pᵀF_q with F_p = BᵀS_p of only K rows, so its norm is that of the K×K
// matrix R_pᵀR_q where F_pF_pᵀ = R_pR_pᵀ.
func (o *Curvature) blockNorms() ([]float64, error) {
	k, b := o.Classes, o.root()
	roots := make([][]float64, o.Layers+1)
	for p := 1; p <= o.Layers; p++ {
		f := make([]float64, k*o.width[p])
		kernel.MulTN64(f, b, o.sensitive[p], k, o.width[p], k, false)
		scale := kernel.Balance64(kernel.MaxAbs64(f))
		if scale != 1 {
			kernel.Scale64(f, scale)
		}
		gram := make([]float64, k*k)
		kernel.MulNT64(gram, f, f, k, k, o.width[p], false)
		values, rows, err := eigen.Symmetric(gram, k, true, 1)
		if err != nil {
			return nil, err
		}
		for i := range rows { // row i of R_pᵀ
			kernel.Scale64(rows[i], math.Sqrt(max(values[i], 0))/scale)
			roots[p] = append(roots[p], rows[i]...)
		}
	}
	m := make([]float64, o.Layers*o.Layers)
	product := make([]float64, k*k)
	for p := 1; p <= o.Layers; p++ {
		for q := p; q <= o.Layers; q++ {
			kernel.MulNT64(product, roots[p], roots[q], k, k, k, false)
			norm, err := spectralNorm(product, k, k)
			if err != nil {
				return nil, err
			}
			x := float64(float64(o.inputNorm[p]*o.inputNorm[q]) * norm)
			m[(p-1)*o.Layers+q-1], m[(q-1)*o.Layers+p-1] = x, x
		}
	}
	return m, nil
}

// crossNorms returns c_pq = ‖δ_q‖ ‖P_qp‖₂ ‖x_p‖ = ‖R_{q,p}‖₂ for p < q,
// mirrored, with a zero diagonal, L×L. Where σ″ is not zero, ‖C_q ∂z_q/∂z_p‖₂
// ‖x_q‖ ‖x_p‖ for p ≤ q is added, so that c_pq is an upper bound of ‖R_{q,p}‖₂.
func (o *Curvature) crossNorms() ([]float64, error) {
	m := make([]float64, o.Layers*o.Layers)
	for p := 1; p < o.Layers; p++ {
		path := o.between(p)
		for q := p; q <= o.Layers; q++ {
			x := 0.0
			if q > p {
				norm, err := spectralNorm(path[q], len(o.x[q]), o.width[p])
				if err != nil {
					return nil, err
				}
				x = float64(float64(o.deltaNorm[q]*norm) * o.inputNorm[p])
			}
			if o.bending != nil && q < o.Layers {
				bent := make([]float64, o.width[q]*o.width[p])
				o.addBent(bent, q, p, path)
				norm, err := spectralNorm(bent, o.width[q], o.width[p])
				if err != nil {
					return nil, err
				}
				x += float64(float64(o.inputNorm[q]*norm) * o.inputNorm[p])
			}
			m[(p-1)*o.Layers+q-1], m[(q-1)*o.Layers+p-1] = x, x
		}
	}
	return m, nil
}
