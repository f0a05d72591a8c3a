package stages

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
)

// Params is the content of a params file with its overrides and with the
// documented default in place of every key that was left out.
type Params struct {
	Data        Data         `json:"data"`
	Train       Train        `json:"train"`
	Differences Differences  `json:"differences"`
	Curvature   Curvature    `json:"curvature"`
	Figures     Figures      `json:"figures"`
	Experiments []Experiment `json:"experiment"`
}

// DefaultParams returns the default run: the paper's 25 networks on MNIST, more
// seeds of the nine that its figures show, and the sample-size experiment. The
// file params.toml says the same.
func DefaultParams() Params {
	p := defaultTables()
	paper := defaultExperiment()
	paper.Name = "paper"
	paper.Seeds = seeds(8)
	paper.CurvatureSeeds = []int64{0}
	paper.Figures = []string{"hidden_size", "num_layers"}
	sizes := defaultExperiment()
	sizes.Name = "sample-size"
	sizes.HiddenSize = []int{16}
	sizes.NumLayers = []int{5}
	sizes.SampleSizes = []int{100, 200, 370, 720, 1400, 2700, 5200, 10000}
	sizes.Seeds = []int64{0, 1, 2, 3, 4}
	sizes.CurvatureSeeds = sizes.Seeds
	sizes.Snapshots = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	sizes.Figures = []string{
		"true_difference", "mad_over_k",
		"spectral_density", "top_eigenvalues", "object_norms", "layer_blocks",
		"surface_1d", "surface_2d", "increments_over_k", "norms_over_k",
		"bound_waterfall", "bound_over_k", "difference_over_radius", "sufficient_size",
		"rotation_over_epochs",
	}
	// By epochs a network on 100 objects gets 20 updates and is not trained:
	// what changes with k would be the training. With as many updates as the
	// largest sample gets, only k changes, and with a warm start each network
	// begins where the one before it ended.
	updates := sizes
	updates.Name, updates.Steps = "sample-size-updates", 1570
	updates.CurvatureSeeds, updates.Snapshots, updates.Figures = []int64{}, []int{}, []string{"mad_over_k"}
	warm := updates
	warm.Name, warm.WarmStart, warm.CurvatureSeeds = "sample-size-warm", true, []int64{0}
	warm.Figures = []string{"mad_over_k", "norms_over_k"}
	hidden, layers := defaultExperiment(), defaultExperiment()
	hidden.Name, layers.Name = "hidden-size", "num-layers"
	hidden.NumLayers, layers.HiddenSize = []int{paperNumLayers}, []int{paperHiddenSize}
	hidden.Seeds, layers.Seeds = seeds(bandSeeds), seeds(bandSeeds)
	hidden.Figures, layers.Figures = []string{"mad_grid"}, []string{"mad_grid"}
	p.Experiments = []Experiment{paper, hidden, layers, sizes, updates, warm}
	for i := range p.Experiments {
		p.Experiments[i].complete(p.Data.Objects)
	}
	return p
}

// bandSeeds is how many seeds a cell needs for a 95 % band by ranks: the
// smallest n whose extremes are at its ends, 2/(n+1) ≤ 0.05.
const bandSeeds = 39

// seeds returns 0 … n−1.
func seeds(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(i)
	}
	return list
}

// defaultTables returns the defaults of the tables of which there is one.
func defaultTables() Params {
	return Params{Data: defaultData(), Train: defaultTrain(), Differences: defaultDifferences(), Curvature: defaultCurvature(), Figures: defaultFigures()}
}

// maxParamsFile bounds a params file in bytes; the default one has a few thousand.
const maxParamsFile = 256 << 10

// LoadParams reads a params file and applies the overrides, each written
// KEY=VALUE with a TOML value: train.learning_rate=0.002, or, with the name
// of an experiment, experiment.paper.seeds=[0,1]. A later override of the
// same key wins. The error is a *ParamsError with every mistake in the file
// and the overrides at once, or the one that kept the file from being read.
func LoadParams(path string, overrides []string) (Params, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return Params{}, fmt.Errorf("params: %w; name a file with --params, or a folder that has params.toml with -C", err)
	}
	if err != nil {
		return Params{}, fmt.Errorf("params: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxParamsFile+1))
	if err != nil {
		return Params{}, fmt.Errorf("params: %w", err)
	}
	return ParseParams(path, text, overrides)
}

// ParseParams is LoadParams for a text; the name stands for the file in errors.
func ParseParams(name string, text []byte, overrides []string) (Params, error) {
	return parseParams(name, text, overrides, datasetObjects())
}

func parseParams(name string, text []byte, overrides []string, available map[string]int) (Params, error) {
	d := &decoding{params: defaultTables(), places: map[string]place{}, unread: map[string]bool{}, available: available}
	if len(text) > maxParamsFile {
		d.problems = append(d.problems, Problem{File: name, Text: fmt.Sprintf("more than %d KiB: this is no params file", maxParamsFile>>10)})
		return Params{}, &ParamsError{d.problems}
	}
	d.file(&source{name: name, text: strings.TrimPrefix(string(text), byteOrderMark)})
	for i, o := range overrides {
		d.override(&source{name: overrideName(i), text: o, order: i + 1, override: true})
	}
	d.check()
	if len(d.problems) > 0 {
		sortProblems(d.problems)
		return Params{}, &ParamsError{d.problems}
	}
	return d.params, nil
}

// Digest identifies the params as a whole, as hexadecimal SHA-256. Two files
// that say the same, the one with defaults left out, have the same digest.
// It is no part of any key of an action.
func (p Params) Digest() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain values without NaN, which the ranges exclude
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// IsDefault reports whether these are the params of the default run, whose
// figures, results and lock.json the repository carries.
func (p Params) IsDefault() bool { return reflect.DeepEqual(p, DefaultParams()) }

// RunName names the folder of exports of a run that was read from path with
// the given overrides: "" for the default run, "ci" for params.ci.toml, and
// otherwise the name of the file with the begin of the digest, as in
// "params-1f0c9a3e", so that no two runs share a folder by accident.
func (p Params) RunName(path string, overrides []string) string {
	if p.IsDefault() {
		return ""
	}
	stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	name := strings.TrimPrefix(stem, "params.")
	if !folderName.MatchString(name) {
		name = "params"
	}
	if len(overrides) == 0 && name != "params" {
		return name
	}
	return name + "-" + p.Digest()[:8]
}

// folderName is what the name of a file must look like to name a folder.
var folderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
