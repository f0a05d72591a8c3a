package figures

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// read decodes a result of a network.
func read[R any](inputs map[string][]byte, result, network string) (R, error) {
	return artifact.Read[R](inputs, Input(result, network))
}

// readValues reads an array of finite numbers with that many dimensions.
func readValues(inputs map[string][]byte, result, network string, dimensions int) (values []float64, shape []int, err error) {
	name := Input(result, network)
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
