package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/internal/measured"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/stages"
)

// The files in the folder of -o besides the exports of the stages.
const (
	valuesFile  = "curvature.json"         // what --json prints
	networkFile = "curvature_network.json" // exportedNetwork
)

// exportedNetwork says of which network the results in a folder are.
type exportedNetwork struct {
	Weights exportedFile `json:"weights"`
	Inputs  exportedFile `json:"inputs"`
	Labels  exportedFile `json:"labels"` // or targets
	Layers  []string     `json:"layers"` // the matrices from the input to the output

	Activation     string  `json:"activation"`
	Loss           string  `json:"loss"`
	LabelSmoothing float64 `json:"label_smoothing"`
	Transposed     bool    `json:"transposed"`
}

type exportedFile struct {
	File   string `json:"file"` // as it was given
	SHA256 string `json:"sha256"`
}

// same reports whether both are the same network and data, whatever the names
// of the files.
func (n exportedNetwork) same(other exportedNetwork) bool {
	return n.Weights.SHA256 == other.Weights.SHA256 && n.Inputs.SHA256 == other.Inputs.SHA256 &&
		n.Labels.SHA256 == other.Labels.SHA256 && slices.Equal(n.Layers, other.Layers) &&
		n.Activation == other.Activation && n.Loss == other.Loss && n.LabelSmoothing == other.LabelSmoothing && n.Transposed == other.Transposed
}

// maxNetworkFile bounds networkFile in bytes.
const maxNetworkFile = 16 << 20

// export writes the results and the figures into the folder of -o. The results
// of another network there are removed first, so that a folder never holds those
// of two.
func (x *curvatureRun) export(ctx context.Context, p *measured.Network) error {
	dir := x.c.Output
	values, err := json.Marshal(p.Value())
	if err != nil {
		return err
	}
	params := x.files.Params
	answers := x.c.Labels + x.c.Targets // one of them is given
	network := exportedNetwork{
		exportedFile{x.c.Weights, params.Weights}, exportedFile{x.c.Inputs, params.Inputs}, exportedFile{answers, params.Labels}, x.shape.Layers,
		params.Activation, params.Loss, params.LabelSmoothing, params.Transposed,
	}
	text, err := json.Marshal(network)
	if err != nil {
		return err
	}
	removed, err := removeOthers(ctx, dir, network)
	var written []string
	if err == nil {
		written, err = replaceChanged(ctx, dir, networkFile, text, nil)
	}
	if err == nil {
		var exported []string
		exported, err = exportAll(ctx, x.plan, dir, func() error {
			_, err := runPlan(ctx, x.plan, x.options(silent{}))
			return err
		})
		written = append(written, exported...)
	}
	if err == nil {
		written, err = replaceChanged(ctx, dir, valuesFile, values, written)
	}
	if err != nil {
		return fmt.Errorf("exporting to %s: %w", dir, err)
	}
	if !x.c.Quiet {
		if removed > 0 {
			fmt.Fprintf(x.a.stderr, "%s: removed %s of another network\n", dir, term.Count(removed, "file"))
		}
		files := 2
		for _, step := range x.plan.Steps() {
			files += len(step.Stage.Exports())
		}
		fmt.Fprintf(x.a.stderr, "results in %s: %s, %d written\n", dir, term.Count(files, "file"), len(written))
	}
	return nil
}

// replaceChanged writes a line of text into a file, unless it is there already,
// and appends the name to the list of what was written.
func replaceChanged(ctx context.Context, dir, name string, text []byte, written []string) ([]string, error) {
	file := filepath.Join(dir, name)
	text = append(text, '\n')
	if have, err := files.Read(ctx, file, int64(len(text))); err == nil && bytes.Equal(have, text) {
		return written, nil
	}
	return append(written, name), files.Replace(file, text)
}

// removeOthers removes the results of another network from the folder: the
// regular files under the names that results have. It leaves a folder alone that
// holds no results.
func removeOthers(ctx context.Context, dir string, network exportedNetwork) (removed int, err error) {
	var before exportedNetwork
	text, err := files.Read(ctx, filepath.Join(dir, networkFile), maxNetworkFile)
	if err == nil && json.Unmarshal(text, &before) == nil && before.same(network) {
		return 0, nil
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if _, noValues := os.Lstat(filepath.Join(dir, valuesFile)); err != nil && noValues != nil {
		return 0, nil
	}
	for _, name := range append(stages.UserExports(), valuesFile, networkFile) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Remove(file); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
