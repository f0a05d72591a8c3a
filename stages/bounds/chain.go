package bounds

import (
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
)

// tolerance is how far, relatively, a computed bound may be below what it
// bounds by rounding. Where a probability underflows both are that small.
const (
	tolerance = 1e-9
	tiny      = 1e-290
)

func below(bound, exact float64) bool { return bound < float64(exact*(1-tolerance))-tiny }

// previous says before which bounds of the chain each stands: it must not be
// below them. The first of them is the step whose slack is shown.
var previous = map[string][]string{
	"B1": {"B0"}, "B2": {"B0"}, "B3": {"B2", "B1"}, "B4": {"B3"}, "B5": {"B4"}, "B6": {"B5"}, "B7": {"B6"}, "B8": {"B7"},
	"B9": {"B8"}, "B10": {"B9"}, // as printed: broken where T1 and T7 bite
	"alpha_plus_c": {"B1"}, "B0_plus_C": {"B0"}, "H_uniform": {"B0_plus_C", "alpha_plus_c"},
}

// printed are the formulas of the paper as they stand there.
func printed(name string) bool { return name == "B9" || name == "B10" }

// uniform are the bounds that are one number for all objects: they bound the
// largest norm.
func uniform(name string) bool {
	return slices.Contains([]string{"B7", "B8", "B9", "B10", "H_uniform"}, name)
}

// bounded names the matrix whose norm a bound is of.
func bounded(name string) string {
	switch name {
	case "C":
		return "R"
	case "alpha_plus_c", "B0_plus_C", "H_uniform":
		return "H"
	}
	return "G"
}

// chain compares every bound with the exact norms; norms are ‖H_i‖₂.
func (e *evaluation) chain(norms []float64) []artifact.BoundStatistics {
	gauss := e.objects.Row("B0")
	largest := map[string]float64{"G": slices.Max(e.norms.GaussNewton), "H": slices.Max(norms)}
	list := make([]artifact.BoundStatistics, 0, len(object.BoundNames))
	for b, name := range object.BoundNames {
		values := e.objects.Rows[b]
		s := artifact.BoundStatistics{Name: name, Of: bounded(name), Printed: printed(name), Uniform: uniform(name), Values: e.quantiles(values)}
		exact := gauss
		if s.Of == "H" {
			exact = norms
		}
		for j, v := range values {
			if s.Of != "R" && below(v, exact[j]) {
				s.Violations++
			}
			// ‖R_i‖ = ‖H_i − G_i‖ is at least |‖H_i‖ − ‖G_i‖|.
			if s.Of == "R" && below(v+float64(tolerance*gauss[j]), math.Abs(norms[j]-gauss[j])) {
				s.Violations++
			}
			if below(v, norms[j]) {
				s.ViolationsHessian++
			}
		}
		if s.Uniform {
			s.Slack = ratio(s.Values.Max, largest[s.Of])
		} else {
			s.Slack = medianRatio(values[:e.spread], exact)
		}
		for i, before := range previous[name] {
			row := e.objects.Row(before)
			if i == 0 {
				s.Step = medianRatio(values[:e.spread], row)
				s.StepOfMedians = ratio(s.Values.Median, e.quantiles(row).Median)
			}
			for j, v := range values {
				if below(v, row[j]) {
					s.OutOfOrder++
				}
			}
		}
		list = append(list, s)
	}
	return list
}

// ratio is upper/lower, 0 where lower is 0.
func ratio(upper, lower float64) float64 {
	if !(lower > tiny) {
		return 0
	}
	return capped(upper / lower)
}

// medianRatio is the median of upper/lower over the objects whose lower is not
// zero; 0 where there is none.
func medianRatio(upper, lower []float64) float64 {
	var ratios []float64
	for j, u := range upper {
		if lower[j] > tiny {
			ratios = append(ratios, ratio(u, lower[j]))
		}
	}
	return artifact.NewQuantiles(ratios).Median
}
