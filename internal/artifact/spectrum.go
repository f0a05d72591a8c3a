package artifact

import (
	"math"
)

// Eigenvalue is a computed eigenvalue with its certificate.
type Eigenvalue struct {
	Value float64 `json:"value"`
	// Residual is ‖Mv − value·v‖₂ for a unit vector v: an eigenvalue lies
	// within Residual + TermSpectrum.Rounding of Value. Rigorous.
	Residual float64 `json:"residual"`
	// Error is the Kato–Temple estimate residual²/gap of the error, the gap
	// taken from computed values: an estimate.
	Error float64 `json:"error"`
}

// TermSpectrum is about one of H, G and R. It is the output "eigenvalues" of
// the stage operator, and of spectra that of H.
type TermSpectrum struct {
	// Norm is the largest |eigenvalue| found, ‖·‖₂ up to its residual.
	Norm float64 `json:"norm"`
	// Trace is exact unless there is a TraceError. With a piecewise linear
	// activation that of H equals that of G, and that of R is 0.
	Trace float64 `json:"trace"`
	// TraceError is the half-width of the 95 % interval of an estimated Trace.
	TraceError float64 `json:"trace_error,omitempty"`
	// Frobenius is the Frobenius norm, null where it is not exact.
	Frobenius *float64 `json:"frobenius"`
	// Top are the largest eigenvalues, descending; Bottom the smallest,
	// ascending.
	Top    []Eigenvalue `json:"top"`
	Bottom []Eigenvalue `json:"bottom"`
	// Outliers is how many of Top stand above the largest ratio of
	// neighbours, and Gap that ratio; 0 and 0 where Top has no two positive
	// values.
	Outliers int     `json:"outliers"`
	Gap      float64 `json:"gap"`
	// Method is "lanczos", "dense" (the whole matrix) or "gram" (the Gram
	// matrix of the objects' factors, G alone).
	Method string `json:"method"`
	// Products counts the products with the operator.
	Products int `json:"products"`
	// Converged is false where the search gave up at its limit of products;
	// residuals hold nevertheless.
	Converged bool `json:"converged"`
	// Block is ‖MV − VΘ‖₂ over all values together: as many eigenvalues as
	// there are values lie within Block + Rounding of them, one each.
	Block float64 `json:"block"`
	// Rounding bounds what rounding in the products adds to a residual.
	Rounding float64 `json:"rounding"`
	// Missed bounds the probability, over random starting vectors, that the
	// largest eigenvalue lies more than 0.1 % of the spectrum's width above
	// Top[0] (Kuczyński and Woźniakowski, 1992). Where Complete is not null, it
	// bounds the probability that a value is missing among those listed.
	Missed float64 `json:"missed"`
	// Complete is how many values of Top and Bottom are known to be all that
	// there are up to there; it is left out where nobody asked.
	Complete *Complete `json:"complete,omitempty"`
	// EstimatorError is the largest |Lanczos − exact| over the listed
	// values, relative to Norm; null where no exact spectrum was computed.
	EstimatorError *float64 `json:"estimator_error"`
}

// SetExact takes the ends of the spectrum, at most so many values at either, from
// all eigenvalues of the matrix, ascending. Their error is the solver's backward
// error, n·2⁻⁵²·‖M‖.
func (t *TermSpectrum) SetExact(values []float64, top, bottom int) {
	n := len(values)
	t.Norm = max(math.Abs(values[0]), math.Abs(values[n-1]))
	slack := float64(float64(n) * float64(t.Norm*0x1p-52))
	exact := func(x float64) Eigenvalue { return Eigenvalue{Value: x, Residual: slack, Error: slack} }
	t.Top, t.Bottom = []Eigenvalue{}, []Eigenvalue{}
	for i := range min(top, n) {
		t.Top = append(t.Top, exact(values[n-1-i]))
	}
	for i := range min(bottom, n) {
		t.Bottom = append(t.Bottom, exact(values[i]))
	}
	t.Block, t.Rounding, t.Converged, t.Missed = slack, slack, true, 0
}

// Complete is how many values, counted from either end of a spectrum, are known
// to lack none in between, of how many were asked for.
type Complete struct {
	Top         int `json:"top"`
	Bottom      int `json:"bottom"`
	AskedTop    int `json:"asked_top"`
	AskedBottom int `json:"asked_bottom"`
	// Products is how many the search for missing values took.
	Products int `json:"products"`
	// NextTop and NextBottom are the values before which the lists end, where
	// these are not whole.
	NextTop    *Multiple `json:"next_top,omitempty"`
	NextBottom *Multiple `json:"next_bottom,omitempty"`
}

// Multiple is an eigenvalue that occurs at least Copies times.
type Multiple struct {
	Value  float64 `json:"value"`
	Copies int     `json:"copies"`
}

// Whole reports whether all values that were asked for are there.
func (c *Complete) Whole() bool {
	return c == nil || c.Top >= c.AskedTop && c.Bottom >= c.AskedBottom
}

// ClassStructure compares the outliers of G with the class means of the
// factors √P_c J_iᵀ(e_c − P_i) (Papyan, 2019).
type ClassStructure struct {
	// Predicted are the eigenvalues of the Gram matrix of the K² weighted
	// class means, descending, as many as TermSpectrum.Top of G.
	Predicted []float64 `json:"predicted"`
	// Share of each of G's top eigenvalues that the class means explain:
	// vᵀMv/λ for M the sum of their squares; of fewer of them where the
	// eigenvectors are too large to be kept.
	Share []float64 `json:"share"`
	// Cosine of the angle between each top eigenvector and the span of the
	// class means.
	Cosine []float64 `json:"cosine"`
}

// LayerBlocks are the spectral norms of the blocks H_qp = ∂²L/∂W_q∂W_p, L×L
// and symmetric, with the largest residual of the iteration that found each.
type LayerBlocks struct {
	Hessian     [][]float64 `json:"hessian"`
	GaussNewton [][]float64 `json:"gauss_newton"`
	// Residual is the largest residual of all blocks' singular pairs,
	// relative to the block's norm: each norm is at least what is listed.
	Residual float64 `json:"residual"`
}

// KinkMargin is how near the point is to a change of the ReLUs' pattern.
type KinkMargin struct {
	// Objects is how many objects were searched, the first of the sample.
	Objects int `json:"objects"`
	// Margin is the smallest |z|/‖∂z/∂θ‖ over their hidden units: the first
	// ReLU flips at about this distance in θ.
	Margin float64 `json:"margin"`
	// Object, Layer (1 for the first hidden layer) and Unit say where.
	Object int `json:"object"`
	Layer  int `json:"layer"`
	Unit   int `json:"unit"`
}

// NullSpace lists what makes eigenvalues zero.
type NullSpace struct {
	// DeadUnits of each hidden layer are never active over the sample.
	DeadUnits []int `json:"dead_units"`
	// DeadObjects have a hidden layer that is all zero: H_i = 0.
	DeadObjects int `json:"dead_objects"`
	// Rescaling directions, Σ_{p<L} n_p: zero for G everywhere, for H where
	// the gradient is zero.
	Rescaling int `json:"rescaling"`
	// SoftmaxShift directions, n_{L−1}: zero for H and G everywhere.
	SoftmaxShift int `json:"softmax_shift"`
	// ConstantInputs have one value over the whole sample.
	ConstantInputs int `json:"constant_inputs"`
	// Guaranteed is how many eigenvalues of H are zero wherever θ lies, by
	// softmax shift and constant inputs.
	Guaranteed int         `json:"guaranteed"`
	Kink       *KinkMargin `json:"kink"`
}

// Spectrum is the output "spectrum" of the stages spectra and structure: the
// curvature of the mean loss of one network over a sample.
type Spectrum struct {
	Objects      int          `json:"objects"`    // k
	Parameters   int          `json:"parameters"` // P
	Layers       int          `json:"layers"`     // L, weight matrices
	Widths       []int        `json:"widths"`     // n_0 … n_L
	Loss         float64      `json:"loss"`
	GradientNorm float64      `json:"gradient_norm"`
	Hessian      TermSpectrum `json:"hessian"`
	GaussNewton  TermSpectrum `json:"gauss_newton"`
	HTerm        TermSpectrum `json:"h_term"`
	// Ratio is ‖G‖₂/‖H‖₂.
	Ratio float64 `json:"ratio"`
	// LayerTraces are the traces of the blocks H_pp, which are G_pp where the
	// activation is piecewise linear.
	LayerTraces []float64 `json:"layer_traces"`
	// ClassStructure and LayerBlocks are null where they were not asked for
	// or are too large.
	ClassStructure *ClassStructure `json:"class_structure"`
	LayerBlocks    *LayerBlocks    `json:"layer_blocks"`
	NullSpace      NullSpace       `json:"null_space"`
}

// Density is the output "density" of the stage density: what belongs to the
// quadrature rules of the spectral density of one operator.
type Density struct {
	Term       string `json:"term"` // H, G or R
	Objects    int    `json:"objects"`
	Parameters int    `json:"parameters"`
	Steps      int    `json:"steps"`
	Probes     int    `json:"probes"`
	// Deflated are the outliers' eigenvalues, descending, as the spectrum has
	// them: their eigenvectors were projected out of the probes, so the rules
	// describe the other Parameters − len(Deflated) eigenvalues.
	Deflated []float64 `json:"deflated"`
	// Mass is the share of all eigenvalues that the rules describe.
	Mass float64 `json:"mass"`
	// FirstMoment is the exact mean of the eigenvalues that the rules
	// describe, (trace − Σ Deflated)/(Parameters − len(Deflated)), and
	// EstimatedMoment what the rules give, with its standard error over
	// probes.
	FirstMoment     float64 `json:"first_moment"`
	EstimatedMoment float64 `json:"estimated_moment"`
	MomentError     float64 `json:"moment_error"`
	// ProbeMoments are the first moments of the single probes' rules.
	ProbeMoments []float64 `json:"probe_moments"`
	Products     int       `json:"products"` // of the quadrature
}

// Estimate fills in Probes, EstimatedMoment and MomentError from ProbeMoments.
func (d *Density) Estimate() {
	n := float64(len(d.ProbeMoments))
	d.Probes, d.EstimatedMoment, d.MomentError = len(d.ProbeMoments), 0, 0
	for _, m := range d.ProbeMoments {
		d.EstimatedMoment += m / n
	}
	if n > 1 {
		sum := 0.0
		for _, m := range d.ProbeMoments {
			sum += float64((m - d.EstimatedMoment) * (m - d.EstimatedMoment))
		}
		d.MomentError = math.Sqrt(sum / float64(n*(n-1)))
	}
}
