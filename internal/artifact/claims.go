package artifact

import "fmt"

// Verdict is what the networks of a run say about a claim.
type Verdict int

const (
	// NotTested: the run has no results that could have refuted the claim.
	NotTested Verdict = iota
	// Undecided: there are such results, and they are too few, too noisy or
	// contradict each other.
	Undecided
	Holds
	DoesNotHold
)

// verdicts are all of them.
var verdicts = []Verdict{NotTested, Undecided, Holds, DoesNotHold}

// String names the verdict. No other string constant does, so that each verdict
// that anyone reads was computed.
func (v Verdict) String() string {
	switch v {
	case Undecided:
		return "undecided"
	case Holds:
		return "holds"
	case DoesNotHold:
		return "does not hold"
	}
	return "not tested"
}

// MarshalText implements [encoding.TextMarshaler].
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, x := range verdicts {
		if x.String() == string(text) {
			*v = x
			return nil
		}
	}
	return fmt.Errorf("%q is no verdict: want one of %v", text, verdicts)
}

// Who states a claim.
const (
	OfPaper   = "paper"     // the paper states it
	Corrected = "corrected" // our correction of a statement of the paper
	Ours      = "ours"      // a question of this project
)

// The recipes by which networks are trained, as rows name them.
const (
	ByEpochs  = "epochs"  // passes over the sample, as the paper does
	ByUpdates = "updates" // the same number of updates for every k
	Warm      = "warm"    // from the weights of the next smaller k

	// Until a goal, whose value follows: "until_loss 0.1". Another optimiser or
	// learning rate than the run's is named behind any recipe, after a comma.
	ByLoss     = "until_loss"
	ByGradient = "until_gradient"

	// WithBiases ends the recipe of networks whose layers have biases.
	WithBiases = ", with biases"

	AnyRecipe = "any" // networks of every recipe, each once
)

// AnyInput is the input of a row over all inputs of a data set.
const AnyInput = "any"

// The scopes of rows.
const (
	AllNetworks      = "all"
	WithoutCollapsed = "without_collapsed" // without networks that are dead or partly dead
	GoalReached      = "reached"           // without networks that were trained until a goal and did not reach it
)

// Interval is an estimate with its confidence interval.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// Effect is the size of what a claim is about, with its 95 % interval or, where
// Name says so, its range.
type Effect struct {
	Name string `json:"name"`
	Interval
}

// ClaimTest is a test on which a verdict rests.
type ClaimTest struct {
	Name string  `json:"name"` // what is tested
	P    float64 `json:"p"`
	// Adjusted is P in the family of all tests of the run (Holm).
	Adjusted float64 `json:"adjusted"`
	// Exact is true where P is over all permutations, otherwise it is over
	// random ones. Floor is true where none of these reached the observed
	// value: then P is an upper limit.
	Exact bool `json:"exact"`
	Floor bool `json:"floor"`
}

// ClaimTable is evidence in numbers, one row per group, step or curve.
type ClaimTable struct {
	Name    string      `json:"name"`
	Columns []string    `json:"columns"`
	Rows    [][]float64 `json:"rows"`
}

// Claim is one row: a claim with its verdict on the networks of one data set,
// input, recipe and scope.
type Claim struct {
	ID string `json:"id"`
	// Number is the place of the claim in the order of the paper, from 1; all
	// rows of a claim share it. Source is where the paper states it, empty for
	// a question of ours.
	Number    int    `json:"number"`
	Source    string `json:"source"`
	Whose     string `json:"whose"`
	Statement string `json:"statement"`

	Dataset string `json:"dataset"`
	Input   string `json:"input"`
	Recipe  string `json:"recipe"`
	Updates int    `json:"updates"` // of each training; 0 where epochs decide
	Scope   string `json:"scope"`
	// What the networks of the row have in common besides; null where they
	// differ.
	AtNumLayers  *int `json:"at_num_layers"`
	AtHiddenSize *int `json:"at_hidden_size"`
	AtK          *int `json:"at_k"`

	Verdict    Verdict `json:"verdict"`
	Conclusion string  `json:"conclusion"` // what a reader should take from it, one sentence
	Tested     string  `json:"tested"`     // what was tested on what
	// Networks is on how many independent networks. Of these Living have no
	// dead object, or a share too small to matter; Dead are dead on all
	// objects, or all their losses are equal; the rest is partly dead.
	Networks int `json:"networks"`
	Living   int `json:"living"`
	Dead     int `json:"dead"`

	Effect   *Effect      `json:"effect"` // null where there is none
	Evidence string       `json:"evidence"`
	Tests    []ClaimTest  `json:"tests"` // the claim's own first
	Tables   []ClaimTable `json:"tables"`
}

// Claims is the output "claims" of the stage claims.
type Claims struct {
	Alpha     float64 `json:"alpha"`     // bounds the error of the family
	Tests     int     `json:"tests"`     // in the family
	Networks  int     `json:"networks"`  // of the run
	Resamples int     `json:"resamples"` // permutations and resamples
	Claims    []Claim `json:"claims"`
}
