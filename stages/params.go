package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/internal/suggest"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

// Params is the content of a params file with its overrides. params.toml
// documents every key.
type Params struct {
	Data        Data         `toml:"data"`
	Train       Train        `toml:"train"`
	Differences Differences  `toml:"differences"`
	Curvature   Curvature    `toml:"curvature"`
	Figures     Figures      `toml:"figures"`
	Datasets    []Dataset    `toml:"dataset" named:"true"`
	Inputs      []Input      `toml:"input" named:"true"`
	Experiments []Experiment `toml:"experiment"`

	// LeftOut are data sets whose experiments are left out; see [Params.Without].
	LeftOut []string

	// Followed says, one per line, which values of the file follow from an
	// override of another param.
	Followed []string
}

// Data is the table [data].
type Data struct {
	Objects int `toml:"objects" range:"2 to 60000"`  // N, the first objects of each data set
	HeldOut int `toml:"held_out" range:"1 to 10000"` // the first objects of its test split, for experiments that ask for them
}

// Train is the table [train]: the paper's recipe, Adam on the mean
// cross-entropy of batches in a new random order each epoch.
type Train struct {
	Epochs       int     `toml:"epochs" range:"1 to 10000"`
	BatchSize    int     `toml:"batch_size" range:"1 to 60000"`
	LearningRate float64 `toml:"learning_rate" range:"above 0, at most 10"`
	Beta1        float64 `toml:"beta1" range:"at least 0, below 1"`
	Beta2        float64 `toml:"beta2" range:"at least 0, below 1"`
	Epsilon      float64 `toml:"epsilon" range:"1e-45 to 1"` // a smaller one is 0 in float32, and 0 is divided by 0
	Bias         bool    `toml:"bias"`                       // each layer has biases
}

// Differences is the table [differences]: the curve |L_{k+1} − L_k|.
type Differences struct {
	Permutations int     `toml:"permutations" range:"1 to 10000"`
	EMA          float64 `toml:"ema" range:"at least 0, below 1"`
	Seed         int64   `toml:"seed" range:"0 or more"`
}

// Curvature is the table [curvature]: what is measured of the networks whose
// seeds an experiment lists as curvature_seeds.
type Curvature struct {
	Top          int     `toml:"top" range:"2 to 1000"`
	Bottom       int     `toml:"bottom" range:"1 to 1000"`
	Tolerance    float64 `toml:"tolerance" range:"1e-12 to 0.01"`
	Steps        int     `toml:"steps" range:"2 to 1000"`
	Probes       int     `toml:"probes" range:"1 to 1000"`
	DrawnSteps   int     `toml:"drawn_steps" range:"2 to 1000"`  // of the networks whose density is drawn
	DrawnProbes  int     `toml:"drawn_probes" range:"1 to 1000"` // of them too
	Hessians     int     `toml:"hessians" range:"0 to 60000"`
	BoundObjects int     `toml:"bound_objects" range:"1 to 60000"`
	Increments   []int   `toml:"increments" range:"1 to 59999"`
	Others       int     `toml:"others" range:"0 to 1000"`
	NormBatch    int     `toml:"norm_batch" range:"1 to 60000"`
	Seed         int64   `toml:"seed" range:"0 or more"`
}

// Figures is the table [figures]: how figures look. No other stage reads it.
type Figures struct {
	WidthCM   float64 `toml:"width_cm" range:"9 to 100"`
	HeightCM  float64 `toml:"height_cm" range:"8 to 100"`
	Published bool    `toml:"published"`
}

// LoadParams reads a params file, or a pipe in its place, and applies the
// overrides, each written KEY=VALUE with a TOML value:
// train.learning_rate=0.002, or, with the name of an experiment,
// experiment.paper.seeds=[0,1]. A later override of the same key wins. The
// error is a [*config.Error] with every mistake in the file and the overrides
// at once, or the one that kept the file from being read.
func LoadParams(ctx context.Context, path string, overrides []string) (Params, error) {
	const most = 1 << 20 // bytes; config has its own, smaller limit
	text, err := files.ReadStream(ctx, path, most)
	if errors.Is(err, os.ErrNotExist) {
		hint := "name a file with --params, or a folder that has params.toml with -C"
		if near := nearbyFile(path); near != "" {
			hint = fmt.Sprintf("did you mean --params %s?", near)
		}
		return Params{}, fmt.Errorf("params: %w; %s", err, hint)
	}
	if err != nil {
		return Params{}, fmt.Errorf("params: %w", err)
	}
	return ParseParams(path, text, overrides)
}

// nearbyFile returns the params file in the folder of a path that is missing
// whose name is like it, "" for none.
func nearbyFile(path string) string {
	entries, _ := os.ReadDir(filepath.Dir(path)) // no folder, no advice
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".toml"); ok {
			names = append(names, name)
		}
	}
	near := suggest.Nearest(strings.TrimSuffix(filepath.Base(path), ".toml"), names)
	if near == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(path), near+".toml")
}

// ParseParams is LoadParams for a text; the name stands for the file in errors.
func ParseParams(name string, text []byte, overrides []string) (Params, error) {
	return parseParams(name, text, overrides, datasetObjects())
}

// parseParams is ParseParams for data sets of the given numbers of objects.
func parseParams(name string, text []byte, overrides []string, available map[string]int) (Params, error) {
	p := defaultTables()
	err := config.Parse(name, text, overrides, &p, func(at *config.Places) { p.check(at, available) })
	if err != nil {
		return Params{}, err
	}
	return p, nil
}

// DefaultParams returns the params of the embedded params.toml.
func DefaultParams() Params {
	var p Params
	err := config.Parse("params.toml", landscape.DefaultParams, nil, &p, func(at *config.Places) { p.check(at, datasetObjects()) })
	if err != nil {
		panic(err) // a test reads the file that is embedded
	}
	return p
}

// defaultTables returns the defaults of keys that are left out: those of
// params.toml without its experiments.
func defaultTables() Params {
	p := DefaultParams()
	p.Experiments = nil
	return p
}

// datasetObjects is how many objects each data set of the catalogue has.
func datasetObjects() map[string]int {
	objects := map[string]int{}
	for _, d := range fetch.Datasets() {
		objects[d.Name] = d.Objects
	}
	return objects
}

// Lines writes the params as one line per value, under the names that --set
// takes: "train.learning_rate" is "0.001", "experiment.paper.k" is "[10000]".
func (p Params) Lines() map[string]string { return config.Lines(p) }

// ParseLines returns the params of which [Params.Lines] wrote the lines. A
// value without a line has its default.
func ParseLines(name string, lines map[string]string) (Params, error) {
	p := defaultTables()
	err := config.ParseLines(name, lines, &p, func(at *config.Places) { p.check(at, datasetObjects()) })
	if err != nil {
		return Params{}, err
	}
	return p, nil
}

// Digest identifies the params as a whole, as hexadecimal SHA-256. Two files
// with the same values, one of them with defaults left out, have the same
// digest. It is no part of any key of an action.
func (p Params) Digest() string {
	text, err := json.Marshal(p.Lines())
	if err != nil {
		panic(err) // texts
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// RunName names the folder of exports of a run, other than the default one,
// that was read from path with the given overrides: "ci" for params.ci.toml,
// otherwise the name of the file with the first digits of the digest, as in
// "params-1f0c9a3e", so that no two runs share a folder by accident. A pipe such
// as /dev/fd/63 has no name of its own: only the digest tells its runs apart.
func (p Params) RunName(path string, overrides []string) string {
	stem, toml := strings.CutSuffix(filepath.Base(path), ".toml")
	name := strings.TrimPrefix(stem, "params.")
	if !toml || !folderName.MatchString(name) {
		name = "params"
	}
	if len(overrides) == 0 && name != "params" {
		return name
	}
	return name + "-" + p.Digest()[:8]
}

// folderName matches names of files that can name a folder.
var folderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
