// Package measured is what was measured of one network: it reads the artifacts,
// and has them as one value for programs.
package measured

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

// Network holds the measurements of a network. Pointers and slices are nil for
// what was not asked for.
type Network struct {
	Of          Identity
	Top, Bottom int // eigenvalues that were asked for at either end

	// WeightDecay is in all of Spectrum and Density that is about H and G.
	WeightDecay float64

	Spectrum   artifact.Spectrum
	Density    *artifact.Density
	Layers     *artifact.Layers
	Diagonals  [][]float64 // of H and of G; empty if they were not asked for
	Objects    *Objects
	Increments *artifact.IncrementSummary
	Bounds     *artifact.BoundsSummary
	Chain      [][]float64 // [bound][object], as object.BoundNames

	rule []float64 // of the density: probes × 2 × steps
}

// Objects holds one number per object, and is their form for programs.
type Objects struct {
	Loss        []float64            `json:"loss"`
	GaussNewton []float64            `json:"gauss_newton_norm"`
	Hessian     Gaps                 `json:"hessian_norm"` // NaN if not computed
	Least       Gaps                 `json:"hessian_min"`
	Largest     float64              `json:"largest_hessian_norm"` // of those computed
	NextBound   float64              `json:"next_bound"`           // of the others, 0 if there are none
	Proven      bool                 `json:"maximum_proven"`       // largest_hessian_norm is that of all objects
	Bounds      map[string][]float64 `json:"bounds,omitempty"`
}

// ErrNotAsked is the error of a reader of artifacts that were not asked for.
var ErrNotAsked = errors.New("this was not asked for")

// reader returns an artifact by its name, as "spectra/spectrum".
type reader func(name string) ([]byte, error)

// Read reads the measurements of a network. Of the lists of eigenvalues, top and
// bottom are how many were asked for.
func Read(read func(name string) ([]byte, error), top, bottom int) (*Network, error) {
	r := reader(read)
	n := &Network{Top: top, Bottom: bottom}
	spectrum, err := record[artifact.Spectrum](r, "spectra/spectrum")
	if err == nil && spectrum == nil {
		err = fmt.Errorf("spectra/spectrum: %w", ErrNotAsked)
	}
	if err != nil {
		return nil, err
	}
	n.Spectrum = *spectrum
	if n.Layers, err = record[artifact.Layers](r, "layers/layers"); err != nil {
		return nil, err
	}
	diagonals, parameters, err := r.array("layers/diagonals")
	if err != nil {
		return nil, err
	}
	for at := 0; at < len(diagonals); at += parameters {
		n.Diagonals = append(n.Diagonals, diagonals[at:at+parameters])
	}
	if n.Density, err = record[artifact.Density](r, "density/density"); err != nil {
		return nil, err
	}
	if n.rule, _, err = r.array("density/rule"); err != nil {
		return nil, err
	}
	if n.Increments, err = record[artifact.IncrementSummary](r, "increments/increments"); err != nil {
		return nil, err
	}
	if n.Bounds, err = record[artifact.BoundsSummary](r, "bounds/bounds"); err != nil {
		return nil, err
	}
	rows, columns, err := r.array("bound_rows/rows")
	if err != nil {
		return nil, err
	}
	if columns > 0 {
		n.Chain = make([][]float64, columns)
		for i, v := range rows {
			n.Chain[i%columns] = append(n.Chain[i%columns], v)
		}
	}
	n.Objects, err = r.objects()
	return n, err
}

// objects returns nil if they were not asked for.
func (r reader) objects() (*Objects, error) {
	values, columns, err := r.array("objects/objects")
	if err != nil || columns == 0 {
		return nil, err
	}
	o := &Objects{}
	for i := 0; i < len(values); i += columns {
		o.Loss, o.GaussNewton = append(o.Loss, values[i]), append(o.GaussNewton, values[i+1])
		o.Hessian, o.Least = append(o.Hessian, math.NaN()), append(o.Least, math.NaN())
	}
	summary, err := record[artifact.ObjectSummary](r, "objects/summary")
	if err != nil {
		return nil, err
	}
	o.Largest, o.NextBound, o.Proven = summary.LargestHessian, summary.NextBound, summary.MaximumProven
	if values, _, err = r.array("objects/hessians"); err != nil {
		return nil, err
	}
	for at := 0; at < len(values); at += 3 {
		i := int(values[at])
		o.Hessian[i], o.Least[i] = values[at+1], values[at+2]
	}
	return o, nil
}

// array reads a .npy of float64 and the length of its last dimension, which is 0
// if it was not asked for.
func (r reader) array(name string) (values []float64, columns int, err error) {
	b, err := r(name)
	if errors.Is(err, ErrNotAsked) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	a, err := npy.Decode(b)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	if values, err = npy.Values[float64](a); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return values, a.Shape[len(a.Shape)-1], nil
}

// record reads a summary, nil if it was not asked for.
func record[R any](r reader, name string) (*R, error) {
	b, err := r(name)
	if errors.Is(err, ErrNotAsked) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := artifact.Decode[R](b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &v, nil
}

// Identity says which network was measured.
type Identity struct {
	Widths          []int    `json:"widths"` // n_0 … n_L
	Layers          []string `json:"layers"` // names of the matrices, from the input to the output
	Biased          []bool   `json:"biased"` // of each layer, whether it has biases
	Activation      string   `json:"activation"`
	PiecewiseLinear bool     `json:"piecewise_linear"`
	Loss            string   `json:"loss"`
	LabelSmoothing  float64  `json:"label_smoothing"`
	Accuracy        *float64 `json:"accuracy"` // null under mse
	Transposed      bool     `json:"transposed"`
	Skipped         []string `json:"skipped"`        // tensors that are not part of the network
	NotApplicable   []string `json:"not_applicable"` // what holds only for other networks
	FisherIsG       bool     `json:"fisher_is_gauss_newton"`
}

// Value is the form for programs: the fields that the documentation
// lists and, for each flag, what it asks for.
type Value struct {
	Network     Identity `json:"network"`
	WeightDecay float64  `json:"weight_decay"`

	Objects      int      `json:"objects"`
	Parameters   int      `json:"parameters"`
	Layers       int      `json:"layers"`
	Loss         float64  `json:"loss"`
	GradientNorm float64  `json:"gradient_norm"`
	Hessian      TermEnds `json:"hessian"`
	GaussNewton  TermEnds `json:"gauss_newton"`
	HTerm        TermEnds `json:"h_term"`

	// GradientCosine is |g·v|/‖g‖ of the gradient g and the top eigenvectors v of H.
	GradientCosine  []float64    `json:"gradient_cosine"`
	PerLayer        []LayerEnds  `json:"per_layer,omitempty"`
	Diagonal        *DiagonalsOf `json:"diagonal,omitempty"`
	EmpiricalFisher *TermEnds    `json:"empirical_fisher,omitempty"`

	PerObject  *Objects                      `json:"per_object,omitempty"`
	Increments *IncrementLists               `json:"increments,omitempty"`
	Bounds     map[string]artifact.Quantiles `json:"bounds,omitempty"`
	BoundsOver string                        `json:"bounds_over,omitempty"` // the objects that the quantiles are of
	Density    *DensityRule                  `json:"density,omitempty"`
}

// LayerEnds is about the diagonal blocks of H and G that belong to one layer.
type LayerEnds struct {
	Layer       string      `json:"layer"` // the name of its matrix
	Parameters  int         `json:"parameters"`
	Hessian     TermEnds    `json:"hessian"`
	GaussNewton TermEnds    `json:"gauss_newton"`
	Nodes       [][]float64 `json:"nodes,omitempty"` // of the density of the block of H, of each probe
	Weights     [][]float64 `json:"weights,omitempty"`
}

// DiagonalsOf are the diagonals of H and G, in the order of the parameters.
type DiagonalsOf struct {
	Hessian     []float64 `json:"hessian"`
	GaussNewton []float64 `json:"gauss_newton"`
}

// IncrementLists has one value per k.
type IncrementLists struct {
	K           []int     `json:"k"`
	HessianNorm []float64 `json:"hessian_norm"`
	AbsLoss     []float64 `json:"abs_loss"`

	Residual     []float64                `json:"residual"` // of hessian_norm
	Others       [][]artifact.OtherObject `json:"others"`
	OthersMedian Gaps                     `json:"others_median"` // null if there are none
	OthersMax    Gaps                     `json:"others_max"`
}

// DensityRule is the spectral density with its quadrature rule.
type DensityRule struct {
	artifact.Density
	Nodes   [][]float64 `json:"nodes"` // of each probe
	Weights [][]float64 `json:"weights"`
}

// Value returns the form for programs.
func (n *Network) Value() Value {
	s := n.Spectrum
	v := Value{
		Network: n.Of, WeightDecay: n.WeightDecay,
		Objects: s.Objects, Parameters: s.Parameters, Layers: s.Layers, Loss: s.Loss, GradientNorm: s.GradientNorm,
		Hessian: n.term(s.Hessian), GaussNewton: n.term(s.GaussNewton), HTerm: n.term(s.HTerm),
	}
	if n.Layers != nil {
		v.GradientCosine = n.Layers.GradientCosine[:min(len(n.Layers.GradientCosine), n.Top)]
		for p, l := range n.Layers.Blocks {
			v.PerLayer = append(v.PerLayer, LayerEnds{n.Of.Layers[p], l.Parameters, n.term(l.Hessian), n.term(l.GaussNewton), l.Nodes, l.Weights})
		}
		if n.Layers.Fisher != nil {
			fisher := n.term(*n.Layers.Fisher)
			v.EmpiricalFisher = &fisher
		}
	}
	if len(n.Diagonals) == 2 {
		v.Diagonal = &DiagonalsOf{n.Diagonals[0], n.Diagonals[1]}
	}
	if n.Objects != nil {
		objects := *n.Objects // its bounds are added here
		v.PerObject = &objects
	}
	if n.Increments != nil {
		v.Increments = &IncrementLists{}
		for _, i := range n.Increments.Increments {
			v.Increments.K = append(v.Increments.K, i.K)
			v.Increments.HessianNorm = append(v.Increments.HessianNorm, i.HessianNorm)
			v.Increments.AbsLoss = append(v.Increments.AbsLoss, i.AbsLoss)
			v.Increments.Residual = append(v.Increments.Residual, i.Residual)
			v.Increments.Others = append(v.Increments.Others, i.Others)
			median, most := math.NaN(), math.NaN()
			if len(i.Others) > 0 {
				median, most = i.OthersMedian, i.OthersMax
			}
			v.Increments.OthersMedian, v.Increments.OthersMax = append(v.Increments.OthersMedian, median), append(v.Increments.OthersMax, most)
		}
	}
	if n.Chain != nil {
		v.Bounds, v.BoundsOver = map[string]artifact.Quantiles{}, n.BoundsOver()
		for i, name := range object.BoundNames {
			v.Bounds[name] = artifact.NewQuantiles(n.Chain[i])
			if v.PerObject != nil && n.complete() {
				if v.PerObject.Bounds == nil {
					v.PerObject.Bounds = map[string][]float64{}
				}
				v.PerObject.Bounds[name] = n.Chain[i]
			}
		}
	}
	if n.Density != nil {
		v.Density = &DensityRule{Density: *n.Density}
		for at, steps := 0, n.Density.Steps; at < len(n.rule); at += 2 * steps {
			v.Density.Nodes = append(v.Density.Nodes, n.rule[at:at+steps])
			v.Density.Weights = append(v.Density.Weights, n.rule[at+steps:at+2*steps])
		}
	}
	return v
}

// BoundsOver names the objects whose bounds the quantiles are of, in the text and
// in JSON alike.
func (n *Network) BoundsOver() string {
	if len(n.Chain[0]) == 1 {
		return "the one object"
	}
	return "all " + term.Count(len(n.Chain[0]), "object")
}

// complete reports whether the spectrum of every H_i was computed.
func (n *Network) complete() bool {
	for _, x := range n.Objects.Hessian {
		if math.IsNaN(x) {
			return false
		}
	}
	return true
}

// TermEnds is what is known of one of H, G and R.
type TermEnds struct {
	Norm  float64 `json:"norm"`
	Trace float64 `json:"trace"`
	// TraceError is the half-width of a 95 % interval; it is left out where the trace
	// is exact.
	TraceError float64               `json:"trace_error,omitempty"`
	Frobenius  *float64              `json:"frobenius"` // null if not exact
	Top        []artifact.Eigenvalue `json:"top"`
	Bottom     []artifact.Eigenvalue `json:"bottom"`
	Converged  bool                  `json:"converged"`
	Missed     float64               `json:"missed"` // probability that a value is missing in one of the lists
}

// term cuts the lists to what was asked for: the stage looks for one value at
// either end at least.
func (n *Network) term(t artifact.TermSpectrum) TermEnds {
	return TermEnds{
		Norm: t.Norm, Trace: t.Trace, TraceError: t.TraceError, Frobenius: t.Frobenius,
		Top: first(t.Top, n.Top), Bottom: first(t.Bottom, n.Bottom), Converged: t.Converged, Missed: t.Missed,
	}
}

// Incomplete names the lists that were asked for and may lack a value.
func (n *Network) Incomplete() []string {
	var lists []string
	for _, t := range []struct {
		name string
		artifact.TermSpectrum
	}{{"H", n.Spectrum.Hessian}, {"G", n.Spectrum.GaussNewton}, {"R", n.Spectrum.HTerm}} {
		c := t.Complete
		if c == nil {
			continue
		}
		if asked := min(n.Top, c.AskedTop); c.Top < asked {
			lists = append(lists, fmt.Sprintf("%d of the %d largest eigenvalues of %s%s", c.Top, asked, t.name, copies(c.NextTop)))
		}
		if asked := min(n.Bottom, c.AskedBottom); c.Bottom < asked {
			lists = append(lists, fmt.Sprintf("%d of the %d smallest eigenvalues of %s%s", c.Bottom, asked, t.name, copies(c.NextBottom)))
		}
	}
	return lists
}

func first(list []artifact.Eigenvalue, n int) []artifact.Eigenvalue {
	if len(list) == 0 {
		return []artifact.Eigenvalue{}
	}
	return list[:min(n, len(list))]
}

// Gaps are numbers of which some are not known: NaN, in JSON null.
type Gaps []float64

// MarshalJSON implements [encoding/json.Marshaler].
func (g Gaps) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, x := range g {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(x) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, x, 'g', -1, 64)
	}
	return append(b, ']'), nil
}

// copies says of the value before which a list ends how often it occurs.
func copies(next *artifact.Multiple) string {
	if next == nil || next.Copies < 2 {
		return ""
	}
	return fmt.Sprintf(" (the next is %.7g, at least %d copies)", next.Value, next.Copies)
}
