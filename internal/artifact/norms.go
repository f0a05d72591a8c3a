package artifact

// NormsPoint is the size of the curvature of a network's mean loss after some epoch of
// its training.
type NormsPoint struct {
	Epoch int     `json:"epoch"` // 0: before the first step
	Loss  float64 `json:"loss"`  // mean over the objects
	// Hessian and GaussNewton are ‖·‖₂ of H and G to 1e-3, by the estimate
	// residual²/gap; Residual is the larger of their residuals.
	Hessian     float64 `json:"hessian"`
	GaussNewton float64 `json:"gauss_newton"`
	Residual    float64 `json:"residual"`
	Products    int     `json:"products"` // with H and G, that both norms took
	// PowerHessian and PowerGaussNewton are the Rayleigh quotients of H, its absolute
	// value, and of G after PowerIterations of Norms from a random vector; 0 without any.
	PowerHessian     float64 `json:"power_hessian"`
	PowerGaussNewton float64 `json:"power_gauss_newton"`
	// SpectralBound and FrobeniusBound are √2·L·M_x²·M_W^(2L−2), where M_W is the largest
	// spectral or the largest Frobenius norm of a weight matrix, without biases.
	SpectralBound  float64 `json:"spectral_bound"`
	FrobeniusBound float64 `json:"frobenius_bound"`
}

// Share is ‖G‖₂/‖H‖₂; 0 for a network without curvature.
func (p NormsPoint) Share() float64 {
	if p.Hessian == 0 {
		return 0
	}
	return p.GaussNewton / p.Hessian
}

// Norms is the output "norms" of the stages norms and norms_batch.
type Norms struct {
	Objects         int          `json:"objects"`
	Parameters      int          `json:"parameters"`
	PowerIterations int          `json:"power_iterations"`
	Points          []NormsPoint `json:"points"` // by ascending epoch
}
