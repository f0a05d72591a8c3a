package landscapes

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// The inputs of a network are named by a prefix and Series.Network. Behind each
// prefix stands the stage and its output.
const (
	InputSpectrum = "spectrum/" // spectra, spectrum: result.Spectrum

	// InputDensity and InputRule are followed by the term and a slash:
	// density/H/, rule/H/.
	InputDensity = "density/" // density, density: result.Density
	InputRule    = "rule/"    // density, rule: .npy float64, probes × 2 × steps

	InputObjects       = "objects/"        // objects, objects: .npy float64, objects × 4
	InputHessians      = "hessians/"       // objects, hessians: .npy float64, m × 3; or of all objects λ_min(H_i) and λ_max(H_i), objects × 2
	InputObjectSummary = "object_summary/" // objects, summary: result.ObjectSummary

	InputIncrements = "increments/" // increments, increments: result.IncrementSummary

	InputSurface     = "surface/"      // surfaces, summary: result.SurfaceSummary
	InputLines       = "lines/"        // surfaces, lines: .npy float64, 4 × 3 × points
	InputEigenPlane  = "eigen_plane/"  // surfaces, eigen_plane: .npy float64, 3 × side × side
	InputRandomPlane = "random_plane/" // surfaces, random_plane: the same

	InputBounds     = "bounds/"      // bounds, bounds: result.BoundsSummary
	InputBall       = "ball/"        // ball, ball: result.BallSummary
	InputBallCurves = "ball_curves/" // ball, curves: .npy float64, directions × 2 × radii
	InputSampleSize = "samplesize/"  // samplesize, samplesize: result.SampleSizeSummary
	InputRotation   = "rotation/"    // rotation, rotation: result.Rotation
)

// readValues reads an array of finite numbers with that many dimensions.
func readValues(inputs map[string][]byte, name string, dimensions int) (values []float64, shape []int, err error) {
	a, err := npy.Decode(inputs[name])
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", name, err)
	}
	if values, err = npy.Values[float64](a); err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", name, err)
	}
	if len(a.Shape) != dimensions {
		return nil, nil, fmt.Errorf("input %s has shape %v: want %d dimensions", name, a.Shape, dimensions)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil, fmt.Errorf("input %s: value %d is %v", name, i, v)
		}
	}
	return values, a.Shape, nil
}
