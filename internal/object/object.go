// Package object computes the curvature of the loss of single objects, exact.
// Everything about H_i follows from small matrices over the active units, since
// the others have no derivative; package curvature has the network, its
// derivatives and the notation.
package object

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Curvature is the curvature of the loss of one object.
type Curvature struct {
	Layers, Classes int
	Loss            float64

	// Index 0 is not used: p runs from 1 to L as in the formulas. Only active
	// units are kept.
	inputNorm  []float64   // ‖x_p‖
	deltaNorm  []float64   // ‖δ_p‖
	x          [][]float64 // x[p]: the active inputs of layer p; of x[1] only the norm is kept
	delta      [][]float64 // δ_p over the active units of layer p
	sensitive  [][]float64 // S_p, K×n_p over the active units
	width      []int       // active units of layer p; width[L] = K
	prob       []float64
	complement []float64 // 1 − P_c, formed without cancellation
	weights    [][]float64
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
		weights: make([][]float64, layers+1),
		prob:    pt.Softmax(i),
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
	active := make([][]int, layers+1)
	for p := 1; p < layers; p++ {
		for u, x := range pt.Activations(p, i) {
			if x > 0 {
				active[p] = append(active[p], u)
				o.x[p+1] = append(o.x[p+1], x)
			}
		}
		o.inputNorm[p+1] = kernel.Norm64(o.x[p+1])
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
		}
	}
	return o
}

// Dead reports whether some hidden layer is all zero: then the logits are
// zero, the loss is ln K and H_i = 0.
func (o *Curvature) Dead() bool {
	for p := 1; p < o.Layers; p++ {
		if o.width[p] == 0 {
			return true
		}
	}
	return false
}

// softmaxHessian returns A = diag(P) − PPᵀ.
func (o *Curvature) softmaxHessian() []float64 {
	a := make([]float64, o.Classes*o.Classes)
	for c, p := range o.prob {
		for d, q := range o.prob {
			a[c*o.Classes+d] = -float64(p * q)
		}
		a[c*o.Classes+c] = float64(p * o.complement[c])
	}
	return a
}

// root returns B = diag(√P) − P√Pᵀ, with A = BBᵀ.
func (o *Curvature) root() []float64 {
	b := make([]float64, o.Classes*o.Classes)
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

// Trace is tr G_i = tr H_i.
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

// layerTraces returns ‖x_p‖² tr(S_pᵀ A S_p), the trace of each layer's block,
// p = 1 … L from index 0.
func (o *Curvature) layerTraces() []float64 {
	a := o.softmaxHessian()
	traces := make([]float64, o.Layers)
	for p := 1; p <= o.Layers; p++ {
		m := make([]float64, o.Classes*o.width[p])
		kernel.MulNN64(m, a, o.sensitive[p], o.Classes, o.width[p], o.Classes, false)
		traces[p-1] = float64(float64(o.inputNorm[p]*o.inputNorm[p]) * kernel.Dot64(m, o.sensitive[p]))
	}
	return traces
}

// between returns P_{q,p} = ∂x_q/∂z_p for q = p+1 … L (index q), each
// width[q−1]×width[p].
func (o *Curvature) between(p int) [][]float64 {
	list := make([][]float64, o.Layers+1)
	for q := p + 1; q <= o.Layers; q++ {
		if q == p+1 {
			list[q] = make([]float64, o.width[p]*o.width[p])
			for u := range o.width[p] {
				list[q][u*o.width[p]+u] = 1
			}
			continue
		}
		list[q] = make([]float64, o.width[q-1]*o.width[p])
		kernel.MulNN64(list[q], o.weights[q-1], list[q-1], o.width[q-1], o.width[p], o.width[q-2], false)
	}
	return list
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

// SquaredFrobenius is ‖H_i‖_F², by its blocks: with M_qp = S_qᵀ A S_p,
// Σ_p ‖x_p‖⁴‖M_pp‖² + 2 Σ_{p<q} ‖x_p‖²(‖x_q‖²‖M_qp‖² + ‖δ_q‖²‖P_qp‖² +
// 2 δ_qᵀ M_qp P_qpᵀ x_q).
func (o *Curvature) SquaredFrobenius() float64 {
	a, k := o.softmaxHessian(), o.Classes
	total := 0.0
	for p := 1; p <= o.Layers; p++ {
		as := make([]float64, k*o.width[p]) // A S_p
		kernel.MulNN64(as, a, o.sensitive[p], k, o.width[p], k, false)
		xp := float64(o.inputNorm[p] * o.inputNorm[p])
		path := o.between(p)
		for q := p; q <= o.Layers; q++ {
			m := make([]float64, o.width[q]*o.width[p]) // M_qp
			kernel.MulTN64(m, o.sensitive[q], as, o.width[q], o.width[p], k, false)
			xq := float64(o.inputNorm[q] * o.inputNorm[q])
			if q == p {
				total += float64(float64(xp*xp) * kernel.Dot64(m, m))
				continue
			}
			px := make([]float64, o.width[p]) // P_qpᵀ x_q
			kernel.MulTN64(px, path[q], o.x[q], o.width[p], 1, o.width[q-1], false)
			mx := make([]float64, o.width[q])
			kernel.MulNN64(mx, m, px, o.width[q], 1, o.width[p], false)
			sum := float64(xq*kernel.Dot64(m, m)) + float64(float64(o.deltaNorm[q]*o.deltaNorm[q])*kernel.Dot64(path[q], path[q]))
			sum += float64(2 * kernel.Dot64(o.delta[q], mx))
			total += float64(float64(2*xp) * sum)
		}
	}
	return total
}
