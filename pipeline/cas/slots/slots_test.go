package slots_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/slots"
)

// hashes are those that a table may find hard: equal low bits, equal high
// bits, the ends of the range, and neighbours.
func hashes(n int) []uint32 {
	all := []uint32{0, 1, math.MaxUint32, math.MaxUint32 - 1}
	for i := range uint32(n) {
		all = append(all, i<<16, i<<24|5, i, math.MaxUint32-i, rand.Uint32())
	}
	return all
}

func TestTableIsAMap(t *testing.T) {
	for _, reserved := range []int{0, 1, 12, 13, 5000} {
		var table slots.Table
		want := make(map[uint32]int32)
		if got := table.Get(7); got != -1 {
			t.Fatalf("an empty table has %d", got)
		}
		if reserved > 0 {
			table.Reserve(reserved)
		}
		for i, h := range hashes(3000) {
			old, ok := want[h]
			if !ok {
				old = -1
			}
			if got := table.Get(h); got != old {
				t.Fatalf("hash %08x has %d, want %d", h, got, old)
			}
			if got := table.Put(h, int32(i)); got != old {
				t.Fatalf("hash %08x had %d, want %d", h, got, old)
			}
			want[h] = int32(i)
		}
		table.Reserve(1) // never smaller
		for h, number := range want {
			if got := table.Get(h); got != number {
				t.Errorf("hash %08x has %d, want %d", h, got, number)
			}
		}
		for range 10_000 {
			if h := rand.Uint32(); table.Get(h) >= 0 {
				if _, ok := want[h]; !ok {
					t.Errorf("hash %08x was never put", h)
				}
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	var table slots.Table
	for _, number := range []int32{0, 1, math.MaxInt32} {
		table.Put(9, number)
		if got := table.Get(9); got != number {
			t.Errorf("number %d came back as %d", number, got)
		}
	}
}
