// Package landscapes is the stage that draws one figure of the curvature of
// networks, of their loss surfaces or of the bounds on both, as SVG, PDF and
// PNG.
//
// The kinds of figures, by what they read:
//
//   - of a spectrum: top_eigenvalues, layer_blocks, norms_over_k;
//     spectral_density, of quadrature rules; object_norms, of single objects;
//     increments_over_k, of one more object at fixed weights
//   - of a surface: surface_1d, surface_2d
//   - of bounds: bound_waterfall, bound_over_k, difference_over_radius
//   - of sample sizes: sufficient_size
//   - of the weights on the way of a training: rotation_over_epochs
//
// What an axis cannot show, a collapsed network above all, is said in words.
package landscapes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The kinds of figures, the values of Params.Figure.
const (
	SpectralDensity      = "spectral_density"
	TopEigenvalues       = "top_eigenvalues"
	NormsOverK           = "norms_over_k"
	IncrementsOverK      = "increments_over_k"
	ObjectNorms          = "object_norms"
	LayerBlocks          = "layer_blocks"
	Surface1D            = "surface_1d"
	Surface2D            = "surface_2d"
	BoundWaterfall       = "bound_waterfall"
	BoundOverK           = "bound_over_k"
	DifferenceOverRadius = "difference_over_radius"
	SufficientSize       = "sufficient_size"
	RotationOverEpochs   = "rotation_over_epochs"
)

// The outputs.
const (
	OutputSVG = chart.OutputSVG
	OutputPDF = chart.OutputPDF
	OutputPNG = chart.OutputPNG // 300 pixels per inch
)

// Params decide a figure, apart from its inputs.
type Params struct {
	Figure  string // a kind of figure
	Dataset string // mnist, fashion_mnist, cifar10, cifar100 or any other name
	Input   string // direct or features
	// Series are the networks: norms_over_k, increments_over_k, bound_over_k
	// and sufficient_size take several, the others one.
	Series   []chart.Series
	WidthCM  float64 // of the whole figure, in centimetres
	HeightCM float64
	// Radius R is where bound_over_k shows the bounds of the loss: the
	// largest of the bounds' radii that is not above it.
	Radius float64
	// Terms are the operators of spectral_density, of H, G and R; none is
	// the same as H alone.
	Terms []string
}

func (p Params) terms() []string {
	if len(p.Terms) == 0 {
		return []string{"H"}
	}
	return p.Terms
}

// kind is a kind of figure.
type kind struct {
	name   string
	inputs []string // prefixes of the inputs of a network
	many   bool     // may show several networks
	draw   func(s *chart.Sheet, p Params, inputs map[string][]byte) error
}

// kinds lists the figures in the order of the package's documentation.
func kinds() []kind {
	return []kind{
		{TopEigenvalues, []string{InputSpectrum}, false, drawTopEigenvalues},
		{LayerBlocks, []string{InputSpectrum}, false, drawLayerBlocks},
		{SpectralDensity, nil, false, drawSpectralDensity},
		{NormsOverK, []string{InputSpectrum}, true, drawNormsOverK},
		{ObjectNorms, []string{InputObjects, InputHessians, InputObjectSummary, InputSpectrum}, false, drawObjectNorms},
		{IncrementsOverK, []string{InputIncrements}, true, drawIncrementsOverK},
		{Surface1D, []string{InputSurface, InputLines}, false, drawSurface1D},
		{Surface2D, []string{InputSurface, InputEigenPlane, InputRandomPlane}, false, drawSurface2D},
		{BoundWaterfall, []string{InputBounds}, false, drawBoundWaterfall},
		{BoundOverK, []string{InputBounds}, true, drawBoundOverK},
		{DifferenceOverRadius, []string{InputBall, InputBallCurves}, false, drawDifferenceOverRadius},
		{SufficientSize, []string{InputSampleSize}, false, drawSufficientSize},
		{RotationOverEpochs, []string{InputRotation}, false, drawRotationOverEpochs},
	}
}

func find(figure string) (kind, error) {
	var names []string
	for _, k := range kinds() {
		if k.name == figure {
			return k, nil
		}
		names = append(names, k.name)
	}
	return kind{}, fmt.Errorf("landscapes: unknown figure %q: known are %s", figure, strings.Join(names, ", "))
}

// Inputs returns the names of the inputs that the figure needs, network by
// network.
func (p Params) Inputs() ([]string, error) {
	k, err := find(p.Figure)
	if err != nil {
		return nil, err
	}
	prefixes := k.inputs
	if p.Figure == SpectralDensity {
		for _, term := range p.terms() {
			prefixes = append(prefixes, InputDensity+term+"/", InputRule+term+"/")
		}
	}
	var names []string
	for _, n := range p.Series {
		for _, prefix := range prefixes {
			names = append(names, prefix+n.Network)
		}
	}
	return names, nil
}

// Run draws the figure. Equal params and inputs give equal bytes.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	d, err := p.draw(t.Inputs)
	if err != nil {
		return nil, fmt.Errorf("landscapes: %s of %s: %w", p.Figure, p.Dataset, err)
	}
	out, err := chart.Render(ctx, d, t.Progress)
	if err != nil {
		return nil, fmt.Errorf("landscapes: %s of %s: %w", p.Figure, p.Dataset, err)
	}
	return out, nil
}

func (p Params) draw(inputs map[string][]byte) (*drawing.Drawing, error) {
	k, err := p.check()
	if err != nil {
		return nil, err
	}
	s := chart.NewSheet(p.WidthCM, p.HeightCM)
	if err := k.draw(s, p, inputs); err != nil {
		return nil, err
	}
	return s.Finish()
}

// check reports params that no figure can be drawn of.
func (p Params) check() (kind, error) {
	k, err := find(p.Figure)
	if err != nil {
		return k, err
	}
	if len(p.Series) == 0 {
		return k, fmt.Errorf("no networks to show")
	}
	if len(p.Series) > 1 && !k.many {
		return k, fmt.Errorf("%d networks: the figure shows one", len(p.Series))
	}
	for i, s := range p.Series {
		if slices.Contains(p.Series[:i], s) {
			return k, fmt.Errorf("network %s occurs twice", s.Network)
		}
	}
	for _, term := range p.Terms {
		if term != "H" && term != "G" && term != "R" {
			return k, fmt.Errorf("term %q: known are H, G and R", term)
		}
	}
	return k, chart.CheckSize(p.WidthCM, p.HeightCM)
}

// title names the data, then the shape that all networks share.
func (p Params) title() string {
	return chart.Title(p.Dataset, p.Input, chart.Shape(p.Series)...)
}
