package baseline

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// resultsFolder is where repro writes tables and claims.
const resultsFolder = "results/"

// Update accepts the results as the expected ones and adds the files that changed
// to the report. Every stage must be up to date.
func (r *Report) Update(ctx context.Context, run Run) error {
	lock, err := loadLock(filepath.Dir(r.Lock))
	if err != nil {
		return err
	}
	if lock == nil {
		lock = pipeline.NewLockfile()
	}
	before := lock.Encode()
	lock.Retain(run.Plan.Graph())
	lock.Update(run.Plan.Graph(), run.Plan.Results())
	lock.MadeWith(run.Plan.Graph(), run.Params, true)
	if file := filepath.Join(run.Folder, LockName); file != r.Lock || !bytes.Equal(before, lock.Encode()) {
		if err := lock.Save(file); err != nil {
			return fmt.Errorf("updating %s: %w", file, err)
		}
		r.Updated = append(r.Updated, file)
	}
	if err := r.expect(ctx, run); err != nil {
		return err
	}
	r.OK = true
	return nil
}

// expect copies tables and claims from the store to the folder of what is
// expected.
func (r *Report) expect(ctx context.Context, run Run) error {
	for _, step := range run.Plan.Steps() {
		exports := step.Stage.Exports()
		for _, output := range slices.Sorted(maps.Keys(exports)) {
			name, isResult := strings.CutPrefix(exports[output], resultsFolder)
			d, _, ok := run.Plan.Output(step.Stage, output)
			if !isResult || !ok {
				continue
			}
			text, err := run.Store.Get(ctx, d)
			if err != nil {
				return fmt.Errorf("%s: reading %s: %w", step.Stage, output, err)
			}
			file := filepath.Join(run.Folder, expectedName, filepath.FromSlash(name))
			if have, err := files.Read(ctx, file, maxExpected); err == nil && bytes.Equal(have, text) {
				continue
			}
			if err := files.Replace(file, text); err != nil {
				return fmt.Errorf("updating %s: %w", file, err)
			}
			r.Updated = append(r.Updated, file)
		}
	}
	return nil
}
