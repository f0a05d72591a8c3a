package tables

import (
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/result"
)

// bound is B0 … B10, or one of the full-Hessian and increment forms; of is the
// norm that it bounds; slack is the median of bound/exact over objects, step
// that of bound/(the one before).
var boundColumns = []string{"bound", "of", "printed", "median", "max", "slack", "step", "violations"}

func (r Row) bounds(inputs map[string][]byte) ([][]string, error) {
	s, err := read[result.BoundsSummary](r, inputs, InputBounds)
	if err != nil {
		return nil, err
	}
	var lines [][]string
	for _, b := range s.Bounds {
		lines = append(lines, []string{
			b.Name, b.Of, strconv.FormatBool(b.Printed), number(b.Values.Median), number(b.Values.Max),
			number(b.Slack), number(b.Step), strconv.Itoa(b.Violations),
		})
	}
	for _, i := range s.Increments {
		violations := 0
		if i.Violation {
			violations = 1
		}
		for _, form := range []struct {
			name    string
			printed bool
			value   float64
		}{
			{"increment_lower", false, i.Lower},
			{"increment_exact", false, i.Norm},
			{"increment_upper", false, i.Upper},
			{"increment_printed", true, i.Printed},
		} {
			slack := 0.0
			if i.Norm > 0 {
				slack = form.value / i.Norm
			}
			at := strconv.Itoa(i.K)
			lines = append(lines, []string{
				form.name + "_" + at, "H_{k+1}-H^(k)", strconv.FormatBool(form.printed), number(form.value), number(form.value),
				number(slack), "", strconv.Itoa(violations),
			})
		}
	}
	return lines, r.sample(InputBounds, s.SampleSize)
}
