package cas

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
)

// A writer begins a new segment rather than let one grow beyond segmentLimit;
// only a single row may be longer. So a reader need not look further than
// segmentReach, whatever length a damaged file has.
const (
	segmentLimit = 64 << 20
	segmentReach = 2 * segmentLimit
)

// errMoved says that a segment vanished while it was needed: another process
// has replaced it by a new one.
var errMoved = errors.New("segments were replaced meanwhile")

// RowDamage is a stretch of a segment in which no sound frame was found. The
// rows and objects before and behind it are not affected.
type RowDamage struct {
	Path   string // of the segment
	Offset int64
	Bytes  int64
	Reason string // why the segment cannot be read at all, otherwise ""
}

// tables is what was read of the segments: an index of all frames, and the
// content of as many segments as retainLimit allows.
type tables struct {
	fs          FS
	folder      string
	retainLimit int64
	retained    int64

	segments []*segment // in the order in which they were found
	known    map[uint64]bool
	replaced map[uint64]bool // present, but another segment has taken their place
	index    *index
	order    uint64 // of the last frame
	damage   []RowDamage
	closed   bool
}

// segment is one file of rows and small objects.
type segment struct {
	seq    uint64
	path   string
	size   int64  // of the file when it was last looked at
	done   int64  // bytes that were read into the index
	data   []byte // these bytes, nil if they are not kept
	file   File   // open for reading, nil until it is needed
	closed bool   // its writer has ended
	lost   bool   // cannot be read
}

// ownSegment is what this process knows of the segment that it appends to:
// what lies behind durable was never committed.
type ownSegment struct {
	seq     uint64
	durable int64
}

// loadTables reads all segments. A folder that is missing counts as empty.
func loadTables(fsys FS, folder string, retainLimit int64, own ownSegment) (*tables, error) {
	for attempt := 0; ; attempt++ {
		t := &tables{
			fs: fsys, folder: folder, retainLimit: retainLimit,
			known: make(map[uint64]bool), replaced: make(map[uint64]bool), index: newIndex(),
		}
		err := t.load(own)
		if err == nil {
			return t, nil
		}
		t.close()
		if !errors.Is(err, errMoved) || attempt == 10 {
			return nil, err
		}
	}
}

func (t *tables) load(own ownSegment) error {
	seqs, err := listSegments(t.fs, t.folder)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		if err := t.open(seq); err != nil {
			return err
		}
	}
	for _, s := range t.segments {
		for _, old := range t.head(s) {
			t.replaced[old] = true
		}
	}
	for i, s := range t.segments {
		if t.replaced[s.seq] {
			continue
		}
		if err := t.scan(i, own); err != nil {
			return err
		}
	}
	return nil
}

// listSegments returns the numbers of the segments in a folder, ascending.
func listSegments(fsys FS, folder string) ([]uint64, error) {
	names, err := fsys.ReadDir(folder)
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

// open adds a segment. One without content is left for the next look: a
// rewritten segment takes the place of an empty file.
func (t *tables) open(seq uint64) error {
	s := &segment{seq: seq, path: filepath.Join(t.folder, segmentName(seq))}
	size, err := t.fs.Size(s.path)
	if err == nil {
		s.size = size
		_, err = t.reader(s)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errMoved
	case unreadable(err) && !errors.Is(err, fs.ErrPermission):
		t.lose(s, err)
	case err != nil:
		return err
	case size == 0:
		return s.file.Close()
	}
	t.segments = append(t.segments, s)
	t.known[seq] = true
	return nil
}

// lose records that a segment cannot be read at all.
func (t *tables) lose(s *segment, err error) {
	s.lost = true
	t.addDamage(RowDamage{Path: s.path, Reason: err.Error()})
}

// reader returns the file of a segment, open for reading.
func (t *tables) reader(s *segment) (File, error) {
	if t.closed {
		return nil, errMoved
	}
	if s.file == nil {
		f, err := t.fs.Open(s.path)
		if err != nil {
			return nil, err
		}
		s.file = f
	}
	return s.file, nil
}

// head returns the numbers of the segments that s replaces.
func (t *tables) head(s *segment) []uint64 {
	f, err := t.reader(s)
	if err != nil || s.lost {
		return nil
	}
	data := make([]byte, min(s.size, frameHeader))
	if readTolerant(f, 0, data) != nil {
		return nil
	}
	h, length, _, ok := headerAt(s.seq, 0, data)
	if !ok || h.kind != kindHead || frameHeader+length > s.size {
		return nil
	}
	data = make([]byte, frameHeader+length)
	if readTolerant(f, 0, data) != nil {
		return nil
	}
	if head, ok := frameAt(s.seq, 0, data); ok {
		return parseHead(head.body)
	}
	return nil
}

// scan reads what segment i has behind its done bytes into the index.
func (t *tables) scan(i int, own ownSegment) error {
	s := t.segments[i]
	reach := min(s.size, segmentReach)
	if s.seq == own.seq {
		reach = own.durable
	}
	if s.lost || reach <= s.done {
		return nil
	}
	f, err := t.reader(s)
	if err != nil {
		return err
	}
	data := make([]byte, reach-s.done)
	if err := readTolerant(f, s.done, data); err != nil {
		return err
	}
	t.take(i, data, true)
	return nil
}

// take enters the frames of segment i in data, which lies behind its done
// bytes, into the index. It may keep data where keep is true.
func (t *tables) take(i int, data []byte, keep bool) {
	s := t.segments[i]
	n := scanFrames(s.seq, s.done, data, func(f frame) {
		t.order = max(t.order, f.order)
		s.closed = s.closed || f.kind == kindClosed
		t.index.add(int32(i), f)
	}, func(offset, length int64) {
		t.addDamage(RowDamage{Path: s.path, Offset: offset, Bytes: length})
	})
	if keep && int64(len(s.data)) == s.done && t.retained+int64(n) <= t.retainLimit {
		// Values that were handed out lie before done and stay as they are.
		if s.data == nil {
			s.data = data[:n:n]
		} else {
			s.data = append(s.data, data[:n]...)
		}
		t.retained += int64(n)
	} else {
		t.retained -= int64(len(s.data))
		s.data = nil
	}
	s.done += int64(n)
	s.size = max(s.size, s.done)
}

// refresh reads what was added since. errMoved asks to load everything again.
func (t *tables) refresh(own ownSegment) error {
	seqs, err := listSegments(t.fs, t.folder)
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
	for i, s := range t.segments {
		if s.closed || s.lost || s.seq == own.seq || t.replaced[s.seq] {
			continue
		}
		size, err := t.fs.Size(s.path)
		if errors.Is(err, fs.ErrNotExist) {
			return errMoved
		}
		if err != nil {
			return err
		}
		if size == s.size {
			continue
		}
		s.size = size
		if err := t.scan(i, own); err != nil {
			return err
		}
	}
	for _, seq := range seqs {
		if t.known[seq] {
			continue
		}
		n := len(t.segments)
		if err := t.open(seq); err != nil {
			return err
		}
		if len(t.segments) == n {
			continue
		}
		if len(t.head(t.segments[n])) > 0 {
			return errMoved
		}
		if err := t.scan(n, own); err != nil {
			return err
		}
	}
	return nil
}

// body returns the body of the frame at a place in segment i, nil if it is
// damaged by now. Rows come from memory where they are kept.
func (t *tables) body(segment int32, offset, size uint32) ([]byte, error) {
	s := t.segments[segment]
	from, to := int64(offset), int64(offset)+int64(size)
	if to <= int64(len(s.data)) {
		return s.data[from+frameHeader : to : to], nil
	}
	data, err := t.readFrame(segment, offset, size)
	if err != nil {
		return nil, err
	}
	f, ok := frameAt(s.seq, from, data)
	if !ok {
		t.addDamage(RowDamage{Path: s.path, Offset: from, Bytes: int64(size)})
		return nil, nil
	}
	return f.body, nil
}

// readFrame reads a frame from the file of its segment.
func (t *tables) readFrame(segment int32, offset, size uint32) ([]byte, error) {
	f, err := t.reader(t.segments[segment])
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	return data, readTolerant(f, int64(offset), data)
}

// lookup returns the values of the rows with a key, first to last.
func (t *tables) lookup(name Table, key [32]byte) (values [][]byte, err error) {
	for ref := range t.index.backwards(name, key) {
		body, err := t.body(ref.segment, ref.offset, ref.size)
		if err != nil {
			return nil, err
		}
		if _, _, value, ok := splitRow(body); ok {
			values = append(values, value)
		}
	}
	slices.Reverse(values)
	return values, nil
}

func (t *tables) addDamage(d RowDamage) {
	if !slices.Contains(t.damage, d) {
		t.damage = append(t.damage, d)
	}
}

func (t *tables) close() {
	t.closed = true
	for _, s := range t.segments {
		if s.file != nil {
			s.file.Close()
			s.file = nil
		}
	}
}

// Lookup returns the values of all rows with this key in the order in which
// they were committed, nil if there is none. A damaged row is skipped as if it
// had never been written (see Damage). The slices must not be changed. The
// first call reads all segments.
func (s *Store) Lookup(t Table, key [32]byte) (values [][]byte, err error) {
	err = s.withTables(func(tables *tables) error {
		values, err = tables.lookup(t, key)
		return err
	})
	return values, s.storeError("read", err)
}

// Rows calls yield for each row of a table, or of all tables for "", in the
// order of commits until it returns false. yield may use the store; rows that
// are committed meanwhile are not seen.
func (s *Store) Rows(t Table, yield func(Row) bool) error {
	var from *tables
	var refs []rowRef
	err := s.withTables(func(tables *tables) error {
		from, refs = tables, tables.index.ordered(t)
		return nil
	})
	if err != nil {
		return s.storeError("read", err)
	}
	for i := range refs {
		s.tablesMu.Lock()
		if from.closed {
			s.tablesMu.Unlock()
			return s.storeError("read", fmt.Errorf("listing rows: %w", errMoved))
		}
		body, err := from.body(refs[i].segment, refs[i].offset, refs[i].size)
		s.tablesMu.Unlock()
		if err != nil {
			return s.storeError("read", err)
		}
		if r, ok := parseRow(body); ok && !yield(r) {
			return nil
		}
	}
	return nil
}

// Damage returns the stretches of segments that hold no sound frame, as far
// as they were read.
func (s *Store) Damage() (damage []RowDamage, err error) {
	err = s.withTables(func(tables *tables) error {
		damage = slices.Clone(tables.damage)
		return nil
	})
	return damage, s.storeError("read", err)
}

// Refresh makes the rows and objects visible that other processes committed
// since.
func (s *Store) Refresh() error { return s.storeError("read", s.update()) }

// withTables calls f with the rows, which it loads if that was not done; they
// are locked meanwhile. Where a segment is gone it looks for its successor
// and calls f once more.
func (s *Store) withTables(f func(*tables) error) error {
	for attempt := 0; ; attempt++ {
		if err := s.load(); err != nil {
			return err
		}
		err := f(s.tables)
		if gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESTALE); gone && attempt == 0 {
			s.dropTables()
			s.tablesMu.Unlock()
			continue
		}
		s.tablesMu.Unlock()
		return err
	}
}

// load returns with tablesMu held and the rows loaded, or with an error.
func (s *Store) load() error {
	s.tablesMu.Lock()
	if s.closed.Load() {
		s.tablesMu.Unlock()
		return ErrClosed
	}
	if s.tables == nil {
		fresh, err := loadTables(s.fs, s.path("tables"), s.retainLimit, s.own)
		if err != nil {
			s.tablesMu.Unlock()
			return err
		}
		s.tables = fresh
	}
	return nil
}

// update brings the rows up to date. Rows that nobody asked for yet are left
// for the first lookup to read.
func (s *Store) update() error {
	s.tablesMu.Lock()
	defer s.tablesMu.Unlock()
	if s.closed.Load() {
		return ErrClosed
	}
	if s.tables == nil {
		return nil
	}
	err := s.tables.refresh(s.own)
	if err != nil {
		s.dropTables() // the refresh may be half done
	}
	if errors.Is(err, errMoved) {
		return nil // the next lookup loads what has taken its place
	}
	return err
}

// dropTables forgets the rows; tablesMu is held.
func (s *Store) dropTables() {
	if s.tables != nil {
		s.tables.close()
		s.tables = nil
	}
}
