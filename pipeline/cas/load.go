package cas

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
)

// errMoved says that a segment vanished while it was needed: another process
// merged it into a new one.
var errMoved = errors.New("segments were merged meanwhile")

// loadTables reads all segments. A folder that is missing counts as empty.
func (d *Store) loadTables() (*tables, error) {
	for attempt := 0; ; attempt++ {
		t := &tables{
			fs: d.fs, folder: d.path("tables"), retainLimit: d.retainLimit, hashMask: d.hashMask, limits: d.limits,
			known: make(map[uint64]bool), replaced: make(map[uint64]bool),
		}
		err := t.load()
		if err == nil {
			return t, nil
		}
		t.close()
		if !errors.Is(err, errMoved) || attempt == 10 {
			return nil, err
		}
	}
}

func (t *tables) load() error {
	names, err := t.list()
	if err != nil {
		return err
	}
	for _, seq := range names {
		s, err := t.open(seq)
		if err != nil {
			return err
		}
		t.segments = append(t.segments, s)
		t.known[seq] = true
		for _, old := range t.head(s) {
			t.replaced[old] = true
		}
	}
	t.index = newIndex(t.hashMask)
	for i, s := range t.segments {
		if t.replaced[s.seq] {
			continue
		}
		if err := t.scan(i); err != nil {
			return err
		}
	}
	return nil
}

// list returns the numbers of the segments in the folder, ascending.
func (t *tables) list() ([]uint64, error) {
	names, err := t.fs.ReadDir(t.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var seqs []uint64
	for _, name := range names {
		if seq, ok := parseSegmentName(name); ok {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	return seqs, nil
}

// open opens a segment and reads it whole where that fits the limit.
func (t *tables) open(seq uint64) (*segment, error) {
	s := &segment{seq: seq, path: filepath.Join(t.folder, segmentName(seq))}
	f, err := t.fs.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errMoved
	}
	if unreadable(err) && !errors.Is(err, fs.ErrPermission) {
		s.lost = true
		t.addDamage(s.path, 0, 0)
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if s.size, err = t.size(s, f); err != nil {
		f.Close()
		return nil, err
	}
	if t.retained+s.size > t.retainLimit {
		s.file = f
		return s, nil
	}
	defer f.Close()
	t.retained += s.size
	s.data = make([]byte, s.size)
	return s, readTolerant(f, 0, s.data)
}

// size returns how many bytes of a segment count.
func (t *tables) size(s *segment, f File) (int64, error) {
	size, err := f.Size()
	if limit, ok := t.limits[s.seq]; ok {
		size = min(size, limit)
	}
	return size, err
}

// head returns the numbers of the segments that s replaces.
func (t *tables) head(s *segment) []uint64 {
	data := s.data
	if s.file != nil {
		data = make([]byte, min(s.size, 1<<20))
		if err := readTolerant(s.file, 0, data); err != nil {
			return nil
		}
	}
	if f, state := frameAt(s.seq, 0, data); state == frameSound && f.kind == kindHead {
		return parseHead(f.body)
	}
	return nil
}

// scan reads what segment i has behind its done bytes into the index.
func (t *tables) scan(i int) error {
	s := t.segments[i]
	found := func(f segmentFrame) {
		if f.kind != kindRow {
			return
		}
		t.order = max(t.order, f.order)
		if name, ok := rowName(f.body); ok {
			t.index.add(name, i, f)
		}
	}
	damaged := func(offset, length int64) { t.addDamage(s.path, offset, length) }
	if s.file == nil {
		s.done += int64(scanFrames(s.seq, s.done, s.data[s.done:], true, found, damaged))
		return nil
	}
	var window []byte // content of the file from done
	for chunk := int64(1 << 20); ; {
		at := s.done + int64(len(window))
		n := int(min(chunk, s.size-at))
		window = slices.Grow(window, n)
		more := window[len(window) : len(window)+n]
		if err := readTolerant(s.file, at, more); err != nil {
			return err
		}
		window = window[:len(window)+n]
		last := s.done+int64(len(window)) == s.size
		done := scanFrames(s.seq, s.done, window, last, found, damaged)
		s.done += int64(done)
		if last {
			return nil
		}
		if done == 0 {
			chunk *= 2 // one row, or one damaged stretch, is longer than that
		}
		window = append(window[:0], window[done:]...)
	}
}

// refresh reads what was added since. errMoved asks to load anew.
func (t *tables) refresh() error {
	seqs, err := t.list()
	if err != nil {
		return err
	}
	present := 0
	for _, seq := range seqs {
		if t.known[seq] {
			present++
		}
	}
	if present != len(t.known) {
		return errMoved
	}
	for i := range t.segments {
		if err := t.grow(i); err != nil {
			return err
		}
	}
	for _, seq := range seqs {
		if t.known[seq] || t.replaced[seq] {
			continue
		}
		s, err := t.open(seq)
		if err != nil {
			return err
		}
		if len(t.head(s)) > 0 {
			s.close()
			return errMoved
		}
		t.segments = append(t.segments, s)
		t.known[seq] = true
		if err := t.scan(len(t.segments) - 1); err != nil {
			return err
		}
	}
	return nil
}

// grow reads what was appended to segment i since.
func (t *tables) grow(i int) error {
	s := t.segments[i]
	if t.replaced[s.seq] {
		return nil
	}
	if _, abandoned := t.limits[s.seq]; abandoned {
		return nil
	}
	size, err := t.fs.Size(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	if err != nil {
		return err
	}
	if size == s.size || s.lost {
		return nil
	}
	if s.file == nil {
		f, err := t.fs.Open(s.path)
		if errors.Is(err, fs.ErrNotExist) {
			return errMoved
		}
		if err != nil {
			return err
		}
		if t.retained+size-s.size > t.retainLimit {
			t.retained -= s.size
			s.data, s.file = nil, f
		} else {
			defer f.Close()
			// Values that were handed out lie below done.
			s.data = slices.Grow(s.data[:s.done], int(size-s.done))[:size]
			if err := readTolerant(f, s.done, s.data[s.done:]); err != nil {
				return err
			}
			t.retained += size - s.size
		}
	}
	s.size = size
	return t.scan(i)
}

// readTolerant fills data from offset on, where the medium may have lost a
// few sectors: these come back as zeros, which are no sound frame.
func readTolerant(f File, offset int64, data []byte) error {
	err := readFull(f, offset, data)
	if err == nil || !unreadable(err) {
		return err
	}
	const sector = 4 << 10
	for len(data) > 0 {
		piece := data[:min(sector, len(data))]
		if err := readFull(f, offset, piece); err != nil {
			if !unreadable(err) {
				return err
			}
			clear(piece)
		}
		offset += int64(len(piece))
		data = data[len(piece):]
	}
	return nil
}
