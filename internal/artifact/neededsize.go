package artifact

// NeededSize is the output "size" of the stage needed_size: from which sample size on
// one doubling of it gains at most a target in held-out loss.
type NeededSize struct {
	Target float64     `json:"target"` // nats
	Sizes  []int       `json:"sizes"`  // k of the networks, ascending
	Seeds  []int64     `json:"seeds"`  // of the networks that the fit uses
	Losses [][]float64 `json:"losses"` // held-out loss of each of these seeds and sizes
	// LeftOut are seeds some of whose networks are dead: their loss is no loss of the
	// law.
	LeftOut []int64 `json:"left_out"`
	// Fit is the law a + b·k^−c; null where fewer than four seeds are left.
	Fit *LawFit `json:"fit"`
	// Criteria are the sufficient sizes m*(ε) of the networks of the largest k with ε =
	// Target: where one more object changes the loss by at most that.
	Criteria []CriterionSize `json:"criteria"`
}

// LawFit is the fit with the size that follows from it, and its 95 % interval over the
// seeds.
type LawFit struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
	C float64 `json:"c"`
	// Size is from the smallest of the sizes to Limit, four times the largest: nothing
	// is extrapolated beyond. At the smallest it means "at most", and at Limit "more
	// than", which Beyond says of the estimate.
	Size   Interval `json:"size"`
	Limit  float64  `json:"limit"`
	Beyond bool     `json:"beyond"`
	// Misfit is the largest relative distance of the mean loss over the seeds from the
	// law at one of the sizes.
	Misfit float64 `json:"misfit"`
}

// Poor reports whether the law is far from the losses, by more than 5 %: then the size
// that follows from it is doubtful.
func (f *LawFit) Poor() bool { return f.Misfit > 0.05 }

// CriterionSize is m*(ε) by one criterion, over the networks that have it.
type CriterionSize struct {
	Name  string  `json:"name"`  // as in Criterion
	Sigma float64 `json:"sigma"` // 0 for delta1
	// Networks is how many have it; Median, Min and Max are over them.
	Networks int     `json:"networks"`
	Median   float64 `json:"median"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
}
