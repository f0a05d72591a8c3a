//go:build noasm || !(amd64 || arm64)

package kernel

// There is no assembly in this build.
const (
	vector      = false
	elementwise = false
	wide        = false
)

func vectorPath() string { return "" }

type left[T float] struct {
	f        []T
	u        []uint8
	table    *[256]T
	row, col int
}

func product[T float](c []T, ldc int, a left[T], b []T, bRow, bCol, m, n, k int, add bool) {
	noVector()
}

func sparseRow32(out []float32, index []uint16, value, b []float32) { noVector() }

func scatterRow32(c []float32, index []uint16, value, d []float32) { noVector() }

func sparseBlock64(c []float64, ldc, h int, s *Sparse64, ptr []int32, b []float64, ldb int) {
	noVector()
}

func copyMatrix[T float](dst []T, ldd int, src []T, lds, m, n int) { noVector() }

func transpose[T float](dst []T, ldd int, a []T, lda, m, n int) { noVector() }
