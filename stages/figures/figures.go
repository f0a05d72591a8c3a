// Package figures is the stage that draws one figure, as SVG, PDF and PNG. [All]
// lists the figures, in the order in which they are documented and drawn.
//
// A log axis cannot show a collapsed network, all of whose losses are equal: the
// legend names it.
package figures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Figure is a kind of figure.
type Figure struct {
	Name  string
	Shows Shown
	// Wide and High scale the size in the table [figures] of the params.
	Wide, High float64
	// Reads names the results that are read of each network, as stage/output, and
	// Optional those that are read where they exist.
	Reads, Optional []string
	// PerRecipe figures have one panel per way of training, PerRun figures show all
	// data sets of the run that feed them.
	PerRecipe, PerRun bool
	// Published figures can have the paper's own curves in the background.
	Published bool

	draw func(s *chart.Sheet, p Params, inputs map[string][]byte) error
}

// Shown says which networks of an experiment a figure shows.
type Shown int

// Where a figure does not vary them, it holds the hidden size and num_layers
// at the experiment's at_hidden_size and at_num_layers, and shows the largest k.
const (
	One            Shown = iota // the first seed
	OverHiddenSize              // every hidden_size, all seeds
	OverNumLayers               // every num_layers, all seeds
	OverSizes                   // every k and seed
	OverBoth                    // every hidden_size and every num_layers, all seeds
	OverMeasured                // every k, the seeds whose curvature is measured
	OverSeeds                   // the seeds whose curvature is measured
	OverTraced                  // every hidden_size and num_layers, the first of these seeds
	OverGrid                    // every hidden_size and num_layers, all seeds
)

// All are the figures.
var All = []Figure{
	// The paper's two figures of a data set: the mean of |L_{k+1} − L_k| over
	// random orders after a moving average, the median seed with a band over the
	// seeds, and the paper's own curves in the background.
	{Name: "hidden_size", Shows: OverHiddenSize, Wide: 1, High: 1, Published: true, draw: drawOverHiddenSize,
		Reads: []string{"differences/curve", "differences/summary", "losses/summary"}},
	{Name: "num_layers", Shows: OverNumLayers, Wide: 1, High: 1, Published: true, draw: drawOverNumLayers,
		Reads: []string{"differences/curve", "differences/summary", "losses/summary"}},
	// The same without the filter on log-log axes, the closed form MAD/(k+1), a band.
	{Name: "true_difference", Wide: 1, High: 1, draw: drawTrueDifference,
		Reads: []string{"differences/curve", "differences/band", "differences/summary"}},
	// The mean absolute deviation of the losses over k, over hidden_size and num_layers.
	{Name: "mad_over_k", Shows: OverSizes, Wide: 1, High: 1, PerRecipe: true, draw: drawMADOverK, Reads: []string{"losses/summary"}},
	{Name: "mad_grid", Shows: OverBoth, Wide: 1.2, High: 1, Published: true, draw: drawMADGrid, Reads: []string{"losses/summary"}},
	// The same of all the paper's panels, on one page.
	{Name: "mad_panels", Shows: OverBoth, Wide: 2.1, High: 1.35, PerRun: true, Published: true, draw: drawMADPanels, Reads: []string{"losses/summary"}},

	// The spectra of H, G and R, of single objects, of layers.
	{Name: "spectral_density", Wide: 1.45, High: 1, draw: drawSpectralDensity,
		Reads: []string{"density/density", "density/rule", "spectra/exact"}},
	{Name: "top_eigenvalues", Wide: 1, High: 1.5, draw: drawTopEigenvalues, Reads: []string{"spectra/spectrum"}},
	{Name: "object_norms", Wide: 1, High: 1, draw: drawObjectNorms,
		Reads: []string{"objects/objects", "objects/hessians", "objects/summary", "spectra/spectrum"}},
	{Name: "layer_blocks", Wide: 1.5, High: 1, draw: drawLayerBlocks, Reads: []string{"spectra/spectrum"}},
	// The loss on lines and planes through the weights.
	{Name: "surface_1d", Wide: 1.7, High: 1, draw: drawSurface1D, Reads: []string{"surfaces/summary", "surfaces/lines"}},
	{Name: "surface_2d", Wide: 1.7, High: 1.4, draw: drawSurface2D,
		Reads: []string{"surfaces/summary", "surfaces/eigen_plane", "surfaces/random_plane"}},
	// The paper's overview picture: the losses and their difference in perspective.
	{Name: "losses_difference", Wide: 1.9, High: 0.8, draw: drawLossesDifference, Reads: []string{"surfaces/summary", "surfaces/eigen_plane"}},
	// What one more object changes, at fixed weights and of trained networks.
	{Name: "increments_over_k", Shows: OverSeeds, Wide: 1.45, High: 1, draw: drawIncrementsOverK, Reads: []string{"increments/increments"}},
	{Name: "norms_over_k", Shows: OverMeasured, Wide: 1, High: 1, PerRecipe: true, draw: drawNormsOverK, Reads: []string{"spectra/spectrum"}},
	// The bounds and what they bound.
	{Name: "bound_waterfall", Wide: 1.35, High: 1.35, draw: drawBoundWaterfall, Reads: []string{"bounds/bounds"}},
	{Name: "bound_over_k", Shows: OverMeasured, Wide: 1.45, High: 1.1, draw: drawBoundOverK, Reads: []string{"bounds/bounds"}},
	{Name: "difference_over_radius", Wide: 1.1, High: 1.25, draw: drawDifferenceOverRadius, Reads: []string{"ball/ball", "ball/curves"}},
	{Name: "sufficient_size", Wide: 1, High: 1.1, draw: drawSufficientSize, Reads: []string{"samplesize/samplesize"}},
	// The top eigenspace of H between epochs of one training.
	{Name: "curvature_over_epochs", Shows: OverTraced, Wide: 1.7, High: 1.9, draw: drawCurvatureOverEpochs, Reads: []string{"trajectory/trajectory"}},
	// What the thesis of one of the authors measures: ‖H‖, ‖G‖ and their bound.
	{Name: "norms_over_epochs", Shows: OverGrid, Wide: 1.7, High: 2.3, Published: true, draw: drawNormsOverEpochs,
		Reads: []string{"norms_batch/norms"}, Optional: []string{"norms/norms"}},
	{Name: "rotation_over_epochs", Wide: 1, High: 1, draw: drawRotationOverEpochs, Reads: []string{"rotation/rotation"}},
	// The authors' second experiment: accuracy on held-out objects during a training.
	{Name: "accuracy_over_size", Shows: OverHiddenSize, Wide: 1, High: 1, Published: true, draw: drawAccuracyOverSize, Reads: []string{"held_out_curve/curve"}},
	{Name: "accuracy_over_difference", Shows: OverHiddenSize, Wide: 1, High: 1, Published: true, draw: drawAccuracyOverDifference,
		Reads: []string{"held_out_curve/curve", "differences/curve", "differences/summary"}},
	// How many objects are enough: the held-out loss over k with its fit.
	{Name: "held_out_over_k", Wide: 1, High: 1, draw: drawHeldOutOverK, Reads: []string{"needed_size/size"}},
}

// Named returns the figure of that name.
func Named(name string) (Figure, error) {
	if i := slices.IndexFunc(All, func(f Figure) bool { return f.Name == name }); i >= 0 {
		return All[i], nil
	}
	return Figure{}, fmt.Errorf("unknown figure %q: known are %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of all figures.
func Names() []string {
	names := make([]string, len(All))
	for i, f := range All {
		names[i] = f.Name
	}
	return names
}

// ReadsOf reports whether the figure reads a result of one of the stages.
func (f Figure) ReadsOf(stages ...string) bool {
	return slices.ContainsFunc(f.Reads, func(result string) bool {
		stage, _, _ := strings.Cut(result, "/")
		return slices.Contains(stages, stage)
	})
}

// Curved figures show measured curvature; the others show losses alone, or the
// weights on the way of a training.
func (f Figure) Curved() bool {
	return !f.ReadsOf("losses", "differences", "rotation", "trajectory", "norms_batch", "held_out_curve", "needed_size")
}

// OfOneNetwork figures can show a network without others.
func (f Figure) OfOneNetwork() bool { return f.Shows == One || f.Shows == OverSeeds }

// OfAllSizes figures hold neither the hidden size nor num_layers fixed.
func (f Figure) OfAllSizes() bool { return f.Shows == OverTraced || f.Shows == OverGrid }

// The outputs.
const (
	OutputSVG = chart.OutputSVG
	OutputPDF = chart.OutputPDF
	OutputPNG = chart.OutputPNG // 300 pixels per inch
)

// Series is one network of a figure.
type Series = artifact.Network

// Params decide a figure, apart from its inputs.
type Params struct {
	Figure  string // the name of a figure
	Dataset string // mnist, fashion_mnist, cifar10, cifar100 or any other name
	Input   string // direct or features; any other text is shown as it is
	// Networks are shown, in the order of the legend.
	Networks  []artifact.Network
	WidthCM   float64 // of the whole figure, in centimetres
	HeightCM  float64
	Published bool // draw the paper's curves in the background, where it has them
	// AtNumLayers and AtHiddenSize are what mad_grid holds fixed while it
	// varies the other: a network with neither is not shown.
	AtNumLayers, AtHiddenSize int
}

// Run draws the figure. Equal params and inputs give equal bytes.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	d, err := p.draw(t.Inputs)
	if err != nil {
		return nil, err
	}
	return chart.Render(ctx, d, t.Progress)
}

func (p Params) draw(inputs map[string][]byte) (*drawing.Drawing, error) {
	f, err := p.check()
	if err != nil {
		return nil, err
	}
	s := chart.NewSheet(p.WidthCM, p.HeightCM)
	if err := f.draw(s, p, inputs); err != nil {
		return nil, err
	}
	return s.Finish()
}

// check reports params of which no figure can be drawn.
func (p Params) check() (Figure, error) {
	f, err := Named(p.Figure)
	if err != nil {
		return f, err
	}
	if len(p.Networks) == 0 {
		return f, fmt.Errorf("no networks to show")
	}
	if len(p.Networks) > 1 && f.Shows == One {
		return f, fmt.Errorf("%d networks: the figure shows one", len(p.Networks))
	}
	first := p.Networks[0]
	for i, s := range p.Networks {
		if slices.Contains(p.Networks[:i], s) {
			return f, fmt.Errorf("network %s occurs twice", s.ID())
		}
		if s.HiddenSize != first.HiddenSize && f.Shows != OverHiddenSize && f.Shows != OverBoth && !f.OfAllSizes() {
			return f, fmt.Errorf("networks %s and %s differ in hidden_size, which the figure holds fixed", first.ID(), s.ID())
		}
		if s.NumLayers != first.NumLayers && f.Shows != OverNumLayers && f.Shows != OverBoth && !f.OfAllSizes() {
			return f, fmt.Errorf("networks %s and %s differ in num_layers, which the figure holds fixed", first.ID(), s.ID())
		}
	}
	return f, chart.CheckSize(p.WidthCM, p.HeightCM)
}

// title names the data, then the shape that all networks share.
func (p Params) title() string { return chart.Title(p.Dataset, p.Input, shape(p.Networks)...) }
