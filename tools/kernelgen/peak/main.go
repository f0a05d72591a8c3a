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
	loop("peak32", "float32", VXORPS, VFMADD231PS)
	loop("peak64", "float64", VXORPD, VFMADD231PD)
	Generate()
}

func loop(name, kind string, zero, fma func(...Op)) {
	TEXT(name, NOSPLIT, "func(rounds int)")
	Doc(name + " does rounds·56 vector fused multiply-adds of " + kind + " on zeros.")
	n := Load(Param("rounds"), GP64())
	acc := make([]reg.VecVirtual, chains)
	for i := range acc {
		acc[i] = YMM()
		zero(acc[i], acc[i], acc[i])
	}
	x := YMM()
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
