//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// vector says that the assembly can run here. GODEBUG=cpu.avx2=off,
// cpu.fma=off and cpu.all=off are honoured by the package that detects.
var vector = cpu.X86.HasAVX && cpu.X86.HasAVX2 && cpu.X86.HasFMA

const (
	vectorPath  = "avx2+fma"
	elementwise = true // the element-wise operations have assembly, not only the products
)
