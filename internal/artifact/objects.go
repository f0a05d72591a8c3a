package artifact

import "fmt"

// Quantiles describe a distribution over objects.
type Quantiles struct {
	Min    float64 `json:"min"`
	Q05    float64 `json:"q05"`
	Q25    float64 `json:"q25"`
	Median float64 `json:"median"`
	Q75    float64 `json:"q75"`
	Q95    float64 `json:"q95"`
	Max    float64 `json:"max"`
	Mean   float64 `json:"mean"`
}

// ObjectSummary is the output "summary" of the stage objects.
type ObjectSummary struct {
	Objects          int       `json:"objects"`
	Dead             int       `json:"dead"` // objects with H_i = 0 because a hidden layer is all zero
	Loss             Quantiles `json:"loss"`
	GaussNewtonNorm  Quantiles `json:"gauss_newton_norm"` // ‖G_i‖₂
	Trace            Quantiles `json:"trace"`             // tr G_i = tr H_i
	HessianFrobenius Quantiles `json:"hessian_frobenius"` // ‖H_i‖_F
	// Exact is for how many objects ‖H_i‖₂ was computed: those with the
	// largest upper bounds, the least of B1 and C by blocks, B0 + C and
	// ‖H_i‖_F. NextBound is the largest bound of the others, 0 where there are
	// none.
	Exact          int     `json:"exact"`
	NextBound      float64 `json:"next_bound"`
	LargestHessian float64 `json:"largest_hessian"`
	// MaximumProven is whether LargestHessian is the largest ‖H_i‖₂ of all
	// objects: no bound of the others is above it.
	MaximumProven bool    `json:"maximum_proven"`
	LeastHessian  float64 `json:"least_hessian"` // the smallest λ_min(H_i) among them
}

// Validate reports the first field that is missing or impossible.
func (s ObjectSummary) Validate() error {
	if s.Objects < 1 || s.Exact < 0 || s.Exact > s.Objects || s.Dead > s.Objects {
		return fmt.Errorf("%d objects, %d of them exact, %d dead", s.Objects, s.Exact, s.Dead)
	}
	return nil
}
