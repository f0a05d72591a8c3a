package cas

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// VerifyReport is what [Store.Verify] found.
type VerifyReport struct {
	Objects     int
	Bytes       int64 // of the objects on disk
	Damaged     []*DamagedError
	Segments    int
	Rows        int
	RowDamage   []RowDamage
	TornBytes   int64    // behind the last sound row of segments: commits that never ended, or go on now
	Temporaries int      // of processes that write now, or died; gc removes these
	Aside       int      // damaged files that were set aside before
	Unknown     []string // files that do not belong to a store
}

// OK reports whether nothing is damaged.
func (r *VerifyReport) OK() bool { return len(r.Damaged) == 0 && len(r.RowDamage) == 0 }

// Verify looks at every object and row. With hash it reads and hashes the
// content of each object; without, only presence, header and length are
// compared. It writes nothing and does not hinder others: objects that
// vanish meanwhile are no damage.
func (d *Store) Verify(ctx context.Context, hash bool) (*VerifyReport, error) {
	report := &VerifyReport{}
	if err := d.update(true); err != nil {
		return nil, d.storeError("read", err)
	}
	err := d.withTables(func(t *tables) error {
		for _, s := range t.segments {
			if !t.replaced[s.seq] {
				report.Segments++
				report.TornBytes += s.size - s.done
			}
		}
		report.Rows = t.index.rows
		return nil
	})
	if err != nil {
		return nil, d.storeError("read", err)
	}
	if report.RowDamage, err = d.Damage(); err != nil {
		return nil, err
	}

	files, unknown, err := d.listObjects()
	if err != nil {
		return nil, d.storeError("read", err)
	}
	report.Unknown = unknown
	var mu sync.Mutex
	err = inParallel(runtime.GOMAXPROCS(0), len(files), func(i int) error {
		var err error
		if hash {
			_, err = d.Get(ctx, files[i].digest)
		} else {
			_, err = d.Stat(ctx, files[i].digest)
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
		report.Bytes += files[i].size
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(report.Damaged, func(a, b *DamagedError) int { return bytes.Compare(a.Digest[:], b.Digest[:]) })
	for _, folder := range []struct {
		name  string
		count *int
	}{{"tmp", &report.Temporaries}, {"damaged", &report.Aside}} {
		names, err := d.fs.ReadDir(d.path(folder.name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, d.storeError("read", err)
		}
		*folder.count = len(names)
	}
	return report, nil
}

// objectFile is a file in the folder objects.
type objectFile struct {
	digest Digest
	path   string
	size   int64 // on disk
}

// listObjects returns the files of all objects in the order of their
// digests, and what else lies in the folders.
func (d *Store) listObjects() (files []objectFile, unknown []string, err error) {
	folders, err := d.fs.ReadDir(d.path("objects"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	for _, folder := range folders {
		if len(folder) != 2 || strings.Trim(folder, "0123456789abcdef") != "" {
			unknown = append(unknown, d.path("objects", folder))
			continue
		}
		names, err := d.fs.ReadDir(d.path("objects", folder))
		if errors.Is(err, syscall.ENOTDIR) {
			unknown = append(unknown, d.path("objects", folder))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			path := d.path("objects", folder, name)
			digest, ok := parseObjectName(name)
			if !ok || folderOf(digest) != folder {
				unknown = append(unknown, path)
				continue
			}
			size, err := d.fs.Size(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			files = append(files, objectFile{digest: digest, path: path, size: size})
		}
	}
	return files, unknown, nil
}
