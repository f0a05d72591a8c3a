package tables

import (
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

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
