package figures

import (
	"flag"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
	densitystage "github.com/landscape-pipe/landscape-pipe/stages/density"
)

// descend trains the network of the inputs.
func descend(t *testing.T, inputs map[string][]byte) {
	t.Helper()
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	var start [][]float32
	for _, w := range network.Weights {
		narrow := make([]float32, len(w))
		for i, x := range w {
			narrow[i] = float32(x)
		}
		start = append(start, narrow)
	}
	trainer, err := nn.NewTrainer(network.Widths, start, nil, data, 32, nn.Adam{LearningRate: 0.002, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	order := func(epoch int) *rng.Stream { return rng.New(1, "figures", "descend", uint64(epoch)) }
	if _, err := trainer.Train(t.Context(), data.Objects, nn.Length{Epochs: 20}, order, true, func(int, float64) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if inputs[mlp.Weights], err = mlp.EncodeWeights(network.Widths, trainer.Weights(), nil); err != nil {
		t.Fatal(err)
	}
}

// estimated returns the density of the Hessian of a network as the stage estimates it,
// with the exact one. The weights are random, or those after a training.
func estimated(t *testing.T, steps, probes, deflate, bottom int, trained bool, objects int, widths ...int) density {
	t.Helper()
	inputs := curvaturetest.Inputs(t, objects, widths...)
	if trained {
		descend(t, inputs)
	}
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := curvature.NewPoint(t.Context(), network, data, runtime.GOMAXPROCS(0))
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
	values, _, err := eigen.Symmetric(matrix, n, false, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	outliers, err := op.Ends(t.Context(), curvature.Ends{Top: deflate, Tolerance: 1e-8, Floor: 1e-12}, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := artifact.TermSpectrum{Norm: max(values[n-1], -values[0]), Trace: kernel.Sum64(values)}
	var top []float64
	for _, pair := range outliers.Top {
		found.Top = append(found.Top, artifact.Eigenvalue{Value: pair.Value, Residual: pair.Residual})
		top = append(top, pair.Vector...)
	}
	inputs[densitystage.Eigenvalues] = encode(t, found, nil)
	inputs[densitystage.Vectors] = npy.Encode([]int{deflate, n}, top)
	out, err := densitystage.Run(t.Context(), densitystage.Params{Term: "H", Steps: steps, Probes: probes, Deflate: deflate, Bottom: bottom, Tolerance: 1e-6, Seed: 1}, task.New(inputs))
	if err != nil {
		t.Fatal(err)
	}
	var id artifact.Network
	d, err := readDensity(map[string][]byte{
		id.Result("density/density"): out[densitystage.Density], id.Result("density/rule"): out[densitystage.Rule],
		id.Result("spectra/exact"): npy.Encode([]int{n}, values),
	}, id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// coverage says how well the band of a panel covers the exact density.
type coverage struct {
	points, inside int
	widths         []float64 // of the band at each point, as shares of the panel's height
}

func (c coverage) share() float64 { return float64(c.inside) / float64(c.points) }

func (c coverage) width() float64 {
	slices.Sort(c.widths)
	return c.widths[len(c.widths)/2]
}

// add counts the points of one curve at which something is to be seen. single is the
// peak of one eigenvalue, highest where the panel ends.
func (c *coverage) add(exact, s smoothed, single, highest float64) {
	lowest := single / 6
	height := math.Log(highest / lowest)
	for i, v := range exact.mean {
		if v < lowest && s.mean[i] < lowest {
			continue
		}
		c.points++
		if s.low[i] <= v && v <= s.high[i] {
			c.inside++
		}
		c.widths = append(c.widths, math.Log(max(s.high[i], lowest)/max(s.low[i], lowest))/height)
	}
}

// covered compares the band with the exact density on both panels.
func (d density) covered() (linear, decades coverage) {
	low, high := d.ends()
	_, grid, width := linearAxis(low, high)
	everywhere := func(v float64) (float64, bool) { return v, true }
	single := bell(0) / (width * float64(d.Parameters))
	s := d.smooth(grid, width, everywhere)
	linear.add(d.exact.smooth(grid, width, everywhere), s, single, max(single, slices.Max(s.high)))
	size := max(high, -low)
	places := evenly(log10(d.hidden(size)), log10(1.5*size))
	single = bell(0) / (decadeWidth * float64(d.Parameters))
	positive, negative := d.smoothDecades(places, 1), d.smoothDecades(places, -1)
	highest := 2.5 * max(single, slices.Max(positive.high), slices.Max(negative.high))
	decades.add(d.exact.smoothDecades(places, 1), positive, single, highest)
	decades.add(d.exact.smoothDecades(places, -1), negative, single, highest)
	return linear, decades
}

var bands = flag.String("bands", "short", "networks of TestBandCoversTheExactDensity: short, or full: 20 with 320 to 3,930 weights (minutes)")

// shapes are the networks: objects, then the widths.
func shapes(t *testing.T) [][]int {
	few := [][]int{{200, 20, 10, 8, 5}, {150, 26, 10, 6}, {300, 30, 6, 8, 5, 4}, {250, 22, 12, 10}}
	switch *bands {
	case "full":
		return [][]int{
			{300, 20, 10, 8, 5}, {400, 30, 20, 10}, {500, 40, 30, 20, 10}, {600, 100, 30, 10}, {700, 60, 30, 20, 10, 4},
			{800, 12, 30, 30, 30, 6}, {500, 50, 10, 5}, {400, 25, 16, 8}, {900, 49, 32, 32, 10}, {600, 196, 16, 10},
			{500, 49, 16, 16, 16, 10}, {1000, 36, 24, 10}, {300, 64, 12, 12, 8}, {700, 30, 40, 20}, {400, 80, 20, 20, 4},
			{600, 16, 24, 24, 8}, {500, 28, 14, 14, 14, 7}, {800, 100, 20, 10}, {400, 45, 9, 9, 9, 9}, {1200, 60, 43, 30, 2},
		}
	case "short":
		return few
	}
	t.Fatalf("-bands=%s: want short or full", *bands)
	return nil
}

// TestBandCoversTheExactDensity: the band of two standard errors covers the exact density
// on the visible points of either panel, random networks and ones that were trained. Few
// eigenvalues decide together about a stretch of an axis, so the share varies between
// networks; on average it lies between 90 and 99 %.
func TestBandCoversTheExactDensity(t *testing.T) {
	for _, c := range []struct {
		probes int
		least  float64
	}{{3, 0.8}, {10, 0.89}} {
		probes, least := c.probes, c.least
		mean := 0.0
		list := shapes(t)
		for i, shape := range list {
			d := estimated(t, 100, probes, min(20, shape[1]/2), 3, i%2 == 1, shape[0], shape[1:]...)
			linear, decades := d.covered()
			t.Logf("%d probes, %d weights, widths %v: %.3f of the linear and %.3f of the log axis, median widths %.3f and %.3f", probes, d.Parameters, shape[1:], linear.share(), decades.share(), linear.width(), decades.width())
			if linear.share() < least || decades.share() < least {
				t.Errorf("%d probes, network of widths %v: %.3f of the linear and %.3f of the log axis are covered", probes, shape[1:], linear.share(), decades.share())
			}
			if probes == 10 && (linear.width() > 0.1 || decades.width() > 0.1) {
				t.Errorf("network of widths %v: the bands have median widths of %.3f and %.3f of the height", shape[1:], linear.width(), decades.width())
			}
			mean += decades.share() / float64(len(list))
		}
		if mean < 0.9 || mean > 0.99 {
			t.Errorf("%d probes: the band covers %.3f of the log axes", probes, mean)
		}
	}
}
