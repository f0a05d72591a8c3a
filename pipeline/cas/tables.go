package cas

import (
	"bytes"
	"slices"
	"sync"
)

// RowDamage is a stretch of a segment in which no sound row was found. The
// rows before and behind it are not touched by that.
type RowDamage struct {
	Path   string // of the segment
	Offset int64
	Bytes  int64
}

// tables is what was read of the segments: an index of all rows, and the
// content of as many segments as retainLimit allows.
type tables struct {
	fs          FS
	folder      string
	retainLimit int64

	index    *index
	hashMask uint32

	reading  sync.Mutex // guards what follows
	window   window
	segments []*segment // in the order in which they were found
	known    map[uint64]bool
	replaced map[uint64]bool
	limits   map[uint64]int64 // segments of this process that were given up: what lies behind was never committed
	order    uint64           // of the last row
	retained int64

	damageMu sync.Mutex
	damage   []RowDamage
}

// segment is one file of rows.
type segment struct {
	seq  uint64
	path string
	size int64  // of the file when it was last looked at
	done int64  // bytes that were read into the index
	data []byte // these bytes, or nil, and then file is open
	file File
	lost bool // no regular file
}

// lookup returns the values of the rows with a name, first to last.
func (t *tables) lookup(table Table, name []byte) ([][]byte, error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	return t.collect(table, name)
}

// collect returns the values of the rows with a name.
func (t *tables) collect(table Table, name []byte) (values [][]byte, err error) {
	rows := t.index.table(table)
	if rows == nil {
		return nil, nil
	}
	var ref *rowRef
	for i := rows.last(t.index.hash(name[1+len(table):])); i >= 0; i = ref.next {
		ref = rows.row(i)
		body, err := t.body(ref, true)
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(body, name) {
			values = append(values, body[len(name):])
		}
	}
	slices.Reverse(values)
	return values, nil
}

// kept reads the body of a row, nil if it is damaged by now.
func (t *tables) kept(ref *rowRef) ([]byte, error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	return t.body(ref, true)
}

// body is kept for who holds reading. A body that is not to be kept holds
// until the next one is read.
func (t *tables) body(ref *rowRef, keep bool) ([]byte, error) {
	s := t.segments[ref.segment()]
	from, to := ref.offset(), ref.offset()+int64(ref.size)
	if s.file == nil {
		return s.data[from+frameHeader : to : to], nil
	}
	if body, ok, err := t.window.body(s, from, int(ref.size), keep); ok || err != nil {
		return body, err
	}
	data := make([]byte, ref.size)
	if err := readTolerant(s.file, from, data); err != nil {
		return nil, err
	}
	f, state := frameAt(s.seq, from, data)
	if state != frameSound {
		t.addDamage(s.path, from, int64(ref.size))
		return nil, nil
	}
	return f.body, nil
}

// rows calls yield for each row of a table, or of all for "", in the order
// of commits, until it returns false.
func (t *tables) rows(table Table, yield func(Row) bool) error {
	for _, ref := range t.ordered(nil) {
		body, err := t.kept(ref)
		if err != nil {
			return err
		}
		if r, ok := parseRow(body); ok && (table == "" || r.Table == table) && !yield(r) {
			return nil
		}
	}
	return nil
}

// ordered returns the rows of the chosen segments, nil for all, in the order
// of commits.
func (t *tables) ordered(chosen map[uint64]bool) []*rowRef {
	refs := make([]*rowRef, 0, t.index.rows)
	for _, rows := range t.index.tables {
		for i := range rows.rows {
			ref := rows.row(int32(i))
			if chosen == nil || chosen[t.segments[ref.segment()].seq] {
				refs = append(refs, ref)
			}
		}
	}
	slices.SortFunc(refs, func(a, b *rowRef) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return refs
}

func (t *tables) addDamage(path string, offset, length int64) {
	t.damageMu.Lock()
	defer t.damageMu.Unlock()
	d := RowDamage{Path: path, Offset: offset, Bytes: length}
	if !slices.Contains(t.damage, d) {
		t.damage = append(t.damage, d)
	}
}

func (t *tables) close() {
	for _, s := range t.segments {
		s.close()
	}
}

func (s *segment) close() {
	if s.file != nil {
		s.file.Close()
	}
}
