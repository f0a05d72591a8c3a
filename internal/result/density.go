package result

import "fmt"

// Density is the output "density" of the stage density: what belongs to the
// quadrature rules of the spectral density of one operator.
type Density struct {
	Term       string `json:"term"` // H, G or R
	Objects    int    `json:"objects"`
	Parameters int    `json:"parameters"`
	Steps      int    `json:"steps"`
	Probes     int    `json:"probes"`
	// Deflated are the outliers' eigenvalues, descending: their
	// eigenvectors were projected out of the probes, so the rules describe
	// the other Parameters − len(Deflated) eigenvalues.
	Deflated []float64 `json:"deflated"`
	// Mass is the share of all eigenvalues that the rules describe.
	Mass float64 `json:"mass"`
	// FirstMoment is the exact mean of the eigenvalues that the rules
	// describe, (trace − Σ Deflated)/(Parameters − len(Deflated)), and
	// EstimatedMoment what the rules give, with its standard error over
	// probes.
	FirstMoment     float64 `json:"first_moment"`
	EstimatedMoment float64 `json:"estimated_moment"`
	MomentError     float64 `json:"moment_error"`
	Products        int     `json:"products"`
}

// Validate reports the first field that is missing or impossible.
func (d Density) Validate() error {
	if d.Objects < 1 || d.Parameters < 1 || d.Steps < 1 || d.Probes < 1 {
		return fmt.Errorf("density of %d objects, %d parameters, %d steps, %d probes: want at least 1 of each", d.Objects, d.Parameters, d.Steps, d.Probes)
	}
	return checkFraction(number{"mass", d.Mass})
}
