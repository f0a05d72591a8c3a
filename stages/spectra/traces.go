package spectra

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
)

// layerTraces are the traces of the diagonal blocks of G, which are exact, and of
// R, which are zero for piecewise linear activations.
type layerTraces struct {
	gaussNewton, hTerm []float64
	// variance is that of the sum of hTerm, zero where it is exact.
	variance float64
}

// of returns the traces of the blocks of a term.
func (l *layerTraces) of(term curvature.Term) []float64 {
	traces := make([]float64, len(l.gaussNewton))
	for p := range traces {
		if term != curvature.HTerm {
			traces[p] += l.gaussNewton[p]
		}
		if term != curvature.GaussNewton {
			traces[p] += l.hTerm[p]
		}
	}
	return traces
}

// mostBending is how many multiplications the exact traces of R may cost. Above
// it they are estimated by so many probes, whose mean has a 95 % interval of
// so many standard errors.
const (
	mostBending    = 1e13
	traceProbes    = 30
	traceDeviation = 2.045 // Student's t with 29 degrees of freedom
)

func (e *evaluation) layerTraces(ctx context.Context) (*layerTraces, error) {
	if e.traces != nil {
		return e.traces, nil
	}
	l := &layerTraces{}
	var err error
	if l.gaussNewton, err = e.pt.LayerTraces(ctx); err != nil {
		return nil, err
	}
	if e.pt.BendingCost() <= mostBending {
		l.hTerm, err = e.pt.HTermTraces(ctx)
	} else {
		var op *curvature.Operator
		if op, err = e.pt.Operator(curvature.HTerm, nil); err == nil {
			l.hTerm, l.variance, err = op.EstimateTraces(ctx, traceProbes, e.p.Seed)
		}
	}
	if err != nil {
		return nil, err
	}
	e.traces = l
	return l, nil
}

// setTrace fills in the trace of a term, and the half-width of its interval where
// it is an estimate.
func (e *evaluation) setTrace(ctx context.Context, term curvature.Term, s *artifact.TermSpectrum) error {
	l, err := e.layerTraces(ctx)
	if err != nil {
		return err
	}
	for _, x := range l.of(term) {
		s.Trace += x
	}
	if l.variance > 0 && term != curvature.GaussNewton {
		s.TraceError = float64(traceDeviation * math.Sqrt(l.variance))
	}
	return nil
}
