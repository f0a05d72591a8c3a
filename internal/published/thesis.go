package published

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// thesis.csv has one row per network and epoch.
//
//go:embed thesis.csv
var thesisText string

// What the thesis trained on, and on how many random objects it measured its norms, with
// at most 25 power iterations.
const (
	ThesisDataset    = "mnist"
	ThesisSampleSize = 60000
	ThesisBatch      = 128
)

// ThesisPoint is what N. Kiselev's thesis (draft of March 2026, chapter 2) gives of one
// network on MNIST after an epoch: ‖·‖₂ of H and G, and its bound of ‖G‖₂.
type ThesisPoint struct {
	Depth, Width, Epoch               int // Depth counts weight matrices
	Loss, Hessian, GaussNewton, Bound float64
}

var parsedThesis = sync.OnceValues(func() ([]ThesisPoint, error) { return parseThesis(thesisText) })

// Thesis returns the published point of that network and epoch; ok is false if there
// is none.
func Thesis(depth, width, epoch int) (x ThesisPoint, ok bool, err error) {
	points, err := parsedThesis()
	if err != nil {
		return x, false, err
	}
	for _, x := range points {
		if x.Depth == depth && x.Width == width && x.Epoch == epoch {
			return x, true, nil
		}
	}
	return x, false, nil
}

func parseThesis(text string) ([]ThesisPoint, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "depth,width,epoch,loss,hessian_norm,gauss_newton_norm,gauss_newton_bound" {
		return nil, fmt.Errorf("published thesis: line 1: unexpected header %.80q", lines[0])
	}
	var points []ThesisPoint
	for i, line := range lines[1:] {
		cells := strings.Split(line, ",")
		if len(cells) != 7 {
			return nil, fmt.Errorf("published thesis: line %d: %d cells, want 7", i+2, len(cells))
		}
		var v [7]float64
		for j := range v {
			var err error
			if v[j], err = strconv.ParseFloat(cells[j], 64); err != nil || !(v[j] >= 0 && v[j] <= 1e30) {
				return nil, fmt.Errorf("published thesis: line %d: %q is not a number from 0 to 1e30", i+2, cells[j])
			}
		}
		points = append(points, ThesisPoint{int(v[0]), int(v[1]), int(v[2]), v[3], v[4], v[5], v[6]})
	}
	return points, nil
}
