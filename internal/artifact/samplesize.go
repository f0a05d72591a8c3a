package artifact

// MonteCarlo is an estimate with the standard error of its mean.
type MonteCarlo struct {
	Value float64 `json:"value"`
	Error float64 `json:"error"`
}

// Criterion is one measure of how much one more object changes the loss. Its
// mean over random orders of the objects is V/(k(k+1)), V being what the
// fields below give.
type Criterion struct {
	// Name is "delta1" for (L_{k+1} − L_k)² at θ*; "delta2_eigen" for its
	// mean over θ* + Uξ, ξ ~ N(0, σ²I), U the top eigenvectors of H; and
	// "delta2" for that over all weights.
	Name  string  `json:"name"`
	Sigma float64 `json:"sigma"` // 0 for delta1
	// The terms of the closed form: Var ℓ, σ² Cov(ℓ, tr B), σ² Σ_d Var c_d,
	// and (σ⁴/4)(2 Σ Var B_de + Var tr B).
	Loss       float64 `json:"loss"`
	Covariance float64 `json:"covariance"`
	Gradient   float64 `json:"gradient"`
	Curvature  float64 `json:"curvature"`
	// Closed is their sum; its Error is 0 except for delta2, where the
	// Frobenius norms are estimated.
	Closed MonteCarlo `json:"closed"`
	// Quadratic is the same by drawing ξ and the quadratic model of each
	// object, Direct by drawing ξ and the loss itself, with the same draws.
	// Excess is the mean of Direct − Quadratic: what the model misses. Null
	// for delta1, where nothing is drawn.
	Quadratic *MonteCarlo `json:"quadratic"`
	Direct    *MonteCarlo `json:"direct"`
	Excess    *MonteCarlo `json:"excess"`
	// Sufficient is m*(ε) for each of the epsilons.
	Sufficient []Sufficient `json:"sufficient"`
}

// Sufficient is the sample size from which one more object changes the loss by
// at most Epsilon: the root of the criterion is at most that.
type Sufficient struct {
	Epsilon float64 `json:"epsilon"`
	// Closed is the smallest k with √(V/(k(k+1))) ≤ ε. The mean over orders
	// falls with k, so both definitions agree on it. Beyond is set where it
	// exceeds the sample, an extrapolation; it is capped at 2⁵³.
	Closed int64 `json:"closed"`
	Beyond bool  `json:"beyond"`
	// First is the first k of a single order with a change of at most ε,
	// and Always the smallest k from which on it stays so to the end of the
	// sample; quantiles over orders. Reached is the share of orders in
	// which it stays so at all: the others count as the sample size. Null
	// for delta2, which has no cheap path.
	First   *Quantiles `json:"first"`
	Always  *Quantiles `json:"always"`
	Reached float64    `json:"reached"`
}

// SampleSizeSummary is the output "samplesize" of the stage samplesize.
type SampleSizeSummary struct {
	SampleSize  int         `json:"sample_size"`
	Parameters  int         `json:"parameters"`
	Dimensions  int         `json:"dimensions"` // D, the eigenvectors used
	Eigenvalues []float64   `json:"eigenvalues"`
	Orders      int         `json:"orders"`
	Draws       int         `json:"draws"`      // pairs ±ξ in the eigenspace
	FullDraws   int         `json:"full_draws"` // pairs ±ξ over all weights
	MAD         float64     `json:"mad"`        // E|L_{k+1} − L_k| ≈ MAD/(k+1)
	Criteria    []Criterion `json:"criteria"`
}
