package curvature

import (
	"context"
	"fmt"
	"math"
)

// Eigenspace is the span of an operator's eigenvectors for its largest
// eigenvalues.
type Eigenspace struct {
	Values  []float64   // descending
	Vectors [][]float64 // orthonormal
	// Error estimates by how much the space is off, as the sine of an angle:
	// the residuals over the gap behind the last value (Davis and Kahan, 1970,
	// with both gap and residuals as computed); 1 where there is no gap.
	Error float64
}

// TopEigenspace finds the eigenspace of that dimension; each value has the
// relative tolerance by the estimate residual²/gap.
func (op *Operator) TopEigenspace(ctx context.Context, dimension int, tolerance float64, seed int64) (*Eigenspace, error) {
	if dimension < 1 || dimension >= op.Dim() {
		return nil, fmt.Errorf("eigenspace of dimension %d of a matrix of %d weights", dimension, op.Dim())
	}
	// One value more than needed is found, for the gap behind the space.
	found, err := op.Ends(ctx, Ends{Top: dimension + 1, Tolerance: tolerance, Floor: 1e-14, Seed: seed}, nil)
	if err != nil {
		return nil, err
	}
	e := &Eigenspace{Error: 1}
	spread := 0.0
	for _, pair := range found.Top[:dimension] {
		e.Values, e.Vectors = append(e.Values, pair.Value), append(e.Vectors, pair.Vector)
		spread += float64(pair.Residual * pair.Residual)
	}
	if gap := e.Values[dimension-1] - found.Top[dimension].Value; gap > 0 {
		e.Error = min(math.Sqrt(spread)/gap, 1)
	}
	return e, nil
}
