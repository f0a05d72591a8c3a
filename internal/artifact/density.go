package artifact

import (
	"fmt"
	"math"
)

// Density is the output "density" of the stage density: what belongs to the
// quadrature rules of the spectral density of one operator.
type Density struct {
	Term       string `json:"term"` // H, G or R
	Objects    int    `json:"objects"`
	Parameters int    `json:"parameters"`
	Steps      int    `json:"steps"`
	Probes     int    `json:"probes"`
	// Deflated are the outliers' eigenvalues, descending, as the spectrum has
	// them: their eigenvectors were projected out of the probes, so the rules
	// describe the other Parameters − len(Deflated) eigenvalues.
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
	// ProbeMoments are the first moments of the single probes' rules.
	ProbeMoments []float64 `json:"probe_moments"`
	Products     int       `json:"products"` // of the quadrature
}

// Estimate fills in Probes, EstimatedMoment and MomentError from ProbeMoments.
func (d *Density) Estimate() {
	n := float64(len(d.ProbeMoments))
	d.Probes, d.EstimatedMoment, d.MomentError = len(d.ProbeMoments), 0, 0
	for _, m := range d.ProbeMoments {
		d.EstimatedMoment += m / n
	}
	if n > 1 {
		sum := 0.0
		for _, m := range d.ProbeMoments {
			sum += float64((m - d.EstimatedMoment) * (m - d.EstimatedMoment))
		}
		d.MomentError = math.Sqrt(sum / float64(n*(n-1)))
	}
}

// JoinDensities returns the density of all probes from those of some each, of
// one operator with the same outliers.
func JoinDensities(parts []Density) (Density, error) {
	whole := parts[0]
	for i, d := range parts[1:] {
		same := d.Term == whole.Term && d.Objects == whole.Objects && d.Parameters == whole.Parameters && d.Steps == whole.Steps
		if !same || d.Mass != whole.Mass || d.FirstMoment != whole.FirstMoment {
			return whole, fmt.Errorf("part %d is of another density than part 0", i+1)
		}
		whole.Products += d.Products
		whole.ProbeMoments = append(whole.ProbeMoments[:len(whole.ProbeMoments):len(whole.ProbeMoments)], d.ProbeMoments...)
	}
	whole.Estimate()
	return whole, nil
}

// Validate reports the first field that is missing or impossible.
func (d Density) Validate() error {
	if d.Objects < 1 || d.Parameters < 1 || d.Steps < 1 || d.Probes < 1 {
		return fmt.Errorf("density of %d objects, %d parameters, %d steps, %d probes: want at least 1 of each", d.Objects, d.Parameters, d.Steps, d.Probes)
	}
	if len(d.ProbeMoments) != d.Probes {
		return fmt.Errorf("probe_moments are of %d probes, want %d", len(d.ProbeMoments), d.Probes)
	}
	return checkFraction(number{"mass", d.Mass})
}
