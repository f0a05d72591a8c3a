package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// metric is one number of an exported table.
type metric struct {
	Table string // "networks"
	Row   string // what tells the row from others: "paper,mnist,direct,h=4,l=1,k=10000,seed=0"
	Name  string // of the column
	Value float64
}

// coordinates are the columns that say which network a row is about, and where
// on its way, and how they are written for short.
var coordinates = map[string]string{
	"hidden_size": "h", "num_layers": "l", "k": "k", "seed": "seed", "at": "at", "from_epoch": "from", "to_epoch": "to",
}

// readMetrics takes a table apart: columns of text and coordinates name the
// row, every other number is a metric. Cells without a number are left out.
func readMetrics(table string, text []byte) ([]metric, error) {
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", table, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	head := rows[0]
	names := make([]bool, len(head)) // columns that name the row
	for i, column := range head {
		_, names[i] = coordinates[column]
		for _, row := range rows[1:] {
			if _, err := strconv.ParseFloat(row[i], 64); err != nil && row[i] != "" {
				names[i] = true
			}
		}
	}
	var metrics []metric
	seen := make(map[string]int)
	for _, row := range rows[1:] {
		var id []string
		for i, cell := range row {
			switch key, ok := coordinates[head[i]]; {
			case cell == "" || !names[i]:
			case ok:
				id = append(id, key+"="+cell)
			default:
				id = append(id, cell)
			}
		}
		name := strings.Join(id, ",")
		if seen[name]++; seen[name] > 1 {
			name += fmt.Sprintf("#%d", seen[name]) // rows that nothing but numbers tells apart
		}
		for i, cell := range row {
			if names[i] || cell == "" {
				continue
			}
			value, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return nil, fmt.Errorf("table %s: %w", table, err)
			}
			metrics = append(metrics, metric{table, name, head[i], value})
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
func (w *workspace) metrics(ctx context.Context, plan *pipeline.Plan) ([]metric, error) {
	var all []metric
	for _, step := range plan.Steps() {
		if step.Stage.Kind() != tablesKind {
			continue
		}
		exports := step.Stage.Exports()
		for _, output := range slices.Sorted(maps.Keys(exports)) {
			table := tableName(exports[output])
			d, _, ok := plan.Output(step.Stage, output)
			if table == "" || !ok || step.State != pipeline.StateCached {
				continue
			}
			metrics, err := readTable(ctx, w.store, table, d)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", step.Stage, err)
			}
			all = append(all, metrics...)
		}
	}
	return all, nil
}

func readTable(ctx context.Context, st *cas.Store, table string, d cas.Digest) ([]metric, error) {
	text, err := st.Get(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("reading the table: %w", err)
	}
	return readMetrics(table, text)
}

// number writes a value so that people can compare it.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }
