package eigen

import (
	"context"
	"errors"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// ErrOverflow says that a number is infinite or NaN: the values that it was
// formed from are too large for float64.
var ErrOverflow = errors.New("the numbers are too large for float64")

// negligible is the norm below which an operator counts as zero: its products
// have lost their digits to underflow.
const negligible = 0x1p-960

// balanced is an operator times a power of two, chosen at its first product so
// that squares of norms neither over- nor underflow. The factor is 1 for
// operators of ordinary size, and 0 for one that counts as zero.
type balanced struct {
	Operator
	scale  float64
	chosen bool
}

// choose sets the factor for an operator of that norm.
func (b *balanced) choose(norm float64) {
	b.chosen = true
	if b.scale = kernel.Balance64(norm); norm < negligible {
		b.scale = 0
	}
}

// Apply multiplies by the operator and the factor.
func (b *balanced) Apply(ctx context.Context, dst, src []float64, block int) error {
	if err := b.Operator.Apply(ctx, dst, src, block); err != nil {
		return err
	}
	if !b.chosen {
		b.choose(kernel.MaxAbs64(dst))
	}
	if b.scale != 1 {
		kernel.Scale64(dst, b.scale)
	}
	return nil
}

// factor is what values of the operator have to be multiplied by to be those of
// the balanced one.
func (b *balanced) factor() float64 {
	if b.scale == 0 {
		return 1
	}
	return b.scale
}

// inverse is what values of the balanced operator have to be multiplied by to
// be those of the operator itself.
func (b *balanced) inverse() float64 {
	return 1 / b.factor()
}

// multiply scales the values of a result, and reports an overflow.
func (r *Result) multiply(c float64) error {
	if c == 1 {
		return nil
	}
	for _, list := range [][]Pair{r.Top, r.Bottom} {
		for i := range list {
			list[i].multiply(c)
		}
	}
	for _, list := range [][]spare{r.topSpares, r.bottomSpares} {
		for i := range list {
			list[i].value *= c
			kernel.Scale64(list[i].residual, c)
		}
	}
	r.Block, r.Rounding, r.Norm = float64(r.Block*c), float64(r.Rounding*c), float64(r.Norm*c)
	if math.IsInf(r.Norm, 0) {
		return ErrOverflow
	}
	return nil
}

func (p *Pair) multiply(c float64) {
	p.Value, p.Residual, p.Error = float64(p.Value*c), float64(p.Residual*c), float64(p.Error*c)
}
