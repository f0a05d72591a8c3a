//go:build !noasm

package kernel

// vector says that the assembly can run here: every arm64 CPU that Go runs on
// has NEON with fused multiply-add. It is a variable for the tests.
var vector = true

const (
	vectorPath  = "neon"
	elementwise = false // only the products have assembly
)
