package claims

import (
	"context"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// judge makes the rows of the claims in their order, and of each in the order of
// the panels, which is that in which the networks name them.
func judge(ctx context.Context, p Params, claims []claim, networks []network, progress func(done, total int)) (*artifact.Claims, error) {
	j := &judgement{p: p}
	panels := panelsOf(networks)
	for i, c := range claims {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		j.claim, j.number = c, i+1
		if c.all != nil {
			if err := c.all(j, panels); err != nil {
				return nil, err
			}
		} else {
			for _, q := range panels {
				if err := c.panel(j, q); err != nil {
					return nil, err
				}
			}
		}
		progress(i+1, len(claims)+1)
	}
	j.adjust()
	for _, decide := range j.decisions {
		decide()
	}
	c := &artifact.Claims{Alpha: p.Alpha, Tests: len(j.tests), Resamples: p.Resamples, Claims: []artifact.Claim{}}
	for _, q := range panels {
		c.Networks += len(q.once().networks)
	}
	for _, x := range j.rows {
		if x.Verdict == artifact.NotTested && x.Conclusion == "" {
			x.Conclusion = "No result of this run could have refuted it."
		}
		for i := range x.Tables {
			if x.Tables[i].Rows == nil {
				x.Tables[i].Rows = [][]float64{}
			}
		}
		c.Claims = append(c.Claims, *x)
	}
	progress(len(claims)+1, len(claims)+1)
	return c, nil
}

// judgement collects the rows. Tests come first, then Holm over all of them,
// then what follows from the adjusted p-values.
type judgement struct {
	p         Params
	claim     claim // whose rows are made
	number    int
	rows      []*artifact.Claim
	tests     []handle
	decisions []func()
}

// row adds a row of the current claim for these networks of a panel and that
// scope, and counts the networks. The recipe is theirs if they share one.
func (j *judgement) row(q *panel, scope string) *artifact.Claim {
	c := &artifact.Claim{
		ID: j.claim.id, Number: j.number, Source: j.claim.source, Whose: j.claim.whose, Statement: j.claim.text,
		Dataset: q.dataset, Input: q.input, Scope: scope, Verdict: artifact.NotTested,
		Tests: []artifact.ClaimTest{}, Tables: []artifact.ClaimTable{},
	}
	c.Recipe, c.Updates = q.recipe()
	count(c, q.networks)
	j.rows = append(j.rows, c)
	return c
}

// untested adds the row of a panel of which no network was measured for the claim.
func (j *judgement) untested(q *panel, why string) {
	j.row(q.where(func(network) bool { return false }), artifact.AllNetworks).Tested = why
}

// count puts the numbers of networks into the row.
func count(c *artifact.Claim, networks []network) {
	c.Networks, c.Living, c.Dead = len(networks), 0, 0
	for _, n := range networks {
		switch {
		case n.dead:
			c.Dead++
		case !n.collapsed:
			c.Living++
		}
	}
}

// handle names a test of a row.
type handle struct {
	row *artifact.Claim
	at  int
}

func (h handle) test() *artifact.ClaimTest { return &h.row.Tests[h.at] }

// test enters a test of a row into the family. Its Adjusted is set before
// decisions are made.
func (j *judgement) test(row *artifact.Claim, t artifact.ClaimTest) handle {
	t.Adjusted = 1
	h := handle{row, len(row.Tests)}
	row.Tests = append(row.Tests, t)
	j.tests = append(j.tests, h)
	return h
}

// significant says whether the family's error allows to reject.
func (j *judgement) significant(h handle) bool { return h.test().Adjusted <= j.p.Alpha }

// decide runs f when all tests are adjusted, in the order of the calls.
func (j *judgement) decide(f func()) { j.decisions = append(j.decisions, f) }

// adjust adjusts the p-values of the family.
func (j *judgement) adjust() {
	p := make([]float64, len(j.tests))
	for i, h := range j.tests {
		p[i] = h.test().P
	}
	for i, a := range stats.Holm(p) {
		j.tests[i].test().Adjusted = a
	}
}

// panel is networks of one data set and input.
type panel struct {
	dataset, input string
	networks       []network
}

func panelsOf(networks []network) []*panel {
	var panels []*panel
	for _, n := range networks {
		at := slices.IndexFunc(panels, func(q *panel) bool { return q.dataset == n.Dataset && q.input == n.Input })
		if at < 0 {
			at = len(panels)
			panels = append(panels, &panel{dataset: n.Dataset, input: n.Input})
		}
		panels[at].networks = append(panels[at].networks, n)
	}
	return panels
}

// where returns the panel of the networks that are wanted.
func (q *panel) where(want func(network) bool) *panel {
	of := &panel{dataset: q.dataset, input: q.input}
	for _, n := range q.networks {
		if want(n) {
			of.networks = append(of.networks, n)
		}
	}
	return of
}

// living leaves out networks that are dead or partly dead.
func (q *panel) living() *panel { return q.where(func(n network) bool { return !n.collapsed }) }

// once returns each network once, whatever recipes it belongs to.
func (q *panel) once() *panel {
	seen := map[string]bool{}
	return q.where(func(n network) bool {
		again := seen[n.ID()]
		seen[n.ID()] = true
		return !again
	})
}

// recipes returns a panel for each recipe, the paper's first.
func (q *panel) recipes() []*panel {
	names := []string{}
	for _, n := range q.networks {
		if !slices.Contains(names, n.Recipe) {
			names = append(names, n.Recipe)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return min(len(a), 1) - min(len(b), 1) })
	var list []*panel
	for _, name := range names {
		list = append(list, q.where(func(n network) bool { return n.Recipe == name }))
	}
	return list
}

// recipe is that of the panel's networks, as rows have it; the paper's where
// there are none.
func (q *panel) recipe() (name string, updates int) {
	name = artifact.ByEpochs
	for i, n := range q.networks {
		r := n.recipe()
		if i > 0 && r != name {
			return artifact.AnyRecipe, 0
		}
		if name = r; i > 0 && n.Steps != updates {
			return name, 0
		}
		updates = n.Steps
	}
	return name, updates
}
