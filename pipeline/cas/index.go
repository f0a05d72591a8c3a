package cas

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/slots"
)

// index finds the rows of each table by their keys. It keeps 28 bytes a row,
// whatever the values hold, and some more for each row of a table that was
// asked for: keys stay in the segments and are compared when a row is read.
type index struct {
	seed   maphash.Seed
	mask   uint32 // bits of the hashes that are used
	tables map[Table]*tableIndex
	rows   int // of all tables
}

// tableIndex has the rows of one table in the order in which they were read.
// Who writes to it has the index for himself; readers may be many.
type tableIndex struct {
	chunks []*rowChunk
	rows   int

	chaining sync.Mutex
	chained  atomic.Int64 // rows that are in chains
	heads    slots.Table  // hash of a key → last row of its chain

	after int32 // the row behind the one that was asked for last; guarded by tables.reading
}

const chunkRows = 1 << 10

type rowChunk struct {
	refs   [chunkRows]rowRef
	hashes [chunkRows]uint32 // of the keys
	last   [chunkRows]bool   // whether it is the last of its chain
}

// rowRef is where a row lies. Rows whose keys have the same hash are chained
// from the last to the first in the order of commits.
type rowRef struct {
	place uint64 // segment's place in tables.segments << 40 | offset of the frame
	order uint64
	size  uint32 // of the frame
	next  int32  // row before it in the chain, -1 for none
}

const offsetBits = 40

func newIndex(mask uint32) *index {
	return &index{seed: maphash.MakeSeed(), mask: mask, tables: make(map[Table]*tableIndex)}
}

func (r *rowRef) segment() int  { return int(r.place >> offsetBits) }
func (r *rowRef) offset() int64 { return int64(r.place & (1<<offsetBits - 1)) }

// before reports whether r was committed before s. Rows of commits that
// overlapped in two processes may have the same order; their segments then
// decide, so that every reader sees the same.
func (r *rowRef) before(s *rowRef) bool {
	if r.order != s.order {
		return r.order < s.order
	}
	return r.place < s.place
}

func (x *index) hash(key []byte) uint32 { return uint32(maphash.Bytes(x.seed, key)) & x.mask }

// add enters the row at a place. Its name is what rowName returns.
func (x *index) add(name []byte, segment int, f segmentFrame) {
	table, key := name[1:1+int(name[0])], name[1+int(name[0]):]
	t := x.tables[Table(table)]
	if t == nil {
		t = new(tableIndex)
		x.tables[Table(table)] = t
	}
	if t.rows%chunkRows == 0 {
		t.chunks = append(t.chunks, new(rowChunk))
	}
	chunk, i := t.chunks[t.rows/chunkRows], t.rows%chunkRows
	chunk.hashes[i] = x.hash(key)
	chunk.refs[i] = rowRef{
		place: uint64(segment)<<offsetBits | uint64(f.offset),
		order: f.order,
		size:  uint32(frameHeader + len(f.body)),
	}
	t.rows++
	x.rows++
}

// table returns the rows of a table, chained, or nil if there are none.
func (x *index) table(name Table) *tableIndex {
	t := x.tables[name]
	if t != nil && t.chained.Load() < int64(t.rows) {
		t.chain()
	}
	return t
}

// chain puts the rows that are new since the last call into their chains.
// Tables that nobody asks for are spared it.
func (t *tableIndex) chain() {
	t.chaining.Lock()
	defer t.chaining.Unlock()
	t.heads.Reserve(t.rows)
	for i := int(t.chained.Load()); i < t.rows; i++ {
		t.chainOne(int32(i))
	}
	t.chained.Store(int64(t.rows))
}

func (t *tableIndex) chainOne(i int32) {
	hash, ref := t.chunks[i/chunkRows].hashes[i%chunkRows], t.row(i)
	head := t.heads.Put(hash, i)
	ref.next = head
	if head < 0 || t.row(head).before(ref) {
		t.chunks[i/chunkRows].last[i%chunkRows] = true
		if head >= 0 {
			t.chunks[head/chunkRows].last[head%chunkRows] = false
		}
		return
	}
	// Segments are read one after the other, so a row of a later one may
	// belong before rows of an earlier one.
	t.heads.Put(hash, head)
	at := t.row(head)
	for at.next >= 0 && ref.before(t.row(at.next)) {
		at = t.row(at.next)
	}
	ref.next, at.next = at.next, i
}

func (t *tableIndex) row(i int32) *rowRef { return &t.chunks[i/chunkRows].refs[i%chunkRows] }

// last returns the last row whose key may have this hash, or -1. The next
// field of each row leads to the one before. Who asks in the order in which
// the rows were written is spared the way through heads.
func (t *tableIndex) last(hash uint32) int32 {
	i := t.after
	if int(i) >= t.rows || t.chunks[i/chunkRows].hashes[i%chunkRows] != hash || !t.chunks[i/chunkRows].last[i%chunkRows] {
		i = t.heads.Get(hash)
	}
	if i >= 0 {
		t.after = i + 1
	}
	return i
}
