// Package claims is the stage that gives the verdict on each claim of the
// paper, from the networks of a run over their seeds: it holds, it does not
// hold, or the networks do not decide it. A caption is no evidence: single
// networks of neighbouring sizes differ less than seeds do.
//
// A trend (falls with h, rises with num_layers) is a Jonckheere–Terpstra test
// of MAD, the one number that decides a curve. It holds if the test is
// significant and no pair of neighbouring sizes is significantly reversed; it
// does not hold if the test or a pair is significant the other way; otherwise
// it is undecided. All tests of a run form one family (Holm), so that the
// probability of any wrong "holds" or "does not hold" among them is at most
// alpha. Everything is done with and without collapsed networks, and a verdict
// stands only if both agree.
package claims

import (
	"context"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Reads names the results that are read of every network, as stage/output, and
// Optional those that are read where they exist.
var (
	Reads    = []string{"losses/summary", "differences/summary"}
	Optional = []string{
		"losses/losses", // for the rate on new objects
		"bounds/bounds", "ball/ball",
	}
)

// The outputs.
const (
	Claims   = "claims"   // canonical JSON, artifact.Claims
	CSV      = "csv"      // one row per claim
	Table    = "table"    // plain text for people
	Markdown = "markdown" // the same as Markdown
)

// Params are what the verdicts depend on apart from the results.
type Params struct {
	// Networks are those of the run. Of networks that were trained otherwise
	// than the paper does only the rate is tested, separately for each recipe,
	// and the bounds, which hold for any weights. A network counts once for
	// each recipe that it belongs to.
	Networks []artifact.Network
	// AtNumLayers is the num_layers at which the trend over h is tested,
	// and AtHiddenSize the h of the trend over num_layers: 5 and 16 are the
	// paper's figures.
	AtNumLayers  int
	AtHiddenSize int
	// Alpha bounds the probability of any false verdict of the run, above 0
	// and below 1.
	Alpha float64
	// CollapsedFrom is the share of dead objects from which a network
	// counts as collapsed, above 0, at most 1: at 1 all hidden layers of
	// every object end in zeros and MAD is 0.
	CollapsedFrom float64
	// RateMargin is how far the exponent may be above −1 for the rate 1/k
	// to hold; 0 or more. An exponent significantly above −1 fails in any
	// case.
	RateMargin float64
	// Resamples is the number of random permutations and of bootstrap
	// resamples, at least 100.
	Resamples int
	Seed      int64
}

// DefaultParams are the procedures of the design, for networks to be filled
// in.
func DefaultParams() Params {
	return Params{AtNumLayers: 5, AtHiddenSize: 16, Alpha: 0.05, CollapsedFrom: 1, RateMargin: 0.1, Resamples: 20000}
}

// check finds the params that would give a wrong verdict without an error.
func (p Params) check() error {
	switch {
	case !(p.Alpha > 0 && p.Alpha < 1):
		return fmt.Errorf("alpha is %v: want more than 0 and less than 1", p.Alpha)
	case !(p.CollapsedFrom > 0 && p.CollapsedFrom <= 1):
		return fmt.Errorf("collapsed from a dead share of %v: want more than 0, at most 1", p.CollapsedFrom)
	case !(p.RateMargin >= 0):
		return fmt.Errorf("rate margin is %v: want 0 or more", p.RateMargin)
	case p.Resamples < 100:
		return fmt.Errorf("%d resamples: want at least 100", p.Resamples)
	case p.AtNumLayers < 0 || p.AtHiddenSize < 1:
		return fmt.Errorf("trends at num_layers = %d and hidden_size = %d: want sizes", p.AtNumLayers, p.AtHiddenSize)
	}
	return nil
}

// Run gives the verdicts.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	networks, err := read(p, t.Inputs)
	if err != nil {
		return nil, err
	}
	c, err := judge(ctx, p, networks, t.Progress)
	if err != nil {
		return nil, err
	}
	b, err := artifact.Encode(*c)
	if err != nil {
		return nil, err
	}
	csv, err := claimsCSV(c)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		Claims: b, CSV: csv, Table: table(c), Markdown: markdown(c),
	}, nil
}

// panel is the networks of one data set and input.
type panel struct {
	dataset, input string
	networks       []network
}

// paper returns the networks that were trained as the paper does.
func (q *panel) paper() *panel {
	of := &panel{dataset: q.dataset, input: q.input}
	for _, n := range q.networks {
		if n.Recipe == "" {
			of.networks = append(of.networks, n)
		}
	}
	return of
}

// once returns each network once, whatever recipes it belongs to.
func (q *panel) once() *panel {
	of := &panel{dataset: q.dataset, input: q.input}
	seen := map[string]bool{}
	for _, n := range q.networks {
		if !seen[n.ID()] {
			seen[n.ID()] = true
			of.networks = append(of.networks, n)
		}
	}
	return of
}

// judge makes the claims of every panel, in the order in which the networks
// name them, and then those over both inputs of a data set.
func judge(ctx context.Context, p Params, networks []network, progress func(done, total int)) (*artifact.Claims, error) {
	var panels []*panel
	for _, n := range networks {
		at := slices.IndexFunc(panels, func(q *panel) bool { return q.dataset == n.Dataset && q.input == n.Input })
		if at < 0 {
			at = len(panels)
			panels = append(panels, &panel{dataset: n.Dataset, input: n.Input})
		}
		panels[at].networks = append(panels[at].networks, n)
	}
	j := &judgement{p: p}
	for i, q := range panels {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, direction := range []direction{hiddenSize, numLayers} {
			if err := j.trend(q.paper(), direction); err != nil {
				return nil, err
			}
		}
		j.rates(q)
		if err := j.published(q.paper()); err != nil {
			return nil, err
		}
		j.bounds(q.once())
		progress(i+1, len(panels)+1)
	}
	j.families()
	for _, decide := range j.decisions {
		decide()
	}
	j.independence(panels)
	count := 0
	for _, q := range panels {
		count += len(q.once().networks)
	}
	c := &artifact.Claims{Alpha: p.Alpha, Tests: len(j.all.tests), Networks: count, Resamples: p.Resamples, Claims: []artifact.Claim{}}
	for _, x := range j.claims {
		c.Claims = append(c.Claims, *x)
	}
	progress(len(panels)+1, len(panels)+1)
	return c, nil
}

// judgement collects the claims. Tests come first, then Holm over all of them,
// then what follows from the adjusted p-values.
type judgement struct {
	p            Params
	claims       []*artifact.Claim
	all, without family // with all networks, and without the collapsed ones
	decisions    []func()
}

// add appends an undecided claim.
func (j *judgement) add(c artifact.Claim) *artifact.Claim {
	c.Verdict = artifact.Undecided
	c.Trends, c.Rates, c.Curves = []artifact.TrendEvidence{}, []artifact.RateEvidence{}, []artifact.PublishedCurve{}
	j.claims = append(j.claims, &c)
	return &c
}

// families adjusts the p-values.
func (j *judgement) families() {
	j.all.adjust()
	j.without.adjust()
}

// family is a set of tests whose p-values are adjusted together.
type family struct{ tests []*artifact.ClaimTest }

// add puts a test into the family and returns it; Adjusted is set later.
func (f *family) add(p float64, exact bool) *artifact.ClaimTest {
	t := &artifact.ClaimTest{P: p, Adjusted: 1, Exact: exact}
	f.tests = append(f.tests, t)
	return t
}

func (f *family) adjust() {
	p := make([]float64, len(f.tests))
	for i, t := range f.tests {
		p[i] = t.P
	}
	for i, a := range stats.Holm(p) {
		f.tests[i].Adjusted = a
	}
}

// agree is the verdict of two versions of a claim: theirs if they agree.
func agree(a, b string) string {
	if a == b {
		return a
	}
	return artifact.Undecided
}
