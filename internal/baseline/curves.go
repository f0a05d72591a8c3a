package baseline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/stages"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
)

// comparedAt are the sample sizes at which curves are compared with the paper's;
// of those that the paper shows, the nearest one is taken.
var comparedAt = []int{10, 100, 1000, published.SampleSize - 1}

// CurveResult is one of our curves beside the paper's. The paper trained each
// network once, with an unknown seed: the factors are reported, not judged.
type CurveResult struct {
	Figure     string       `json:"figure"`
	Dataset    string       `json:"dataset"`
	HiddenSize int          `json:"hidden_size"`
	NumLayers  int          `json:"num_layers"`
	Factors    []CurvePoint `json:"factors"`
	Median     *float64     `json:"median"` // of ours/paper's over all published k; nil for a curve of zeros
	Worst      *float64     `json:"worst"`  // the factor farthest from 1, up or down
	WorstK     int          `json:"worst_k,omitempty"`
}

// CurvePoint is ours divided by the paper's.
type CurvePoint struct {
	K      int      `json:"k"`
	Factor *float64 `json:"factor"` // nil where ours is zero
}

// curveRow is the row of [differences.Curve] that the paper shows: the
// moving average. Column i is k = i+1.
const curveRow = 2

// curves compares the curves of the paper's figures that are up to date
// with the published ones, in the order of the experiments.
func (r Run) curves(ctx context.Context) ([]CurveResult, error) {
	results := []CurveResult{}
	for _, step := range r.Plan.Steps() {
		figure := step.Stage.Label("figure")
		if step.Stage.Kind() != "figures" || figure != published.HiddenSize && figure != published.NumLayers {
			continue
		}
		for _, in := range step.Stage.Inputs() {
			from := in.From
			if from.Kind() != "differences" || in.Output != differences.Curve || from.Label("k") != strconv.Itoa(published.SampleSize) {
				continue
			}
			d, _, ok := r.Plan.Output(from, in.Output)
			if !ok {
				continue
			}
			// Features of the user's own are none of the paper's: no curve has an empty mode.
			mode := map[string]string{stages.InputDirect: published.Direct, "features": published.Extraction}[from.Label("input")]
			name := published.Name{Mode: mode, Dataset: from.Label("dataset"), Figure: figure}
			name.HiddenSize, _ = strconv.Atoi(from.Label("h"))
			name.NumLayers, _ = strconv.Atoi(from.Label("num_layers"))
			published, ok, err := published.Published(name)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			content, err := r.Store.Get(ctx, d)
			if err != nil {
				return nil, fmt.Errorf("reading the curve of %s: %w", from, err)
			}
			ours, err := curveOf(content, curveRow)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", from, err)
			}
			results = append(results, compareCurve(published, ours))
		}
	}
	slices.SortStableFunc(results, func(a, b CurveResult) int {
		return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Figure, b.Figure),
			cmp.Compare(a.HiddenSize, b.HiddenSize), cmp.Compare(a.NumLayers, b.NumLayers))
	})
	return results, nil
}

// curveOf returns a row of a curve: the value at k = i+1.
func curveOf(content []byte, row int) ([]float64, error) {
	a, err := npy.Decode(content)
	if err != nil {
		return nil, err
	}
	all, err := a.Float64s()
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 2 || row >= a.Shape[0] {
		return nil, fmt.Errorf("the curve has shape %v: want two dimensions and more than %d rows", a.Shape, row)
	}
	return all[row*a.Shape[1] : (row+1)*a.Shape[1]], nil
}

func compareCurve(published published.Curve, ours []float64) CurveResult {
	r := CurveResult{Figure: published.Figure, Dataset: published.Dataset, HiddenSize: published.HiddenSize, NumLayers: published.NumLayers}
	at := func(i int) *float64 {
		if k := published.K[i]; k <= len(ours) && ours[k-1] > 0 && published.EMA[i] > 0 {
			return finite(ours[k-1] / published.EMA[i])
		}
		return nil
	}
	var logs []float64
	worst := -1.0
	for i, k := range published.K {
		factor := at(i)
		if factor == nil {
			continue
		}
		log := detmath.Log(*factor)
		logs = append(logs, log)
		if off := math.Abs(log); off > worst {
			worst, r.Worst, r.WorstK = off, factor, k
		}
	}
	if len(logs) > 0 {
		slices.Sort(logs)
		r.Median = finite(detmath.Exp((logs[(len(logs)-1)/2] + logs[len(logs)/2]) / 2))
	}
	for _, k := range comparedAt {
		i, _ := slices.BinarySearch(published.K, k)
		if i == len(published.K) || i > 0 && k-published.K[i-1] <= published.K[i]-k {
			i--
		}
		r.Factors = append(r.Factors, CurvePoint{published.K[i], at(i)})
	}
	return r
}
