package claims

import (
	"fmt"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// TestSufficientSize: the correlation over shapes of the needed size with m* decides.
func TestSufficientSize(t *testing.T) {
	for _, c := range []struct {
		name   string
		shapes int
		of     func(i int) float64 // m* of the shape whose needed size is 100·(i+1)
		want   artifact.Verdict
		says   string
	}{
		{"agree", 12, func(i int) float64 { return float64(10 * i) }, artifact.Holds, "by every criterion"},
		{"contradict", 12, func(i int) float64 { return float64(-10 * i) }, artifact.DoesNotHold, "need fewer objects"},
		{"unrelated", 12, func(i int) float64 { return float64(7 * i % 12) }, artifact.Undecided, "nothing certain"},
		{"few shapes", 4, func(i int) float64 { return float64(i) }, artifact.Undecided, fmt.Sprintf("needs %d shapes", fewestShapes)},
	} {
		var networks []network
		for i := range c.shapes {
			n := simulated(rng.New(41, "claims", "sufficient", 0), 4+i, 2, 6400, 0, 0.5, 0.1)
			n.needed = &artifact.NeededSize{Target: 0.01, Fit: &artifact.LawFit{Size: artifact.Interval{Estimate: float64(100 * (i + 1))}}, Criteria: []artifact.CriterionSize{{Name: "delta1", Median: 1000 + c.of(i)}}}
			networks = append(networks, n)
		}
		x := judged(t, sufficientSize, networks)[0]
		if x.Verdict != c.want || !strings.Contains(x.Conclusion, c.says) {
			t.Errorf("%s: %v, %s, %s", c.name, x.Verdict, x.Conclusion, x.Evidence)
		}
		networks[0].needed.Fit, networks[1].needed.Fit.Beyond = nil, true
		if x := judged(t, sufficientSize, networks)[0]; !strings.Contains(x.Evidence, fmt.Sprintf("1 of %d shapes need more than four times the largest sample, and 1 have no fit", c.shapes)) {
			t.Errorf("%s: evidence %s", c.name, x.Evidence)
		}
	}
	poor := simulated(rng.New(41, "claims", "sufficient", 0), 4, 2, 6400, 0, 0.5, 0.1)
	poor.needed = &artifact.NeededSize{Target: 0.01, Fit: &artifact.LawFit{Misfit: 0.2}, Criteria: []artifact.CriterionSize{{Name: "delta1"}}}
	if x := judged(t, sufficientSize, []network{poor})[0]; !strings.Contains(x.Evidence, "misses a mean loss of 1 shape by more than 5 %") {
		t.Errorf("a law that does not fit: evidence %s", x.Evidence)
	}
	n := simulated(rng.New(41, "claims", "sufficient", 0), 4, 2, 6400, 0, 0.5, 0.1)
	if x := judged(t, sufficientSize, []network{n})[0]; x.Verdict != artifact.NotTested {
		t.Errorf("nothing asked: %v", x.Verdict)
	}
}
