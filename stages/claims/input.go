package claims

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// anyInput adds, for each data set, rows on whether a trend is the same for all
// its inputs: one for each cut and scope that all inputs have.
func (j *judgement) anyInput(panels []*panel, rows []*artifact.Claim) {
	var datasets []string
	for _, q := range panels {
		if !slices.Contains(datasets, q.dataset) {
			datasets = append(datasets, q.dataset)
		}
	}
	for _, dataset := range datasets {
		var inputs []string
		for _, q := range panels {
			if q.dataset == dataset {
				inputs = append(inputs, q.input)
			}
		}
		statement := "whether " + j.claim.text + " does not depend on the input"
		compared := false
		for _, a := range rows {
			if a.Dataset != dataset || a.Input != inputs[0] {
				continue
			}
			same := []*artifact.Claim{a}
			for _, b := range rows {
				if b.Dataset == dataset && b.Input != a.Input && sameCut(a, b) {
					same = append(same, b)
				}
			}
			if len(inputs) < 2 || len(same) < len(inputs) {
				continue
			}
			compared = true
			j.inputs(dataset, statement, same)
		}
		if !compared {
			c := j.row(&panel{dataset: dataset, input: artifact.AnyInput}, artifact.AllNetworks)
			c.Statement = statement
			c.Tested = "no trend was tested on two inputs, only on " + list(inputs)
		}
	}
}

// sameCut says whether two rows have all in common but the input.
func sameCut(a, b *artifact.Claim) bool {
	same := func(a, b *int) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	return a.ID == b.ID && a.Recipe == b.Recipe && a.Updates == b.Updates && a.Scope == b.Scope &&
		same(a.AtNumLayers, b.AtNumLayers) && same(a.AtHiddenSize, b.AtHiddenSize)
}

// inputs adds the row that compares the verdicts on several inputs.
func (j *judgement) inputs(dataset, statement string, rows []*artifact.Claim) {
	a := rows[0]
	c := j.row(&panel{dataset: dataset, input: artifact.AnyInput}, a.Scope)
	c.Statement, c.Recipe, c.Updates, c.AtNumLayers, c.AtHiddenSize = statement, a.Recipe, a.Updates, a.AtNumLayers, a.AtHiddenSize
	for _, x := range rows {
		c.Networks, c.Living, c.Dead = c.Networks+x.Networks, c.Living+x.Living, c.Dead+x.Dead
	}
	c.Tested = fmt.Sprintf("the verdicts on %d inputs from %s", len(rows), population(c))
	j.decide(func() {
		c.Verdict = artifact.Holds
		var parts []string
		for _, x := range rows {
			parts = append(parts, x.Input+": "+x.Verdict.String())
			switch {
			case x.Verdict == artifact.Undecided || x.Verdict == artifact.NotTested:
				c.Verdict = artifact.Undecided
			case x.Verdict != a.Verdict && c.Verdict == artifact.Holds:
				c.Verdict = artifact.DoesNotHold
			}
		}
		c.Evidence = list(parts)
		c.Conclusion = map[artifact.Verdict]string{
			artifact.Holds:       "The trend is the same on every input.",
			artifact.DoesNotHold: "The trend depends on what the networks see of an object.",
			artifact.Undecided:   "At least one input decides nothing, so they cannot be compared.",
		}[c.Verdict]
	})
}
