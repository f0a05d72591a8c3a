//go:build !noasm

package peak

import "golang.org/x/sys/cpu"

var (
	vector = cpu.X86.HasAVX && cpu.X86.HasAVX2 && cpu.X86.HasFMA
	wide   = vector && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL
)
