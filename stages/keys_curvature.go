package stages

// Curvature is the table [curvature]: what is measured of the networks whose
// seeds an experiment lists as curvature_seeds.
type Curvature struct {
	Top          int     `json:"top"`
	Bottom       int     `json:"bottom"`
	Tolerance    float64 `json:"tolerance"`
	Steps        int     `json:"steps"`
	Probes       int     `json:"probes"`
	Hessians     int     `json:"hessians"`
	BoundObjects int     `json:"bound_objects"`
	Increments   []int   `json:"increments"`
	Others       int     `json:"others"`
	Seed         int64   `json:"seed"`
}

func defaultCurvature() Curvature {
	return Curvature{
		Top: 20, Bottom: 5, Tolerance: 1e-6, Steps: 60, Probes: 3, Hessians: 16, BoundObjects: 100,
		Increments: []int{100, 300, 1000, 3000, 9999}, Others: 3, Seed: 0,
	}
}

func (t *Curvature) fields() []field {
	return []field{
		integerField("top", "Largest eigenvalues of H and G that are computed and certified.", &t.Top, 2, 1000),
		integerField("bottom", "Smallest eigenvalues of H and G.", &t.Bottom, 1, 1000),
		floatField("tolerance", "Relative error that is wanted of each eigenvalue.", &t.Tolerance, interval{1e-12, 1e-2, false, false}),
		integerField("steps", "Lanczos steps of the quadrature for the spectral density.", &t.Steps, 2, 1000),
		integerField("probes", "Random probes of the quadrature.", &t.Probes, 1, 1000),
		integerField("hessians", "Objects of which the spectrum of their own Hessian is computed: those with the largest bounds.", &t.Hessians, 0, 60000),
		integerField("bound_objects", "Objects, evenly spread over the sample, on which the costly bounds are evaluated.", &t.BoundObjects, 1, 60000),
		integersField("increments", "Sizes k at which the norm of H_{k+1} - H^(k) is measured; those that a network's sample does not reach are left out.", &t.Increments, 1, 59999),
		integerField("others", "At each of these sizes, for how many objects i behind object k+1, evenly spread, the norm of H_i - H^(k) is measured too; 0 means none.", &t.Others, 0, 1000),
		integerField("seed", "Seed of the starting vectors, probes and random directions.", &t.Seed, 0, maxSeed),
	}
}
