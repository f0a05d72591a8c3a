package nn

import "github.com/landscape-pipe/landscape-pipe/internal/kernel"

// firstLayer computes the two products with the inputs, which cost most of a
// training step and profit from knowing what the inputs are. rows name the
// objects of the batch; wt and g are n_0×h, transposed; z and delta are batch×h.
type firstLayer[T Float] interface {
	forward(z []T, rows []int32, wt []T, h int)     // z = X[rows]·wt
	gradient(g []T, rows []int32, delta []T, h int) // g = X[rows]ᵀ·delta
}

// newFirstLayer chooses by the data: sparse or dense bytes, or features.
func newFirstLayer(in Inputs, batch, h int) firstLayer[float32] {
	switch {
	case in.Bytes == nil:
		return newFloatLayer(in.Floats, in.Width, batch)
	case in.sparse():
		return newSparseLayer(in, h)
	default:
		return newByteLayer(in, batch)
	}
}

// batchMatrix is room for the gathered inputs of a batch, a row an object.
type batchMatrix[T Float] struct {
	x             []T
	width, stride int
}

func newBatchMatrix[T Float](batch, width int) batchMatrix[T] {
	// An odd multiple of 16 values keeps the rows out of each other's cache
	// sets; 768 and 3072 would put them all into a few.
	stride := (width+15)/16*16 | 16
	return batchMatrix[T]{x: make([]T, batch*stride), width: width, stride: stride}
}

// times sets z (n×h) to the first n rows times wt.
func (m batchMatrix[T]) times(z, wt []T, n, h int) {
	switch x := any(m.x).(type) {
	case []float32:
		kernel.MulStrided32(any(z).([]float32), h, x, m.stride, 1, any(wt).([]float32), h, 1, n, h, m.width, false)
	case []float64:
		kernel.MulStrided64(any(z).([]float64), h, x, m.stride, 1, any(wt).([]float64), h, 1, n, h, m.width, false)
	}
}

// transposedTimes sets g (width×h) to the first n rows, transposed, times delta.
func (m batchMatrix[T]) transposedTimes(g, delta []T, n, h int) {
	switch x := any(m.x).(type) {
	case []float32:
		kernel.MulStrided32(any(g).([]float32), h, x, 1, m.stride, any(delta).([]float32), h, 1, m.width, h, n, false)
	case []float64:
		kernel.MulStrided64(any(g).([]float64), h, x, 1, m.stride, any(delta).([]float64), h, 1, m.width, h, n, false)
	}
}

// floatLayer multiplies with rows of floats. The batch is gathered once, in
// forward, and read again by gradient.
type floatLayer[T Float] struct {
	x     []T
	batch batchMatrix[T]
}

func newFloatLayer[T Float](x []T, width, batch int) *floatLayer[T] {
	return &floatLayer[T]{x: x, batch: newBatchMatrix[T](batch, width)}
}

func (l *floatLayer[T]) forward(z []T, rows []int32, wt []T, h int) {
	width := l.batch.width
	for i, r := range rows {
		copy(l.batch.x[i*l.batch.stride:][:width], l.x[int(r)*width:])
	}
	l.batch.times(z, wt, len(rows), h)
}

func (l *floatLayer[T]) gradient(g []T, rows []int32, delta []T, h int) {
	l.batch.transposedTimes(g, delta, len(rows), h)
}

// byteLayer multiplies with pixels, widened to float32 as they are gathered.
type byteLayer struct {
	pixels []uint8
	batch  batchMatrix[float32]
}

func newByteLayer(in Inputs, batch int) *byteLayer {
	return &byteLayer{pixels: in.Bytes, batch: newBatchMatrix[float32](batch, in.Width)}
}

func (l *byteLayer) forward(z []float32, rows []int32, wt []float32, h int) {
	kernel.Gather32(l.batch.x, l.batch.stride, l.pixels, l.batch.width, rows, pixelScale, -1)
	l.batch.times(z, wt, len(rows), h)
}

func (l *byteLayer) gradient(g []float32, rows []int32, delta []float32, h int) {
	l.batch.transposedTimes(g, delta, len(rows), h)
}

// pixelScale takes a byte to [0, 2].
const pixelScale = 2.0 / 255

// sparseLayer multiplies with pixels most of which are zero: with v = 2u/255,
// X = V − 1·1ᵀ, so X·wt is the sparse V·wt less the column sums of wt in each
// row, and Xᵀ·Δ is Vᵀ·Δ less the column sums of Δ in each row.
type sparseLayer struct {
	pixels *kernel.Sparse32
	sums   []float32
}

func newSparseLayer(in Inputs, h int) *sparseLayer {
	var table [256]float32
	for u := range table {
		table[u] = float32(float64(u) * pixelScale)
	}
	return &sparseLayer{
		pixels: kernel.NewSparse32(in.Bytes, in.Objects, in.Width, &table),
		sums:   make([]float32, h),
	}
}

func (l *sparseLayer) forward(z []float32, rows []int32, wt []float32, h int) {
	kernel.ColSums32(l.sums, wt, l.pixels.Cols, h, -1)
	kernel.SparseMulNN32(z, l.pixels, rows, wt, h, l.sums)
}

func (l *sparseLayer) gradient(g []float32, rows []int32, delta []float32, h int) {
	kernel.ColSums32(l.sums, delta, len(rows), h, -1)
	kernel.SparseMulTN32(g, l.pixels, rows, delta, h, l.sums)
}
