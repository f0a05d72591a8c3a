package tables

import (
	"errors"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// The statistics are of the losses on the training sample, in nats; mad is the
// mean absolute deviation; ema_last is the last value of the paper's curve.
var networkColumns = []string{"mean_loss", "std_loss", "mad", "max_loss", "accuracy", "dead_fraction", "ema_last"}

func networkCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	losses, err := artifact.Read[artifact.LossSummary](inputs, n.Result("losses/summary"))
	if err != nil {
		return nil, err
	}
	differences, err := artifact.Read[artifact.DifferenceSummary](inputs, n.Result("differences/summary"))
	if err != nil {
		return nil, err
	}
	s := losses.Sample
	return [][]string{{
		number(s.Mean), number(s.Std), number(s.MAD), number(s.Max), number(s.Accuracy), number(s.DeadFraction),
		number(differences.EMALast),
	}}, errors.Join(sampled(n, "losses/summary", s.Objects), sampled(n, "differences/summary", differences.Objects))
}

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

func spectrumCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	s, err := artifact.Read[artifact.Spectrum](inputs, n.Result("spectra/spectrum"))
	if err != nil {
		return nil, err
	}
	o, err := artifact.Read[artifact.ObjectSummary](inputs, n.Result("objects/summary"))
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
	}}, errors.Join(sampled(n, "spectra/spectrum", s.Objects), sampled(n, "objects/summary", o.Objects))
}
