// Package tables is the stage that writes results for people and for other
// programs: one row a network, as CSV.
package tables

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The tables.
const (
	Networks = "networks" // a row a network: losses, MAD, accuracy
	Spectra  = "spectra"  // a row a network: norms, traces, outliers
	Bounds   = "bounds"   // a row a network and bound

	Increments = "increments" // a row a network and size: what one more object does
	Rotation   = "rotation"   // a row a network and pair of epochs: principal angles of top eigenspaces
)

// The inputs of a network are named by a prefix and Row.Network.
const (
	InputLosses      = "losses/"      // result.LossSummary
	InputDifferences = "differences/" // result.DifferenceSummary
	InputSpectrum    = "spectrum/"    // result.Spectrum
	InputObjects     = "objects/"     // result.ObjectSummary
	InputBounds      = "bounds/"      // result.BoundsSummary
	InputIncrements  = "increments/"  // result.IncrementSummary
	InputRotation    = "rotation/"    // result.Rotation
)

// OutputCSV is the table: CSV with a header, lines ended by a line feed,
// numbers in the shortest form that reads back to the same bits.
const OutputCSV = "csv"

// Row is one network of an experiment.
type Row struct {
	Experiment string
	Dataset    string
	Input      string // what the network sees: direct or features
	HiddenSize int
	NumLayers  int // the code's num_layers: two less than the weight matrices
	SampleSize int // k: it was trained on the first k objects
	Seed       int64
	Network    string // its name among the inputs; two experiments may share it
}

// Params name the table and its networks, in the order of their rows.
type Params struct {
	Table string
	Rows  []Row
}

// table is what one kind of table consists of.
type table struct {
	inputs  []string // prefixes
	columns []string // after those of every table
	cells   func(r Row, inputs map[string][]byte) ([][]string, error)
}

var tables = map[string]table{
	Networks: {[]string{InputLosses, InputDifferences}, networkColumns, Row.network},
	Spectra:  {[]string{InputSpectrum, InputObjects}, spectrumColumns, Row.spectrum},
	Bounds:   {[]string{InputBounds}, boundColumns, Row.bounds},

	Increments: {[]string{InputIncrements}, incrementColumns, Row.increments},
	Rotation:   {[]string{InputRotation}, rotationColumns, Row.rotation},
}

// common are the columns that every table begins with.
var common = []string{"experiment", "dataset", "input", "hidden_size", "num_layers", "k", "seed"}

// Inputs lists the names of the inputs that a table reads of one network.
func Inputs(name, network string) []string {
	var list []string
	for _, prefix := range tables[name].inputs {
		list = append(list, prefix+network)
	}
	return list
}

// Columns returns the header of a table.
func Columns(name string) []string {
	return append(append([]string(nil), common...), tables[name].columns...)
}

// Run writes the table.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	of, ok := tables[p.Table]
	if !ok {
		return nil, fmt.Errorf("tables: no table %q: want %s, %s, %s, %s or %s", p.Table, Networks, Spectra, Bounds, Increments, Rotation)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(Columns(p.Table)); err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	for i, r := range p.Rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lines, err := of.cells(r, t.Inputs)
		if err != nil {
			return nil, fmt.Errorf("tables: %s: %s, %s, %s: %w", p.Table, r.Experiment, r.Dataset, r.Network, err)
		}
		for _, cells := range lines {
			if err := w.Write(append(r.cells(), cells...)); err != nil {
				return nil, fmt.Errorf("tables: %w", err)
			}
		}
		t.Progress(i+1, len(p.Rows))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	return map[string][]byte{OutputCSV: b.Bytes()}, nil
}

// cells are those of common.
func (r Row) cells() []string {
	return []string{
		r.Experiment, r.Dataset, r.Input,
		strconv.Itoa(r.HiddenSize), strconv.Itoa(r.NumLayers), strconv.Itoa(r.SampleSize), strconv.FormatInt(r.Seed, 10),
	}
}

// read decodes the input of the row's network with the prefix.
func read[T any](r Row, inputs map[string][]byte, prefix string) (T, error) {
	v, err := artifact.Decode[T](inputs[prefix+r.Network])
	if err != nil {
		return v, fmt.Errorf("input %s: %w", prefix+r.Network, err)
	}
	return v, nil
}

// sample complains of an input that describes another sample.
func (r Row) sample(prefix string, objects int) error {
	if objects != r.SampleSize {
		return fmt.Errorf("input %s has a sample of %d objects, want %d", prefix+r.Network, objects, r.SampleSize)
	}
	return nil
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
