// Package object computes the curvature of the loss of single objects, exact.
// Everything about H_i follows from small matrices over the active units, since
// the others have no derivative; package curvature has the network, its
// derivatives and the notation. Only with ReLU a unit can be inactive. Where a
// layer has biases, x_p is [x_p; 1] and W_p is [W_p b_p] in all formulas.
package object

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// Curvature is the curvature of the loss of one object.
type Curvature struct {
	Layers, Classes int
	Loss            float64

	// Index 0 is not used: p runs from 1 to L as in the formulas. Only active
	// units are kept.
	inputNorm  []float64   // ‖x_p‖
	deltaNorm  []float64   // ‖δ_p‖
	x          [][]float64 // x[p]: the active inputs of layer p, then 1 for a bias; of x[1] only the norm is kept
	delta      [][]float64 // δ_p over the active units of layer p
	sensitive  [][]float64 // S_p, K×n_p over the active units
	width      []int       // active units of layer p; width[L] = K
	separable  bool        // A = diag(prob)
	prob       []float64
	complement []float64   // 1 − P_c, formed without cancellation
	weights    [][]float64 // W_p between active units, without biases
	slopes     [][]float64 // σ′(z_p); nil where it is 1
	bending    [][]float64 // C_p, see [curvature.Point.Bending]; nil where σ″ = 0
	biased     bool        // any layer has biases
	given      float64     // ‖x‖, ‖[x; 1]‖ where any layer has biases
}

// New returns the curvature of object i of a point.
func New(pt *curvature.Point, i int) *Curvature {
	n := pt.Network
	layers, classes := n.Layers(), n.Classes()
	o := &Curvature{
		Layers: layers, Classes: classes, Loss: pt.Losses[i],
		inputNorm: make([]float64, layers+1), deltaNorm: make([]float64, layers+1),
		x: make([][]float64, layers+1), delta: make([][]float64, layers+1),
		sensitive: make([][]float64, layers+1), width: make([]int, layers+1),
		weights: make([][]float64, layers+1), slopes: make([][]float64, layers+1),
		prob: pt.Softmax(i), separable: n.Loss.Separable(), bending: pt.Bending(i), biased: n.AnyBiased(),
	}
	o.complement = make([]float64, classes)
	for c := range classes {
		for d, p := range o.prob {
			if d != c {
				o.complement[c] += p
			}
		}
	}
	o.inputNorm[1] = pt.Data.Norm(i)
	if o.given = o.inputNorm[1]; o.biased {
		o.given = kernel.Norm64([]float64{o.given, 1})
	}
	if n.Biased(0) {
		o.inputNorm[1] = o.given
	}
	active := make([][]int, layers+1)
	for p := 1; p < layers; p++ {
		for u, x := range pt.Activations(p, i) {
			if x > 0 || n.Activation != mlp.ReLU {
				active[p] = append(active[p], u)
				o.x[p+1] = append(o.x[p+1], x)
			}
		}
		if n.Biased(p) {
			o.x[p+1] = append(o.x[p+1], 1)
		}
		o.inputNorm[p+1] = kernel.Norm64(o.x[p+1])
		o.slopes[p] = pt.Slopes(p, i)
	}
	for c := range classes {
		active[layers] = append(active[layers], c)
	}
	for p := layers; p >= 1; p-- {
		o.width[p] = len(active[p])
		all := pt.Delta(p, i)
		for _, u := range active[p] {
			o.delta[p] = append(o.delta[p], all[u])
		}
		o.deltaNorm[p] = kernel.Norm64(o.delta[p])
		if p > 1 { // W_p between active units
			for _, u := range active[p] {
				for _, j := range active[p-1] {
					o.weights[p] = append(o.weights[p], n.Weights[p-1][u*n.Widths[p-1]+j])
				}
			}
		}
		o.sensitive[p] = make([]float64, classes*o.width[p])
		if p == layers {
			for c := range classes {
				o.sensitive[p][c*classes+c] = 1
			}
		} else {
			kernel.MulNN64(o.sensitive[p], o.sensitive[p+1], o.weights[p+1], classes, o.width[p], o.width[p+1], false)
			if o.slopes[p] != nil {
				for at, v := range o.sensitive[p] {
					o.sensitive[p][at] = v * o.slopes[p][at%o.width[p]]
				}
			}
		}
	}
	return o
}

// Dead reports whether some hidden layer of a network without biases is all zero:
// then the logits are zero, the loss is ln K and H_i = 0.
func (o *Curvature) Dead() bool {
	if o.biased {
		return false
	}
	for p := 1; p < o.Layers; p++ {
		if o.width[p] == 0 {
			return true
		}
	}
	return false
}

// lossHessian returns A: diag(P) − PPᵀ for the softmax.
func (o *Curvature) lossHessian() []float64 {
	a := make([]float64, o.Classes*o.Classes)
	if o.separable {
		for c, p := range o.prob {
			a[c*o.Classes+c] = p
		}
		return a
	}
	for c, p := range o.prob {
		for d, q := range o.prob {
			a[c*o.Classes+d] = -float64(p * q)
		}
		a[c*o.Classes+c] = float64(p * o.complement[c])
	}
	return a
}

// root returns B with A = BBᵀ: diag(√P) − P√Pᵀ for the softmax.
func (o *Curvature) root() []float64 {
	b := make([]float64, o.Classes*o.Classes)
	if o.separable {
		for c, p := range o.prob {
			b[c*o.Classes+c] = math.Sqrt(p)
		}
		return b
	}
	for c, p := range o.prob {
		for d, q := range o.prob {
			b[c*o.Classes+d] = -float64(p * math.Sqrt(q))
		}
		b[c*o.Classes+c] = float64(math.Sqrt(p) * o.complement[c])
	}
	return b
}

// jacobianGram returns Σ_p ‖x_p‖² S_p S_pᵀ = J_i J_iᵀ, K×K.
func (o *Curvature) jacobianGram() []float64 {
	k := o.Classes
	gram, one := make([]float64, k*k), make([]float64, k*k)
	for p := 1; p <= o.Layers; p++ {
		kernel.MulNT64(one, o.sensitive[p], o.sensitive[p], k, k, o.width[p], false)
		kernel.Axpy64(gram, float64(o.inputNorm[p]*o.inputNorm[p]), one)
	}
	return gram
}

// GaussNewton returns the eigenvalues of G_i that can differ from zero, K of
// them, ascending: those of Bᵀ (J_i J_iᵀ) B.
func (o *Curvature) GaussNewton() ([]float64, error) {
	k := o.Classes
	b, half, full := o.root(), make([]float64, k*k), make([]float64, k*k)
	kernel.MulNN64(half, o.jacobianGram(), b, k, k, k, false)
	kernel.MulTN64(full, b, half, k, k, k, false)
	scale := 1.0
	if !finite(full) {
		f := o.factors()
		scale = kernel.Balance64(kernel.MaxAbs64(f))
		kernel.Scale64(f, scale)
		kernel.MulNT64(full, f, f, k, k, len(f)/k, false)
	}
	eigen.Symmetrise(full, k)
	values, _, err := eigen.Symmetric(full, k, false, 1)
	if scale != 1 {
		kernel.Scale64(values, 1/scale)
		kernel.Scale64(values, 1/scale)
	}
	if err == nil && !finite(values) {
		err = eigen.ErrOverflow
	}
	return values, err
}

// factors returns F with F Fᵀ = Bᵀ J_i J_iᵀ B, K×Σ n_p: ‖x_p‖ Bᵀ S_p for each
// layer, side by side. B is applied first: where the softmax is saturated it is
// zero, and nothing overflows.
func (o *Curvature) factors() []float64 {
	k, b := o.Classes, o.root()
	columns := 0
	for p := 1; p <= o.Layers; p++ {
		columns += o.width[p]
	}
	f, at := make([]float64, k*columns), 0
	for p := 1; p <= o.Layers; p++ {
		part := make([]float64, k*o.width[p])
		kernel.MulTN64(part, b, o.sensitive[p], k, o.width[p], k, false)
		kernel.Scale64(part, o.inputNorm[p])
		for c := range k {
			copy(f[c*columns+at:], part[c*o.width[p]:(c+1)*o.width[p]])
		}
		at += o.width[p]
	}
	return f
}

// finite reports whether no number is infinite or NaN.
func finite(values []float64) bool {
	largest := kernel.MaxAbs64(values)
	return !math.IsInf(largest, 0) && !math.IsNaN(largest)
}

// Trace is tr G_i, which is tr H_i for piecewise linear activations.
func (o *Curvature) Trace() float64 {
	trace := 0.0
	for _, t := range o.layerTraces() {
		trace += t
	}
	if math.IsInf(trace, 0) || math.IsNaN(trace) {
		norm := kernel.Norm64(o.factors())
		return min(float64(norm*norm), math.MaxFloat64)
	}
	return trace
}

// HessianTrace is tr H_i: tr G_i and Σ_p ‖x_p‖² tr C_p.
func (o *Curvature) HessianTrace() float64 {
	trace := o.Trace()
	for p, c := range o.bending {
		if p == 0 {
			continue
		}
		own := 0.0
		for u := range o.width[p] {
			own += c[u*o.width[p]+u]
		}
		trace += float64(float64(o.inputNorm[p]*o.inputNorm[p]) * own)
	}
	return trace
}

// layerTraces returns ‖x_p‖² tr(S_pᵀ A S_p), the trace of each layer's block,
// p = 1 … L from index 0.
func (o *Curvature) layerTraces() []float64 {
	a := o.lossHessian()
	traces := make([]float64, o.Layers)
	for p := 1; p <= o.Layers; p++ {
		m := make([]float64, o.Classes*o.width[p])
		kernel.MulNN64(m, a, o.sensitive[p], o.Classes, o.width[p], o.Classes, false)
		traces[p-1] = float64(float64(o.inputNorm[p]*o.inputNorm[p]) * kernel.Dot64(m, o.sensitive[p]))
	}
	return traces
}

// between returns P_{q,p} = ∂x_q/∂z_p for q = p+1 … L (index q), each
// len(x_q)×width[p]; the row of a bias's 1 is zero.
func (o *Curvature) between(p int) [][]float64 {
	list := make([][]float64, o.Layers+1)
	for q := p + 1; q <= o.Layers; q++ {
		list[q] = make([]float64, len(o.x[q])*o.width[p])
		if q == p+1 {
			for u := range o.width[p] {
				list[q][u*o.width[p]+u] = 1
			}
		} else {
			inputs := list[q-1][:o.width[q-2]*o.width[p]]
			kernel.MulNN64(list[q][:o.width[q-1]*o.width[p]], o.weights[q-1], inputs, o.width[q-1], o.width[p], o.width[q-2], false)
		}
		for u, slope := range o.slopes[q-1] {
			kernel.Scale64(list[q][u*o.width[p]:(u+1)*o.width[p]], slope)
		}
	}
	return list
}

// addBent adds C_q ∂z_q/∂z_p, the part of ∂²ℓ_i/∂z_q∂z_p that σ″ makes, to a
// matrix of width[q]×width[p]; path is what between returned for p.
func (o *Curvature) addBent(m []float64, q, p int, path [][]float64) {
	if o.bending == nil || q == o.Layers {
		return
	}
	if q == p {
		kernel.Axpy64(m, 1, o.bending[q])
		return
	}
	z := make([]float64, o.width[q]*o.width[p]) // ∂z_q/∂z_p = W_q P_qp
	kernel.MulNN64(z, o.weights[q], path[q][:o.width[q-1]*o.width[p]], o.width[q], o.width[p], o.width[q-1], false)
	kernel.MulNN64(m, o.bending[q], z, o.width[q], o.width[p], o.width[q], true)
}

// Frobenius is ‖H_i‖_F.
func (o *Curvature) Frobenius() (float64, error) {
	if o.Dead() {
		return 0, nil
	}
	if square := o.SquaredFrobenius(); kernel.InRange64(square) {
		return math.Sqrt(square), nil
	}
	norm := kernel.Norm64(o.compress().matrix) // squares of its entries over- or underflow
	if math.IsInf(norm, 0) || math.IsNaN(norm) {
		return 0, eigen.ErrOverflow
	}
	return norm, nil
}

// SquaredFrobenius is ‖H_i‖_F², by its blocks: with M_qp = S_qᵀ A S_p + C_q ∂z_q/∂z_p,
// Σ_p ‖x_p‖⁴‖M_pp‖² + 2 Σ_{p<q} ‖x_p‖²(‖x_q‖²‖M_qp‖² + ‖δ_q‖²‖P_qp‖² +
// 2 δ_qᵀ M_qp P_qpᵀ x_q).
func (o *Curvature) SquaredFrobenius() float64 {
	a, k := o.lossHessian(), o.Classes
	total := 0.0
	for p := 1; p <= o.Layers; p++ {
		as := make([]float64, k*o.width[p]) // A S_p
		kernel.MulNN64(as, a, o.sensitive[p], k, o.width[p], k, false)
		xp := float64(o.inputNorm[p] * o.inputNorm[p])
		path := o.between(p)
		for q := p; q <= o.Layers; q++ {
			m := make([]float64, o.width[q]*o.width[p]) // M_qp
			kernel.MulTN64(m, o.sensitive[q], as, o.width[q], o.width[p], k, false)
			o.addBent(m, q, p, path)
			xq := float64(o.inputNorm[q] * o.inputNorm[q])
			if q == p {
				total += float64(float64(xp*xp) * kernel.Dot64(m, m))
				continue
			}
			px := make([]float64, o.width[p]) // P_qpᵀ x_q
			kernel.MulTN64(px, path[q], o.x[q], o.width[p], 1, len(o.x[q]), false)
			mx := make([]float64, o.width[q])
			kernel.MulNN64(mx, m, px, o.width[q], 1, o.width[p], false)
			sum := float64(xq*kernel.Dot64(m, m)) + float64(float64(o.deltaNorm[q]*o.deltaNorm[q])*kernel.Dot64(path[q], path[q]))
			sum += float64(2 * kernel.Dot64(o.delta[q], mx))
			total += float64(float64(2*xp) * sum)
		}
	}
	return total
}
