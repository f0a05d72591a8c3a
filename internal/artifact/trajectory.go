package artifact

// TrajectoryPoint is the curvature of a network's mean loss after some epoch of its
// training.
type TrajectoryPoint struct {
	Epoch        int     `json:"epoch"` // 0: before the first step
	Loss         float64 `json:"loss"`  // mean over the sample
	GradientNorm float64 `json:"gradient_norm"`
	// Hessian, GaussNewton and HTerm are ‖·‖₂ of H, G and R = H − G, lower bounds up
	// to Residual, the largest of the residuals.
	Hessian     float64 `json:"hessian"`
	GaussNewton float64 `json:"gauss_newton"`
	HTerm       float64 `json:"h_term"`
	Residual    float64 `json:"residual"`
	// Largest and Least are the ends of H's spectrum.
	Largest float64 `json:"largest"`
	Least   float64 `json:"least"`
	Trace   float64 `json:"trace"` // of H and of G, exact
	// The bounds that one number gives for all objects, from the norms of the weights:
	// Theorem1 and Lemma1 as printed, which need not hold, and the corrected ones of
	// ‖G_i‖₂ and ‖H_i‖₂.
	Theorem1             float64 `json:"theorem_1"`
	Lemma1               float64 `json:"lemma_1"`
	CorrectedGaussNewton float64 `json:"corrected_gauss_newton"`
	CorrectedHessian     float64 `json:"corrected_hessian"`
}

// Share is ‖G‖₂/‖H‖₂; 0 for a network without curvature.
func (p TrajectoryPoint) Share() float64 {
	if p.Hessian == 0 {
		return 0
	}
	return p.GaussNewton / p.Hessian
}

// Trajectory is the output "trajectory" of the stage trajectory.
type Trajectory struct {
	Objects    int               `json:"objects"` // k
	Parameters int               `json:"parameters"`
	Points     []TrajectoryPoint `json:"points"` // by ascending epoch
}
