// Package figures is the stage that draws one figure, as SVG, PDF and PNG.
//
// The kinds of figures:
//
//   - hidden_size and num_layers: the paper's two figures of a data set, as it
//     draws them: the mean of |L_{k+1} − L_k| over random orders after a moving
//     average, on a log axis, with the paper's own curves faintly behind.
//   - true_difference: the same curve without the filter on log-log axes, with
//     the closed form MAD/(k+1) and a band.
//   - mad_over_k: MAD of networks trained on k objects over k.
//   - mad_grid: MAD over h and over num_layers, with bands over seeds.
//
// A network whose differences are all zero has collapsed. A log axis cannot
// show it, so the legend names it.
package figures

import (
	"context"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The kinds of figures, the values of Params.Figure.
const (
	HiddenSize     = "hidden_size"
	NumLayers      = "num_layers"
	TrueDifference = "true_difference"
	MADOverK       = "mad_over_k"
	MADGrid        = "mad_grid"
)

// The inputs of a network are named by a prefix and Series.Network.
const (
	// InputCurve and InputSummary are the outputs of the stage differences,
	// for all figures but mad_over_k.
	InputCurve   = "curve/"       // .npy float64 3×(K−1): k, mean, moving average
	InputSummary = "differences/" // result.DifferenceSummary
	// InputBand is its band, for true_difference.
	InputBand = "band/" // .npy float64 3×m: k, quantiles
	// InputLosses is the summary of the stage losses, for mad_over_k and
	// mad_grid.
	InputLosses = "losses/" // result.LossSummary
)

// The outputs.
const (
	OutputSVG = chart.OutputSVG
	OutputPDF = chart.OutputPDF
	OutputPNG = chart.OutputPNG // 300 pixels per inch
)

// Series is one network of a figure.
type Series = chart.Series

// Params decide a figure, apart from its inputs.
type Params struct {
	Figure  string // a kind of figure
	Dataset string // mnist, fashion_mnist, cifar10, cifar100 or any other name
	Input   string // direct or features
	// Series are the networks, in the order of the legend. Those of a
	// figure of the paper differ in what the figure is named after and
	// perhaps in the seed; those of mad_over_k in sample size, seed and recipe.
	Series    []Series
	WidthCM   float64 // of the whole figure, in centimetres
	HeightCM  float64
	Published bool // draw the paper's curves behind, where it has them
	// AtNumLayers and AtHiddenSize are what mad_grid holds fixed while it
	// varies the other: a network with neither is not shown.
	AtNumLayers, AtHiddenSize int
}

// Inputs returns the names of the inputs that a figure of that kind needs of
// a network, with the prefixes above.
func Inputs(figure, network string) ([]string, error) {
	switch figure {
	case HiddenSize, NumLayers:
		return []string{InputCurve + network, InputSummary + network}, nil
	case TrueDifference:
		return []string{InputCurve + network, InputBand + network, InputSummary + network}, nil
	case MADOverK, MADGrid:
		return []string{InputLosses + network}, nil
	}
	return nil, fmt.Errorf("figures: unknown figure %q: known are %s, %s, %s, %s and %s", figure, HiddenSize, NumLayers, TrueDifference, MADOverK, MADGrid)
}

// Run draws the figure. Equal params and inputs give equal bytes.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	d, err := p.draw(t.Inputs)
	if err != nil {
		return nil, fmt.Errorf("figures: %s of %s: %w", p.Figure, p.Dataset, err)
	}
	out, err := chart.Render(ctx, d, t.Progress)
	if err != nil {
		return nil, fmt.Errorf("figures: %s of %s: %w", p.Figure, p.Dataset, err)
	}
	return out, nil
}

func (p Params) draw(inputs map[string][]byte) (*drawing.Drawing, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	s := chart.NewSheet(p.WidthCM, p.HeightCM)
	var err error
	switch p.Figure {
	case HiddenSize, NumLayers:
		err = drawPaper(s, p, inputs)
	case TrueDifference:
		err = drawTrueDifference(s, p, inputs)
	case MADOverK:
		err = drawMADOverK(s, p, inputs)
	case MADGrid:
		err = drawMADGrid(s, p, inputs)
	}
	if err != nil {
		return nil, err
	}
	return s.Finish()
}

// check reports params that no figure can be drawn of.
func (p Params) check() error {
	if _, err := Inputs(p.Figure, ""); err != nil {
		return err
	}
	if len(p.Series) == 0 {
		return fmt.Errorf("no networks to show")
	}
	if err := chart.CheckSize(p.WidthCM, p.HeightCM); err != nil {
		return err
	}
	first := p.Series[0]
	for i, s := range p.Series {
		if slices.Contains(p.Series[:i], s) {
			return fmt.Errorf("network %s occurs twice", s.Network)
		}
		if s.HiddenSize != first.HiddenSize && (p.Figure == NumLayers || p.Figure == MADOverK) {
			return fmt.Errorf("networks %s and %s differ in h, which the figure holds fixed", first.Network, s.Network)
		}
		if s.NumLayers != first.NumLayers && (p.Figure == HiddenSize || p.Figure == MADOverK) {
			return fmt.Errorf("networks %s and %s differ in num_layers, which the figure holds fixed", first.Network, s.Network)
		}
	}
	return nil
}
