package cas

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
)

// A rewriting says what is copied of the segments that are rewritten. A nil
// function keeps everything of its kind. The functions may use the store for
// reading.
type rewriting struct {
	segment func(*segment) bool
	row     func(Row) bool
	object  func(Digest) bool
	always  bool // also where nothing is dropped or joined
}

// rewriteIfMany joins closed segments if there are many and nobody else writes
// to the store at this moment. Nobody ever appends to a closed segment, so
// this is safe even on a file system whose locks do nothing. It only serves
// the speed of later runs, so what goes wrong is left to the commit that
// follows.
func (s *Store) rewriteIfMany() {
	seqs, err := listSegments(s.fs, s.path("tables"))
	if err != nil || len(seqs) <= s.mergeAt {
		return
	}
	s.exclusively("joining segments", func() error {
		if err := s.update(); err != nil {
			return err
		}
		chosen := make(map[uint64]bool)
		err := s.withTables(func(t *tables) error {
			var closed []*segment
			for _, segment := range t.segments {
				if segment.closed && !t.replaced[segment.seq] {
					closed = append(closed, segment)
				}
			}
			if len(closed) <= s.mergeAt {
				return nil
			}
			// A large segment is left alone until the others have grown to
			// its size, so that every row is copied only a few times.
			slices.SortStableFunc(closed, func(a, b *segment) int { return cmp.Compare(a.size, b.size) })
			var total int64
			for i, segment := range closed {
				if i >= s.mergeAt/2 && segment.size > total {
					break
				}
				chosen[segment.seq] = true
				total += segment.size
			}
			return nil
		})
		if err != nil {
			return err
		}
		return s.rewrite(rewriting{segment: func(segment *segment) bool { return chosen[segment.seq] }})
	})
}

// rewrite copies what is kept of the chosen segments into new ones. It works
// on as many at a time as fit into one segment, so it needs no more room than
// that. The head of a new segment names those that it replaces, which
// makes the switch atomic; then these are removed, or go to quarantine if
// anything in them is damaged. A crash in between leaves segments that every
// reader ignores and the next rewrite removes. The exclusive lock is held.
func (s *Store) rewrite(r rewriting) error {
	err := s.rewriteBatches(r)
	if e := s.update(); err == nil {
		err = e
	}
	return err
}

func (s *Store) rewriteBatches(r rewriting) error {
	var t *tables
	var batches [][]*segment
	var leftover []*segment
	err := s.withTables(func(now *tables) error {
		t = now
		var total int64
		for _, segment := range t.segments {
			if t.replaced[segment.seq] {
				leftover = append(leftover, segment)
				continue
			}
			if !r.segment(segment) {
				continue
			}
			if len(batches) == 0 || total+segment.done > s.limit {
				batches, total = append(batches, nil), 0
			}
			last := len(batches) - 1
			batches[last] = append(batches[last], segment)
			total += segment.done
		}
		return nil
	})
	if err != nil {
		return err
	}
	// What replaces a leftover may itself be replaced below, and with it goes
	// the note that the leftover does not count.
	if err := s.removeSegments(t, leftover, nil); err != nil {
		return err
	}
	// Rows go before objects, so that a crash between two batches leaves no
	// row without its objects.
	if len(batches) > 1 && r.row != nil && r.object != nil {
		rows := r
		rows.object = nil
		if err := s.rewrite(rows); err != nil {
			return err
		}
		r.row = nil
		return s.rewriteBatches(r)
	}
	for _, batch := range batches {
		if len(batch) == 1 && !r.always && r.row == nil && r.object == nil {
			continue // a copy would be the same
		}
		if err := s.rewriteBatch(t, batch, r); err != nil {
			return err
		}
	}
	return nil
}

// rewriteBatch replaces some segments by one.
func (s *Store) rewriteBatch(t *tables, batch []*segment, r rewriting) (err error) {
	w, err := s.createSegment() // reserves a number
	if err != nil {
		return err
	}
	s.tablesMu.Lock()
	s.own = ownSegment{}
	s.tablesMu.Unlock()
	path := s.path("tables", segmentName(w.seq))
	defer func() {
		if e := w.file.Close(); err == nil {
			err = e
		}
	}()
	var replaces []uint64
	inBatch := make(map[uint64]bool)
	for _, old := range batch {
		replaces = append(replaces, old.seq)
		inBatch[old.seq] = true
	}
	buf := appendHead(nil, w.seq, replaces)
	damaged := make(map[*segment]bool)
	for _, old := range batch {
		if buf, err = s.copyKept(t, old, inBatch, r, buf, w.seq, damaged); err != nil {
			s.fs.Remove(path)
			return err
		}
	}
	buf = appendFrame(buf, w.seq, 0, kindClosed, 0)
	name, err := s.writeTemporary(buf, false)
	if err == nil {
		err = s.fs.Rename(name, path)
	}
	if err != nil {
		if name != "" {
			s.fs.Remove(name)
		}
		s.fs.Remove(path)
		return err
	}
	if err := s.fs.SyncDir(s.path("tables")); err != nil {
		return err
	}
	return s.removeSegments(t, batch, damaged)
}

// copyKept appends what is kept of a segment to buf, the content of the
// segment seq. It notes whether an object in it is damaged.
func (s *Store) copyKept(t *tables, old *segment, inBatch map[uint64]bool, r rewriting, buf []byte, seq uint64, damaged map[*segment]bool) ([]byte, error) {
	if old.lost || old.done == 0 {
		return buf, nil
	}
	data := make([]byte, old.done)
	s.tablesMu.Lock()
	f, err := t.reader(old)
	if err == nil {
		err = readTolerant(f, 0, data)
	}
	s.tablesMu.Unlock()
	if err != nil {
		return nil, err
	}
	scanFrames(old.seq, 0, data, func(f frame) {
		keep := false
		switch f.kind {
		case kindRow:
			row, ok := parseRow(f.body)
			keep = ok && (r.row == nil || r.row(row))
		case kindObject:
			o, content, ok := parseObject(f.body)
			if _, err := decode(o, content); err != nil || !ok {
				damaged[old] = true
				break
			}
			keep = (r.object == nil || r.object(o)) && !s.redundant(t, o, place{old.seq, f.offset}, inBatch)
		case kindQuarantine:
			at, ok := parseQuarantine(f.body)
			s.tablesMu.Lock()
			keep = ok && t.known[at.seq] && !t.replaced[at.seq] && !inBatch[at.seq]
			s.tablesMu.Unlock()
		}
		if keep {
			buf = appendFrame(buf, seq, 0, f.kind, f.order, f.body)
		}
	}, func(int64, int64) { damaged[old] = true })
	return buf, nil
}

// redundant reports whether another copy of a small object makes the one at a
// place superfluous: a later one that is certain to be durable.
func (s *Store) redundant(t *tables, o Digest, at place, inBatch map[uint64]bool) bool {
	s.tablesMu.Lock()
	defer s.tablesMu.Unlock()
	ref, ok := t.index.objects()[o]
	if !ok || t.place(ref) == at {
		return false
	}
	segment := t.segments[ref.segment]
	return (segment.closed || inBatch[segment.seq]) && !t.index.quarantined[t.place(ref)]
}

// removeSegments removes segments that are replaced. Those with damage are
// kept as evidence.
func (s *Store) removeSegments(t *tables, segments []*segment, damaged map[*segment]bool) error {
	for _, old := range segments {
		evidence := damaged[old]
		s.tablesMu.Lock()
		for _, d := range t.damage {
			evidence = evidence || d.Path == old.path
		}
		s.tablesMu.Unlock()
		if evidence {
			if err := s.quarantine(old.path, filepath.Base(old.path)); err != nil {
				return err
			}
		} else if err := s.fs.Remove(old.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
