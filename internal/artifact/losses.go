package artifact

// LossStatistics describes the losses of one network on a set of objects.
type LossStatistics struct {
	// Objects is how many objects the numbers below are taken over.
	Objects int `json:"objects"`
	// Mean is the mean cross-entropy, in nats.
	Mean float64 `json:"mean"`
	// Std is the sample standard deviation (divisor n−1); 0 for one object.
	Std float64 `json:"std"`
	// MAD is the mean absolute deviation from the mean, mean |ℓ_i − mean ℓ|.
	// It alone decides the paper's curve: E|L_{k+1} − L_k| ≈ MAD/(k+1).
	MAD float64 `json:"mad"`
	// Max is the largest loss.
	Max float64 `json:"max"`
	// Accuracy is the share of objects whose label has the largest logit;
	// among equal logits the lowest class counts as the answer.
	Accuracy float64 `json:"accuracy"`
	// DeadFraction is the share of objects for which some hidden layer is
	// all zero, so that the logits are 0 and the loss is ln(classes).
	DeadFraction float64 `json:"dead_fraction"`
}

// Collapsed reports whether the network says the same about all objects: some
// hidden layer is dead for each of them, or all losses are equal.
func (s LossStatistics) Collapsed() bool { return s.DeadFraction == 1 || s.MAD == 0 }

// LossSummary is the output "summary" of the stage losses.
type LossSummary struct {
	// Sample is over the objects that the network was trained on: the first
	// k of the data set.
	Sample LossStatistics `json:"sample"`
	// All is over the whole data set, the training sample included.
	All LossStatistics `json:"all"`
}

// DifferenceSummary is the output "summary" of the stage differences: what the
// curve of |L_{k+1} − L_k| over random orders of the training sample amounts to.
type DifferenceSummary struct {
	// Objects is the size K of the training sample; the curve has K−1
	// points, k = 1 … K−1.
	Objects int `json:"objects"`
	// Permutations is how many random orders the curve averages.
	Permutations int `json:"permutations"`
	// EMA is the factor of the moving average, 0.99 in the paper.
	EMA float64 `json:"ema"`
	// MAD is mean |ℓ_i − mean ℓ| over the sample.
	MAD float64 `json:"mad"`
	// First is the mean of |L_2 − L_1| over the orders, where the moving
	// average starts.
	First float64 `json:"first"`
	// Last is the mean of |L_K − L_{K−1}| over the orders, not filtered.
	Last float64 `json:"last"`
	// EMALast is the last value of the moving average.
	EMALast float64 `json:"ema_last"`
}

// TrainingEnd is the output "end" of a training that lasts until a goal is reached.
type TrainingEnd struct {
	Epochs int `json:"epochs"` // of the training
	// Loss is the mean cross-entropy of the sample at the last weights, in nats,
	// and GradientNorm the Euclidean norm of its gradient by all weights.
	Loss         float64 `json:"loss"`
	GradientNorm float64 `json:"gradient_norm"`
	// Reached is false where the limit of epochs ended the training.
	Reached bool `json:"reached"`
}
