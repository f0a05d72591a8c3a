package tables

import (
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// All is at the network's weights: at is the k of H^(k), the mean over the first
// so many objects; hessian_increment is ‖H_{k+1} − H^(k)‖₂ with its
// residual; others are objects behind object k+1, with the median and the
// largest of their ‖H_i − H^(k)‖₂; the sines are of the principal angles
// between the top eigenspaces of H^(k) and H^(k+1), with an estimate of their
// error.
var incrementColumns = []string{
	"at", "hessian_increment", "hessian_increment_residual", "abs_loss_difference", "sample_hessian", "sample_gauss_newton", "object_hessian",
	"others", "others_median", "others_max", "eigenspace_dim", "largest_sine", "frobenius_sine", "eigenspace_error",
}

func (r Row) increments(inputs map[string][]byte) ([][]string, error) {
	s, err := read[artifact.IncrementSummary](r, inputs, InputIncrements)
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
