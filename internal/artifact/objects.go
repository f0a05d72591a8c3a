package artifact

import (
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

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

// NewQuantiles describes the values, which must not be NaN; all zero where
// there are none. Quantiles between two values are interpolated (Hyndman and
// Fan's definition 7). An infinite mean or value becomes the largest number
// there is, because JSON has no infinity.
func NewQuantiles(values []float64) Quantiles {
	if len(values) == 0 {
		return Quantiles{}
	}
	v := slices.Clone(values)
	slices.Sort(v)
	for i := range v {
		v[i] = min(v[i], math.MaxFloat64)
	}
	mean, n := 0.0, float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	at := func(q float64) float64 { return stats.Quantile(v, q) }
	return Quantiles{
		Min: v[0], Q05: at(0.05), Q25: at(0.25), Median: at(0.5), Q75: at(0.75), Q95: at(0.95), Max: v[len(v)-1],
		Mean: min(mean, math.MaxFloat64),
	}
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

// OtherObject is an object after the next one, compared with the mean over the
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
	// HessianNorm is ‖∇²ℓ_{k+1} − H^(k)‖₂ of the new object's own Hessian and
	// the mean over the first k, with the residual of its certificate.
	HessianNorm     float64 `json:"hessian_norm"`
	Residual        float64 `json:"residual"`
	AbsLoss         float64 `json:"abs_loss"`         // |L_{k+1} − L_k|
	SampleHessian   float64 `json:"sample_hessian"`   // ‖H^(k)‖₂
	SampleGN        float64 `json:"sample_gn"`        // ‖G^(k)‖₂
	ObjectHessian   float64 `json:"object_hessian"`   // ‖∇²ℓ_{k+1}‖₂
	LargestSine     float64 `json:"largest_sine"`     // sine of the largest principal angle between the top eigenspaces of H^(k) and H^(k+1)
	FrobeniusSine   float64 `json:"frobenius_sine"`   // root of the sum of all squared sines
	EigenspaceError float64 `json:"eigenspace_error"` // bound-like estimate of the sines' error: residuals over gap
	EigenspaceDim   int     `json:"eigenspace_dim"`   // how many vectors; 0 where not asked for
	// Others are some of the objects after object k+1, and OthersMedian and
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
