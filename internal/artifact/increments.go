package artifact

import "fmt"

// OtherObject is an object beyond the next one, held against the mean over the
// first k.
type OtherObject struct {
	Object int `json:"object"` // i, counted from 0: more than k
	// HessianNorm is ‖H_i − H^(k)‖₂, with the residual of its certificate.
	HessianNorm float64 `json:"hessian_norm"`
	Residual    float64 `json:"residual"`
}

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
	// Others are some of the objects behind object k+1, and OthersMedian and
	// OthersMax the median and the largest of their HessianNorm; 0 where there
	// are none.
	Others       []OtherObject `json:"others"`
	OthersMedian float64       `json:"others_median"`
	OthersMax    float64       `json:"others_max"`
}

// Summarise fills in OthersMedian and OthersMax.
func (x *Increment) Summarise() {
	norms := make([]float64, len(x.Others))
	for i, o := range x.Others {
		norms[i] = o.HessianNorm
	}
	q := NewQuantiles(norms)
	x.OthersMedian, x.OthersMax = q.Median, q.Max
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
		for j, o := range x.Others {
			if o.Object <= x.K || j > 0 && o.Object <= x.Others[j-1].Object {
				return fmt.Errorf("increments[%d].others[%d] is object %d: want ascending ones beyond %d", i, j, o.Object, x.K)
			}
		}
	}
	return nil
}
