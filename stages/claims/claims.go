// Package claims is the stage that gives the verdict on each claim of the
// paper, from the networks of a run over their seeds: it holds, it does not
// hold, the networks do not decide it, or nothing in the run could have refuted
// it. A caption is no evidence: single networks of neighbouring sizes differ
// less than seeds do.
//
// # How a claim is made
//
// [All] lists the claims in the order of the paper; that list is the only place
// where one is registered. An entry says who states what, and has a function
// that adds the rows of one panel, the networks of one data set and input. Such
// a function
//
//   - chooses networks: [panel.recipes], [panel.once], [panel.where];
//   - adds a row for them with [judgement.row], which fills in everything that
//     the entry, the panel and the networks say, and the verdict NotTested. A
//     panel without any results for the claim has one such row, whose Tested
//     says what is missing;
//   - fills in Effect, Tested, Tables, Evidence (the numbers that decide),
//     Conclusion (one sentence on what a reader should take from it, made from
//     the numbers) and Verdict. Verdicts are values of [artifact.Verdict]; no
//     string here contains the word for one;
//   - puts what depends on p-values into [judgement.decide], which runs after
//     all tests were entered by [judgement.test] and adjusted together. Rows that
//     need no test are filled in at once.
//
// Counts of violations are given by [noneOf], p-values by [pText].
//
// What a claim reads of a network is a field of [network], read by
// [network.read] from the results named in [Reads] and [Optional].
//
// All tests of a run form one family (Holm): the probability of any wrong
// rejection among them is at most alpha. Intervals and counts are outside it.
package claims

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Reads names the results that are read of every network, as stage/output, and
// Optional those that are read where they exist.
var (
	Reads    = []string{"losses/summary", "differences/summary"}
	Optional = []string{
		"losses/losses", // for the rate on new objects and at fixed weights
		"spectra/spectrum", "objects/summary", "bounds/bounds", "increments/increments", "ball/ball", "samplesize/samplesize",
		"train_until/end", "held_out/summary", "needed_size/size", "norms_batch/norms", "norms/norms",
	}
	// Curves are read of the networks that have both.
	Curves = []string{"held_out_curve/curve", "differences/curve"}
)

// The outputs.
const (
	Claims   = "claims"   // canonical JSON, artifact.Claims
	CSV      = "csv"      // one row per claim
	Table    = "table"    // plain text for people
	Markdown = "markdown" // the same as Markdown
)

// claim is an entry of [All].
type claim struct {
	id     string // what scripts look up
	source string // where the paper states it; empty for a question of ours
	whose  string // artifact.OfPaper, Corrected or Ours
	text   string // the statement

	// panel adds the rows of one panel, all those over all panels of the run;
	// one of them is nil.
	panel func(j *judgement, q *panel) error
	all   func(j *judgement, panels []*panel) error
}

// All are the claims in the order of the paper: what its theory assumes and
// states, each printed bound before its correction, then what its figures are
// said to show, then questions of ours, and last what the thesis says of norms.
var All = []claim{
	kOutliers, assumptionMinimum, hessianIsGaussNewton,
	theorem1Printed, correctedCurvature, lemma1Printed, smallWeights, hessianScaling,
	lemma2Printed, correctedUniformLoss, correctedPointwiseLoss, slowerFartherAway, lossScaling,
	rateFixedWeights, fallsWithHiddenSize, risesWithNumLayers, publishedCurves,
	rateOwnObject, rateNewObject,
	eigenspaceReproduces, eigenspaceRate, eigenspaceExtremal,
	accuracyWithinCurve, accuracyAcrossNetworks, accuracyPublished,
	sufficientSize,
	normFallsWithWidth, normShareTendsToOne, normBoundGrows, powerIterationsFind, publishedNorms,
}

// Cut is where a trend is tested: over h at one num_layers, or over num_layers
// at one h, among the networks of a recipe.
type Cut struct {
	Dataset, Input, Recipe string
	Over                   string // HiddenSize or NumLayers
	At                     int    // the value of the other
}

// What a [Cut] is over.
const (
	OverHiddenSize = "hidden_size"
	OverNumLayers  = "num_layers"
)

// Params are what the verdicts depend on apart from the results.
type Params struct {
	// Networks are those of the run. A network counts once for each recipe
	// that it belongs to.
	Networks []artifact.Network
	// Cuts are those of the run's experiments: a trend is tested at each that
	// has several sizes.
	Cuts []Cut
	// Alpha bounds the probability of any false rejection of the run, above 0
	// and below 1.
	Alpha float64
	// CollapsedFrom is the share of dead objects from which a network counts
	// as partly dead, above 0, at most 1.
	CollapsedFrom float64
	// Resamples is the number of random permutations and of bootstrap
	// resamples, at least 100.
	Resamples int
	Seed      int64
}

// DefaultParams are the procedures of the design, for networks and cuts to be
// filled in.
func DefaultParams() Params {
	return Params{Alpha: 0.01, CollapsedFrom: 0.01, Resamples: 20000}
}

// check finds the params that would give a wrong verdict without an error.
func (p Params) check() error {
	switch {
	case !(p.Alpha > 0 && p.Alpha < 1):
		return fmt.Errorf("alpha is %v: want more than 0 and less than 1", p.Alpha)
	case !(p.CollapsedFrom > 0 && p.CollapsedFrom <= 1):
		return fmt.Errorf("collapsed from a dead share of %v: want more than 0, at most 1", p.CollapsedFrom)
	case p.Resamples < 100:
		return fmt.Errorf("%d resamples: want at least 100", p.Resamples)
	}
	for _, c := range p.Cuts {
		if c.Over != OverHiddenSize && c.Over != OverNumLayers {
			return fmt.Errorf("a cut is over %q: want %q or %q", c.Over, OverHiddenSize, OverNumLayers)
		}
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
	c, err := judge(ctx, p, All, networks, t.Progress)
	if err != nil {
		return nil, err
	}
	return write(c)
}
