package cas

import (
	"bytes"
	"iter"
	"slices"
)

// index finds rows by table and key, and small objects by digest.
type index struct {
	tables      map[Table]*tableIndex
	copies      []objectCopy         // of small objects that are not in last yet
	last        map[Digest]objectRef // the last copy of each
	quarantined map[place]bool
	rows        int // of all tables
}

// tableIndex holds the rows of one table in the order in which they were read.
// The map is built at the first lookup: many tables are never queried.
type tableIndex struct {
	rows    []rowRef
	last    map[[32]byte]int32 // last row of a key in the order of commits
	indexed int                // rows that are in last
}

// rowRef is where a row lies. A store has millions, so there is no pointer
// for the garbage collector to follow.
type rowRef struct {
	key     [32]byte
	order   uint64
	offset  uint32 // of the frame
	size    uint32 // of the frame
	segment int32  // index in tables.segments
	before  int32  // the row before it with its key, -1 for none
}

// objectCopy is one copy of a small object.
type objectCopy struct {
	digest Digest
	objectRef
}

// objectRef is where a small object lies.
type objectRef struct {
	order   uint64
	offset  uint32 // of the frame
	size    uint32 // of the frame
	segment int32
}

func newIndex() *index {
	return &index{
		tables:      make(map[Table]*tableIndex),
		last:        make(map[Digest]objectRef),
		quarantined: make(map[place]bool),
	}
}

// precedes reports whether a frame was committed before another. Frames of
// commits that overlapped in two processes may have the same order; their
// segments then decide, so that every reader sees the same. The segments are
// sorted by number when they are loaded, and later ones follow.
func precedes(orderA uint64, segmentA int32, offsetA uint32, orderB uint64, segmentB int32, offsetB uint32) bool {
	switch {
	case orderA != orderB:
		return orderA < orderB
	case segmentA != segmentB:
		return segmentA < segmentB
	}
	return offsetA < offsetB
}

func (a *rowRef) precedes(b *rowRef) bool {
	return precedes(a.order, a.segment, a.offset, b.order, b.segment, b.offset)
}

// add enters a frame of a segment. A quarantine frame names its segment by
// number, as the place of an object does.
func (x *index) add(segment int32, f frame) {
	size := uint32(f.end() - f.offset)
	switch f.kind {
	case kindRow:
		table, key, _, ok := splitRow(f.body)
		if !ok {
			return
		}
		t := x.tables[Table(table)] // no copy is made of the name
		if t == nil {
			t = new(tableIndex)
			x.tables[Table(table)] = t
		}
		t.rows = append(t.rows, rowRef{key: [32]byte(key), order: f.order, offset: uint32(f.offset), size: size, segment: segment, before: -1})
		x.rows++
	case kindObject:
		o, _, ok := parseObject(f.body)
		if !ok {
			return
		}
		ref := objectRef{order: f.order, offset: uint32(f.offset), size: size, segment: segment}
		x.copies = append(x.copies, objectCopy{o, ref})
	case kindQuarantine:
		if p, ok := parseQuarantine(f.body); ok {
			x.quarantined[p] = true
		}
	}
}

// objects returns where the last copy of each small object lies. The map is
// brought up to date here: a run that finds all in the store never reads it.
func (x *index) objects() map[Digest]objectRef {
	for i := range x.copies {
		c := &x.copies[i]
		old, found := x.last[c.digest]
		if !found || precedes(old.order, old.segment, old.offset, c.order, c.segment, c.offset) {
			x.last[c.digest] = c.objectRef
		}
	}
	x.copies = x.copies[:0]
	return x.last
}

// backwards yields the rows of a table with a key, last to first.
func (x *index) backwards(name Table, key [32]byte) iter.Seq[*rowRef] {
	return func(yield func(*rowRef) bool) {
		t := x.tables[name]
		if t == nil {
			return
		}
		t.build()
		i, ok := t.last[key]
		for ok && i >= 0 && yield(&t.rows[i]) {
			i = t.rows[i].before
		}
	}
}

// build enters the rows that were read since the last call into the map.
func (t *tableIndex) build() {
	if t.last == nil {
		t.last = make(map[[32]byte]int32, len(t.rows))
	}
	for ; t.indexed < len(t.rows); t.indexed++ {
		i := int32(t.indexed)
		row := &t.rows[i]
		head, ok := t.last[row.key]
		if !ok {
			t.last[row.key] = i
			continue
		}
		if t.rows[head].precedes(row) {
			row.before = head
			t.last[row.key] = i
			continue
		}
		// Segments are read one after the other, so a row of a later one
		// may precede rows of an earlier one.
		at := &t.rows[head]
		for at.before >= 0 && row.precedes(&t.rows[at.before]) {
			at = &t.rows[at.before]
		}
		row.before, at.before = at.before, i
	}
}

// ordered returns the rows of a table, or of all for "", in the order of
// commits.
func (x *index) ordered(name Table) []rowRef {
	var refs []rowRef
	for table, t := range x.tables {
		if name == "" || table == name {
			refs = append(refs, t.rows...)
		}
	}
	slices.SortFunc(refs, func(a, b rowRef) int {
		switch {
		case a.precedes(&b):
			return -1
		case b.precedes(&a):
			return 1
		}
		return 0
	})
	return refs
}

// digests returns the small objects that can be read, sorted.
func (t *tables) digests() []Digest {
	var all []Digest
	for o := range t.index.objects() {
		if _, ok := t.object(o); ok {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Digest) int { return bytes.Compare(a[:], b[:]) })
	return all
}

// object returns where the last copy of a small object lies, unless it is in
// quarantine.
func (t *tables) object(o Digest) (objectRef, bool) {
	ref, ok := t.index.objects()[o]
	return ref, ok && !t.index.quarantined[t.place(ref)]
}

func (t *tables) place(ref objectRef) place {
	return place{t.segments[ref.segment].seq, int64(ref.offset)}
}

// where returns the place of an object's zstd frame.
func (t *tables) where(ref objectRef) Place {
	const before = frameHeader + int64(len(Digest{}))
	return Place{Path: t.segments[ref.segment].path, Offset: int64(ref.offset) + before, Bytes: int64(ref.size) - before}
}
