package nn

import "github.com/landscape-pipe/landscape-pipe/internal/kernel"

// Float is the precision of training: float32 as the paper trains, float64 to
// compare with other implementations digit by digit.
type Float interface{ float32 | float64 }

// The functions below choose the kernel of the precision. The conversions to
// any compile away: the compiler makes one copy of each function per type.

// mulNN is c = a·b: a is m×k, b is k×n.
func mulNN[T Float](c, a, b []T, m, n, k int) {
	switch c := any(c).(type) {
	case []float32:
		kernel.MulNN32(c, any(a).([]float32), any(b).([]float32), m, n, k, false)
	case []float64:
		kernel.MulNN64(c, any(a).([]float64), any(b).([]float64), m, n, k, false)
	}
}

// mulTN is c = aᵀ·b: a is k×m, b is k×n.
func mulTN[T Float](c, a, b []T, m, n, k int) {
	switch c := any(c).(type) {
	case []float32:
		kernel.MulTN32(c, any(a).([]float32), any(b).([]float32), m, n, k, false)
	case []float64:
		kernel.MulTN64(c, any(a).([]float64), any(b).([]float64), m, n, k, false)
	}
}

// mulNT is c = a·bᵀ: a is m×k, b is n×k.
func mulNT[T Float](c, a, b []T, m, n, k int) {
	switch c := any(c).(type) {
	case []float32:
		kernel.MulNT32(c, any(a).([]float32), any(b).([]float32), m, n, k, false)
	case []float64:
		kernel.MulNT64(c, any(a).([]float64), any(b).([]float64), m, n, k, false)
	}
}

// relu sets x to max(x, 0).
func relu[T Float](x []T) {
	switch x := any(x).(type) {
	case []float32:
		kernel.ReLU32(x, x)
	case []float64:
		kernel.ReLU64(x, x)
	}
}

// maskReLU clears delta where x, the output of the ReLU, is not above 0.
func maskReLU[T Float](delta, x []T) {
	switch delta := any(delta).(type) {
	case []float32:
		kernel.MaskReLU32(delta, any(x).([]float32))
	case []float64:
		kernel.MaskReLU64(delta, any(x).([]float64))
	}
}

// transpose sets dst (cols×rows) to the transpose of a (rows×cols).
func transpose[T Float](dst, a []T, rows, cols int) {
	switch dst := any(dst).(type) {
	case []float32:
		kernel.Transpose32(dst, any(a).([]float32), rows, cols)
	case []float64:
		kernel.Transpose64(dst, any(a).([]float64), rows, cols)
	}
}
