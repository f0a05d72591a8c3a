package artifact

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

// Sphere is what was measured at ‖θ − θ*‖ = Radius.
type Sphere struct {
	Radius float64 `json:"radius"`
	// Largest is the largest |L_{k+1} − L_k| over all directions and signs,
	// Random the quantiles over the random ones.
	Largest float64   `json:"largest"`
	Random  Quantiles `json:"random"`
	// LargestEigen is over the given eigenvectors; 0 without any.
	LargestEigen float64 `json:"largest_eigen"`
	// Remainder is the root mean square over directions of actual less
	// quadratic model, divided by that of the actual differences; and the
	// largest |actual − model| itself. RandomRemainder and EigenRemainder
	// are the same over one kind of directions.
	Remainder        float64 `json:"remainder"`
	RandomRemainder  float64 `json:"random_remainder"`
	EigenRemainder   float64 `json:"eigen_remainder"`
	LargestRemainder float64 `json:"largest_remainder"`
	// Flips is the share of pairs of an object and a hidden unit whose ReLU
	// differs from θ*, the mean over random directions.
	Flips float64 `json:"flips"`
}

// BallSummary is the output "ball" of the stage ball.
type BallSummary struct {
	K          int `json:"k"` // the object k+1 is added to the first k
	Parameters int `json:"parameters"`
	Random     int `json:"random"` // random directions, each with both signs
	Eigen      int `json:"eigen"`  // eigenvectors, each with both signs
	// AtCentre is |L_{k+1} − L_k| at θ*, CentreNorm ‖θ*‖.
	AtCentre   float64    `json:"at_centre"`
	CentreNorm float64    `json:"centre_norm"`
	Spheres    []Sphere   `json:"spheres"`
	Forms      []LossForm `json:"forms"` // the bounds, one value per sphere
	// Allowed is the share from which the remainder counts as too large,
	// and ExceededAt the first radius at which it is; 0 if none.
	Allowed          float64 `json:"allowed"`
	ExceededAt       float64 `json:"exceeded_at"`
	RandomExceededAt float64 `json:"random_exceeded_at"`
	EigenExceededAt  float64 `json:"eigen_exceeded_at"`
	// KinkNearest is the distance to the nearest flip of a ReLU in any
	// direction, to first order, over KinkObjects objects; KinkAdded that
	// of the added object. KinkRandom describes, over the objects, the
	// distance along a random direction of unit length (median over
	// directions). 0 stands for none.
	KinkNearest float64   `json:"kink_nearest"`
	KinkObjects int       `json:"kink_objects"`
	KinkAdded   float64   `json:"kink_added"`
	KinkRandom  Quantiles `json:"kink_random"`
}

// Exceeded returns the spheres, by their index, whose largest difference is above
// the bound of that name; none where there is no such bound. Each bound leaves out
// the remainder of Taylor's expansion, so any may be exceeded.
func (s BallSummary) Exceeded(name string) []int {
	var list []int
	values, _ := s.Form(name)
	for i, v := range values {
		if v < s.Spheres[i].Largest {
			list = append(list, i)
		}
	}
	return list
}

// Form returns the values of the bound of that name, one per sphere.
func (s BallSummary) Form(name string) ([]float64, bool) {
	for _, f := range s.Forms {
		if f.Name == name {
			return f.Values, true
		}
	}
	return nil, false
}
