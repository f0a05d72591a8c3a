// Package tables is the stage that writes results for people and for other
// programs: one row per network, as CSV.
package tables

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// CSV is the table: CSV with a header, lines ended by a line feed,
// numbers in the shortest form that reads back to the same bits.
const CSV = "csv"

// Row is one network of an experiment. Two experiments may share a network.
type Row struct {
	Experiment string
	Network    artifact.Network
}

// Params name the table and its networks, in the order of their rows.
type Params struct {
	Table string
	Rows  []Row
}

// Table is a kind of table.
type Table struct {
	Name string
	// Reads names the results that are read of each network, as stage/output.
	Reads []string

	// Keys are the columns that tell the rows of one network apart.
	Keys []string

	columns []string // after those of every table
	cells   func(n artifact.Network, inputs map[string][]byte) ([][]string, error)
}

// All are the tables.
var All = []Table{
	// One row per network: losses, MAD, accuracy.
	{"networks", []string{"losses/summary", "differences/summary"}, nil, networkColumns, networkCells},
	// One row per network: norms, traces, outliers.
	{"spectra", []string{"spectra/spectrum", "objects/summary"}, nil, spectrumColumns, spectrumCells},
	// One row per network and bound.
	{"bounds", []string{"bounds/bounds"}, []string{"bound", "at"}, boundColumns, boundCells},
	// One row per network and size: what one more object does.
	{"increments", []string{"increments/increments"}, []string{"at"}, incrementColumns, incrementCells},
	// One row per network and epoch: curvature during training.
	{"trajectory", []string{"trajectory/trajectory"}, []string{"epoch"}, trajectoryColumns, trajectoryCells},
	// One row per network and pair of epochs: principal angles of top eigenspaces.
	{"rotation", []string{"rotation/rotation"}, []string{"from_epoch", "to_epoch"}, rotationColumns, rotationCells},
}

// common are the columns that every table begins with: the key of a network.
var common = []string{"experiment", "dataset", "input", "hidden_size", "num_layers", "k", "seed", "steps", "after"}

// Columns are the columns of the table, the key of a network first.
func (t Table) Columns() []string { return slices.Concat(common, t.columns) }

// Key is the columns that identify a row.
func (t Table) Key() []string { return slices.Concat(common, t.Keys) }

// Run writes the table.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	at := slices.IndexFunc(All, func(t Table) bool { return t.Name == p.Table })
	if at < 0 {
		return nil, fmt.Errorf("no table %q", p.Table)
	}
	of := All[at]
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	columns := of.Columns()
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for i, r := range p.Rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lines, err := of.cells(r.Network, t.Inputs)
		if err != nil {
			return nil, err
		}
		for _, cells := range lines {
			line := append(r.cells(), cells...)
			key := ""
			for _, column := range of.Key() {
				key += "," + column + "=" + line[slices.Index(columns, column)]
			}
			if known[key] {
				return nil, fmt.Errorf("table %s: two rows have the key %s", p.Table, key[1:])
			}
			known[key] = true
			if err := w.Write(line); err != nil {
				return nil, err
			}
		}
		t.Progress(i+1, len(p.Rows))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, err
	}
	return map[string][]byte{CSV: b.Bytes()}, nil
}

// cells are those of common.
func (r Row) cells() []string {
	n := r.Network
	return []string{
		r.Experiment, n.Dataset, n.Input,
		strconv.Itoa(n.HiddenSize), strconv.Itoa(n.NumLayers), strconv.Itoa(n.SampleSize), strconv.FormatInt(n.Seed, 10),
		strconv.Itoa(n.Steps), n.After,
	}
}

// sampled reports a result that describes another sample than the network's.
func sampled(n artifact.Network, result string, objects int) error {
	if objects != n.SampleSize {
		return fmt.Errorf("input %s has a sample of %d objects, want %d", n.Result(result), objects, n.SampleSize)
	}
	return nil
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// truth is a boolean as a number.
func truth(v bool) string {
	if v {
		return "1"
	}
	return "0"
}
