package stages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/normalise"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// Dataset is one table [dataset.NAME]: a data set of the user's own.
type Dataset struct {
	Name    string `toml:"name"`
	Inputs  string `toml:"inputs" text:"path of a file" default:"\"\""`
	Labels  string `toml:"labels" text:"path of a file" default:"\"\""`
	Format  string `toml:"format" default:"\"auto\""`
	Classes int    `toml:"classes" range:"2 to 10000"`
	Scaling string `toml:"scaling" default:"\"auto\""`
}

// Choices implements [config.Chooser].
func (Dataset) Choices() map[string][]string {
	return map[string][]string{"format": userfiles.Formats(), "scaling": userfiles.Scalings()}
}

// Input is one table [input.NAME]: what networks see in place of a data set's pixels,
// either features of the user's own or the pixels, normalised.
type Input struct {
	Name      string  `toml:"name"`
	File      string  `toml:"file" text:"path of a file" default:"\"\""`
	Scaling   string  `toml:"scaling" default:"\"none\""`
	Mean      float64 `toml:"mean" range:"-1000000 to 1000000" default:"0"`
	Deviation float64 `toml:"deviation" range:"0 to 1000000" default:"0"` // 0: not normalised pixels
}

// Choices implements [config.Chooser].
func (Input) Choices() map[string][]string {
	return map[string][]string{"scaling": {userfiles.Unscaled, userfiles.Standard}}
}

// reserved are inputs whose names mean what the paper means by them.
var reserved = []string{InputDirect, "features"}

// checkData reports tables of data that lack something or take the name of
// something else.
func (c *checking) checkData() {
	for i := range c.Datasets {
		d, label := &c.Datasets[i], c.Label("dataset", i)
		if _, err := fetch.Lookup(d.Name); err == nil {
			c.Blame(label, fmt.Sprintf("%s has the name of a data set that is known", label), "give it another name")
		}
		if d.Inputs == "" && c.read(label, "inputs") {
			c.Blame(label, label+" has no inputs", `write inputs = "PATH"`)
		}
		if d.Classes == 0 && c.read(label, "classes") {
			c.Blame(label, label+" has no classes", "write classes = their number; labels run from 0")
		}
	}
	for i := range c.Inputs {
		in, label := &c.Inputs[i], c.Label("input", i)
		if slices.Contains(reserved, in.Name) {
			c.Blame(label, fmt.Sprintf("%s has the name of an input that is known", label), "give it another name")
		}
		if !c.read(label, "file", "deviation") {
			continue
		}
		switch {
		case in.File == "" && in.Deviation == 0:
			c.Blame(label, label+" has neither a file nor a deviation", `write file = "PATH" for features of your own, or mean and deviation to normalise the pixels`)
		case in.File != "" && in.Deviation > 0:
			c.Blame(label+".deviation", label+" has a file, so there are no pixels to normalise", `take one of the two out; scaling = "standard" brings each column of a file to mean 0 and deviation 1`)
		}
	}
	of := map[string]string{} // by input, the data set of the first experiment that has it
	for i := range c.Experiments {
		e, label := &c.Experiments[i], c.Label(experimentTable, i)
		if e.Input == InputDirect || !c.read(label, "input", "dataset") {
			continue
		}
		if slices.ContainsFunc(c.Inputs, func(in Input) bool { return in.Name == e.Input && in.Deviation > 0 }) {
			if at := slices.IndexFunc(c.Datasets, func(d Dataset) bool { return d.Name == e.Dataset }); at >= 0 && c.Datasets[at].Scaling != userfiles.Pixels {
				c.Blame(label+".input", fmt.Sprintf("input %s normalises pixels, but %s may hold other numbers", e.Input, e.Dataset), fmt.Sprintf(`write scaling = "pixels" in [dataset.%s], or scaling = "standard" and no input`, e.Dataset))
			}
			continue
		}
		if first, ok := of[e.Input]; ok && first != e.Dataset {
			c.Blame(label+".input", fmt.Sprintf("input %s belongs to %s and to %s, but its rows are the objects of one data set", e.Input, first, e.Dataset), "write an [input.NAME] for each data set")
			continue
		}
		of[e.Input] = e.Dataset
	}
}

// Given are the user's data sets and features that experiments name, read and
// checked.
type Given struct {
	datasets map[string]userfiles.Dataset  // by name
	inputs   map[string]userfiles.Features // by name
}

// DataError is a mistake in a file that the params name.
type DataError struct {
	Table string // "dataset.NAME" or "input.NAME"
	Err   error
	Hint  string // what to do; may be empty
}

func (e *DataError) Error() string { return e.Table + ": " + e.Err.Error() }
func (e *DataError) Unwrap() error { return e.Err }

// MaxFile bounds each of the user's files in bytes: it is held in memory.
const MaxFile = 8 << 30

// ReadGiven reads the files that the experiments of p name. Each is read once:
// its digest, which is in the keys, and what is computed come from the same bytes.
// A mistake in a file is a [*DataError].
func ReadGiven(ctx context.Context, p Params) (Given, error) {
	g := Given{map[string]userfiles.Dataset{}, map[string]userfiles.Features{}}
	for i := range p.Experiments {
		e := &p.Experiments[i]
		if at := slices.IndexFunc(p.Datasets, func(d Dataset) bool { return d.Name == e.Dataset }); at >= 0 && g.datasets[e.Dataset].Width == 0 {
			d := p.Datasets[at]
			spec := userfiles.DatasetParams{Format: d.Format, Scaling: d.Scaling, Classes: d.Classes, Objects: p.Data.Objects}
			inputs, err := readFile(ctx, d.Inputs)
			var labels userfiles.Source
			if err == nil && d.Labels != "" {
				labels, err = readFile(ctx, d.Labels)
			}
			if err == nil {
				g.datasets[e.Dataset], err = userfiles.ReadDataset(ctx, spec, inputs, labels)
			}
			if err != nil {
				return Given{}, dataError(ctx, "dataset."+d.Name, err)
			}
		}
		if at := slices.IndexFunc(p.Inputs, func(in Input) bool { return in.Name == e.Input && in.File != "" }); at >= 0 && g.inputs[e.Input].Width == 0 {
			in := p.Inputs[at]
			file, err := readFile(ctx, in.File)
			if err == nil {
				g.inputs[e.Input], err = userfiles.ReadFeatures(ctx, userfiles.FeatureParams{Scaling: in.Scaling, Objects: p.Data.Objects}, file)
			}
			if err != nil {
				return Given{}, dataError(ctx, "input."+in.Name, err)
			}
		}
	}
	return g, nil
}

func readFile(ctx context.Context, path string) (userfiles.Source, error) {
	content, err := files.Read(ctx, path, MaxFile)
	return userfiles.Source{Name: path, Content: content}, err
}

// dataError says what to do about a file that the params name.
func dataError(ctx context.Context, table string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	e := &DataError{Table: table, Err: err}
	var mistake *userfiles.Error
	switch {
	case errors.As(err, &mistake):
		e.Hint = mistake.Hint
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = "paths are relative to the folder in which the program runs"
	}
	return e
}

// dataset is what networks learn from: objects as one of the inputs shows them.
type dataset struct {
	inputSize, classes int
	images, labels     pipeline.Output
}

// dataset returns the data set with the input of a network and adds the stages
// that read them, once.
func (w *wiring) dataset(n artifact.Network) *dataset {
	if d := w.datasets[n.Data()]; d != nil || w.err != nil {
		return d
	}
	d := w.objects(n.Dataset, w.params.objectsOf(n.Dataset))
	if d != nil && n.Input != InputDirect {
		s := &subject{name: n.Data(), labels: []pipeline.Label{{Key: "dataset", Value: n.Dataset}, {Key: "input", Value: n.Input}}, results: results{}}
		if at := slices.IndexFunc(w.params.Inputs, func(in Input) bool { return in.Name == n.Input && in.Deviation > 0 }); at >= 0 {
			s.shape = shape{all: w.params.objectsOf(n.Dataset), widths: []int{d.inputSize}}
			add(w, s, &normaliseKind, inputs{normalise.Images: d.images}, normalise.Params{Mean: w.params.Inputs[at].Mean, Deviation: w.params.Inputs[at].Deviation})
			d = &dataset{d.inputSize, d.classes, s.results["normalise/images"], d.labels}
		} else if features, ok := w.env.Given.inputs[n.Input]; ok {
			add(w, s, userinputKind(features), nil, features.Params)
			d = &dataset{features.Width, d.classes, s.results["userinput/images"], d.labels}
		} else {
			w.err = fmt.Errorf("input %s was not read", n.Input)
			return nil
		}
	}
	w.datasets[n.Data()] = d
	return d
}

// objects returns the first objects of a data set with its own inputs, fetched or the
// user's.
func (w *wiring) objects(name string, count int) *dataset {
	if d := w.datasets[name]; d != nil {
		return d
	}
	s := &subject{name: name, labels: []pipeline.Label{{Key: "dataset", Value: name}}, results: results{}}
	var d *dataset
	if own, ok := w.env.Given.datasets[name]; ok {
		add(w, s, userdataKind(own), nil, own.Params)
		d = &dataset{own.Width, own.Params.Classes, s.results["userdata/images"], s.results["userdata/labels"]}
	} else {
		if slices.ContainsFunc(w.params.Datasets, func(d Dataset) bool { return d.Name == name }) {
			w.err = fmt.Errorf("data set %s was not read", name)
			return nil
		}
		entry, err := fetch.Lookup(name)
		if err != nil {
			w.err = err
			return nil
		}
		params, err := fetch.NewParams(name, count)
		if err != nil {
			w.err = err
			return nil
		}
		add(w, s, fetchKind(w.env.Fetcher), nil, params)
		d = &dataset{entry.InputSize, entry.Classes, s.results["fetch/images"], s.results["fetch/labels"]}
	}
	w.datasets[name] = d
	return d
}
