package figures

import (
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
	densitystage "github.com/landscape-pipe/landscape-pipe/stages/density"
)

// estimated returns the density of a random network's Hessian as the stage estimates
// it, and the exact one: all eigenvalues, ascending, each with the same weight.
func estimated(t *testing.T, steps, probes, deflate, bottom, objects int, widths ...int) (d, exact density) {
	t.Helper()
	inputs := curvaturetest.Inputs(t, objects, widths...)
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	op, err := pt.Operator(curvature.Hessian, nil)
	if err != nil {
		t.Fatal(err)
	}
	matrix, err := op.Dense(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := op.Dim()
	values, vectors, err := eigen.Symmetric(matrix, n, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	found := artifact.TermSpectrum{Norm: max(values[n-1], -values[0]), Trace: kernel.Sum64(values)}
	var top []float64
	for i := range deflate {
		found.Top = append(found.Top, artifact.Eigenvalue{Value: values[n-1-i]})
		top = append(top, vectors[n-1-i]...)
	}
	inputs[densitystage.Eigenvalues] = encode(t, found, nil)
	inputs[densitystage.Vectors] = npy.Encode([]int{deflate, n}, top)
	out, err := densitystage.Run(t.Context(), densitystage.Params{Term: "H", Steps: steps, Probes: probes, Deflate: deflate, Bottom: bottom, Tolerance: 1e-6, Seed: 1}, task.New(inputs))
	if err != nil {
		t.Fatal(err)
	}
	var id artifact.Network
	d, err = readDensity(map[string][]byte{id.Result("density/density"): out[densitystage.Density], id.Result("density/rule"): out[densitystage.Rule]}, id)
	if err != nil {
		t.Fatal(err)
	}
	equal := make([]float64, n)
	for i := range equal {
		equal[i] = 1 / float64(n)
	}
	exact = density{Density: artifact.Density{Parameters: n, Probes: 1, Steps: n, Mass: 1}, nodes: [][]float64{values}, weights: [][]float64{equal}}
	return d, exact
}

// covered returns the share of the places at which the band holds the exact density,
// and the band's median width as a share of the height. What is lower than the axis
// of a panel begins, or smaller than what can be seen, does not count.
func (d density) covered(exact smoothed, c smoothed, width float64) (share, median float64) {
	single := bell(0) / (width * float64(d.Parameters))
	lowest, seen := single/6, 1e-4*single
	var widths []float64
	for i, v := range exact.mean {
		v = max(v, lowest)
		if max(c.low[i], lowest) <= v+seen && v-seen <= max(c.high[i], lowest) {
			share += 1 / float64(len(exact.mean))
		}
		widths = append(widths, c.high[i]-c.low[i])
	}
	slices.Sort(widths)
	return share, widths[len(widths)/2] / slices.Max(exact.mean)
}

// TestBandCoversTheExactDensity: on the linear axis of each of 20 networks the band
// covers the exact density at nine places of ten at least, and is narrow from ten
// probes. Along the log axis one sign of one small network has so few eigenvalues that
// their number decides, so the share there is that of all networks.
func TestBandCoversTheExactDensity(t *testing.T) {
	for _, probes := range []int{3, 10} {
		const networks = 20
		decades := 0.0
		for i := range networks {
			objects, widths := 60+15*i, []int{12 + i, 5 + i%4, 4 + i%3}
			if i%2 == 1 {
				widths = []int{12 + i, 6, 5 + i%4, 4}
			}
			d, exact := estimated(t, 100, probes, 8, 3, objects, widths...)
			low, high := exact.ends()
			_, grid, width := linearAxis(low, high)
			everywhere := func(v float64) (float64, bool) { return v, true }
			share, median := d.covered(exact.smooth(grid, width, everywhere), d.smooth(grid, width, everywhere), width)
			if share < 0.9 || probes == 10 && median > 0.1 {
				t.Errorf("%d probes, network of widths %v: the band covers %.3f of the axis and has a median width of %.3f of the height", probes, widths, share, median)
			}
			places := evenly(log10(d.hidden(max(high, -low))), log10(1.5*max(high, -low)))
			for _, sign := range []float64{1, -1} {
				share, _ := d.covered(exact.smoothDecades(places, sign), d.smoothDecades(places, sign), decadeWidth)
				decades += share / (2 * networks)
			}
		}
		if t.Logf("%d probes: %.3f of the log axes are covered", probes, decades); decades < 0.9 || decades > 0.99 {
			t.Errorf("%d probes: the band covers %.3f of the log axes", probes, decades)
		}
	}
}
