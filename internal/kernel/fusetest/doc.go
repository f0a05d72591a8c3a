// Package fusetest holds a test and nothing else: it compiles the code that
// reaches artifacts for targets on which Go's compiler fuses a product and a
// sum into one instruction, and fails where it did so outside the scalar
// kernels, whose fused multiply-add is meant.
package fusetest
