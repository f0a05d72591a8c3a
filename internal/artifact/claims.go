package artifact

// The verdicts on a claim.
const (
	Holds       = "holds"
	DoesNotHold = "does not hold"
	Undecided   = "undecided"
)

// Interval is an estimate with its confidence interval.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// ClaimTest is a p-value, and what it becomes in the family of all tests of
// the run (Holm).
type ClaimTest struct {
	P        float64 `json:"p"`
	Adjusted float64 `json:"adjusted"`
	Exact    bool    `json:"exact"` // over all permutations, otherwise over random ones
}

// ClaimGroup is the networks of one size: their MAD over seeds.
type ClaimGroup struct {
	At        int       `json:"at"` // h or num_layers
	Networks  int       `json:"networks"`
	Collapsed int       `json:"collapsed"` // among them
	MAD       Quantiles `json:"mad"`
}

// Neighbours compares two neighbouring sizes (Mann–Whitney, two-sided).
type Neighbours struct {
	From        int       `json:"from"`
	To          int       `json:"to"`
	Superiority float64   `json:"superiority"` // P(a value at To exceeds one at From)
	Test        ClaimTest `json:"test"`
	Reversed    bool      `json:"reversed"` // significantly against the claim
}

// TrendEvidence is a Jonckheere–Terpstra test over the sizes.
type TrendEvidence struct {
	Version string       `json:"version"` // "all" networks, or "without_collapsed"
	Verdict string       `json:"verdict"`
	Groups  []ClaimGroup `json:"groups"`
	Z       float64      `json:"z"`
	// Superiority is over all pairs of sizes the probability that a network
	// of the larger size has the larger MAD; ½ means no trend.
	Superiority float64   `json:"superiority"`
	Test        ClaimTest `json:"test"`
	// Ratio is the median MAD at the largest size over that at the
	// smallest, its interval by resampling seeds; null where a median is 0.
	Ratio      *Interval    `json:"ratio"`
	Neighbours []Neighbours `json:"neighbours"`
}

// RatePoint is the mean over seeds of |ΔL| of the networks trained on K
// objects.
type RatePoint struct {
	K        int     `json:"k"`
	Networks int     `json:"networks"`
	Mean     float64 `json:"mean"`
	Low      float64 `json:"low"` // smallest and largest over seeds
	High     float64 `json:"high"`
}

// RateEvidence is the exponent of |ΔL| over k.
type RateEvidence struct {
	Version  string      `json:"version"`
	Verdict  string      `json:"verdict"`
	Exponent Interval    `json:"exponent"`
	Test     ClaimTest   `json:"test"` // of the exponent −1
	Points   []RatePoint `json:"points"`
}

// PublishedCurve compares one curve of the paper with the networks of its size:
// the last value of the smoothed curve.
type PublishedCurve struct {
	Figure     string  `json:"figure"`
	HiddenSize int     `json:"hidden_size"`
	NumLayers  int     `json:"num_layers"`
	Published  float64 `json:"published"`
	Networks   int     `json:"networks"`
	// Low and High are the central rank band of Coverage; 0 where there are
	// too few networks, and then Decided is false.
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Coverage float64 `json:"coverage"`
	Median   float64 `json:"median"`
	Decided  bool    `json:"decided"`
	Inside   bool    `json:"inside"`
}

// Claim is one claim of the paper with its verdict.
type Claim struct {
	ID        string `json:"id"`
	Statement string `json:"statement"`
	Dataset   string `json:"dataset"`
	Input     string `json:"input"` // empty for a claim over both
	Scope     string `json:"scope"` // which networks
	Verdict   string `json:"verdict"`
	Evidence  string `json:"evidence"` // one sentence with the numbers that decide
	// Effect is the size of what the claim is about, EffectName its name;
	// null where there is none.
	EffectName string    `json:"effect_name"`
	Effect     *Interval `json:"effect"`
	// Test is the claim's own test, null where the verdict needs none or
	// there are too few networks.
	Test      *ClaimTest       `json:"test"`
	Networks  int              `json:"networks"`
	Collapsed int              `json:"collapsed"`
	Trends    []TrendEvidence  `json:"trends"`
	Rates     []RateEvidence   `json:"rates"`
	Curves    []PublishedCurve `json:"curves"`
}

// Claims is the output "claims" of the stage claims.
type Claims struct {
	Alpha     float64 `json:"alpha"`     // of the family of all tests
	Tests     int     `json:"tests"`     // in the family
	Networks  int     `json:"networks"`  // of the run
	Resamples int     `json:"resamples"` // permutations and resamples
	Claims    []Claim `json:"claims"`
}
