//go:build !noasm

package kernel

import "unsafe"

// lanes32[w] and lanes64[w] select the first w lanes of a vector.
var (
	lanes32 = func() (m [9][8]int32) {
		for w := range m {
			for l := range w {
				m[w][l] = -1
			}
		}
		return
	}()
	lanes64 = func() (m [5][4]int64) {
		for w := range m {
			for l := range w {
				m[w][l] = -1
			}
		}
		return
	}()
)

// panel computes m rows of a panel of C, width elements wide; strides are in
// elements.
func panel[T float](c *T, ldc int, a *T, aRow, aCol int, b *T, bRow, m, k int, add bool, width int) {
	size := unsafe.Sizeof(T(0))
	cs, ar, ac, br := uintptr(ldc)*size, uintptr(aRow)*size, uintptr(aCol)*size, uintptr(bRow)*size
	if size == 4 {
		c, a, b := (*float32)(unsafe.Pointer(c)), (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b))
		switch {
		case width == 16:
			panel32x2(c, cs, a, ar, ac, b, br, m, k, add)
		case width > 8:
			panel32x2mask(c, cs, a, ar, ac, b, br, m, k, add, &lanes32[width-8])
		case width == 8:
			panel32x1(c, cs, a, ar, ac, b, br, m, k, add)
		default:
			panel32x1mask(c, cs, a, ar, ac, b, br, m, k, add, &lanes32[width])
		}
		return
	}
	d, x, y := (*float64)(unsafe.Pointer(c)), (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b))
	switch {
	case width == 8:
		panel64x2(d, cs, x, ar, ac, y, br, m, k, add)
	case width > 4:
		panel64x2mask(d, cs, x, ar, ac, y, br, m, k, add, &lanes64[width-4])
	case width == 4:
		panel64x1(d, cs, x, ar, ac, y, br, m, k, add)
	default:
		panel64x1mask(d, cs, x, ar, ac, y, br, m, k, add, &lanes64[width])
	}
}
