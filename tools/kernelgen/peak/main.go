// Command peak writes the loops that measure what a core can do at most:
//
//	go run ./kernelgen/peak -pkg peak -out ../internal/kernel/peak/peak_amd64.s -stubs ../internal/kernel/peak/peak_amd64.go
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Chains and steps: enough accumulators in flight to hide the latency of a
// fused multiply-add, nothing else in the loop.
const (
	chains = 14
	steps  = 4
)

func main() {
	ConstraintExpr("!noasm")
	ymm, zmm := func() reg.VecVirtual { return YMM() }, func() reg.VecVirtual { return ZMM() }
	loop("peak32", "256 bits of float32", ymm, VXORPS, VFMADD231PS)
	loop("peak64", "256 bits of float64", ymm, VXORPD, VFMADD231PD)
	loop("peakWide32", "512 bits of float32", zmm, VXORPS, VFMADD231PS)
	loop("peakWide64", "512 bits of float64", zmm, VXORPD, VFMADD231PD)
	Generate()
}

func loop(name, kind string, register func() reg.VecVirtual, zero, fma func(...Op)) {
	TEXT(name, NOSPLIT, "func(rounds int)")
	Doc(name + " does rounds·56 fused multiply-adds of vectors of " + kind + " on zeros.")
	n := Load(Param("rounds"), GP64())
	acc := make([]reg.VecVirtual, chains)
	for i := range acc {
		acc[i] = register()
		zero(acc[i], acc[i], acc[i])
	}
	x := register()
	zero(x, x, x)
	Label("loop")
	for range steps {
		for _, y := range acc {
			fma(x, x, y)
		}
	}
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
