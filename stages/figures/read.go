package figures

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// read decodes a result of a network.
func read[R any](inputs map[string][]byte, result string, network artifact.Network) (R, error) {
	return artifact.Read[R](inputs, network.Result(result))
}

// readValues reads a result that is an array of finite numbers. It must have
// that shape, where −1 stands for any length.
func readValues(inputs map[string][]byte, result string, network artifact.Network, want ...int) (values []float64, shape []int, err error) {
	name := network.Result(result)
	if values, shape, err = npy.Read[float64](inputs, name, want...); err != nil {
		return nil, nil, err
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil, fmt.Errorf("input %s: value %d is %v", name, i, v)
		}
	}
	return values, shape, nil
}
