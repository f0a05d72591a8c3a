package baseline

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
)

// Metric is one number of an exported table.
type Metric struct {
	Table string // "networks"
	Row   string // what identifies the row: "paper,mnist,direct,h=4,num_layers=1,k=10000,seed=0"
	Name  string // of the column
	Value float64
}

// rowNames says how a key column of a table is written in [Metric].Row, if not by
// its own name: "" stands for the cell alone.
var rowNames = map[string]string{
	"experiment": "", "dataset": "", "input": "", "bound": "", "hidden_size": "h", "from_epoch": "from", "to_epoch": "to",
}

// keyOf returns the columns that identify a row of a table.
func keyOf(table string) []string {
	i := slices.IndexFunc(tables.All, func(t tables.Table) bool { return t.Name == table })
	if i < 0 {
		return nil
	}
	return tables.All[i].Key()
}

// readMetrics splits a table into its numbers: key columns and text name the row,
// every other column is a metric. Empty cells are left out.
func readMetrics(table string, text []byte) ([]Metric, error) {
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", table, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	head := rows[0]
	key := keyOf(table)
	names := make([]bool, len(head)) // columns that name the row
	for i, column := range head {
		if slices.Contains(head[:i], column) {
			return nil, fmt.Errorf("table %s: two columns are named %q", table, column)
		}
		names[i] = slices.Contains(key, column)
		for _, row := range rows[1:] {
			if _, err := strconv.ParseFloat(row[i], 64); err != nil && row[i] != "" {
				names[i] = true
			}
		}
	}
	var metrics []Metric
	seen := make(map[string]int)
	for _, row := range rows[1:] {
		var id []string
		for i, cell := range row {
			short, renamed := rowNames[head[i]]
			switch {
			case cell == "" || !names[i]:
			case !slices.Contains(key, head[i]) || renamed && short == "":
				id = append(id, cell)
			case renamed:
				id = append(id, short+"="+cell)
			default:
				id = append(id, head[i]+"="+cell)
			}
		}
		name := strings.Join(id, ",")
		if seen[name]++; seen[name] > 1 {
			name += fmt.Sprintf("#%d", seen[name]) // rows that differ only in numbers
		}
		for i, cell := range row {
			if names[i] || cell == "" {
				continue
			}
			value, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return nil, fmt.Errorf("table %s: %w", table, err)
			}
			metrics = append(metrics, Metric{table, name, head[i], value})
		}
	}
	return metrics, nil
}

// tableName is the name of a table that is exported as a file, "" for what is
// no table.
func tableName(file string) string {
	if path.Ext(file) != ".csv" {
		return ""
	}
	return strings.TrimSuffix(path.Base(file), ".csv")
}

// tablesKind is the kind whose tables have one row per network, or per network and
// bound. Others are prose in columns: their digests are compared.
const tablesKind = "tables"

// metrics reads the tables that are up to date, in the order of the graph.
func (r Run) metrics(ctx context.Context) ([]Metric, error) {
	var all []Metric
	for _, step := range r.Plan.Steps() {
		if step.Stage.Kind() != tablesKind {
			continue
		}
		exports := step.Stage.Exports()
		for _, output := range slices.Sorted(maps.Keys(exports)) {
			table := tableName(exports[output])
			d, _, ok := r.Plan.Output(step.Stage, output)
			if table == "" || !ok || step.State != pipeline.StateCached {
				continue
			}
			metrics, err := readTable(ctx, r.Store, table, d)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", step.Stage, err)
			}
			all = append(all, metrics...)
		}
	}
	return all, nil
}

// expectedMetrics reads what a folder expects of the tables of the metrics. ok is
// false if it has none of them.
func expectedMetrics(ctx context.Context, folder string, metrics []Metric) (expected []Metric, ok bool, err error) {
	last := ""
	for _, m := range metrics {
		if m.Table == last {
			continue
		}
		last = m.Table
		file := filepath.Join(folder, m.Table+".csv")
		text, err := files.Read(ctx, file, maxExpected)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		rows, err := readMetrics(m.Table, text)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", file, err)
		}
		expected, ok = append(expected, rows...), true
	}
	return expected, ok, nil
}

// maxExpected bounds an expected file in bytes; the largest has half a megabyte.
const maxExpected = 64 << 20

func readTable(ctx context.Context, st *cas.Store, table string, d cas.Digest) ([]Metric, error) {
	text, err := st.Get(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("reading the table: %w", err)
	}
	return readMetrics(table, text)
}
