package baseline

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// Digests compares the digests of results with a lock file. Its fields are its form
// in JSON.
type Digests struct {
	File        string                `json:"file"`
	Exists      bool                  `json:"exists"`
	Differences []pipeline.Difference `json:"differences"` // sorted by stage and output
	Unknown     int                   `json:"unknown"`     // results that are expected only of other architectures

	results int
	lock    *pipeline.Lockfile // nil if there is none
}

// CompareDigests compares results, as [pipeline.Plan.Results] returns them, with the
// lock.json of a folder. Results of stages for which made is false may be missing.
func CompareDigests(folder string, results map[string]map[string]pipeline.Digest, made func(stage string) bool) (Digests, error) {
	d := Digests{File: filepath.Join(folder, LockName), Differences: []pipeline.Difference{}}
	for _, outputs := range results {
		d.results += len(outputs)
	}
	var err error
	if d.lock, err = loadLock(folder); err != nil || d.lock == nil {
		return d, err
	}
	d.Exists = true
	for _, difference := range d.lock.Compare(results) {
		switch {
		case difference.Kind == pipeline.Unknown:
			d.Unknown++
		case difference.Kind != pipeline.Missing || made(difference.Stage):
			d.Differences = append(d.Differences, difference)
		}
	}
	return d, nil
}

// loadLock reads the lock file of a folder, nil if there is none.
func loadLock(folder string) (*pipeline.Lockfile, error) {
	lock, err := pipeline.LoadLockfile(filepath.Join(folder, LockName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return lock, err
}

// String says in one line how many results are as expected.
func (d Digests) String() string {
	if !d.Exists {
		return d.File + " is missing: nothing to compare with"
	}
	count := make(map[pipeline.DifferenceKind]int)
	for _, difference := range d.Differences {
		count[difference.Kind]++
	}
	text := fmt.Sprintf("%s, %d as %s expects", term.Count(d.results, "result"), d.results-count[pipeline.Changed]-count[pipeline.New]-d.Unknown, d.File)
	for _, kind := range []pipeline.DifferenceKind{pipeline.Changed, pipeline.New, pipeline.Missing} {
		if count[kind] > 0 {
			text += fmt.Sprintf(", %d %s", count[kind], kind)
		}
	}
	if d.Unknown > 0 {
		text += fmt.Sprintf(", %d expected only of other architectures", d.Unknown)
	}
	return text
}
