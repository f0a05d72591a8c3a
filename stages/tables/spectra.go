package tables

import (
	"errors"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// hessian, gauss_newton and h_term are spectral norms, lower bounds up to their
// residuals; gauss_newton_share is ‖G‖/‖H‖; lambda_min is the least eigenvalue
// of H with its residual; outliers counts G's above their largest gap; the
// object columns are of ‖G_i‖ over all objects of the sample and of ‖H_i‖ over
// those with the largest bounds, and 1 where that is proven to be the maximum
// over all, else 0.
var spectrumColumns = []string{
	"parameters", "loss", "gradient_norm", "hessian", "hessian_residual", "gauss_newton", "h_term", "gauss_newton_share",
	"lambda_min", "lambda_min_residual", "trace", "outliers", "gap", "dead_units",
	"object_gauss_newton_median", "object_gauss_newton_max", "object_hessian_max", "object_hessian_max_proven", "kink_margin",
}

func (r Row) spectrum(inputs map[string][]byte) ([][]string, error) {
	s, err := read[artifact.Spectrum](r, inputs, InputSpectrum)
	if err != nil {
		return nil, err
	}
	o, err := read[artifact.ObjectSummary](r, inputs, InputObjects)
	if err != nil {
		return nil, err
	}
	dead := 0
	for _, units := range s.NullSpace.DeadUnits {
		dead += units
	}
	proven := 0
	if o.MaximumProven {
		proven = 1
	}
	kink := ""
	if s.NullSpace.Kink != nil {
		kink = number(s.NullSpace.Kink.Margin)
	}
	least, leastResidual := "", ""
	if len(s.Hessian.Bottom) > 0 {
		least, leastResidual = number(s.Hessian.Bottom[0].Value), number(s.Hessian.Bottom[0].Residual)
	}
	residual := ""
	if len(s.Hessian.Top) > 0 {
		residual = number(s.Hessian.Top[0].Residual)
	}
	return [][]string{{
		strconv.Itoa(s.Parameters), number(s.Loss), number(s.GradientNorm),
		number(s.Hessian.Norm), residual, number(s.GaussNewton.Norm), number(s.HTerm.Norm), number(s.Ratio),
		least, leastResidual, number(s.Hessian.Trace),
		strconv.Itoa(s.GaussNewton.Outliers), number(s.GaussNewton.Gap), strconv.Itoa(dead),
		number(o.GaussNewtonNorm.Median), number(o.GaussNewtonNorm.Max), number(o.LargestHessian), strconv.Itoa(proven), kink,
	}}, errors.Join(r.sample(InputSpectrum, s.Objects), r.sample(InputObjects, o.Objects))
}
