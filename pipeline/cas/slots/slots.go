// Package slots finds numbers by hash, for indexes of millions of entries.
//
// A map of Go touches several places of memory for a key; where the entries
// do not fit into the caches of the processor, each of these costs more than
// the hash. Here an entry takes eight bytes, and is nearly always found in
// the first place that is looked at.
package slots

// Table maps 32-bit hashes to non-negative numbers. The zero value is an
// empty table. Two things may have the same hash: whoever uses the table
// chains these, and compares what it finds with what it looks for.
type Table struct {
	slots []slot // their number is a power of two, and one is always empty
	used  int
}

// slot is empty where next is 0. An entry lies in the first slot that was
// free from the one on that the low bits of its hash name.
type slot struct {
	hash uint32
	next uint32 // the number, plus one
}

const smallest = 16

// Reserve makes room for n entries in all.
func (t *Table) Reserve(n int) {
	size := max(smallest, len(t.slots))
	for !fits(n, size) {
		size *= 2
	}
	if size > len(t.slots) {
		t.resize(size)
	}
}

// fits reports whether n entries fill at most three quarters of the slots.
func fits(n, slots int) bool { return n <= slots/4*3 }

// Get returns the number of a hash, -1 if there is none.
func (t *Table) Get(hash uint32) int32 {
	if len(t.slots) == 0 {
		return -1
	}
	return int32(t.slots[t.find(hash)].next) - 1
}

// Put gives a hash a number and returns the one it had, -1 if none.
func (t *Table) Put(hash uint32, number int32) (old int32) {
	if !fits(t.used+1, len(t.slots)) {
		t.resize(max(smallest, 2*len(t.slots)))
	}
	s := &t.slots[t.find(hash)]
	old = int32(s.next) - 1
	if old < 0 {
		t.used++
	}
	*s = slot{hash, uint32(number) + 1}
	return old
}

// find returns the slot of a hash, or the empty one where it belongs.
func (t *Table) find(hash uint32) uint32 {
	mask := uint32(len(t.slots) - 1)
	i := hash & mask
	for t.slots[i].next != 0 && t.slots[i].hash != hash {
		i = (i + 1) & mask
	}
	return i
}

func (t *Table) resize(size int) {
	old := t.slots
	t.slots = make([]slot, size)
	for _, s := range old {
		if s.next != 0 {
			t.slots[t.find(s.hash)] = s
		}
	}
}
