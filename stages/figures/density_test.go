package figures

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// TestDensityOfNoWidth draws spectra whose eigenvalues are all the same: the
// figure has finite places and no fault.
func TestDensityOfNoWidth(t *testing.T) {
	var c condition
	for _, c = range curvatureConditions(t) {
		if c.name == "spectral_density"+" alive" {
			break
		}
	}
	network := c.p.Networks[0]
	for _, value := range []float64{0, 5e-324, -1e-320, 1e-291, 1e-289, 2.5, -2.5, 1e-200, 1e200} {
		for _, steps := range []int{1, 6} {
			for _, deflated := range [][]float64{{}, {value, value}} {
				p, in := c.p, maps.Clone(c.inputs)
				d := artifact.Density{
					Term: "H", Objects: 10000, Parameters: 50, Steps: steps, Probes: 2, Deflated: deflated, Mass: float64(50-len(deflated)) / 50,
					FirstMoment: value, ProbeMoments: []float64{value, value},
				}
				d.Estimate()
				var rule []float64
				for range 2 { // a node of weight 1, repeated with weight 0
					for range steps {
						rule = append(rule, value)
					}
					rule = append(append(rule, 1), make([]float64, steps-1)...)
				}
				in[network.Result("density/density")] = encode(t, d, nil)
				in[network.Result("density/rule")] = npy.Encode([]int{2, 2, steps}, rule)
				name := fmt.Sprintf("λ = %v, %d steps, %d deflated", value, steps, len(deflated))
				page := drawSVG(t, condition{name, p, in})
				for _, fault := range page.Faults() {
					t.Errorf("%s: %s", name, fault)
				}
				text := strings.Join(page.Labels(), "\n")
				if collapsed := strings.Contains(text, "collapsed"); collapsed != (value == 0) {
					t.Errorf("%s: collapsed is %v", name, collapsed)
				}
				if small := strings.Contains(text, "too small to draw"); small != (value != 0 && math.Abs(value) < leastEigenvalue) {
					t.Errorf("%s: too small is %v", name, small)
				}
				if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
					t.Errorf("%s: labels are %q", name, page.Labels())
				}
			}
		}
	}
}

// TestExactDensityIsDrawn: where all eigenvalues are known, the figure has their density
// beside the estimate, and its legend says so.
func TestExactDensityIsDrawn(t *testing.T) {
	conditions := curvatureConditions(t)
	c := conditions[slices.IndexFunc(conditions, func(c condition) bool { return c.name == "spectral_density alive" })]
	without := drawSVG(t, c)
	values := make([]float64, 13984)
	for i := range values {
		values[i] = float64(i-1000) * 0.02
	}
	c.inputs = maps.Clone(c.inputs)
	c.inputs[c.p.Networks[0].Result("spectra/exact")] = npy.Encode([]int{len(values)}, values)
	with := drawSVG(t, c)
	for _, fault := range with.Faults() {
		t.Error(fault)
	}
	const entry = "all eigenvalues, exact"
	if slices.Contains(without.Labels(), entry) || !slices.Contains(with.Labels(), entry) {
		t.Errorf("labels with all eigenvalues are %q, without %q", with.Labels(), without.Labels())
	}
}
