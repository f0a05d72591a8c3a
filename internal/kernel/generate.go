package kernel

//go:generate go -C ../../tools run ./kernelgen/mul -pkg kernel -out ../internal/kernel/mul_amd64.s -stubs ../internal/kernel/mul_amd64.go
//go:generate go -C ../../tools run ./kernelgen/pack -pkg kernel -out ../internal/kernel/pack_amd64.s -stubs ../internal/kernel/pack_amd64.go
//go:generate go -C ../../tools run ./kernelgen/peak -pkg kernel -out ../internal/kernel/peak_amd64.s -stubs ../internal/kernel/peak_amd64.go
//go:generate go -C ../../tools run ./kernelgen/sparse -pkg kernel -out ../internal/kernel/sparse_amd64.s -stubs ../internal/kernel/sparse_amd64.go
//go:generate go -C ../../tools run ./kernelgen/vector -pkg kernel -out ../internal/kernel/vector_amd64.s -stubs ../internal/kernel/vector_amd64.go
