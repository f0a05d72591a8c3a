package tables

import (
	"math"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// bound is B0 … B10, one of the full-Hessian or increment forms, or H_exact; of
// is the norm that it bounds. min to q95 are quantiles over the evenly spread
// objects, max is over all evaluated ones; for increments, at the k in the
// column at, they are one number. slack is the median of bound/exact, step that
// of bound/(the one before it in the chain).
var boundColumns = []string{
	"bound", "at", "of", "printed", "min", "q05", "q25", "median", "q75", "q95", "max",
	"exact_median", "exact_max", "slack", "step", "violations", "violations_hessian",
}

// boundRow is a row of the table.
type boundRow struct {
	name, at, of       string
	printed            bool
	values, exact      artifact.Quantiles
	slack, step        float64
	violations, beyond int
}

func (b boundRow) cells() []string {
	v := b.values
	return []string{
		b.name, b.at, b.of, strconv.FormatBool(b.printed),
		number(v.Min), number(v.Q05), number(v.Q25), number(v.Median), number(v.Q75), number(v.Q95), number(v.Max),
		number(b.exact.Median), number(b.exact.Max), number(b.slack), number(b.step), strconv.Itoa(b.violations), strconv.Itoa(b.beyond),
	}
}

func boundCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	s, err := artifact.Read[artifact.BoundsSummary](inputs, n.Result("bounds/bounds"))
	if err != nil {
		return nil, err
	}
	lines := [][]string{boundRow{name: "H_exact", of: "H", values: s.Hessian, exact: s.Hessian, slack: 1}.cells()}
	gaussNewton, _ := s.Bound("B0")
	for _, b := range s.Bounds {
		exact := gaussNewton.Values
		if b.Of == "H" {
			exact = s.Hessian
		}
		lines = append(lines, boundRow{
			b.Name, "", b.Of, b.Printed, b.Values, exact, b.Slack, b.Step, b.Violations, b.ViolationsHessian,
		}.cells())
	}
	for _, i := range s.Increments {
		lines = append(lines, increment(i)...)
	}
	return lines, sampled(n, "bounds/bounds", s.SampleSize)
}

// increment is what encloses ‖H_{k+1} − H^(k)‖ at one k.
func increment(i artifact.IncrementBounds) [][]string {
	var lines [][]string
	for _, form := range []struct {
		name    string
		value   float64
		printed bool
	}{
		{"increment_exact", i.Norm, false}, {"increment_lower", i.Lower, false}, {"increment_upper", i.Upper, false},
		{"increment_sum", i.Sum, false}, {"increment_printed", i.Printed, true},
	} {
		row := boundRow{
			name: form.name, at: strconv.Itoa(i.K), of: "H_{k+1}-H^(k)", printed: form.printed,
			values: artifact.NewQuantiles([]float64{form.value}), exact: artifact.NewQuantiles([]float64{i.Norm}),
		}
		if i.Norm > 0 {
			row.slack = min(form.value/i.Norm, math.MaxFloat64)
		}
		if i.Violation && !form.printed {
			row.violations = 1
		}
		lines = append(lines, row.cells())
	}
	return lines
}
