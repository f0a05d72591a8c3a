package cas

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"sync"
)

// VerifyReport is what [Store.Verify] found.
type VerifyReport struct {
	Objects     int
	Bytes       int64 // of the objects on disk
	Damaged     []*DamagedError
	Segments    int
	Rows        int
	RowDamage   []RowDamage
	TornBytes   int64    // behind the last sound frame of segments: commits that never ended, or go on now
	Temporaries int      // of processes that write now, or died; gc removes these
	Quarantined int      // damaged files and small objects that no longer count
	Unknown     []string // files that do not belong to a store
}

// OK reports whether nothing is damaged.
func (r *VerifyReport) OK() bool { return len(r.Damaged) == 0 && len(r.RowDamage) == 0 }

// Verify looks at every object and row. With hash it reads and hashes the
// content of each object; without, only presence, structure and length are
// compared. It writes nothing and does not hinder others: objects that vanish
// meanwhile are no damage.
func (s *Store) Verify(ctx context.Context, hash bool) (*VerifyReport, error) {
	report := &VerifyReport{}
	if err := s.update(); err != nil {
		return nil, s.storeError("read", err)
	}
	sizes := make(map[Digest]int64)
	err := s.withTables(func(t *tables) error {
		for _, segment := range t.segments {
			if !t.replaced[segment.seq] && !segment.lost {
				report.Segments++
				report.TornBytes += segment.size - segment.done
			}
		}
		report.Rows = t.index.rows
		report.RowDamage = slices.Clone(t.damage)
		report.Quarantined = len(t.index.quarantined)
		for _, d := range t.digests() {
			ref, _ := t.object(d)
			sizes[d] = t.where(ref).Bytes
		}
		return nil
	})
	if err != nil {
		return nil, s.storeError("read", err)
	}
	files, unknown, err := s.listFiles()
	if err != nil {
		return nil, s.storeError("read", err)
	}
	report.Unknown = unknown
	for _, f := range files {
		if _, small := sizes[f.digest]; !small {
			sizes[f.digest] = f.size
		}
	}
	if err := s.verifyObjects(ctx, hash, sizes, report); err != nil {
		return nil, err
	}
	for _, folder := range []struct {
		name  string
		count *int
	}{{"tmp", &report.Temporaries}, {"quarantine", &report.Quarantined}} {
		names, err := s.fs.ReadDir(s.path(folder.name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, s.storeError("read", err)
		}
		*folder.count += len(names)
	}
	return report, nil
}

// verifyObjects looks at objects, given with their sizes on disk.
func (s *Store) verifyObjects(ctx context.Context, hash bool, sizes map[Digest]int64, report *VerifyReport) error {
	digests := make([]Digest, 0, len(sizes))
	for d := range sizes {
		digests = append(digests, d)
	}
	var mu sync.Mutex
	err := inParallel(runtime.GOMAXPROCS(0), len(digests), func(i int) error {
		var err error
		if hash {
			_, err = s.Get(ctx, digests[i])
		} else {
			_, err = s.Stat(ctx, digests[i])
		}
		mu.Lock()
		defer mu.Unlock()
		var damaged *DamagedError
		switch {
		case errors.Is(err, ErrNotFound):
			return nil
		case errors.As(err, &damaged):
			report.Damaged = append(report.Damaged, damaged)
		case err != nil:
			return err
		}
		report.Objects++
		report.Bytes += sizes[digests[i]]
		return nil
	})
	slices.SortFunc(report.Damaged, func(a, b *DamagedError) int { return bytes.Compare(a.Digest[:], b.Digest[:]) })
	return err
}
