package artifact

import (
	"math"
	"slices"
)

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
	at := func(q float64) float64 {
		place := float64(q * float64(len(v)-1))
		low := int(math.Floor(place))
		a, b := v[low], v[min(low+1, len(v)-1)]
		return a + float64((place-float64(low))*(b-a))
	}
	return Quantiles{
		Min: v[0], Q05: at(0.05), Q25: at(0.25), Median: at(0.5), Q75: at(0.75), Q95: at(0.95), Max: v[len(v)-1],
		Mean: min(mean, math.MaxFloat64),
	}
}
