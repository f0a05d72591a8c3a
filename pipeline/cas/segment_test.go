package cas_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

const firstSegment = crashDir + "/tables/00000001.rows"

// segmentStore commits three groups of rows to a file system in memory, all
// in one segment. It returns the values in order.
func segmentStore(t *testing.T) (*castest.FS, []string) {
	fsys := castest.NewFS()
	d, err := cas.Open(crashDir, cas.WithFS(fsys))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var values []string
	for group := range 3 {
		var b cas.Batch
		for i := range group + 1 {
			value := fmt.Sprintf("value %d of group %d", i, group)
			values = append(values, value)
			b.Rows = append(b.Rows, cas.Row{Table: "t", Key: [32]byte{1}, Value: []byte(value)})
		}
		if err := d.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	return fsys, values
}

// readRows opens a store as the next process and returns the values under
// the key that segmentStore uses.
func readRows(t testing.TB, fsys cas.FS, options ...cas.Option) (values []string, d *cas.Store) {
	d = openDisk(t, crashDir, append(options, cas.WithFS(fsys))...)
	got, err := d.Lookup("t", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range got {
		values = append(values, string(v))
	}
	return values, d
}

func TestSegmentFlippedBit(t *testing.T) {
	fsys, want := segmentStore(t)
	size, err := fsys.Size(firstSegment)
	if err != nil {
		t.Fatal(err)
	}
	const lastFrame = 24 // says that the segment is closed
	for _, options := range [][]cas.Option{nil, {cas.WithRetainLimit(0)}} {
		for bit := range 8 * int(size) {
			damaged := fsys.Crash(castest.LoseNothing, nil)
			damaged.Corrupt(firstSegment, func(data []byte) []byte { data[bit/8] ^= 1 << (bit % 8); return data })
			got, d := readRows(t, damaged, options...)
			if len(got) < len(want)-1 || !subsequence(got, want) {
				t.Errorf("bit %d: rows %q", bit, got)
			}
			damage, err := d.Damage()
			if err != nil {
				t.Fatal(err)
			}
			report, err := d.Verify(t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			if bit/8 >= int(size)-lastFrame {
				// No row is lost, and it looks as if its writer had died.
				if len(damage) != 0 || len(got) != len(want) || report.TornBytes != lastFrame {
					t.Errorf("bit %d of the last frame: %v, %q, %+v", bit, damage, got, report)
				}
			} else if len(damage) != 1 || damage[0].Path != firstSegment || report.OK() {
				t.Errorf("bit %d: damage %v, report %+v", bit, damage, report)
			}
			d.Close()
		}
	}
}

func subsequence(part, whole []string) bool {
	for _, v := range part {
		i := slices.Index(whole, v)
		if i < 0 {
			return false
		}
		whole = whole[i+1:]
	}
	return true
}

func TestSegmentTruncated(t *testing.T) {
	fsys, want := segmentStore(t)
	size, err := fsys.Size(firstSegment)
	if err != nil {
		t.Fatal(err)
	}
	for n := range int(size) {
		torn := fsys.Crash(castest.LoseNothing, nil)
		torn.Corrupt(firstSegment, func(data []byte) []byte { return data[:n] })
		got, d := readRows(t, torn)
		if !slices.Equal(got, want[:len(got)]) {
			t.Errorf("length %d: rows %q", n, got)
		}
		if damage, err := d.Damage(); len(damage) > 0 || err != nil {
			t.Errorf("length %d: a torn tail is no damage: %v, %v", n, damage, err)
		}
		// What follows is written elsewhere and found.
		row := cas.Row{Table: "t", Key: [32]byte{1}, Value: []byte("next")}
		if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{row}}); err != nil {
			t.Fatal(err)
		}
		d.Close()
		after, d := readRows(t, torn)
		if diff := cmp.Diff(append(got, "next"), after); diff != "" {
			t.Errorf("length %d (-want +got):\n%s", n, diff)
		}
		d.Close()
	}
}

// Whatever happens to the bytes of a segment, no row appears that was not
// committed, and both ways of reading see the same.
func TestSegmentMangled(t *testing.T) {
	fsys, want := segmentStore(t)
	rapid.Check(t, func(r *rapid.T) {
		mangled := fsys.Crash(castest.LoseNothing, nil)
		mangled.Corrupt(firstSegment, func(data []byte) []byte {
			for range rapid.IntRange(1, 4).Draw(r, "edits") {
				from := rapid.IntRange(0, len(data)).Draw(r, "from")
				to := rapid.IntRange(from, len(data)).Draw(r, "to")
				switch rapid.IntRange(0, 3).Draw(r, "edit") {
				case 0:
					clear(data[from:to])
				case 1:
					data = slices.Delete(data, from, to)
				case 2:
					data = slices.Insert(data, to, slices.Clone(data[from:to])...)
				case 3:
					copy(data[from:to], rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(r, "bytes"))
				}
			}
			return data
		})
		got, d := readRows(t, mangled)
		defer d.Close()
		if !subsequence(got, want) {
			r.Errorf("rows %q", got)
		}
		again, d2 := readRows(t, mangled, cas.WithRetainLimit(0))
		defer d2.Close()
		if diff := cmp.Diff(got, again); diff != "" {
			r.Errorf("read from memory and from disk differ:\n%s", diff)
		}
	})
}

// A value may look like a segment. When the row that holds it is damaged, its
// inside must not be taken for rows.
func TestSegmentInsideValue(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	row := cas.Row{Table: "t", Key: [32]byte{1}, Value: []byte("inner")}
	if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{row}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tables", "00000001.rows")
	inner, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	outer := cas.Row{Table: "t", Key: [32]byte{2}, Value: inner}
	last := cas.Row{Table: "t", Key: [32]byte{1}, Value: []byte("last")}
	if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{outer, last}}); err != nil {
		t.Fatal(err)
	}
	d.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(inner)+4] ^= 1 // length of the outer row
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	d = openDisk(t, dir)
	values, err := d.Lookup("t", [32]byte{1})
	if err != nil || len(values) != 2 || string(values[1]) != "last" {
		t.Errorf("rows %q, %v", values, err)
	}
	if values, _ := d.Lookup("t", [32]byte{2}); len(values) != 0 {
		t.Errorf("damaged row: %q", values)
	}
}

// A reader that comes between two writes of one commit sees no damage, and
// finds the rows later.
func TestSegmentUnfinished(t *testing.T) {
	fsys, want := segmentStore(t)
	var whole []byte
	fsys.Corrupt(firstSegment, func(data []byte) []byte { whole = slices.Clone(data); return data })
	fsys.Corrupt(firstSegment, func(data []byte) []byte { return data[:100] })
	for _, options := range [][]cas.Option{nil, {cas.WithRetainLimit(0)}, {cas.WithRetainLimit(200)}} {
		growing := fsys.Crash(castest.LoseNothing, nil)
		_, d := readRows(t, growing, options...)
		for n := 101; n <= len(whole); n += 7 {
			growing.Corrupt(firstSegment, func(data []byte) []byte { return append(data, whole[len(data):n]...) })
			if err := d.Refresh(); err != nil {
				t.Fatal(err)
			}
		}
		growing.Corrupt(firstSegment, func(data []byte) []byte { return slices.Clone(whole) })
		if err := d.Refresh(); err != nil {
			t.Fatal(err)
		}
		values, err := d.Lookup("t", [32]byte{1})
		if err != nil || len(values) != len(want) {
			t.Errorf("%d rows, %v, want %d", len(values), err, len(want))
		}
		if damage, _ := d.Damage(); len(damage) > 0 {
			t.Errorf("damage %v", damage)
		}
	}
}
