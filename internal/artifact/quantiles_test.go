package artifact

import (
	"math"
	"testing"
)

func TestQuantiles(t *testing.T) {
	q := NewQuantiles([]float64{4, 1, 3, 2, 5})
	if q.Min != 1 || q.Max != 5 || q.Median != 3 || math.Abs(q.Mean-3) > 1e-15 || q.Q25 != 2 || q.Q75 != 4 || math.Abs(q.Q05-1.2) > 1e-15 {
		t.Errorf("%+v", q)
	}
	if q = NewQuantiles([]float64{7}); q.Min != 7 || q.Q95 != 7 || q.Mean != 7 {
		t.Errorf("%+v", q)
	}
	if q = NewQuantiles([]float64{1, math.Inf(1)}); q.Max != math.MaxFloat64 || math.IsInf(q.Mean, 0) {
		t.Errorf("infinite values: %+v", q)
	}
	if q = NewQuantiles(nil); q != (Quantiles{}) {
		t.Errorf("no values: %+v", q)
	}
}
