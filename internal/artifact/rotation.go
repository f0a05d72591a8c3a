package artifact

import "fmt"

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

// Validate reports the first field that is missing or impossible.
func (r Rotation) Validate() error {
	if r.Objects < 1 || r.Dimension < 1 || r.Dimension >= r.Parameters || len(r.Snapshots) < 1 {
		return fmt.Errorf("%d objects, dimension %d of %d parameters, %d snapshots", r.Objects, r.Dimension, r.Parameters, len(r.Snapshots))
	}
	for i, s := range r.Snapshots {
		if s.Epoch < 0 || i > 0 && s.Epoch <= r.Snapshots[i-1].Epoch || len(s.Values) != r.Dimension {
			return fmt.Errorf("snapshots[%d]: epoch %d with %d values: want ascending epochs and %d values", i, s.Epoch, len(s.Values), r.Dimension)
		}
	}
	for i, p := range r.Pairs {
		if p.From >= p.To || !(p.Overlap >= 0 && p.Overlap <= 1) {
			return fmt.Errorf("pairs[%d]: overlap %v from epoch %d to %d", i, p.Overlap, p.From, p.To)
		}
	}
	return nil
}
