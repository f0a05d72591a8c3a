package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// RecordFault is an output that a record names and the store cannot provide.
type RecordFault struct {
	Key    Key
	Kind   string // of the action, "" if its manifest is lost
	Output string
	Digest Digest
	Err    error // [cas.ErrNotFound], *[cas.DamagedError], or a size that differs
}

// Integrity is what [CheckRecords] found.
type Integrity struct {
	Records int // that count, one per action
	Faults  []RecordFault

	// Unexplained are the keys of records without a manifest: explain and
	// check cannot say what made them.
	Unexplained []Key
}

// CheckRecords checks that the objects that records name are in the store and
// have the recorded sizes. It does not read content and writes nothing.
func CheckRecords(ctx context.Context, st *cas.Store) (*Integrity, error) {
	var keys []Key
	seen := make(map[Key]bool)
	err := st.Rows(tableActions, func(row cas.Row) bool {
		k := Key{row.Key}
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("reading the records: %w", err)
	}
	report := &Integrity{}
	for _, key := range keys {
		a, ok, err := lookupAction(st, key)
		if err != nil {
			return nil, err
		}
		if !ok || len(a.Outputs) == 0 {
			continue // unreadable, or its result was removed: a miss
		}
		report.Records++
		kind := ""
		if a.manifest == nil {
			report.Unexplained = append(report.Unexplained, key)
		} else {
			kind = a.manifest.Kind
		}
		for _, o := range a.Outputs {
			size, err := st.Stat(ctx, o.Digest)
			switch {
			case err == nil && size != o.Size:
				err = fmt.Errorf("it has %d bytes, the record says %d", size, o.Size)
			case err != nil && !errors.Is(err, cas.ErrNotFound) && !isLost(err):
				return nil, err
			}
			if err != nil {
				report.Faults = append(report.Faults, RecordFault{key, kind, o.Name, o.Digest, err})
			}
		}
	}
	return report, nil
}
