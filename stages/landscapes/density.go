package landscapes

import (
	"fmt"
	"math"
	"sort"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// density is the spectral density of one operator as quadrature rules.
type density struct {
	term string
	artifact.Density
	nodes, weights [][]float64 // of each probe, nodes ascending
}

func readDensity(inputs map[string][]byte, term, network string) (density, error) {
	summary, err := artifact.Read[artifact.Density](inputs, InputDensity+term+"/"+network)
	if err != nil {
		return density{}, err
	}
	d := density{term: term, Density: summary}
	name := InputRule + term + "/" + network
	values, shape, err := readValues(inputs, name, 3)
	if err != nil {
		return density{}, err
	}
	if shape[0] != d.Probes || shape[1] != 2 || shape[2] != d.Steps {
		return density{}, fmt.Errorf("input %s has shape %v, but its summary speaks of %d probes and %d steps", name, shape, d.Probes, d.Steps)
	}
	if d.Term != term {
		return density{}, fmt.Errorf("input %s is of %s", name, d.Term)
	}
	for i := range d.Probes {
		at := values[2*i*d.Steps:]
		nodes, weights := at[:d.Steps], at[d.Steps:2*d.Steps]
		if !sort.Float64sAreSorted(nodes) {
			return density{}, fmt.Errorf("input %s: the nodes of probe %d do not ascend", name, i)
		}
		d.nodes, d.weights = append(d.nodes, nodes), append(d.weights, weights)
	}
	return d, nil
}

// ends returns the least and the largest eigenvalue that is known of.
func (d density) ends() (low, high float64) {
	low, high = d.nodes[0][0], d.nodes[0][d.Steps-1]
	for _, n := range d.nodes {
		low, high = min(low, n[0]), max(high, n[d.Steps-1])
	}
	for _, v := range d.Deflated {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// unresolved returns how near to zero the rules tell eigenvalues apart: half
// the distance of the nodes on either side of the one nearest zero, the largest
// over probes.
func (d density) unresolved() float64 {
	radius := 0.0
	for _, n := range d.nodes {
		at := 0
		for i, v := range n {
			if math.Abs(v) < math.Abs(n[at]) {
				at = i
			}
		}
		radius = max(radius, (n[min(at+1, len(n)-1)]-n[max(at-1, 0)])/2)
	}
	return radius
}

// within returns the share of all eigenvalues nearer to zero than radius.
func (d density) within(radius float64) float64 {
	share := 0.0
	for p, n := range d.nodes {
		for i, v := range n {
			if math.Abs(v) < radius {
				share += float64(d.weights[p][i]*d.Mass) / float64(d.Probes)
			}
		}
	}
	return share
}

// bell is the normal density of width 1 at t.
func bell(t float64) float64 {
	const peak = 0.3989422804014327 // 1/√(2π)
	return peak * detmath.Exp(-float64(t*t)/2)
}

// smoothed is a density on a grid: the mean of the probes and their range.
type smoothed struct{ at, mean, low, high []float64 }

// smooth adds a bell of that width at the place of each eigenvalue; place is
// false for an eigenvalue that does not belong to the axis.
func (d density) smooth(grid []float64, width float64, place func(v float64) (float64, bool)) smoothed {
	s := smoothed{at: grid, mean: make([]float64, len(grid)), low: make([]float64, len(grid)), high: make([]float64, len(grid))}
	one := make([]float64, len(grid))
	add := func(v, weight float64) {
		x, ok := place(v)
		if !ok || weight == 0 {
			return
		}
		for i, at := range grid {
			if t := (at - x) / width; math.Abs(t) < 8 {
				one[i] += float64(weight / width * bell(t))
			}
		}
	}
	for p := range d.nodes {
		clear(one)
		for i, v := range d.nodes[p] {
			add(v, float64(d.weights[p][i]*d.Mass))
		}
		for _, v := range d.Deflated {
			add(v, 1/float64(d.Parameters))
		}
		for i, v := range one {
			s.mean[i] += v / float64(d.Probes)
			if p == 0 || v < s.low[i] {
				s.low[i] = v
			}
			s.high[i] = max(s.high[i], v)
		}
	}
	return s
}
