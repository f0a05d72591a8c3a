package result

import "fmt"

// Increment is what one more object does to loss and curvature at a fixed
// point of the weights.
type Increment struct {
	K int `json:"k"`
	// HessianNorm is ‖H_{k+1} − H^(k)‖₂ of the new object's own Hessian and
	// the mean over the first k, with the residual of its certificate.
	HessianNorm     float64 `json:"hessian_norm"`
	Residual        float64 `json:"residual"`
	AbsLoss         float64 `json:"abs_loss"`         // |L_{k+1} − L_k|
	SampleHessian   float64 `json:"sample_hessian"`   // ‖H^(k)‖₂
	SampleGN        float64 `json:"sample_gn"`        // ‖G^(k)‖₂
	ObjectHessian   float64 `json:"object_hessian"`   // ‖H_{k+1}‖₂
	LargestSine     float64 `json:"largest_sine"`     // sine of the largest principal angle between the top eigenspaces of H^(k) and H^(k+1)
	FrobeniusSine   float64 `json:"frobenius_sine"`   // root of the sum of all squared sines
	EigenspaceError float64 `json:"eigenspace_error"` // bound-like estimate of the sines' error: residuals over gap
	EigenspaceDim   int     `json:"eigenspace_dim"`   // how many vectors; 0 where not asked for
}

// IncrementSummary is the output "increments" of the stage increments.
type IncrementSummary struct {
	Parameters int         `json:"parameters"`
	Increments []Increment `json:"increments"` // k ascending
}

// Validate reports the first field that is missing or impossible.
func (s IncrementSummary) Validate() error {
	for i, x := range s.Increments {
		if x.K < 1 || i > 0 && x.K <= s.Increments[i-1].K {
			return fmt.Errorf("increments[%d].k is %d: want ascending sizes from 1", i, x.K)
		}
	}
	return nil
}
