package cas

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
)

// mergeIfMany turns many small segments into one if the store can be had
// alone at this moment. It only serves the speed of later runs, so what goes
// wrong is left to the commit that follows.
func (d *Store) mergeIfMany() {
	seqs, err := (&tables{fs: d.fs, folder: d.path("tables")}).list()
	if err != nil || len(seqs) < d.mergeAt {
		return
	}
	d.exclusively("merging rows", func() error {
		if err := d.update(true); err != nil {
			return err
		}
		return d.rewrite(d.smallSegments(), func(Row) bool { return true })
	})
}

// smallSegments returns the segments that are worth merging: a large one is
// left alone until what lies beside it has grown to its size, so that every
// row is copied only a few times in the life of a store.
func (d *Store) smallSegments() map[uint64]bool {
	d.tablesMu.RLock()
	defer d.tablesMu.RUnlock()
	bySize := slices.Clone(d.tables.segments)
	slices.SortFunc(bySize, func(a, b *segment) int {
		if a.size != b.size {
			return int(min(max(a.size-b.size, -1), 1))
		}
		return int(min(max(int64(a.seq)-int64(b.seq), -1), 1))
	})
	chosen := make(map[uint64]bool)
	var total int64
	for i, s := range bySize {
		if i >= d.mergeAt/2 && s.size > total {
			break
		}
		chosen[s.seq] = true
		total += s.size
	}
	return chosen
}

// rewrite copies the rows of the chosen segments that keep wants into one
// new segment, which says in its head what it replaces, and then removes
// the old ones; those with damage are set aside. The exclusive lock is held,
// so no process writes. A crash in between leaves segments that every reader
// ignores, and the next rewrite removes.
func (d *Store) rewrite(chosen map[uint64]bool, keep func(Row) bool) error {
	err := d.rewriteLocked(chosen, keep)
	if e := d.update(true); err == nil {
		err = e
	}
	return err
}

func (d *Store) rewriteLocked(chosen map[uint64]bool, keep func(Row) bool) error {
	d.tablesMu.RLock()
	defer d.tablesMu.RUnlock()
	t := d.tables
	var replaces, leftover []uint64
	var seq uint64
	for _, s := range t.segments {
		seq = max(seq, s.seq+1)
		switch {
		case t.replaced[s.seq]:
			leftover = append(leftover, s.seq)
		case chosen[s.seq]:
			replaces = append(replaces, s.seq)
		}
	}
	slices.Sort(replaces)
	// What replaces a leftover may be replaced now itself, and with it goes
	// the note that the leftover does not count. The sync of the folder
	// below comes before that.
	if err := d.removeSegments(leftover); err != nil {
		return err
	}
	if len(replaces) == 0 {
		return nil
	}

	name, err := d.writeMerged(seq, replaces, chosen, keep)
	if err != nil {
		return err
	}
	if err := d.fs.Rename(name, d.path("tables", segmentName(seq))); err != nil {
		d.fs.Remove(name)
		return err
	}
	if err := d.fs.SyncDir(d.path("tables")); err != nil {
		return err
	}
	return d.removeSegments(replaces)
}

// writeMerged writes the rows of the chosen segments into a temporary.
func (d *Store) writeMerged(seq uint64, replaces []uint64, chosen map[uint64]bool, keep func(Row) bool) (name string, err error) {
	f, name, err := d.createTemporary(false)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			d.fs.Remove(name)
		}
	}()
	buf := appendHead(nil, seq, replaces)
	var base int64
	flush := func() error {
		_, err := f.Write(buf)
		base += int64(len(buf))
		buf = buf[:0]
		return err
	}
	for _, ref := range d.tables.ordered(chosen) {
		body, err := d.tables.kept(ref)
		if err != nil {
			return "", err
		}
		r, ok := parseRow(body)
		if !ok || !keep(r) {
			continue
		}
		buf = appendRow(buf, seq, base, ref.order, r)
		if len(buf) >= 1<<20 {
			if err := flush(); err != nil {
				return "", err
			}
		}
	}
	buf = appendFrame(buf, seq, base, kindEnd, d.tables.order)
	if err := flush(); err != nil {
		return "", err
	}
	return name, f.Sync()
}

// removeSegments removes segments that are replaced. One with damaged rows
// is kept as evidence.
func (d *Store) removeSegments(seqs []uint64) error {
	for _, seq := range seqs {
		path := d.path("tables", segmentName(seq))
		var err error
		if d.hasDamage(path) {
			var target string
			if target, err = d.asideName(filepath.Base(path)); err == nil {
				err = d.fs.Rename(path, target)
			}
		} else {
			err = d.fs.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (d *Store) hasDamage(path string) bool {
	d.tables.damageMu.Lock()
	defer d.tables.damageMu.Unlock()
	return slices.ContainsFunc(d.tables.damage, func(r RowDamage) bool { return r.Path == path })
}
