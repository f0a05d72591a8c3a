package tables

import (
	"errors"
	"math"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// The columns of each table, after those of every table, and its rows.

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

// Of a training until a goal: how many epochs it took, the norm of the gradient at
// the end, and 1 if the goal was reached, 0 if the limit of epochs was. Empty for
// other networks.
var endColumns = []string{"epochs", "gradient_norm", "reached"}

func endCells(n artifact.Network, inputs map[string][]byte) ([]string, error) {
	name := n.Result("train_until/end")
	if inputs[name] == nil {
		return []string{"", "", ""}, nil
	}
	end, err := artifact.Read[artifact.TrainingEnd](inputs, name)
	if err != nil {
		return nil, err
	}
	return []string{strconv.Itoa(end.Epochs), number(end.GradientNorm), truth(end.Reached)}, nil
}

// objects is how many were held out; loss, accuracy and mad are theirs, the training_
// columns those of the training sample, and the gap is the held-out loss less that of
// training; difference is mad/(objects + 1), what one more held-out object changes on
// average.
var heldOutColumns = []string{"objects", "loss", "accuracy", "mad", "training_loss", "training_accuracy", "training_mad", "gap", "difference"}

func heldOutCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	held, err := artifact.Read[artifact.LossSummary](inputs, n.Result("held_out/summary"))
	if err != nil {
		return nil, err
	}
	training, err := artifact.Read[artifact.LossSummary](inputs, n.Result("losses/summary"))
	if err != nil {
		return nil, err
	}
	h, s := held.Sample, training.Sample
	return [][]string{{
		strconv.Itoa(h.Objects), number(h.Mean), number(h.Accuracy), number(h.MAD), number(s.Mean), number(s.Accuracy), number(s.MAD),
		number(h.Mean - s.Mean), number(h.MAD / float64(h.Objects+1)),
	}}, sampled(n, "losses/summary", s.Objects)
}

// hessian, gauss_newton and h_term are spectral norms, lower bounds up to their
// residuals; of each, converged is 1 if the lists of its eigenvalues are whole
// and as exact as asked, otherwise 0, and missed is the probability that they lack
// a value; gauss_newton_share is ‖G‖/‖H‖; lambda_min is the least eigenvalue
// of H with its residual; outliers counts G's above their largest gap; the
// object columns are of ‖G_i‖ over all objects of the sample and of ‖H_i‖ over
// those with the largest bounds, and 1 where that is proven to be the maximum
// over all, otherwise 0.
var spectrumColumns = []string{
	"parameters", "loss", "gradient_norm", "hessian", "hessian_residual", "gauss_newton", "h_term", "gauss_newton_share",
	"lambda_min", "lambda_min_residual", "trace", "outliers", "gap", "dead_units",
	"object_gauss_newton_median", "object_gauss_newton_max", "object_hessian_max", "object_hessian_max_proven", "kink_margin",
	"hessian_converged", "hessian_missed", "gauss_newton_converged", "gauss_newton_missed", "h_term_converged", "h_term_missed",
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
	row := []string{
		strconv.Itoa(s.Parameters), number(s.Loss), number(s.GradientNorm),
		number(s.Hessian.Norm), residual, number(s.GaussNewton.Norm), number(s.HTerm.Norm), number(s.Ratio),
		least, leastResidual, number(s.Hessian.Trace),
		strconv.Itoa(s.GaussNewton.Outliers), number(s.GaussNewton.Gap), strconv.Itoa(dead),
		number(o.GaussNewtonNorm.Median), number(o.GaussNewtonNorm.Max), number(o.LargestHessian), truth(o.MaximumProven), kink,
	}
	for _, t := range []artifact.TermSpectrum{s.Hessian, s.GaussNewton, s.HTerm} {
		row = append(row, truth(t.Converged), number(t.Missed))
	}
	return [][]string{row}, errors.Join(sampled(n, "spectra/spectrum", s.Objects), sampled(n, "objects/summary", o.Objects))
}

// All is at the network's weights: at is the k of H^(k), the mean over the first
// so many objects; hessian_increment is ‖H_{k+1} − H^(k)‖₂ with its
// residual; others are objects after object k+1, with the median and the
// largest of their ‖H_i − H^(k)‖₂; the sines are of the principal angles
// between the top eigenspaces of H^(k) and H^(k+1), with an estimate of their
// error.
var incrementColumns = []string{
	"at", "hessian_increment", "hessian_increment_residual", "abs_loss_difference", "sample_hessian", "sample_gauss_newton", "object_hessian",
	"others", "others_median", "others_max", "eigenspace_dim", "largest_sine", "frobenius_sine", "eigenspace_error",
}

func incrementCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	s, err := artifact.Read[artifact.IncrementSummary](inputs, n.Result("increments/increments"))
	if err != nil {
		return nil, err
	}
	var lines [][]string
	for _, x := range s.Increments {
		median, most := "", ""
		if len(x.Others) > 0 {
			median, most = number(x.OthersMedian), number(x.OthersMax)
		}
		lines = append(lines, []string{
			strconv.Itoa(x.K), number(x.HessianNorm), number(x.Residual), number(x.AbsLoss), number(x.SampleHessian), number(x.SampleGN), number(x.ObjectHessian),
			strconv.Itoa(len(x.Others)), median, most, strconv.Itoa(x.EigenspaceDim), number(x.LargestSine), number(x.FrobeniusSine), number(x.EigenspaceError),
		})
	}
	return lines, nil
}

// A row is the curvature after an epoch, 0 before the first step. The bounds are the
// uniform ones, from the norms of the weights.
var trajectoryColumns = []string{
	"epoch", "loss", "gradient_norm", "hessian", "gauss_newton", "h_term", "gauss_newton_share", "residual",
	"lambda_max", "lambda_min", "trace", "theorem_1", "lemma_1", "corrected_gauss_newton", "corrected_hessian",
}

func trajectoryCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	s, err := artifact.Read[artifact.Trajectory](inputs, n.Result("trajectory/trajectory"))
	if err != nil {
		return nil, err
	}
	var lines [][]string
	for _, p := range s.Points {
		line := []string{strconv.Itoa(p.Epoch)}
		for _, v := range []float64{
			p.Loss, p.GradientNorm, p.Hessian, p.GaussNewton, p.HTerm, p.Share(), p.Residual,
			p.Largest, p.Least, p.Trace, p.Theorem1, p.Lemma1, p.CorrectedGaussNewton, p.CorrectedHessian,
		} {
			line = append(line, number(v))
		}
		lines = append(lines, line)
	}
	return lines, sampled(n, "trajectory/trajectory", s.Objects)
}

// A row is the size of the curvature after an epoch, over so many objects: the norms to
// 1e-3, how many products with H and G both took, what power iterations find, and the
// thesis's bound with the largest Frobenius and the largest spectral norm of the weights.
var normColumns = []string{
	"objects", "epoch", "loss", "hessian", "gauss_newton", "gauss_newton_share", "residual", "products", "power_iterations", "power_hessian", "power_gauss_newton",
	"frobenius_bound", "spectral_bound",
}

func normCells(result string) func(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	return func(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
		s, err := artifact.Read[artifact.Norms](inputs, n.Result(result))
		if err != nil {
			return nil, err
		}
		var lines [][]string
		for _, p := range s.Points {
			lines = append(lines, []string{
				strconv.Itoa(s.Objects), strconv.Itoa(p.Epoch), number(p.Loss), number(p.Hessian), number(p.GaussNewton), number(p.Share()), number(p.Residual),
				strconv.Itoa(p.Products), strconv.Itoa(s.PowerIterations), number(p.PowerHessian), number(p.PowerGaussNewton), number(p.FrobeniusBound), number(p.SpectralBound),
			})
		}
		return lines, nil
	}
}

// A row compares the top eigenspaces of H after two epochs: overlap is the mean
// squared cosine of their principal angles, chance what random spaces have,
// largest_sine and frobenius_sine are of the angles, error estimates by how
// much each sine is off.
var rotationColumns = []string{"from_epoch", "to_epoch", "dimension", "overlap", "chance", "largest_sine", "frobenius_sine", "error"}

func rotationCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	s, err := artifact.Read[artifact.Rotation](inputs, n.Result("rotation/rotation"))
	if err != nil {
		return nil, err
	}
	var lines [][]string
	for _, p := range s.Pairs {
		lines = append(lines, []string{
			strconv.Itoa(p.From), strconv.Itoa(p.To), strconv.Itoa(s.Dimension),
			number(p.Overlap), number(s.Chance), number(p.LargestSine), number(p.FrobeniusSine), number(p.Error),
		})
	}
	return lines, sampled(n, "rotation/rotation", s.Objects)
}

// bound is B0 … B10, one of the full-Hessian or increment forms, or H_exact; of
// is the norm that it bounds. min to q95 are quantiles over the evenly spread
// objects, max is over all evaluated ones; for increments, at the k in the
// column at, they are one number. slack is the median of bound/exact,
// for a bound that is one number for all objects bound/(the largest exact norm);
// step is the median of bound/(the one before it in the chain).
var boundColumns = []string{
	"bound", "at", "of", "printed", "min", "q05", "q25", "median", "q75", "q95", "max",
	"exact_median", "exact_max", "slack", "step", "violations", "violations_hessian",
}

// boundRow is a row of the table.
type boundRow struct {
	name, at, of       string
	printed            bool
	values, exact      artifact.Quantiles
	slack, step        float64
	violations, beyond int
}

func (b boundRow) cells() []string {
	v := b.values
	return []string{
		b.name, b.at, b.of, strconv.FormatBool(b.printed),
		number(v.Min), number(v.Q05), number(v.Q25), number(v.Median), number(v.Q75), number(v.Q95), number(v.Max),
		number(b.exact.Median), number(b.exact.Max), number(b.slack), number(b.step), strconv.Itoa(b.violations), strconv.Itoa(b.beyond),
	}
}

func boundCells(n artifact.Network, inputs map[string][]byte) ([][]string, error) {
	s, err := artifact.Read[artifact.BoundsSummary](inputs, n.Result("bounds/bounds"))
	if err != nil {
		return nil, err
	}
	lines := [][]string{boundRow{name: "H_exact", of: "H", values: s.Hessian, exact: s.Hessian, slack: 1}.cells()}
	gaussNewton, _ := s.Bound("B0")
	for _, b := range s.Bounds {
		exact := gaussNewton.Values
		if b.Of == "H" {
			exact = s.Hessian
		}
		lines = append(lines, boundRow{
			b.Name, "", b.Of, b.Printed, b.Values, exact, b.Slack, b.Step, b.Violations, b.ViolationsHessian,
		}.cells())
	}
	for _, i := range s.Increments {
		lines = append(lines, increment(i)...)
	}
	return lines, sampled(n, "bounds/bounds", s.SampleSize)
}

// increment is what encloses ‖H_{k+1} − H^(k)‖ at one k.
func increment(i artifact.IncrementBounds) [][]string {
	var lines [][]string
	for _, form := range []struct {
		name    string
		value   float64
		printed bool
	}{
		{"increment_exact", i.Norm, false}, {"increment_lower", i.Lower, false}, {"increment_upper", i.Upper, false},
		{"increment_sum", i.Sum, false}, {"increment_printed", i.Printed, true},
	} {
		row := boundRow{
			name: form.name, at: strconv.Itoa(i.K), of: "H_{k+1}-H^(k)", printed: form.printed,
			values: artifact.NewQuantiles([]float64{form.value}), exact: artifact.NewQuantiles([]float64{i.Norm}),
		}
		if i.Norm > 0 {
			row.slack = min(form.value/i.Norm, math.MaxFloat64)
		}
		if i.Violation && !form.printed {
			row.violations = 1
		}
		lines = append(lines, row.cells())
	}
	return lines
}
