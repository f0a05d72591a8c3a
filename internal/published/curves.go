// Package published holds the curves of the paper's figures as data.
//
// Kiselev & Grabovoy, arXiv 2409.11995, draw |L_{k+1} − L_k| over k, averaged
// over 100 orders of the sample and then smoothed by a moving average with the
// factor 0.99, for five networks per figure, two figures per data set, four data
// sets and two kinds of input: 80 curves. The 79 that can be seen were read off
// the vector graphics of the paper, at the same 107 values of k each, with four
// digits. The missing one is CIFAR-100 features h = 4: that network had
// collapsed, all its differences are zero, and a log axis drops them.
package published

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// published.csv has one row per curve and, after the five columns of its name,
// one column per value of k.
//
//go:embed published.csv
var published string

// The paper's modes: what the networks were trained on.
const (
	Direct     = "direct"     // the pixels
	Extraction = "extraction" // features of a vision transformer
)

// Datasets are the paper's, in its order.
var Datasets = []string{"mnist", "fashion_mnist", "cifar10", "cifar100"}

// The paper's figures of one data set and mode.
const (
	HiddenSize = "hidden_size" // num_layers = 5, h = 4, 8, 16, 32, 64
	NumLayers  = "num_layers"  // h = 16, num_layers = 1, 3, 5, 7, 10
)

// SampleSize is the number of objects that every network of the paper was
// trained on.
const SampleSize = 10000

// Panel returns the data set of the paper beside whose curves a data set is shown,
// and whether it only stands in for that: it then has other objects, and its networks
// say nothing about the paper's curves.
func Panel(dataset string) (paper string, standIn bool) {
	paper, standIn = strings.CutSuffix(dataset, "_standin")
	return paper, standIn
}

// Name identifies a curve of a figure. The network h = 16, num_layers = 5
// is in both figures of a data set and was trained again for each, so the
// figure belongs to the name.
type Name struct {
	Mode       string // Direct or Extraction
	Dataset    string // mnist, fashion_mnist, cifar10 or cifar100
	Figure     string // HiddenSize or NumLayers
	HiddenSize int
	NumLayers  int // the code's num_layers: the network has two weight matrices more
}

// Curve is one published curve.
type Curve struct {
	Name
	K   []int     // sample sizes k, ascending from 1 to 9,999; shared, not to be changed
	EMA []float64 // the moving average of |L_{k+1} − L_k| there, as long as K
}

// table is the parsed data: the curves in the order of the file and the index
// of each name.
type table struct {
	curves []Curve
	index  map[Name]int
}

var parsed = sync.OnceValues(func() (table, error) { return parse(published) })

// All returns the published curves: direct before extraction, the data sets
// from MNIST to CIFAR-100. The slice and what it holds must not be changed.
func All() ([]Curve, error) {
	t, err := parsed()
	return t.curves, err
}

// Published returns the curve of that name; ok is false if the paper shows
// none. The slices of the curve must not be changed.
func Published(name Name) (c Curve, ok bool, err error) {
	t, err := parsed()
	if err != nil {
		return Curve{}, false, err
	}
	i, ok := t.index[name]
	if !ok {
		return Curve{}, false, nil
	}
	return t.curves[i], true, nil
}

func parse(text string) (table, error) {
	const names = 5
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	head := strings.Split(lines[0], ",")
	if len(head) <= names || strings.Join(head[:names], ",") != "mode,dataset,figure,hidden_size,num_layers" {
		return table{}, fmt.Errorf("published curves: line 1: unexpected header %.80q", lines[0])
	}
	ks := make([]int, len(head)-names)
	for i, cell := range head[names:] {
		k, err := strconv.Atoi(cell)
		if err != nil || k < 1 || i > 0 && k <= ks[i-1] {
			return table{}, fmt.Errorf("published curves: line 1: k is %q: want ascending sample sizes", cell)
		}
		ks[i] = k
	}
	t := table{index: make(map[Name]int, len(lines)-1)}
	for i, line := range lines[1:] {
		c, err := parseCurve(strings.Split(line, ","), names, ks)
		if err != nil {
			return table{}, fmt.Errorf("published curves: line %d: %w", i+2, err)
		}
		if _, twice := t.index[c.Name]; twice {
			return table{}, fmt.Errorf("published curves: line %d: %+v occurs twice", i+2, c.Name)
		}
		t.index[c.Name] = len(t.curves)
		t.curves = append(t.curves, c)
	}
	return t, nil
}

func parseCurve(cells []string, names int, ks []int) (Curve, error) {
	if len(cells) != names+len(ks) {
		return Curve{}, fmt.Errorf("%d cells, want %d", len(cells), names+len(ks))
	}
	h, err := strconv.Atoi(cells[3])
	if err != nil {
		return Curve{}, fmt.Errorf("hidden_size: %w", err)
	}
	l, err := strconv.Atoi(cells[4])
	if err != nil {
		return Curve{}, fmt.Errorf("num_layers: %w", err)
	}
	c := Curve{
		Name: Name{Mode: cells[0], Dataset: cells[1], Figure: cells[2], HiddenSize: h, NumLayers: l},
		K:    ks,
		EMA:  make([]float64, len(ks)),
	}
	for i, cell := range cells[names:] {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil || !(v > 0 && v < 10) {
			return Curve{}, fmt.Errorf("k = %d: %q is not a positive difference of losses", ks[i], cell)
		}
		c.EMA[i] = v
	}
	return c, nil
}
