package cas

import "hash/maphash"

// index finds the rows of a table and key. It keeps 24 bytes a row and one
// entry of a map for each different key, whatever the values hold: table and
// key themselves stay in the segments and are compared when a row is read.
type index struct {
	seed  maphash.Seed
	heads map[uint64]int32 // hash of table and key → last row
	rows  []rowRef
}

// rowRef is where a row lies. Rows with the same hash are chained from the
// last to the first in the order of commits.
type rowRef struct {
	place uint64 // segment's place in tables.segments << 40 | offset of the frame
	order uint64
	size  uint32 // of the frame
	next  int32  // row before it in the chain, -1 for none
}

const offsetBits = 40

func newIndex(rows int) *index {
	return &index{
		seed:  maphash.MakeSeed(),
		heads: make(map[uint64]int32, rows),
		rows:  make([]rowRef, 0, rows),
	}
}

func (r rowRef) segment() int  { return int(r.place >> offsetBits) }
func (r rowRef) offset() int64 { return int64(r.place & (1<<offsetBits - 1)) }

// before reports whether r was committed before s. Rows of commits that
// overlapped in two processes may have the same order; their segments then
// decide, so that every reader sees the same.
func (r rowRef) before(s rowRef) bool {
	if r.order != s.order {
		return r.order < s.order
	}
	return r.place < s.place
}

// add enters the row at a place. Its name is what rowName returns.
func (x *index) add(name []byte, segment int, f segmentFrame) {
	ref := rowRef{
		place: uint64(segment)<<offsetBits | uint64(f.offset),
		order: f.order,
		size:  uint32(frameHeader + len(f.body)),
	}
	hash := maphash.Bytes(x.seed, name)
	head, ok := x.heads[hash]
	if !ok {
		head = -1
	}
	i := int32(len(x.rows))
	if head < 0 || x.rows[head].before(ref) {
		ref.next = head
		x.heads[hash] = i
		x.rows = append(x.rows, ref)
		return
	}
	// Segments are read one after the other, so a row of a later one may
	// belong before rows of an earlier one.
	at := head
	for next := x.rows[at].next; next >= 0 && ref.before(x.rows[next]); next = x.rows[at].next {
		at = next
	}
	ref.next = x.rows[at].next
	x.rows[at].next = i
	x.rows = append(x.rows, ref)
}

// last returns the last row that may have this name, or -1. The next field
// of each row leads to the one before.
func (x *index) last(name []byte) int32 {
	if i, ok := x.heads[maphash.Bytes(x.seed, name)]; ok {
		return i
	}
	return -1
}
