//go:build noasm || !amd64

package kernel

// These are never called: elementwise is false in this build.

func relu32(dst, z *float32, vectors int) { noVector() }

func relu64(dst, z *float64, vectors int) { noVector() }

func maskReLU32(delta, x *float32, vectors int) { noVector() }

func maskReLU64(delta, x *float64, vectors int) { noVector() }

func adam32(w, m, v, g *float32, s *[6]float32, vectors int) { noVector() }

func colSums32half(dst, a *float32, row uintptr, rows int) { noVector() }

func colSums32x1(dst, a *float32, row uintptr, rows int) { noVector() }

func colSums32x4(dst, a *float32, row uintptr, rows int) { noVector() }

func colSums32x1wide(dst, a *float32, row uintptr, rows int) { noVector() }

func colSums32x4wide(dst, a *float32, row uintptr, rows int) { noVector() }

func widen32(dst *float32, u *uint8, scale, shift float32, vectors int) { noVector() }

func dot64(lane *[8]float64, x, y *float64, steps int) { noVector() }

func dot4x64(lane *[4][8]float64, x0, x1, x2, x3, y *float64, steps int) { noVector() }

func axpy64(y *float64, alpha float64, x *float64, vectors int) { noVector() }

func axpy4x64(y *float64, alpha *[4]float64, x0, x1, x2, x3 *float64, vectors int) { noVector() }

func scale64(x *float64, alpha float64, vectors int) { noVector() }

func mul64(dst, a, b *float64, vectors int) { noVector() }

func sumProducts64(dst, a, b, c, d *float64, vectors int) { noVector() }

func softmax32(delta, z *float32, row uintptr, labels *uint8, classes int, scale float32, sum, own *[8]float32) {
	noVector()
}

func softmax32wide(delta, z *float32, row uintptr, labels *uint8, classes int, scale float32, sum, own *[16]float32) {
	noVector()
}

func prefetchRow(index *uint16, value *float32, count int) { noVector() }

// noVector is never reached: vector is false in this build.
func noVector() { panic("kernel: no vector code in this build") }
