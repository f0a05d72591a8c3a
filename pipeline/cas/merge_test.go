package cas_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// commitLives commits one row in each of n processes' lives.
func commitLives(t *testing.T, dir string, from, n int, options ...cas.Option) {
	t.Helper()
	for i := from; i < from+n; i++ {
		d := openDisk(t, dir, options...)
		row := cas.Row{Table: "t", Key: [32]byte{1}, Value: fmt.Appendf(nil, "life %d", i)}
		if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{row}}); err != nil {
			t.Fatal(err)
		}
		d.Close()
	}
}

func wantLives(t *testing.T, d *cas.Store, n int) {
	t.Helper()
	values, err := d.Lookup("t", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, v := range values {
		got = append(got, string(v))
	}
	for i := range n {
		want = append(want, fmt.Sprint("life ", i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func segmentFiles(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "tables", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestMerge(t *testing.T) {
	dir := t.TempDir()
	commitLives(t, dir, 0, 17)
	if got := len(segmentFiles(t, dir)); got != 17 {
		t.Fatalf("%d segments, want one for each life", got)
	}
	// These read before and during the merges.
	var readers []*cas.Store
	for _, options := range [][]cas.Option{nil, {cas.WithRetainLimit(0)}, {cas.WithRetainLimit(500)}} {
		reader := openDisk(t, dir, options...)
		wantLives(t, reader, 17)
		readers = append(readers, reader)
	}
	commitLives(t, dir, 17, 1)
	if got := len(segmentFiles(t, dir)); got != 2 {
		t.Errorf("%d segments after a merge, want the merged one and the new one", got)
	}
	for _, reader := range readers {
		wantLives(t, reader, 17)
		if err := reader.Refresh(); err != nil {
			t.Fatal(err)
		}
		wantLives(t, reader, 18)
	}
	commitLives(t, dir, 18, 32)
	for _, reader := range append(readers, openDisk(t, dir)) {
		if err := reader.Refresh(); err != nil {
			t.Fatal(err)
		}
		wantLives(t, reader, 50)
	}
}

// Others that write keep a merge away, and it hinders nobody.
func TestMergeBusy(t *testing.T) {
	dir := t.TempDir()
	writer := openDisk(t, dir)
	if err := writer.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "other"}}}); err != nil {
		t.Fatal(err)
	}
	commitLives(t, dir, 0, 5, cas.WithMergeAt(2))
	if got := len(segmentFiles(t, dir)); got != 6 {
		t.Errorf("%d segments, want 6: one was merged under a writer", got)
	}
	wantLives(t, openDisk(t, dir), 5)
}

// A large segment is not copied each time that a few small ones are merged.
func TestMergeLeavesLarge(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	large := cas.Row{Table: "large", Value: bytes.Repeat([]byte("large"), 100_000)}
	if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{large}}); err != nil {
		t.Fatal(err)
	}
	d.Close()
	first := segmentFiles(t, dir)[0]
	commitLives(t, dir, 0, 40, cas.WithMergeAt(4))
	if _, err := os.Stat(first); err != nil {
		t.Errorf("the large segment was rewritten: %v", err)
	}
	if got := len(segmentFiles(t, dir)); got > 5 {
		t.Errorf("%d segments, want few", got)
	}
	wantLives(t, openDisk(t, dir), 40)
}

// Damaged segments are kept as evidence when a merge replaces them.
func TestMergeDamaged(t *testing.T) {
	dir := t.TempDir()
	commitLives(t, dir, 0, 3)
	path := segmentFiles(t, dir)[1]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[50] ^= 1 // in the row
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	commitLives(t, dir, 3, 1, cas.WithMergeAt(2))
	wantMended(t, dir, data)
}

// So they are when gc rewrites segments without dropping a row.
func TestGCDamagedRows(t *testing.T) {
	for name, keep := range map[string]func(cas.Row) bool{"all": nil, "those that are wanted": func(cas.Row) bool { return true }} {
		dir := t.TempDir()
		commitLives(t, dir, 0, 4)
		path := segmentFiles(t, dir)[1]
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[50] ^= 1 // in the row
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		d := openDisk(t, dir)
		for _, dry := range []bool{true, false} {
			report, err := d.GC(t.Context(), cas.GCOptions{KeepRow: keep, DryRun: dry})
			if err != nil || report.Rows != 0 || report.RowDamage != 1 {
				t.Errorf("%s kept, dry run %v: %+v, %v, want one place with damage", name, dry, report, err)
			}
		}
		d.Close()
		wantMended(t, dir, data)
	}
}

// wantMended wants the three sound rows of a store, no damage, and the damaged
// segment in quarantine.
func wantMended(t *testing.T, dir string, data []byte) {
	t.Helper()
	d := openDisk(t, dir)
	if values, err := d.Lookup("t", [32]byte{1}); err != nil || len(values) != 3 {
		t.Errorf("rows %q, %v, want all but the damaged one", values, err)
	}
	if damage, err := d.Damage(); err != nil || len(damage) != 0 {
		t.Errorf("damage %v, %v, want none left", damage, err)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "quarantine", "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("evidence %q, %v", kept, err)
	}
	if evidence, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(evidence, data) {
		t.Errorf("the evidence is not what was there: %v", err)
	}
}
