// Package tables is the stage that writes results for people and for other
// programs: one row a network, as CSV.
package tables

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// The inputs of a network are named by a prefix and Row.Network.
const (
	InputLosses      = "losses/"      // result.LossSummary
	InputDifferences = "differences/" // result.DifferenceSummary
)

// OutputNetworks is the table: CSV with a header (see Columns), lines ended by
// a line feed, numbers in the shortest form that reads back to the same bits.
const OutputNetworks = "networks"

// Columns are the columns of the table. The statistics are of the losses on
// the training sample, in nats; mad is the mean absolute deviation; ema_last is
// the last value of the paper's curve.
var Columns = []string{
	"experiment", "dataset", "input", "hidden_size", "num_layers", "k", "seed",
	"mean_loss", "std_loss", "mad", "max_loss", "accuracy", "dead_fraction", "ema_last",
}

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

// Params are the rows of the table, in their order.
type Params struct {
	Rows []Row
}

// Run writes the table.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(Columns); err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	for i, r := range p.Rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		cells, err := r.cells(t.Inputs)
		if err != nil {
			return nil, fmt.Errorf("tables: %s, %s, %s: %w", r.Experiment, r.Dataset, r.Network, err)
		}
		if err := w.Write(cells); err != nil {
			return nil, fmt.Errorf("tables: %w", err)
		}
		t.Progress(i+1, len(p.Rows))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	return map[string][]byte{OutputNetworks: b.Bytes()}, nil
}

// cells returns the row in the order of Columns.
func (r Row) cells(inputs map[string][]byte) ([]string, error) {
	losses, err := result.Decode[result.LossSummary](inputs[InputLosses+r.Network])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", InputLosses+r.Network, err)
	}
	differences, err := result.Decode[result.DifferenceSummary](inputs[InputDifferences+r.Network])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", InputDifferences+r.Network, err)
	}
	for _, have := range []struct {
		name    string
		objects int
	}{{InputLosses, losses.Sample.Objects}, {InputDifferences, differences.Objects}} {
		if have.objects != r.SampleSize {
			return nil, fmt.Errorf("input %s has a sample of %d objects, want %d", have.name+r.Network, have.objects, r.SampleSize)
		}
	}
	s := losses.Sample
	return []string{
		r.Experiment, r.Dataset, r.Input,
		strconv.Itoa(r.HiddenSize), strconv.Itoa(r.NumLayers), strconv.Itoa(r.SampleSize), strconv.FormatInt(r.Seed, 10),
		number(s.Mean), number(s.Std), number(s.MAD), number(s.Max), number(s.Accuracy), number(s.DeadFraction),
		number(differences.EMALast),
	}, nil
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
