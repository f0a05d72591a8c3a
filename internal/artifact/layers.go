package artifact

// Layers is the output "layers" of the stage layers: what is asked of a network
// besides the spectra of the whole H and G. What was not asked for is null.
type Layers struct {
	// GradientCosine is |g·v|/‖g‖ of the gradient g of the mean loss and each of the
	// top eigenvectors v of H; 0 where the gradient is zero.
	GradientCosine []float64 `json:"gradient_cosine"`
	// Blocks are the diagonal blocks of H and G, layer by layer.
	Blocks []LayerSpectrum `json:"blocks"`
	// Fisher is the empirical Fisher matrix, the mean of g_i g_iᵀ.
	Fisher *TermSpectrum `json:"fisher"`
}

// LayerSpectrum is about the diagonal blocks of one layer.
type LayerSpectrum struct {
	Parameters  int          `json:"parameters"`
	Hessian     TermSpectrum `json:"hessian"`
	GaussNewton TermSpectrum `json:"gauss_newton"`
	// Nodes and Weights of each probe are a quadrature rule of the spectral density of
	// the block of H; null where none was asked for.
	Nodes   [][]float64 `json:"nodes"`
	Weights [][]float64 `json:"weights"`
}
