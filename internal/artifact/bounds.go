package artifact

// BoundStatistics is one bound of the chain over the evaluated objects.
type BoundStatistics struct {
	Name string `json:"name"` // B0 … B10, C, alpha_plus_c, B0_plus_C, H_uniform
	// Of is the norm that it bounds: "G" for ‖G_i‖₂, "R" for ‖R_i‖₂, "H"
	// for ‖H_i‖₂.
	Of string `json:"of"`
	// Printed is true for a formula of the paper that is not valid in
	// general: Theorem 1 (B9) and Lemma 1 (B10).
	Printed bool `json:"printed"`
	// Uniform is true for a bound that is one number for all objects.
	Uniform bool      `json:"uniform"`
	Values  Quantiles `json:"values"`
	// Slack is the median over objects of bound/exact, exact being the norm
	// Of (and ‖G_i‖₂ for Of = "R"); objects whose exact norm is 0 are left
	// out. A uniform bound bounds the largest norm: its slack is bound/largest,
	// ‖G_i‖₂ of all objects of the sample, ‖H_i‖₂ of the evaluated ones. 0
	// where all norms are 0.
	Slack float64 `json:"slack"`
	// Step is the median of bound/(the bound before it in the chain), the
	// slack of this step alone, and StepOfMedians the ratio of the medians;
	// 0 for the first bound and where the one before is 0.
	Step          float64 `json:"step"`
	StepOfMedians float64 `json:"step_of_medians"`
	// Violations counts objects on which the bound is below the exact norm,
	// and ViolationsHessian those on which it is below ‖H_i‖₂, which
	// Theorem 1 speaks of (T4). A corrected bound has no Violations.
	Violations        int `json:"violations"`
	ViolationsHessian int `json:"violations_hessian"`
	// OutOfOrder counts objects on which it is below the one before it.
	OutOfOrder int `json:"out_of_order"`
}

// SampleBounds is the step from objects to their mean:
// ‖H^(k)‖ ≤ mean ‖H_i‖ ≤ max ‖H_i‖.
type SampleBounds struct {
	// All objects of the sample, ‖G_i‖₂ exact.
	HessianNorm     float64 `json:"hessian_norm"` // ‖H^(k)‖₂ by Lanczos, a lower bound up to Residual
	Residual        float64 `json:"residual"`
	LeastEigenvalue float64 `json:"least_eigenvalue"`
	MeanGN          float64 `json:"mean_gn"`    // mean ‖G_i‖₂ ≥ ‖G^(k)‖₂
	LargestGN       float64 `json:"largest_gn"` // max ‖G_i‖₂
	MeanUpper       float64 `json:"mean_upper"` // mean of ‖G_i‖ + C'_i ≥ ‖H^(k)‖₂
	LargestUpper    float64 `json:"largest_upper"`
	// The evenly spread objects, ‖H_i‖₂ exact.
	SpreadNorm     float64 `json:"spread_norm"` // ‖H‖₂ of their mean
	SpreadResidual float64 `json:"spread_residual"`
	SpreadMean     float64 `json:"spread_mean"`
	SpreadLargest  float64 `json:"spread_largest"`
	Violation      bool    `json:"violation"`
}

// IncrementBounds encloses ‖D‖₂, D = ∇²ℓ_{k+1} − H^(k), between
// |‖∇²ℓ_{k+1}‖ − ‖H^(k)‖| and max(λmax(∇²ℓ_{k+1}) − λmin(H^(k)),
// λmax(H^(k)) − λmin(∇²ℓ_{k+1})).
type IncrementBounds struct {
	K        int     `json:"k"`
	Norm     float64 `json:"norm"` // ‖D‖₂ by Lanczos
	Residual float64 `json:"residual"`
	Lower    float64 `json:"lower"`
	Upper    float64 `json:"upper"`
	// Sum is ‖∇²ℓ_{k+1}‖ + ‖H^(k)‖, what the triangle inequality gives, and
	// Larger the larger of the two: ‖D‖ may exceed it, because H_i is indefinite.
	Sum       float64 `json:"sum"`
	Larger    float64 `json:"larger"`
	Printed   float64 `json:"printed"` // 2 M_H, Theorem 1
	Violation bool    `json:"violation"`
}

// LossBounds is the bounds of |L_{k+1} − L_k| at one k over a grid of R.
type LossBounds struct {
	K     int       `json:"k"`
	Radii []float64 `json:"radii"`
	// Actual is |L_{k+1} − L_k| at θ*, where R = 0.
	Actual float64    `json:"actual"`
	Forms  []LossForm `json:"forms"`
	// GradientRadius is the R below which the gradient term, which the paper
	// leaves out, exceeds the quadratic one: 2‖Δg‖/‖D‖ (T3).
	GradientRadius float64 `json:"gradient_radius"`
}

// LossForm is one bound over the radii.
type LossForm struct {
	Name    string    `json:"name"`
	Printed bool      `json:"printed"`
	Values  []float64 `json:"values"`
}

// TheoryError is one of the errors of the paper's theory, with its size on
// this network.
type TheoryError struct {
	Number string `json:"number"` // T1 … T11
	What   string `json:"what"`
	// PrintedText and CorrectedText say what the two numbers are.
	PrintedText   string  `json:"printed_text"`
	Printed       float64 `json:"printed"`
	CorrectedText string  `json:"corrected_text"`
	Corrected     float64 `json:"corrected"`
	// Violation is set where the printed formula fails on this network.
	Violation bool `json:"violation"`
}

// BoundsConstants are what the uniform bounds are made of.
type BoundsConstants struct {
	LargestInput    float64   `json:"largest_input"`  // M_x
	LargestLayer    float64   `json:"largest_layer"`  // M_W
	LargestWeight   float64   `json:"largest_weight"` // M
	Width           int       `json:"width"`          // h
	LayerNorms      []float64 `json:"layer_norms"`    // ‖W_p‖₂
	LargestLoss     float64   `json:"largest_loss"`   // M_ℓ
	LargestGradient float64   `json:"largest_gradient"`
	MeanGradient    float64   `json:"mean_gradient"` // ‖∇L_k‖₂: 0 at a stationary point
	// Theorem1Holds is M_W ≥ 0.595, from where on Theorem 1 as printed
	// bounds ‖G_i‖ in spite of T1.
	Theorem1Holds bool `json:"theorem1_holds"`
}

// BoundsSummary is the output "bounds" of the stage bounds.
type BoundsSummary struct {
	SampleSize    int               `json:"sample_size"`
	Parameters    int               `json:"parameters"`
	WeightLayers  int               `json:"weight_layers"` // L of the theory
	Objects       int               `json:"objects"`       // evenly spread: the quantiles are over these
	Top           int               `json:"top"`           // further ones with the largest ‖G_i‖: they enter Max and the violations
	Dead          int               `json:"dead"`          // of all evaluated ones
	Constants     BoundsConstants   `json:"constants"`
	GaussNewton   Quantiles         `json:"gauss_newton"` // ‖G_i‖₂ of all objects of the sample
	Hessian       Quantiles         `json:"hessian"`      // ‖H_i‖₂ of the evaluated ones
	Bounds        []BoundStatistics `json:"bounds"`
	Sample        SampleBounds      `json:"sample"`
	Increments    []IncrementBounds `json:"increments"`
	Losses        []LossBounds      `json:"losses"`
	Errors        []TheoryError     `json:"errors"`
	KinkBound     float64           `json:"kink_bound"` // a ReLU flips within this distance of θ (T10); 0 if none is on
	AnyViolations bool              `json:"any_violations"`
}

// Bound returns the statistics of the bound of that name.
func (s BoundsSummary) Bound(name string) (BoundStatistics, bool) {
	for _, b := range s.Bounds {
		if b.Name == name {
			return b, true
		}
	}
	return BoundStatistics{}, false
}
