package kernel

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// minLogit is the least z_c − z_max whose exponential is not taken for 0.
const minLogit = -40

// SoftmaxCrossEntropy32 is the last step of a forward pass and the first of
// a backward pass. z holds logits, classes×n and feature-major: the logit of
// class c for object i is z[c*n+i]. It sets delta (same layout) to
// (softmax(z) − onehot(label))·scale and returns the sum of the losses
// log Σ_c exp(z_c − z_max) − (z_y − z_max) in float64, objects in index
// order. delta may be z. Maxima, exponentials and sums of exponentials are
// float32, classes in index order.
//
// exp(z_c − z_max) is taken for 0 where z_c − z_max < −40. It is less than 2⁻⁵⁷
// there, where the sum is at least 1, and would make delta, and the products with
// it, subnormal, which some processors are slow at.
func SoftmaxCrossEntropy32(delta, z []float32, labels []uint8, classes, n int, scale float32) float64 {
	if classes < 1 || len(z) < classes*n || len(delta) < classes*n || len(labels) < n {
		panic(fmt.Sprintf("kernel: softmax of %d classes × %d objects: z %d, delta %d, labels %d", classes, n, len(z), len(delta), len(labels)))
	}
	for _, y := range labels[:n] {
		if int(y) >= classes {
			panic(fmt.Sprintf("kernel: softmax of %d classes: label %d", classes, y))
		}
	}
	total := 0.0
	i := 0
	if wide && vector {
		var sum, own [16]float32
		for ; n-i >= 16; i += 16 {
			softmax32wide(&delta[i], &z[i], uintptr(n)*4, &labels[i], classes, scale, &sum, &own)
			for l, s := range sum {
				total += detmath.Log(float64(s)) - float64(own[l])
			}
		}
	}
	if elementwise && vector {
		var sum, own [8]float32
		for ; n-i >= 8; i += 8 {
			softmax32(&delta[i], &z[i], uintptr(n)*4, &labels[i], classes, scale, &sum, &own)
			for l, s := range sum {
				total += detmath.Log(float64(s)) - float64(own[l])
			}
		}
	}
	for ; i < n; i++ {
		sum, own := softmaxScalar32(delta, z, labels, classes, n, i, scale)
		total += detmath.Log(float64(sum)) - float64(own)
	}
	return total
}

// softmaxScalar32 does object i and returns its sum of exponentials and the
// logit of its own class less the greatest.
func softmaxScalar32(delta, z []float32, labels []uint8, classes, n, i int, scale float32) (sum, own float32) {
	top := z[i]
	for c := 1; c < classes; c++ {
		if v := z[c*n+i]; v > top {
			top = v
		}
	}
	y := int(labels[i])
	own = z[y*n+i] - top
	for c := range classes {
		e := float32(0)
		if x := z[c*n+i] - top; !(x < minLogit) {
			e = detmath.Exp32(x)
		}
		delta[c*n+i] = e
		sum += e
	}
	for c := range classes {
		p := delta[c*n+i] / sum
		if c == y {
			p -= 1
		}
		delta[c*n+i] = p * scale
	}
	return sum, own
}
