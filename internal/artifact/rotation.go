package artifact

// RotationSnapshot is the top eigenspace of the Hessian after some epoch of
// training.
type RotationSnapshot struct {
	Epoch  int       `json:"epoch"`  // 0: before the first step
	Loss   float64   `json:"loss"`   // mean over the sample
	Values []float64 `json:"values"` // the eigenvalues of the space, descending
	// Error estimates by how much the space is off, as the sine of an angle: 1
	// where no gap tells it from the rest, as after a collapse.
	Error float64 `json:"error"`
}

// RotationPair compares the top eigenspaces after two epochs by their principal
// angles.
type RotationPair struct {
	From int `json:"from"` // epochs
	To   int `json:"to"`
	// Overlap is the mean squared cosine of the angles: 1 for the same space,
	// Rotation.Chance for two that have nothing to do with each other.
	Overlap       float64 `json:"overlap"`
	LargestSine   float64 `json:"largest_sine"`
	FrobeniusSine float64 `json:"frobenius_sine"` // root of the sum of all squared sines
	Error         float64 `json:"error"`          // of each sine: the errors of both spaces
}

// Rotation is the output "rotation" of the stage rotation: how the top
// eigenspace of H^(k) turns while a network is trained.
type Rotation struct {
	Objects    int                `json:"objects"` // k
	Parameters int                `json:"parameters"`
	Dimension  int                `json:"dimension"` // of the spaces
	Chance     float64            `json:"chance"`    // expected overlap of random spaces: dimension/parameters
	Snapshots  []RotationSnapshot `json:"snapshots"`
	// Pairs are of each snapshot with the one before it, and of each with the
	// first and the last.
	Pairs []RotationPair `json:"pairs"`
}

// Pair returns the comparison of two epochs.
func (r Rotation) Pair(from, to int) (RotationPair, bool) {
	for _, p := range r.Pairs {
		if p.From == from && p.To == to {
			return p, true
		}
	}
	return RotationPair{}, false
}
