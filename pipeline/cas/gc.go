package cas

import (
	"context"
	"errors"
	"io/fs"
)

// GCOptions says what stays in a store. A nil function keeps everything of
// its kind. The functions may use the store for reading.
type GCOptions struct {
	Keep       func(Digest) bool // objects
	KeepRow    func(Row) bool
	Quarantine bool // remove what lies in quarantine too
	DryRun     bool // only say what would be removed
}

// GCReport is what [Store.GC] removed, or would remove.
type GCReport struct {
	Objects     []Removed
	Temporaries []Removed
	Quarantine  []Removed
	Rows        int
	RowDamage   int   // places in segments that hold nothing sound
	Kept        int   // objects
	Bytes       int64 // of all objects and files removed, without rows
}

// Removed is one file, or one small object in a segment.
type Removed struct {
	Digest Digest // zero unless it was an object
	Path   string
	Bytes  int64 // on disk
}

// GC removes rows and objects that nobody needs, and the temporaries of
// processes that died. It needs exclusive access and returns a *[BusyError]
// while others write; a dry run needs nothing, and its list of temporaries may
// hold some that are in use. Rows go before objects, so that a crash in between
// leaves no row without its objects. Only where the disk is too full to rewrite
// segments do the files of objects go first. Damaged segments go to quarantine
// after their sound frames were copied.
func (s *Store) GC(ctx context.Context, o GCOptions) (*GCReport, error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	var report *GCReport
	collect := func() (err error) {
		report, err = s.collect(ctx, o)
		return err
	}
	var err error
	if o.DryRun {
		err = collect()
	} else {
		err = s.alone("gc", collect)
	}
	return report, s.storeError("clean up", err)
}

func (s *Store) collect(ctx context.Context, o GCOptions) (*GCReport, error) {
	report := &GCReport{}
	if err := s.update(); err != nil {
		return report, err
	}
	if err := s.collectFolder(o, report, "tmp", &report.Temporaries); err != nil {
		return report, err
	}
	if o.Quarantine {
		if err := s.collectFolder(o, report, "quarantine", &report.Quarantine); err != nil {
			return report, err
		}
	}
	r, small, err := s.planRewriting(o, report)
	if err != nil {
		return report, err
	}
	rewrite := func() error {
		if r != nil && !o.DryRun {
			if err := s.rewrite(*r); err != nil {
				return err
			}
		}
		for _, removed := range small {
			report.Objects = append(report.Objects, removed)
			report.Bytes += removed.Bytes
		}
		return nil
	}
	full := rewrite()
	if full != nil && !isFull(full) {
		return report, full
	}
	if err := s.collectFiles(ctx, o, report); err != nil {
		return report, err
	}
	if full != nil {
		return report, rewrite()
	}
	return report, nil
}

// planRewriting returns how segments are to be rewritten, nil if they stay as
// they are, and the small objects that are dropped.
func (s *Store) planRewriting(o GCOptions, report *GCReport) (r *rewriting, dropped []Removed, err error) {
	r = &rewriting{segment: func(*segment) bool { return true }}
	segments, quarantined := 0, 0
	places := make(map[Digest]Place)
	var small []Digest
	err = s.withTables(func(t *tables) error {
		report.RowDamage = len(t.damage)
		segments, quarantined = len(t.segments), len(t.index.quarantined)
		small = t.digests()
		for _, d := range small {
			ref, _ := t.object(d)
			places[d] = t.where(ref)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	drop := make(map[Digest]bool)
	for _, d := range small {
		if o.Keep == nil || o.Keep(d) {
			report.Kept++
			continue
		}
		drop[d] = true
		dropped = append(dropped, Removed{Digest: d, Path: places[d].Path, Bytes: places[d].Bytes})
	}
	if o.KeepRow != nil {
		err = s.Rows("", func(row Row) bool {
			if !o.KeepRow(row) {
				report.Rows++
			}
			return true
		})
	}
	if report.Rows > 0 {
		r.row = o.KeepRow
	}
	if len(drop) > 0 {
		r.object = func(d Digest) bool { return !drop[d] }
	}
	r.always = report.RowDamage+quarantined > 0
	if report.Rows+len(drop) == 0 && !r.always && segments <= s.mergeAt {
		r = nil
	}
	return r, dropped, err
}

// collectFiles removes the files of objects that nobody needs.
func (s *Store) collectFiles(ctx context.Context, o GCOptions, report *GCReport) error {
	files, _, err := s.listFiles()
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
		if err := s.collectFile(o, report, &report.Objects, Removed{Digest: f.digest, Path: f.path, Bytes: f.size}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) collectFolder(o GCOptions, report *GCReport, folder string, list *[]Removed) error {
	names, err := s.fs.ReadDir(s.path(folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range names {
		path := s.path(folder, name)
		size, err := s.fs.Size(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := s.collectFile(o, report, list, Removed{Path: path, Bytes: size}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) collectFile(o GCOptions, report *GCReport, list *[]Removed, r Removed) error {
	if !o.DryRun {
		if err := s.fs.Remove(r.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	*list = append(*list, r)
	report.Bytes += r.Bytes
	return nil
}
