package spectra

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// steps is the length of the progress bar, in thousandths.
const steps = 1000

// search is one run of the stage.
type search struct {
	p     Params
	t     *task.Task
	pt    *curvature.Point
	trace float64

	hessian, gaussNewton *eigen.Result
}

// progress reports a share of the part of the bar from lo to hi.
func (s *search) progress(lo, hi int) func(share float64) {
	return func(share float64) { s.t.Progress(lo+int(share*float64(hi-lo)), steps) }
}

// terms fills in H, G and R.
func (s *search) terms(ctx context.Context, summary *result.Spectrum) error {
	h, err := s.term(ctx, curvature.Hessian, s.p.Top, s.p.Bottom, s.progress(20, 350))
	if err != nil {
		return err
	}
	g, err := s.term(ctx, curvature.GaussNewton, s.p.Top, 0, s.progress(350, 500))
	if err != nil {
		return err
	}
	r, err := s.term(ctx, curvature.HTerm, s.p.HTermEnds, s.p.HTermEnds, s.progress(500, 650))
	if err != nil {
		return err
	}
	s.hessian, s.gaussNewton = h, g
	summary.Hessian, summary.GaussNewton, summary.HTerm = describe(h), describe(g), describe(r)
	summary.Hessian.Trace, summary.GaussNewton.Trace = s.trace, s.trace
	if err := s.bottomOfG(ctx, &summary.GaussNewton); err != nil {
		return err
	}
	switch n, factors := s.pt.Network.Parameters(), s.pt.Data.Objects*s.pt.Network.Classes(); {
	case n <= s.p.Dense:
		return s.dense(ctx, summary)
	case factors <= s.p.Gram:
		return s.gram(ctx, &summary.GaussNewton)
	}
	return nil
}

func (s *search) term(ctx context.Context, term curvature.Term, top, bottom int, progress func(float64)) (*eigen.Result, error) {
	op, err := s.pt.Operator(term, nil)
	if err != nil {
		return nil, err
	}
	n := op.Dim()
	ends := curvature.Ends{
		Top: min(top, n), Bottom: min(bottom, n-min(top, n)), Tolerance: s.p.Tolerance, Floor: s.p.Floor, MaxProducts: s.p.MaxProducts, Seed: s.p.Seed,
	}
	r, err := op.Ends(ctx, ends, progress)
	if err != nil {
		return nil, err
	}
	if !r.Converged {
		s.t.Logf("%v: not all eigenvalues converged after %d products; their residuals hold", term, r.Products)
	}
	overlap(r, min(top, n), min(bottom, n))
	return r, nil
}

// overlap completes the lists of a spectrum that is so small that its two ends
// share values: Lanczos looks for each value once.
func overlap(r *eigen.Result, top, bottom int) {
	for i := len(r.Top) - 1; i >= 0 && len(r.Bottom) < bottom; i-- {
		r.Bottom = append(r.Bottom, r.Top[i])
	}
}

func describe(r *eigen.Result) result.TermSpectrum {
	t := result.TermSpectrum{
		Norm: r.Norm, Top: eigenvalues(r.Top), Bottom: eigenvalues(r.Bottom), Method: "lanczos",
		Products: r.Products, Converged: r.Converged, Block: r.Block, Rounding: r.Rounding, Missed: r.Missed,
	}
	t.Outliers, t.Gap = outliers(t.Top)
	return t
}

func eigenvalues(pairs []eigen.Pair) []result.Eigenvalue {
	list := []result.Eigenvalue{}
	for _, p := range pairs {
		list = append(list, result.Eigenvalue{Value: p.Value, Residual: p.Residual, Error: p.Error})
	}
	return list
}

// outliers finds the largest ratio of neighbours among positive values.
func outliers(top []result.Eigenvalue) (count int, ratio float64) {
	for i := 1; i < len(top); i++ {
		if top[i].Value > 0 && top[i-1].Value/top[i].Value > ratio {
			count, ratio = i, top[i-1].Value/top[i].Value
		}
	}
	return count, ratio
}

// bottomOfG fills in G's smallest eigenvalues. G has no negative ones and a
// null space that is known, so nothing is searched, only certified: between 0
// and a vector's Rayleigh quotient there is an eigenvalue.
func (s *search) bottomOfG(ctx context.Context, g *result.TermSpectrum) error {
	vectors := s.pt.NullDirections(s.p.Bottom)
	if len(vectors) == 0 {
		return nil
	}
	op, err := s.pt.Operator(curvature.GaussNewton, nil)
	if err != nil {
		return err
	}
	pairs, err := eigen.Certify(ctx, op, vectors, s.t.Workers)
	if err != nil {
		return err
	}
	g.Products += len(pairs)
	for _, p := range pairs {
		// a value within rounding of zero is zero
		g.Bottom = append(g.Bottom, result.Eigenvalue{Value: 0, Residual: p.Residual + math.Abs(p.Value), Error: math.Abs(p.Value)})
	}
	return nil
}

// dense replaces the ends of all three by those of the whole spectra, with the
// estimators' errors.
func (s *search) dense(ctx context.Context, summary *result.Spectrum) error {
	matrices := make([][]float64, 2)
	for i, term := range []curvature.Term{curvature.Hessian, curvature.GaussNewton} {
		op, err := s.pt.Operator(term, nil)
		if err != nil {
			return err
		}
		report := s.progress(650+i*40, 690+i*40)
		matrices[i], err = op.Dense(ctx, func(done, total int) { report(float64(done) / float64(total)) })
		if err != nil {
			return err
		}
	}
	r := append([]float64(nil), matrices[0]...)
	kernel.Axpy64(r, -1, matrices[1])
	n := s.pt.Network.Parameters()
	for i, t := range []struct {
		*result.TermSpectrum
		matrix      []float64
		top, bottom int
	}{
		{&summary.Hessian, matrices[0], s.p.Top, s.p.Bottom},
		{&summary.GaussNewton, matrices[1], s.p.Top, s.p.Bottom},
		{&summary.HTerm, r, s.p.HTermEnds, s.p.HTermEnds},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		frobenius := math.Sqrt(kernel.Dot64(t.matrix, t.matrix))
		values, _, err := eigen.Symmetric(t.matrix, n, false, s.t.Workers)
		if err != nil {
			return err
		}
		replace(t.TermSpectrum, values, t.top, t.bottom)
		t.Method, t.Frobenius, t.Products = "dense", &frobenius, n
		s.progress(730, 760)(float64(i+1) / 3)
	}
	return nil
}

// gram replaces G's top by the spectrum of the Gram matrix of its factors.
func (s *search) gram(ctx context.Context, g *result.TermSpectrum) error {
	matrix, err := s.pt.Gram(ctx)
	if err != nil {
		return err
	}
	frobenius := math.Sqrt(kernel.Dot64(matrix, matrix))
	values, _, err := eigen.Symmetric(matrix, s.pt.Data.Objects*s.pt.Network.Classes(), false, s.t.Workers)
	if err != nil {
		return err
	}
	bottom := g.Bottom
	replace(g, values, s.p.Top, 0)
	g.Method, g.Frobenius, g.Bottom = "gram", &frobenius, bottom
	return nil
}

// replace puts exact values, ascending, in the place of estimated ones. Their
// error is the solver's backward error, n·2⁻⁵²·‖M‖.
func replace(t *result.TermSpectrum, values []float64, top, bottom int) {
	n := len(values)
	norm := max(math.Abs(values[0]), math.Abs(values[n-1]))
	slack := float64(float64(n) * float64(norm*0x1p-52))
	worst := 0.0
	for i, e := range t.Top {
		if i < n {
			worst = max(worst, math.Abs(e.Value-values[n-1-i]))
		}
	}
	for i, e := range t.Bottom {
		if i < n && bottom > 0 {
			worst = max(worst, math.Abs(e.Value-values[i]))
		}
	}
	if norm > 0 {
		worst /= norm
	}
	exact := func(x float64) result.Eigenvalue { return result.Eigenvalue{Value: x, Residual: slack, Error: slack} }
	t.Top, t.Bottom = []result.Eigenvalue{}, []result.Eigenvalue{}
	for i := range min(top, n) {
		t.Top = append(t.Top, exact(values[n-1-i]))
	}
	for i := range min(bottom, n) {
		t.Bottom = append(t.Bottom, exact(values[i]))
	}
	t.Norm, t.EstimatorError, t.Converged, t.Missed = norm, &worst, true, 0
	t.Block, t.Rounding = slack, slack
	t.Outliers, t.Gap = outliers(t.Top)
}
