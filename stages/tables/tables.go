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

	// Of a table with one row per network: Optional is a result that some networks
	// have. If any network of a run has it, the table has further columns, which
	// are empty for the others.
	Optional string
	further  []string
	more     func(n artifact.Network, inputs map[string][]byte) ([]string, error)
}

// All are the tables.
var All = []Table{
	// One row per network: losses, MAD, accuracy.
	{
		Name: "networks", Reads: []string{"losses/summary", "differences/summary"}, columns: networkColumns, cells: networkCells,
		Optional: "train_until/end", further: endColumns, more: endCells,
	},
	// One row per network: what it makes of objects that it was not trained on.
	{Name: "held_out", Reads: []string{"held_out/summary", "losses/summary"}, columns: heldOutColumns, cells: heldOutCells},
	// One row per network: norms, traces, outliers.
	{Name: "spectra", Reads: []string{"spectra/spectrum", "objects/summary"}, columns: spectrumColumns, cells: spectrumCells},
	// One row per network and bound.
	{Name: "bounds", Reads: []string{"bounds/bounds"}, Keys: []string{"bound", "at"}, columns: boundColumns, cells: boundCells},
	// One row per network and size: what one more object does.
	{Name: "increments", Reads: []string{"increments/increments"}, Keys: []string{"at"}, columns: incrementColumns, cells: incrementCells},
	// One row per network and epoch: curvature during training.
	{Name: "trajectory", Reads: []string{"trajectory/trajectory"}, Keys: []string{"epoch"}, columns: trajectoryColumns, cells: trajectoryCells},
	// One row per network and epoch: ‖H‖, ‖G‖ and their bound, on a batch and on the whole
	// sample.
	{Name: "norms_batch", Reads: []string{"norms_batch/norms"}, Keys: []string{"epoch"}, columns: normColumns, cells: normCells("norms_batch/norms")},
	{Name: "norms", Reads: []string{"norms/norms"}, Keys: []string{"epoch"}, columns: normColumns, cells: normCells("norms/norms")},
	// One row per network and pair of epochs: principal angles of top eigenspaces.
	{Name: "rotation", Reads: []string{"rotation/rotation"}, Keys: []string{"from_epoch", "to_epoch"}, columns: rotationColumns, cells: rotationCells},
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
	further := of.Optional != "" && slices.ContainsFunc(p.Rows, func(r Row) bool { return t.Inputs[r.Network.Result(of.Optional)] != nil })
	if further {
		columns = append(columns, of.further...)
	}
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
			if further {
				more, err := of.more(r.Network, t.Inputs)
				if err != nil {
					return nil, err
				}
				line = append(line, more...)
			}
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
