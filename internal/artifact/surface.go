package artifact

import "fmt"

// SurfaceSummary is the output "summary" of the stage surfaces: what the grids
// beside it are grids of.
type SurfaceSummary struct {
	K          int                `json:"k"` // the surfaces are of L_k, L_{k+1} and L_{k+1} − L_k
	Parameters int                `json:"parameters"`
	Points     int                `json:"points"` // of a 1-D grid; odd, so that 0 is one
	Side       int                `json:"side"`   // of a 2-D grid
	Directions []SurfaceDirection `json:"directions"`
}

// SurfaceDirection is a direction of the grids.
type SurfaceDirection struct {
	Kind string `json:"kind"` // "eigenvector" or "random" (filter-normalised, but where all weights are zero)
	// Radius is half the width of the grids along it, as a distance in θ:
	// a line has Points values from −Radius to Radius.
	Radius float64 `json:"radius"`
	// Curvature is vᵀH^(k)v along the unit direction.
	Curvature float64 `json:"curvature"`
}

// Validate reports the first field that is missing or impossible.
func (s SurfaceSummary) Validate() error {
	if s.K < 1 || s.Points < 1 || s.Side < 0 {
		return fmt.Errorf("surface of k = %d, %d points, side %d", s.K, s.Points, s.Side)
	}
	return nil
}
