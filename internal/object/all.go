package object

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// Spread returns m of the numbers 0 … n−1, evenly spread and ascending; all of
// them where m is 0 or at least n.
func Spread(n, m int) []int {
	if m <= 0 || m > n {
		m = n
	}
	list := make([]int, m)
	for i := range list {
		list[i] = i * n / m
	}
	return list
}

// Bounds holds one number per object for each of the bounds.
type Bounds struct {
	Objects []int
	// Rows[b][j] is the bound BoundNames[b] of object Objects[j].
	Rows [][]float64
	// Least and Largest are λ_min(H_i) and λ_max(H_i).
	Least, Largest []float64
	Dead           []bool // a hidden layer is all zero: H_i = 0
}

// Norm is ‖H_i‖₂ of object Objects[j].
func (b *Bounds) Norm(j int) float64 { return max(-b.Least[j], b.Largest[j]) }

// Row returns the bound of that name, or nil.
func (b *Bounds) Row(name string) []float64 {
	for i, n := range BoundNames {
		if n == name {
			return b.Rows[i]
		}
	}
	return nil
}

// NewBounds computes the bounds of the listed objects and the exact ends of the
// spectrum of each H_i, and keeps finished objects as parts.
func NewBounds(ctx context.Context, pt *curvature.Point, keep Part, objects []int, c Constants, progress func(done, total int)) (*Bounds, error) {
	bounds := len(BoundNames)
	columns := bounds + 3
	rows, err := Rows(ctx, pt, keep, "bounds", objects, columns, progress, func(row []float64, o *Curvature) error {
		values, err := o.Bounds(c)
		if err != nil {
			return err
		}
		copy(row, values)
		if o.Dead() {
			row[bounds] = 1
		}
		row[bounds+1], row[bounds+2], err = o.Hessian(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	column := func(c int) []float64 {
		values := make([]float64, len(objects))
		for j := range values {
			values[j] = rows[columns*j+c]
		}
		return values
	}
	b := &Bounds{Objects: objects, Least: column(bounds + 1), Largest: column(bounds + 2)}
	for c := range bounds {
		b.Rows = append(b.Rows, column(c))
	}
	for _, dead := range column(bounds) {
		b.Dead = append(b.Dead, dead != 0)
	}
	return b, nil
}

// each calls f for each of the objects, on the workers of the point.
func each(ctx context.Context, pt *curvature.Point, objects []int, progress func(done, total int), f func(j int, o *Curvature) error) error {
	var done atomic.Int64
	return parallel.Try(ctx, pt.Workers, len(objects), func(j int) error {
		if err := f(j, New(pt, objects[j])); err != nil {
			return fmt.Errorf("object %d: %w", objects[j], err)
		}
		if progress != nil {
			progress(int(done.Add(1)), len(objects))
		}
		return nil
	})
}

// Part is how a long computation keeps finished parts of its work: it returns
// the bytes of f, or those that an interrupted run kept under the name.
type Part func(name string, f func() ([]byte, error)) ([]byte, error)

// perPart is how many objects are one part.
const perPart = 64

// Rows fills one row of numbers for each of the listed objects, on the workers
// of the point, and keeps finished rows as parts. The name tells these parts from
// those of other rows.
func Rows(ctx context.Context, pt *curvature.Point, keep Part, name string, objects []int, columns int, progress func(done, total int), fill func(row []float64, o *Curvature) error) ([]float64, error) {
	all := make([]float64, 0, columns*len(objects))
	var done atomic.Int64
	step := func(int, int) {
		if d := done.Add(1); progress != nil {
			progress(int(d), len(objects))
		}
	}
	for from := 0; from < len(objects); from += perPart {
		some := objects[from:min(from+perPart, len(objects))]
		b, err := keep(fmt.Sprintf("%s %d-%d", name, from, from+len(some)-1), func() ([]byte, error) {
			rows := make([]float64, columns*len(some))
			err := each(ctx, pt, some, step, func(j int, o *Curvature) error { return fill(rows[columns*j:columns*(j+1)], o) })
			return npy.Encode([]int{len(some), columns}, rows), err
		})
		if err != nil {
			return nil, err
		}
		done.Store(int64(from + len(some)))
		rows, _, err := npy.Read[float64](map[string][]byte{name: b}, name, len(some), columns)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// Norms are what is known of one object without an eigenvalue of H_i. All except
// the loss are 0 where Dead: a hidden layer is all zero.
type Norms struct {
	Loss        float64
	GaussNewton float64 // ‖G_i‖₂
	Trace       float64 // tr H_i, which is tr G_i for piecewise linear activations
	Frobenius   float64 // ‖H_i‖_F
	Dead        bool
}

// Norms returns the exact norms of the object.
func (o *Curvature) Norms() (Norms, error) {
	n := Norms{Loss: o.Loss, Dead: o.Dead()}
	if n.Dead {
		return n, nil
	}
	values, err := o.GaussNewton()
	if err != nil {
		return n, err
	}
	n.GaussNewton = max(values[len(values)-1], 0)
	n.Trace = o.HessianTrace()
	n.Frobenius, err = o.Frobenius()
	return n, err
}

// Sizes are what is known of every object without a pass over pairs of layers.
type Sizes struct {
	GaussNewton []float64 // ‖G_i‖₂, exact
	Trace       []float64 // tr H_i, exact
	HTerm       []float64 // ≥ ‖R_i‖₂, see [NewSizes]
	Gradient    []float64 // ‖∇ℓ_i‖₂ = √Σ_p ‖δ_p‖²‖x_p‖²
}

// NewSizes goes through all objects. With ‖P_qp‖ ≤ Π_{p<s<q} ‖W_s‖ the matrix
// [c_pq] of the bound C is made of norms of layers and activations; its spectral
// norm is not below C and needs no product of matrices. Only slopes of at most 1
// allow that: for other activations it is C itself.
func NewSizes(ctx context.Context, pt *curvature.Point, c Constants, progress func(done, total int)) (*Sizes, error) {
	k, layers := pt.Data.Objects, pt.Network.Layers()
	n := &Sizes{make([]float64, k), make([]float64, k), make([]float64, k), make([]float64, k)}
	err := each(ctx, pt, Spread(k, k), progress, func(i int, o *Curvature) error {
		values, err := o.GaussNewton()
		if err != nil {
			return err
		}
		n.GaussNewton[i] = max(values[len(values)-1], 0)
		n.Trace[i] = o.HessianTrace()
		squares, gradients := 0.0, make([]float64, layers)
		m := make([]float64, layers*layers)
		for p := 1; p <= layers; p++ {
			x := float64(o.deltaNorm[p] * o.inputNorm[p])
			squares += float64(x * x)
			gradients[p-1] = x
			between := 1.0
			for q := p + 1; q <= layers; q++ {
				x := float64(float64(o.deltaNorm[q]*between) * o.inputNorm[p])
				m[(p-1)*layers+q-1], m[(q-1)*layers+p-1] = x, x
				between = float64(between * c.LayerNorm[q-1])
			}
		}
		if n.Gradient[i] = math.Sqrt(squares); !kernel.InRange64(squares) {
			n.Gradient[i] = kernel.Norm64(gradients)
		}
		if o.Dead() {
			return nil
		}
		if o.bending != nil {
			if m, err = o.crossNorms(); err != nil {
				return err
			}
		}
		n.HTerm[i], err = spectralNorm(m, layers, layers)
		return err
	})
	return n, err
}

// SquaredFrobenius returns ‖H_i‖_F² of the listed objects.
func SquaredFrobenius(ctx context.Context, pt *curvature.Point, objects []int) ([]float64, error) {
	squares := make([]float64, len(objects))
	err := each(ctx, pt, objects, nil, func(j int, o *Curvature) error {
		squares[j] = o.SquaredFrobenius()
		return nil
	})
	return squares, err
}
