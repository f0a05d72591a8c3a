package kernel

import "fmt"

// float is the precision of a product.
type float interface{ float32 | float64 }

// MulNN32 computes C = A·B, or C += A·B if add: A is m×k, B is k×n, C is m×n,
// row-major and contiguous. Each c[i,j] starts at its value (add) or at +0
// and takes one fused multiply-add per p = 0…k−1. C must not overlap A or B.
// It panics if a slice is too short for its shape.
func MulNN32(c, a, b []float32, m, n, k int, add bool) {
	MulStrided32(c, n, a, k, 1, b, n, 1, m, n, k, add)
}

// MulTN32 computes C = Aᵀ·B, or C += Aᵀ·B if add: A is k×m, B is k×n, C is
// m×n. Order and rules are those of [MulNN32].
func MulTN32(c, a, b []float32, m, n, k int, add bool) {
	MulStrided32(c, n, a, 1, m, b, n, 1, m, n, k, add)
}

// MulNT32 computes C = A·Bᵀ, or C += A·Bᵀ if add: A is m×k, B is n×k, C is
// m×n. Order and rules are those of [MulNN32].
func MulNT32(c, a, b []float32, m, n, k int, add bool) {
	MulStrided32(c, n, a, k, 1, b, 1, k, m, n, k, add)
}

// MulNN64 is [MulNN32] in float64.
func MulNN64(c, a, b []float64, m, n, k int, add bool) {
	mulStrided64(c, n, a, k, 1, b, n, 1, m, n, k, add)
}

// MulTN64 is [MulTN32] in float64.
func MulTN64(c, a, b []float64, m, n, k int, add bool) {
	mulStrided64(c, n, a, 1, m, b, n, 1, m, n, k, add)
}

// MulNT64 is [MulNT32] in float64.
func MulNT64(c, a, b []float64, m, n, k int, add bool) {
	mulStrided64(c, n, a, k, 1, b, 1, k, m, n, k, add)
}

// MulStrided32 is the product behind the others, with leading dimensions:
// element (i, p) of A is a[i*aRow+p*aCol], element (p, j) of B is
// b[p*bRow+j*bCol], element (i, j) of C is c[i*ldc+j], i < m, j < n, p < k.
// Strides are not negative and ldc ≥ n. Callers that share a product between
// goroutines give each its own rows or columns of C. It panics if a slice is
// too short for its shape.
func MulStrided32(c []float32, ldc int, a []float32, aRow, aCol int, b []float32, bRow, bCol int, m, n, k int, add bool) {
	checkProduct(len(c), ldc, len(a), aRow, aCol, len(b), bRow, bCol, m, n, k)
	if vector {
		product(c, ldc, left[float32]{f: a, row: aRow, col: aCol}, b, bRow, bCol, m, n, k, add)
		return
	}
	mulScalar32(c, ldc, a, aRow, aCol, b, bRow, bCol, m, n, k, add)
}

// mulStrided64 is [MulStrided32] in float64.
func mulStrided64(c []float64, ldc int, a []float64, aRow, aCol int, b []float64, bRow, bCol int, m, n, k int, add bool) {
	checkProduct(len(c), ldc, len(a), aRow, aCol, len(b), bRow, bCol, m, n, k)
	if vector {
		product(c, ldc, left[float64]{f: a, row: aRow, col: aCol}, b, bRow, bCol, m, n, k, add)
		return
	}
	mulScalar64(c, ldc, a, aRow, aCol, b, bRow, bCol, m, n, k, add)
}

// MulNN64U8 is [MulNN64] with A given as bytes: element (i, p) of A is
// table[u[i*ldu+p]], widened block by block on its way into the cache, so
// that the bytes and not their eightfold are streamed from memory.
func MulNN64U8(c []float64, u []uint8, ldu int, table *[256]float64, b []float64, m, n, k int, add bool) {
	checkProduct(len(c), n, len(u), ldu, 1, len(b), n, 1, m, n, k)
	if vector {
		product(c, n, left[float64]{u: u, table: table, row: ldu, col: 1}, b, n, 1, m, n, k, add)
		return
	}
	for i := range m {
		row := c[i*n : (i+1)*n]
		if !add {
			clear(row)
		}
		for p := range k {
			axpyScalar64(row, table[u[i*ldu+p]], b[p*n:(p+1)*n])
		}
	}
}

// MulTN64U8 is [MulTN64] with A given as bytes: element (p, i) of A (k×m) is
// table[u[p*ldu+i]]. To share it between goroutines give each a range of
// columns of u and the same rows of C.
func MulTN64U8(c []float64, u []uint8, ldu int, table *[256]float64, b []float64, m, n, k int, add bool) {
	checkProduct(len(c), n, len(u), 1, ldu, len(b), n, 1, m, n, k)
	if vector {
		product(c, n, left[float64]{u: u, table: table, row: 1, col: ldu}, b, n, 1, m, n, k, add)
		return
	}
	for i := range m {
		row := c[i*n : (i+1)*n]
		if !add {
			clear(row)
		}
		for p := range k {
			axpyScalar64(row, table[u[p*ldu+i]], b[p*n:(p+1)*n])
		}
	}
}

// checkProduct panics unless every element that a product touches exists:
// the assembly below it has no bounds checks of its own.
func checkProduct(lenC, ldc, lenA, aRow, aCol, lenB, bRow, bCol, m, n, k int) {
	if m < 0 || n < 0 || k < 0 || ldc < n || aRow < 0 || aCol < 0 || bRow < 0 || bCol < 0 {
		panic(fmt.Sprintf("kernel: product of shape %d×%d×%d with strides C %d, A (%d,%d), B (%d,%d)", m, n, k, ldc, aRow, aCol, bRow, bCol))
	}
	if m == 0 || n == 0 {
		return
	}
	if (m-1)*ldc+n > lenC {
		panic(fmt.Sprintf("kernel: C holds %d elements, too few for %d×%d with stride %d", lenC, m, n, ldc))
	}
	if k == 0 {
		return
	}
	if (m-1)*aRow+(k-1)*aCol >= lenA {
		panic(fmt.Sprintf("kernel: A holds %d elements, too few for %d×%d with strides (%d,%d)", lenA, m, k, aRow, aCol))
	}
	if (k-1)*bRow+(n-1)*bCol >= lenB {
		panic(fmt.Sprintf("kernel: B holds %d elements, too few for %d×%d with strides (%d,%d)", lenB, k, n, bRow, bCol))
	}
}
