package figures

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// network is a network of the synthetic run; alive 0 makes it a collapsed one,
// all of whose losses are equal.
type network struct {
	artifact.Network
	alive  float64
	inputs map[string][]byte
	stream *rng.Stream
}

func encode(t *testing.T, r any, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := artifact.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put adds all artifacts of a network that figures read.
func put(t *testing.T, inputs map[string][]byte, s artifact.Network, alive bool) artifact.Network {
	t.Helper()
	s.Dataset, s.Input = "mnist", "direct"
	n := network{Network: s, inputs: inputs, stream: rng.New(s.Seed, "landscapes", "synthetic", uint64(s.SampleSize))}
	if alive {
		n.alive = 1
	}
	n.spectrum(t)
	n.density(t)
	n.objects(t)
	n.increments(t)
	n.surfaces(t)
	n.bounds(t)
	n.ball(t)
	n.sizes(t)
	n.rotation(t)
	n.trajectory(t)
	n.norms(t)
	return s
}

func (n network) trajectory(t *testing.T) {
	r := artifact.Trajectory{Objects: n.SampleSize, Parameters: 13984}
	for i, epoch := range []int{0, 1, 2, 5, 10} {
		norm := float64(n.alive * float64(3+40*i))
		r.Points = append(r.Points, artifact.TrajectoryPoint{
			Epoch: epoch, Loss: 2.3 / float64(i+1), GradientNorm: n.alive, Hessian: norm, GaussNewton: 0.9 * norm, HTerm: 0.3 * norm, Largest: norm, Least: -0.1 * norm, Trace: 3 * norm,
		})
	}
	n.inputs[n.Result("trajectory/trajectory")] = encode(t, r, nil)
}

func (n network) norms(t *testing.T) {
	r := artifact.Norms{Objects: 128, Parameters: 13984, PowerIterations: 25}
	for i, epoch := range []int{0, 1, 5, 10} {
		norm := float64(n.alive * float64(3+40*i))
		r.Points = append(r.Points, artifact.NormsPoint{
			Epoch: epoch, Loss: 2.3 / float64(i+1), Hessian: norm, GaussNewton: 0.9 * norm, Products: 20, PowerHessian: norm, PowerGaussNewton: 0.9 * norm,
			FrobeniusBound: float64(1e9 * float64(1+i)), SpectralBound: float64(1e5 * float64(1+i)),
		})
	}
	n.inputs[n.Result("norms_batch/norms")] = encode(t, r, nil)
	r.Objects = n.SampleSize
	n.inputs[n.Result("norms/norms")] = encode(t, r, nil)
}

func (n network) rotation(t *testing.T) {
	r := artifact.Rotation{Objects: n.SampleSize, Parameters: 13984, Dimension: 2, Chance: 2. / 13984, Pairs: []artifact.RotationPair{}}
	epochs := []int{0, 1, 2, 5, 10}
	for i, e := range epochs {
		s := artifact.RotationSnapshot{Epoch: e, Loss: 1, Values: []float64{float64(300 * n.alive), float64(200 * n.alive)}, Error: 1e-4}
		r.Snapshots = append(r.Snapshots, s)
		for j := range i {
			overlap := float64(j+1) / float64(i+1)
			r.Pairs = append(r.Pairs, artifact.RotationPair{
				From: epochs[j], To: e, Overlap: overlap, LargestSine: 0.9, FrobeniusSine: 1, Error: max(1-n.alive, 0.3*float64(n.Seed)*overlap),
			})
		}
	}
	n.inputs[n.Result("rotation/rotation")] = encode(t, r, nil)
}

func (n network) spectrum(t *testing.T) {
	layers := n.NumLayers + 2
	term := func(scale float64) artifact.TermSpectrum {
		x := artifact.TermSpectrum{Method: "lanczos", Products: 121, Converged: true, Missed: 7e-10 * n.alive, Rounding: 1e-11 * n.alive, Top: []artifact.Eigenvalue{}, Bottom: []artifact.Eigenvalue{}}
		value := float64(scale * n.alive)
		x.Norm = value
		for i := range 20 {
			x.Top = append(x.Top, artifact.Eigenvalue{Value: value, Residual: 1e-12 * value, Error: 1e-20 * value})
			if i == 17 {
				x.Top[i].Residual, x.Top[i].Error = 0.2*value, 1e-3*value
			}
			value /= 1.2
			if i == 2 {
				value /= 2
			}
		}
		for i := range 10 {
			x.Bottom = append(x.Bottom, artifact.Eigenvalue{Value: -float64(float64(12-i)*n.alive) / 5, Residual: 1e-9, Error: 1e-15})
		}
		if n.alive > 0 {
			x.Outliers, x.Gap = 3, 2.4
		}
		return x
	}
	s := artifact.Spectrum{
		Objects: n.SampleSize, Parameters: 13984, Layers: layers, Loss: 0.4, GradientNorm: 3,
		Hessian: term(303), GaussNewton: term(302), HTerm: term(7),
		Widths: make([]int, layers+1), LayerTraces: make([]float64, layers),
		LayerBlocks:    &artifact.LayerBlocks{},
		ClassStructure: &artifact.ClassStructure{Share: []float64{}, Cosine: []float64{}},
	}
	s.Widths[layers] = 10
	s.NullSpace.DeadUnits = []int{}
	s.GaussNewton.Bottom = []artifact.Eigenvalue{}
	for i := range 20 {
		s.ClassStructure.Predicted = append(s.ClassStructure.Predicted, s.GaussNewton.Top[i].Value/2)
		s.ClassStructure.Share = append(s.ClassStructure.Share, 0.9/float64(1+i/9))
	}
	for q := range layers {
		var row []float64
		for p := range layers {
			row = append(row, float64(n.alive*300)/float64(1+(q-3)*(q-3)+(p-3)*(p-3)))
		}
		s.LayerBlocks.Hessian = append(s.LayerBlocks.Hessian, row)
		s.LayerBlocks.GaussNewton = append(s.LayerBlocks.GaussNewton, row)
	}
	n.inputs[n.Result("spectra/spectrum")] = encode(t, s, nil)
}

func (n network) density(t *testing.T) {
	const steps, probes = 40, 3
	d := artifact.Density{Term: "H", Objects: n.SampleSize, Parameters: 13984, Steps: steps, Probes: probes, Mass: 0.9995, Deflated: []float64{}, ProbeMoments: make([]float64, probes)}
	for _, v := range []float64{303, 210, 119, 45, 20} {
		d.Deflated = append(d.Deflated, float64(v*n.alive))
	}
	const low = -2.7
	var values []float64
	for range probes {
		var nodes, weights []float64
		for i := range steps {
			nodes = append(nodes, float64(n.alive*(low+float64((8.4-low)*float64(i)/(steps-1))+0.05*n.stream.Float64())))
			weights = append(weights, 0.1/steps)
		}
		nearest := 0
		for i, v := range nodes {
			if math.Abs(v) < math.Abs(nodes[nearest]) {
				nearest = i
			}
		}
		weights[nearest] = 0.9 + 0.1/steps
		values = append(append(values, nodes...), weights...)
	}
	n.inputs[n.Result("density/density")] = encode(t, d, nil)
	n.inputs[n.Result("density/rule")] = npy.Encode([]int{probes, 2, steps}, values)
	n.inputs[n.Result("spectra/exact")] = npy.Encode([]int{0}, []float64{})
}

func (n network) objects(t *testing.T) {
	const objects, exact = 500, 20
	s := artifact.ObjectSummary{Objects: objects, Exact: exact}
	var table, hessians []float64
	for i := range objects {
		v := float64(n.alive * 400 * detmath.Exp(1.5*n.stream.Normal()))
		if i%100 == 99 || n.alive == 0 {
			v = 0
			s.Dead++
		}
		if i == 7 {
			v *= 1e-12
		}
		table = append(table, 0.5, v, 1.3*v, 1.2*v)
	}
	for i := range exact {
		hessians = append(hessians, float64(i), n.alive*float64(3000+100*i), -n.alive)
	}
	s.GaussNewtonNorm.Median = 400 * n.alive
	n.inputs[n.Result("objects/summary")] = encode(t, s, nil)
	n.inputs[n.Result("objects/objects")] = npy.Encode([]int{objects, 4}, table)
	n.inputs[n.Result("objects/hessians")] = npy.Encode([]int{exact, 3}, hessians)
}

func (n network) increments(t *testing.T) {
	s := artifact.IncrementSummary{Parameters: 13984}
	for _, k := range []int{10, 100, 1000, 9999} {
		v := float64(n.alive * 300 * (1 + n.stream.Float64()))
		s.Increments = append(s.Increments, artifact.Increment{K: k, HessianNorm: v, SampleHessian: 300 * n.alive, SampleGN: 299 * n.alive, ObjectHessian: 1.1 * v, Others: []artifact.OtherObject{
			{Object: k + 3, HessianNorm: 0.8 * v}, {Object: k + 5, HessianNorm: 1.3 * v},
		}})
	}
	n.inputs[n.Result("increments/increments")] = encode(t, s, nil)
}

func (n network) surfaces(t *testing.T) {
	const points, side = 21, 15
	s := artifact.SurfaceSummary{K: n.SampleSize - 1, Parameters: 13984, Points: points, Side: side}
	var lines []float64
	loss := func(x float64) float64 { return 0.46 + float64(n.alive*150*float64(x*x)) }
	for i := range 4 {
		d := artifact.SurfaceDirection{Kind: []string{"eigenvector", "random"}[i/2], Radius: []float64{1.1, 11}[i/2], Curvature: 300 * n.alive}
		s.Directions = append(s.Directions, d)
		var rows [3][]float64
		for _, x := range spread(points, 1) {
			change := float64(n.alive*1e-4*x) + float64((1-n.alive)*1e-20)
			rows[0], rows[1], rows[2] = append(rows[0], loss(x)), append(rows[1], loss(x)+change), append(rows[2], change)
		}
		lines = append(append(append(lines, rows[0]...), rows[1]...), rows[2]...)
	}
	var planes [3][]float64
	for _, y := range spread(side, 1) {
		for _, x := range spread(side, 1) {
			l, change := loss(x)+float64(n.alive*3*float64(y*y)), float64(n.alive*1e-4*(x+float64(x*y)))+float64((1-n.alive)*1e-20)
			planes[0], planes[1], planes[2] = append(planes[0], l), append(planes[1], l+change), append(planes[2], change)
		}
	}
	plane := npy.Encode([]int{3, side, side}, append(append(planes[0], planes[1]...), planes[2]...))
	n.inputs[n.Result("surfaces/summary")] = encode(t, s, nil)
	n.inputs[n.Result("surfaces/lines")] = npy.Encode([]int{4, 3, points}, lines)
	n.inputs[n.Result("surfaces/eigen_plane")], n.inputs[n.Result("surfaces/random_plane")] = plane, plane
}

// quantilesAround are of a distribution with that median.
func quantilesAround(v float64) artifact.Quantiles {
	return artifact.Quantiles{Min: v / 100, Q05: v / 20, Q25: v / 3, Median: v, Q75: 2 * v, Q95: 4 * v, Max: 9 * v, Mean: 1.4 * v}
}

func (n network) bounds(t *testing.T) {
	s := artifact.BoundsSummary{
		SampleSize: n.SampleSize, Parameters: 13984, WeightLayers: n.NumLayers + 2, Objects: min(200, n.SampleSize),
		GaussNewton: quantilesAround(600 * n.alive), Hessian: quantilesAround(610 * n.alive),
		Increments: []artifact.IncrementBounds{}, Losses: []artifact.LossBounds{}, Errors: []artifact.TheoryError{},
	}
	s.Constants.LayerNorms = []float64{}
	exact := float64(600 * n.alive)
	for i, name := range []string{"B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "C", "alpha_plus_c", "B0_plus_C", "H_uniform"} {
		value := exact
		for range min(i, 10) {
			value *= 7
		}
		b := artifact.BoundStatistics{Name: name, Of: "G", Values: quantilesAround(value), Slack: n.alive * value / 600}
		switch name {
		case "B9", "B10":
			b.Printed = true
			if name == "B9" && n.Seed == 1 { // as Theorem 1 fails for small weights
				b.Values, b.Violations = quantilesAround(exact/30), 150
			}
		case "alpha_plus_c", "B0_plus_C":
			b.Values = quantilesAround(1.2 * exact)
		}
		s.Bounds = append(s.Bounds, b)
	}
	radii := []float64{0, 0.01, 0.1, 1}
	for _, k := range []int{10, 100, 1000, 9999} {
		if k >= n.SampleSize {
			continue
		}
		l := artifact.LossBounds{K: k, Radii: radii, Actual: n.alive * 0.3 / float64(k+1)}
		for i, name := range []string{"lemma2_lemma1", "lemma2_theorem1", "with_half", "with_gradient", "uniform", "pointwise"} {
			f := artifact.LossForm{Name: name, Printed: i < 2}
			for _, r := range radii {
				value := 0.5 / float64(k+1) * (1 + r)
				for range 5 - i {
					value *= 100
				}
				f.Values = append(f.Values, value)
			}
			l.Forms = append(l.Forms, f)
		}
		s.Losses = append(s.Losses, l)
		s.Increments = append(s.Increments, artifact.IncrementBounds{K: k, Norm: 500 * n.alive, Upper: 600 * n.alive, Printed: 1e13})
	}
	n.inputs[n.Result("bounds/bounds")] = encode(t, s, nil)
}

func (n network) ball(t *testing.T) {
	s := artifact.BallSummary{
		K: 1000, Parameters: 13984, Random: 3, Eigen: 2, AtCentre: 3e-4 * n.alive, CentreNorm: 11.1, Allowed: 0.1,
		ExceededAt: 0.1, RandomExceededAt: 1, EigenExceededAt: 0.1, KinkNearest: 5e-6, KinkObjects: 100, KinkRandom: quantilesAround(0.3),
	}
	radii := []float64{0.001, 0.01, 0.1, 1, 10}
	names := []string{"lemma2_theorem1", "uniform", "pointwise"}
	forms := make([]artifact.LossForm, len(names))
	for _, r := range radii {
		v := float64(n.alive * 3e-4 * (1 + r))
		s.Spheres = append(s.Spheres, artifact.Sphere{Radius: r, Largest: 3 * v, Random: quantilesAround(v), LargestEigen: 3 * float64(v*(1+r))})
		for i := range forms {
			forms[i].Name = names[i]
			forms[i].Values = append(forms[i].Values, []float64{1e9, 0.1, 0.01}[i]*(1+float64(r*r)))
		}
	}
	s.Forms = forms
	var curves []float64
	for range 2 * (s.Random + s.Eigen) {
		for range 2 {
			for _, sphere := range s.Spheres {
				curves = append(curves, -0.9*sphere.Random.Median)
			}
		}
	}
	n.inputs[n.Result("ball/ball")] = encode(t, s, nil)
	n.inputs[n.Result("ball/curves")] = npy.Encode([]int{2 * (s.Random + s.Eigen), 2, len(radii)}, curves)
}

func (n network) sizes(t *testing.T) {
	s := artifact.SampleSizeSummary{SampleSize: n.SampleSize, Parameters: 13984, Dimensions: 10, Orders: 100, Draws: 16, FullDraws: 8, Eigenvalues: []float64{}}
	for i, name := range []string{"delta1", "delta2_eigen", "delta2"} {
		c := artifact.Criterion{Name: name, Sigma: []float64{0, 0.01, 0.01}[i], Closed: artifact.MonteCarlo{Value: n.alive * float64(1+i)}}
		for _, epsilon := range []float64{0.1, 0.01, 0.001, 0.0001} {
			x := artifact.Sufficient{Epsilon: epsilon, Closed: 1 + int64(n.alive*float64(1+i)/epsilon)}
			if i == 0 {
				first, always := quantilesAround(0.1/epsilon), quantilesAround(1000)
				if epsilon == 0.0001 { // half of the orders do not stay below it
					always.Median, always.Q75, always.Q95 = 10000, 10000, 10000
				}
				x.First, x.Always = &first, &always
			}
			c.Sufficient = append(c.Sufficient, x)
		}
		s.Criteria = append(s.Criteria, c)
	}
	n.inputs[n.Result("samplesize/samplesize")] = encode(t, s, nil)
}
