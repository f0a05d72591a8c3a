package ball

import (
	"context"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// measurement is one run of the stage on k+1 objects.
type measurement struct {
	p        Params
	k        int
	pt       *curvature.Point
	vectors  [][]float64
	progress func(done, total int)
}

// rms sums squares of differences and of what the model misses.
type rms struct{ actual, missed float64 }

func (r *rms) add(actual, model float64) {
	d := actual - model
	r.actual += float64(actual * actual)
	r.missed += float64(d * d)
}

// share is the root mean square of what is missed, relative to that of the
// differences; 0 where nothing differs.
func (r rms) share() float64 {
	if r.actual == 0 {
		return 0
	}
	return math.Sqrt(r.missed / r.actual)
}

func (m *measurement) run(ctx context.Context) (*artifact.BallSummary, []float64, error) {
	p, radii := m.p, len(m.p.Radii)
	directions := m.directions()
	facts, err := m.facts(ctx)
	if err != nil {
		return nil, nil, err
	}
	s := &artifact.BallSummary{
		K: m.k, Parameters: m.pt.Network.Parameters(), Random: p.Directions, Eigen: len(m.vectors),
		AtCentre: facts.LossGap / float64(m.k+1), CentreNorm: length(m.pt.Network.Flat()), Allowed: allowed,
		Spheres: make([]artifact.Sphere, radii),
	}
	random, eigen := make([]rms, radii), make([]rms, radii)
	values := make([][]float64, radii) // |difference| of the random directions
	curves := make([]float64, 2*len(directions)*2*radii)
	kinks := make([][]float64, 0, p.Directions)
	for d, u := range directions {
		line, err := m.line(ctx, u)
		if err != nil {
			return nil, nil, err
		}
		for i, r := range p.Radii {
			sphere := &s.Spheres[i]
			sphere.Radius = r
			for sign := range 2 {
				t := r
				if sign == 1 {
					t = -r
				}
				actual, err := line.actual(ctx, t)
				if err != nil {
					return nil, nil, err
				}
				model := line.model(t)
				row := (2*d + sign) * 2 * radii
				curves[row+i], curves[row+radii+i] = actual, model
				sphere.Largest = max(sphere.Largest, math.Abs(actual))
				sphere.LargestRemainder = max(sphere.LargestRemainder, math.Abs(actual-model))
				if d < p.Directions {
					random[i].add(actual, model)
					values[i] = append(values[i], math.Abs(actual))
				} else {
					eigen[i].add(actual, model)
					sphere.LargestEigen = max(sphere.LargestEigen, math.Abs(actual))
				}
			}
			if d < p.Directions {
				share, _, err := line.plane.Flips(ctx, r)
				if err != nil {
					return nil, nil, err
				}
				sphere.Flips += share / float64(p.Directions)
			}
		}
		if d < p.Directions {
			kink, err := m.pt.KinksAlong(ctx, u)
			if err != nil {
				return nil, nil, err
			}
			kinks = append(kinks, kink)
		}
		m.progress(d+1, len(directions)+1)
	}
	for i := range s.Spheres {
		sphere := &s.Spheres[i]
		sphere.Random = artifact.NewQuantiles(values[i])
		sphere.RandomRemainder, sphere.EigenRemainder = random[i].share(), eigen[i].share()
		both := rms{random[i].actual + eigen[i].actual, random[i].missed + eigen[i].missed}
		sphere.Remainder = both.share()
	}
	m.exceeded(s)
	m.forms(s, facts)
	err = m.kinks(ctx, s, kinks)
	m.progress(len(directions)+1, len(directions)+1)
	return s, curves, err
}

// directions returns the random unit vectors and then the eigenvectors.
func (m *measurement) directions() [][]float64 {
	list := make([][]float64, 0, m.p.Directions+len(m.vectors))
	for d := range m.p.Directions {
		s := rng.New(m.p.Seed, "ball", "direction", uint64(d))
		v := make([]float64, m.pt.Network.Parameters())
		for i := range v {
			v[i] = s.Normal()
		}
		kernel.Scale64(v, 1/length(v))
		list = append(list, v)
	}
	return append(list, m.vectors...)
}

// line is the difference along one direction.
type line struct {
	k              int
	plane          *curvature.Plane
	gap            float64 // a
	slope, bending float64 // (g_{k+1} − g^(k))·u and uᵀDu
}

func (m *measurement) line(ctx context.Context, u []float64) (*line, error) {
	plane, err := m.pt.Plane(ctx, u)
	if err != nil {
		return nil, err
	}
	forms, err := m.pt.Forms(ctx, u, 1)
	if err != nil {
		return nil, err
	}
	return &line{
		k: m.k, plane: plane, gap: added(m.pt.Losses, m.k),
		slope: added(forms[0].Gradient, m.k), bending: added(forms[0].Hessian, m.k),
	}, nil
}

// added is the value of object k, counted from 0, less the mean of the k
// before it.
func added(values []float64, k int) float64 {
	return values[k] - kernel.Sum64(values[:k])/float64(k)
}

// actual is L_{k+1} − L_k at θ* + t u, never formed from two means.
func (l *line) actual(ctx context.Context, t float64) (float64, error) {
	losses, err := l.plane.Losses(ctx, t)
	if err != nil {
		return 0, err
	}
	return added(losses, l.k) / float64(l.k+1), nil
}

// model is the same by the quadratic model.
func (l *line) model(t float64) float64 {
	return (l.gap + float64(t*l.slope) + float64(float64(float64(t*t)*l.bending)/2)) / float64(l.k+1)
}

// exceeded finds where the remainder is first too large.
func (m *measurement) exceeded(s *artifact.BallSummary) {
	first := func(share func(artifact.Sphere) float64) float64 {
		for _, x := range s.Spheres {
			if share(x) > allowed {
				return x.Radius
			}
		}
		return 0
	}
	s.ExceededAt = first(func(x artifact.Sphere) float64 { return x.Remainder })
	s.RandomExceededAt = first(func(x artifact.Sphere) float64 { return x.RandomRemainder })
	s.EigenExceededAt = first(func(x artifact.Sphere) float64 { return x.EigenRemainder })
}

// facts measures what the bounds are made of.
func (m *measurement) facts(ctx context.Context) (object.LossFacts, error) {
	constants, err := object.NewConstants(m.pt)
	if err != nil {
		return object.LossFacts{}, err
	}
	norms, err := object.NewSizes(ctx, m.pt, constants, nil)
	if err != nil {
		return object.LossFacts{}, err
	}
	difference, err := m.pt.Range(ctx, curvature.Hessian, curvature.Increment(m.k), m.p.Tolerance, m.p.Seed)
	if err != nil {
		return object.LossFacts{}, err
	}
	mean, err := m.pt.Gradient(ctx, curvature.Prefix(m.k, m.k))
	if err != nil {
		return object.LossFacts{}, err
	}
	gap, err := m.pt.Gradient(ctx, curvature.Increment(m.k))
	if err != nil {
		return object.LossFacts{}, err
	}
	bounds, err := object.New(m.pt, m.k).Bounds(constants)
	if err != nil {
		return object.LossFacts{}, err
	}
	return object.LossFacts{
		K: m.k, LossGap: math.Abs(added(m.pt.Losses, m.k)), GradientGap: length(gap), MeanGradient: length(mean),
		HessianGap:  difference.Norm() + difference.Residual,
		LargestLoss: slices.Max(m.pt.Losses), LargestGradient: slices.Max(norms.Gradient),
		LargestG: slices.Max(norms.GaussNewton), LargestR: min(slices.Max(norms.HTerm), math.MaxFloat64),
		Theorem1: min(bounds[9], math.MaxFloat64), Lemma1: min(bounds[10], math.MaxFloat64),
	}, nil
}

// forms evaluates the bounds on the spheres.
func (m *measurement) forms(s *artifact.BallSummary, facts object.LossFacts) {
	for i, name := range object.LossFormNames {
		s.Forms = append(s.Forms, artifact.LossForm{Name: name, Printed: i < 2, Values: make([]float64, len(s.Spheres))})
	}
	for i, sphere := range s.Spheres {
		for f, v := range facts.Forms(sphere.Radius) {
			s.Forms[f].Values[i] = min(v, math.MaxFloat64)
		}
	}
}

// kinks describes how near ReLUs flip.
func (m *measurement) kinks(ctx context.Context, s *artifact.BallSummary, along [][]float64) error {
	if margin := m.pt.KinkDistance(m.k); !math.IsInf(margin, 1) {
		s.KinkAdded = margin
	}
	s.KinkObjects = min(kinkObjects, m.k)
	nearest, err := m.pt.NearestKink(ctx, s.KinkObjects)
	if err != nil {
		return err
	}
	if !math.IsInf(nearest.Margin, 1) {
		s.KinkNearest = nearest.Margin
	}
	medians := make([]float64, 0, m.k+1)
	one := make([]float64, len(along))
	for i := range m.k + 1 {
		for d := range along {
			one[d] = along[d][i]
		}
		if v := stats.Median(one); !math.IsInf(v, 1) && !math.IsNaN(v) {
			medians = append(medians, v)
		}
	}
	s.KinkRandom = artifact.NewQuantiles(medians)
	return nil
}

func length(v []float64) float64 { return math.Sqrt(kernel.Dot64(v, v)) }
