package cas

import (
	"context"
	"errors"
	"io/fs"
)

// GCOptions says what stays in a store. A nil function keeps everything of
// its kind. The functions may call Get and Stat of the store, and no other
// method.
type GCOptions struct {
	Keep    func(Digest) bool // objects
	KeepRow func(Row) bool
	Aside   bool // remove the damaged files that were set aside too
	DryRun  bool // only say what would be removed
}

// GCReport is what [Store.GC] removed, or would remove.
type GCReport struct {
	Objects     []Removed
	Temporaries []Removed
	Aside       []Removed
	Rows        int
	RowDamage   int   // places in segments that hold no sound row
	Kept        int   // objects
	Bytes       int64 // of all removed files, without rows
}

// Removed is one file.
type Removed struct {
	Digest Digest // zero unless the file was an object
	Path   string
	Bytes  int64 // on disk
}

// GC removes rows and objects that nobody needs, and the temporaries of
// processes that died. It needs the store for itself and returns a
// *[BusyError] while others write; a dry run needs nothing, and its list of
// temporaries may hold some that are in use. Rows go before objects, so that
// a crash in between leaves no row without its objects. Only where the disk
// is too full to write the rows that stay anew, objects have to go first.
// Damaged segments are set aside after their sound rows were written anew.
func (d *Store) GC(ctx context.Context, o GCOptions) (*GCReport, error) {
	if d.closed.Load() {
		return nil, ErrClosed
	}
	var report *GCReport
	collect := func() (err error) {
		report, err = d.collect(ctx, o)
		return err
	}
	var err error
	if o.DryRun {
		err = collect()
	} else {
		err = d.alone("gc", collect)
	}
	return report, d.storeError("clean up", err)
}

func (d *Store) collect(ctx context.Context, o GCOptions) (*GCReport, error) {
	report := &GCReport{}
	if err := d.update(true); err != nil {
		return report, err
	}
	if err := d.collectFolder(o, report, "tmp", &report.Temporaries); err != nil {
		return report, err
	}
	if o.Aside {
		if err := d.collectFolder(o, report, "damaged", &report.Aside); err != nil {
			return report, err
		}
	}
	rowsErr := d.collectRows(o, report)
	if rowsErr != nil && !isFull(rowsErr) {
		return report, rowsErr
	}
	if err := d.collectObjects(ctx, o, report); err != nil {
		return report, err
	}
	if rowsErr != nil {
		return report, d.collectRows(o, report)
	}
	return report, nil
}

func (d *Store) collectObjects(ctx context.Context, o GCOptions, report *GCReport) error {
	files, _, err := d.listObjects()
	if err != nil {
		return err
	}
	for _, f := range files {
		if o.Keep == nil || o.Keep(f.digest) {
			report.Kept++
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.collectFile(o, report, &report.Objects, Removed{Digest: f.digest, Path: f.path, Bytes: f.size}); err != nil {
			return err
		}
	}
	return nil
}

// collectRows drops rows and damage by writing all segments anew.
func (d *Store) collectRows(o GCOptions, report *GCReport) error {
	damage, err := d.Damage()
	if err != nil {
		return err
	}
	report.Rows, report.RowDamage = 0, len(damage)
	if o.KeepRow == nil {
		if len(damage) == 0 {
			return nil
		}
		o.KeepRow = func(Row) bool { return true }
	}
	all := make(map[uint64]bool)
	err = d.withTables(func(t *tables) error {
		for _, s := range t.segments {
			all[s.seq] = true
		}
		return t.rows("", func(r Row) bool {
			if !o.KeepRow(r) {
				report.Rows++
			}
			return true
		})
	})
	if err != nil || report.Rows+report.RowDamage == 0 || o.DryRun {
		return err
	}
	return d.rewrite(all, o.KeepRow)
}

func (d *Store) collectFolder(o GCOptions, report *GCReport, folder string, list *[]Removed) error {
	names, err := d.fs.ReadDir(d.path(folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range names {
		path := d.path(folder, name)
		size, err := d.fs.Size(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := d.collectFile(o, report, list, Removed{Path: path, Bytes: size}); err != nil {
			return err
		}
	}
	return nil
}

func (d *Store) collectFile(o GCOptions, report *GCReport, list *[]Removed, r Removed) error {
	if !o.DryRun {
		if err := d.fs.Remove(r.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	*list = append(*list, r)
	report.Bytes += r.Bytes
	return nil
}
