package cas_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// manyRows are rows of two tables with some keys in both and some repeated,
// of all sizes up to more than what is read at once.
func manyRows() []cas.Row {
	rng := rand.New(rand.NewPCG(1, 2))
	var rows []cas.Row
	for i := range 2000 {
		size := rng.IntN(400)
		switch {
		case i%500 == 7:
			size = 300 << 10
		case i%100 == 3:
			size = 5000
		}
		key := benchKey(i)
		if i%10 == 9 {
			key = benchKey(rng.IntN(i))
		}
		rows = append(rows, cas.Row{Table: "records", Key: key, Value: castest.Content(uint64(i), size)})
		if i%3 == 0 {
			rows = append(rows, cas.Row{Table: "names", Key: key, Value: binary.BigEndian.AppendUint64(nil, uint64(i))})
		}
	}
	return rows
}

type rowName struct {
	table cas.Table
	key   [32]byte
}

// TestLookupsInAnyOrder: in whatever order rows are looked up, however they
// are read and however their hashes collide, the values are those that were
// committed, and stay so while others are read.
func TestLookupsInAnyOrder(t *testing.T) {
	rows := manyRows()
	want := make(map[rowName][][]byte)
	var names []rowName // in the order in which they were first committed
	dir := t.TempDir()
	writers := []*cas.Store{openDisk(t, dir), openDisk(t, dir)} // a segment each
	for i, batch := range slices.Collect(slices.Chunk(rows, 500)) {
		if err := writers[i%2].Commit(t.Context(), cas.Batch{Rows: batch}); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range rows {
		n := rowName{r.Table, r.Key}
		if want[n] == nil {
			names = append(names, n)
		}
		want[n] = append(want[n], r.Value)
	}
	backwards := slices.Clone(names)
	slices.Reverse(backwards)
	shuffled := slices.Clone(names)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, limit := range []int64{0, 1 << 30} {
		for order, names := range map[string][]rowName{"forwards": names, "backwards": backwards, "shuffled": shuffled} {
			t.Run(fmt.Sprintf("limit=%d,%s", limit, order), func(t *testing.T) {
				d := openDisk(t, dir, cas.WithRetainLimit(limit))
				got := make(map[rowName][][]byte)
				for i, n := range names {
					values, err := d.Lookup(n.table, n.key)
					if err != nil {
						t.Fatal(err)
					}
					got[n] = values
					if i%50 == 0 {
						if values, err := d.Lookup(n.table, benchKey(-1-i)); err != nil || values != nil {
							t.Fatalf("a key that nobody wrote has %d values, %v", len(values), err)
						}
						if values, err := d.Lookup("none", n.key); err != nil || values != nil {
							t.Fatalf("a table that nobody wrote has %d values, %v", len(values), err)
						}
					}
				}
				for n, values := range want {
					if !slices.EqualFunc(got[n], values, bytes.Equal) {
						t.Fatalf("table %s, key %x: %d values, want %d", n.table, n.key[:4], len(got[n]), len(values))
					}
				}
			})
		}
	}
}

// TestDamageBehindTheIndex: a row that is damaged after it was found is
// skipped and reported, and so is no row beside it.
func TestDamageBehindTheIndex(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	var rows []cas.Row
	for i := range 100 {
		rows = append(rows, cas.Row{Table: "records", Key: benchKey(i), Value: castest.Content(uint64(i), 100)})
	}
	if err := d.Commit(t.Context(), cas.Batch{Rows: rows}); err != nil {
		t.Fatal(err)
	}
	reader := openDisk(t, dir, cas.WithRetainLimit(0))
	if _, err := reader.Lookup("records", benchKey(-1)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tables", "00000001.rows")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[bytes.Index(data, rows[50].Value)] ^= 1
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		values, err := reader.Lookup("records", r.Key)
		if err != nil || len(values) > 1 || (len(values) == 1) != (i != 50) {
			t.Errorf("row %d: %d values, %v", i, len(values), err)
		}
	}
	damage, err := reader.Damage()
	if err != nil || len(damage) != 1 || damage[0].Path != path {
		t.Errorf("damage %v, %v", damage, err)
	}
}
