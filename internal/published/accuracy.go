package published

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// accuracy.csv has one row per point of a curve.
//
//go:embed accuracy.csv
var accuracyText string

// The figures of the authors' second experiment, on the branch "validation" of their
// repository: accuracy on the first 1,000 test objects during one epoch on the first
// 50,000 training objects.
const (
	AccuracyOverSize       = "accuracy_over_size"       // x: training objects seen so far
	AccuracyOverDifference = "accuracy_over_difference" // x: the moving average of |L_{k+1} − L_k| of the last weights at that k
)

// AccuracySampleSize is on how many objects the networks of that experiment were
// trained, and AccuracyTrainings how many there were of each size.
const (
	AccuracySampleSize = 50000
	AccuracyTrainings  = 10
)

// AccuracyCurve is a published curve of the second experiment: the mean and the
// standard deviation of the accuracy over the trainings. All lists are as long as X.
type AccuracyCurve struct {
	Dataset    string // mnist or cifar10
	Figure     string
	HiddenSize int
	NumLayers  int
	X          []float64 // ascending
	Mean, Std  []float64
}

var parsedAccuracy = sync.OnceValues(func() ([]AccuracyCurve, error) { return parseAccuracy(accuracyText) })

// Accuracy returns the published curve of that data set, figure and size; ok is false
// if there is none. The lists must not be changed.
func Accuracy(dataset, figure string, hiddenSize, numLayers int) (c AccuracyCurve, ok bool, err error) {
	curves, err := parsedAccuracy()
	if err != nil {
		return c, false, err
	}
	for _, c := range curves {
		if c.Dataset == dataset && c.Figure == figure && c.HiddenSize == hiddenSize && c.NumLayers == numLayers {
			return c, true, nil
		}
	}
	return c, false, nil
}

func parseAccuracy(text string) ([]AccuracyCurve, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "dataset,figure,hidden_size,num_layers,x,accuracy_mean,accuracy_std" {
		return nil, fmt.Errorf("published accuracy: line 1: unexpected header %.80q", lines[0])
	}
	var curves []AccuracyCurve
	for i, line := range lines[1:] {
		cells := strings.Split(line, ",")
		if len(cells) != 7 {
			return nil, fmt.Errorf("published accuracy: line %d: %d cells, want 7", i+2, len(cells))
		}
		var v [5]float64
		for j := range v {
			var err error
			if v[j], err = strconv.ParseFloat(cells[2+j], 64); err != nil || !(v[j] >= 0 && v[j] <= 1e6) {
				return nil, fmt.Errorf("published accuracy: line %d: %q is not a number from 0 to 1e6", i+2, cells[2+j])
			}
		}
		n := len(curves) - 1
		h, l := int(v[0]), int(v[1])
		if n < 0 || curves[n].Dataset != cells[0] || curves[n].Figure != cells[1] || curves[n].HiddenSize != h || curves[n].NumLayers != l {
			curves = append(curves, AccuracyCurve{Dataset: cells[0], Figure: cells[1], HiddenSize: h, NumLayers: l})
			n++
		}
		c := &curves[n]
		if m := len(c.X); m > 0 && v[2] <= c.X[m-1] {
			return nil, fmt.Errorf("published accuracy: line %d: x is %v after %v: want ascending values", i+2, v[2], c.X[m-1])
		}
		c.X, c.Mean, c.Std = append(c.X, v[2]), append(c.Mean, v[3]), append(c.Std, v[4])
	}
	return curves, nil
}
