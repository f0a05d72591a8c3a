// Package kernel holds the products and element-wise operations that training
// and curvature spend their time in. They give the same bits on every machine:
// with AVX-512, with AVX2 and FMA, with NEON, in plain Go, under every GOAMD64,
// with the build tag noasm and with GODEBUG=cpu.avx512f=off, cpu.fma=off,
// cpu.avx2=off or cpu.all=off.
//
// # What is fixed
//
// The result of each operation is defined here, not by the code that runs:
//
//   - A product is a chain per element of C: it starts at +0, or at C's value
//     if add, and takes one fused multiply-add (one rounding) per term, terms
//     in index order. Blocking over terms stores the chain in C and continues
//     from there, which changes nothing; a chain is never split.
//   - A product with a sparse row has two chains per element, stored values
//     number 0, 2, 4… and 1, 3, 5…; the second is added to the first at the
//     end. SparseMulTN32 has one chain, in the order of the batch.
//   - A sum to one number (Dot64, Sum64) has 8 virtual lanes: element i goes to
//     lane i mod 8. Then the upper half of the lanes is added to the lower,
//     until one is left.
//   - ColSums32 adds rows in index order.
//   - SumProducts64 rounds both products and then their sum.
//   - ReLU32, MaskReLU32 and their twins compare with > and mask: a zero of
//     either sign and a NaN give +0.
//   - Adam32 and SoftmaxCrossEntropy32 round every operation by itself, in the
//     order written in their scalar form. The exponential is detmath.Exp32.
//
// Vector code has an element of the output per lane, so neither its width nor
// its tiles can be seen in the result. The scalar twin of a float32 fused
// multiply-add is fma32: exact product, sum rounded to odd, rounded once more.
//
// Callers must check for NaN: its bits may differ between paths, and ReLU turns
// it into +0, so check weights or losses before anything is stored.
//
// # Layout
//
// Matrices are row-major and contiguous; MulStrided32 takes strides.
// Functions panic if a slice is too short for its shape, and allocate
// nothing once their buffers are warm. They run on one goroutine; callers
// share work by giving each goroutine rows or columns of the output.
//
// For a batch of objects the fastest layout is feature-major, one column per
// object, since then every width of network fills the lanes: a hidden layer is
// MulNN32(z, w, x), its backward step MulTN32(dx, w, dz), its gradient
// MulNT32(dw, dz, x). The first layer reads the objects row by row and needs its
// weights transposed (inputs × h).
//
// # Assembly
//
// The AVX2 and AVX-512 code (*_amd64.s) is written by the generators under
// tools/kernelgen; the NEON code is written by hand. SelfTest compares the results
// of this machine with digests that hold on every machine.
//
// The 512-bit forms do whole vectors only; a rest of less than 16 float32 or 8
// float64 is done by the 256-bit code, so a vector of 512 bits never has an idle
// lane. There is none for Dot64 and Dot4x64, whose eight virtual lanes would be a
// single chain with the latency that two of 256 bits have, nor for packing and
// transposing, which wait for memory. tools/avx512/run.sh runs them in an emulated
// processor.
package kernel

//go:generate go -C ../../tools run ./kernelgen/mul -pkg kernel -out ../internal/kernel/mul_amd64.s -stubs ../internal/kernel/mul_amd64.go
//go:generate go -C ../../tools run ./kernelgen/pack -pkg kernel -out ../internal/kernel/pack_amd64.s -stubs ../internal/kernel/pack_amd64.go
//go:generate go -C ../../tools run ./kernelgen/peak -pkg peak -out ../internal/kernel/peak/peak_amd64.s -stubs ../internal/kernel/peak/peak_amd64.go
//go:generate go -C ../../tools run ./kernelgen/sparse -pkg kernel -out ../internal/kernel/sparse_amd64.s -stubs ../internal/kernel/sparse_amd64.go
//go:generate go -C ../../tools run ./kernelgen/vector -pkg kernel -out ../internal/kernel/vector_amd64.s -stubs ../internal/kernel/vector_amd64.go
