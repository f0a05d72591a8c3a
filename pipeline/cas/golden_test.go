package cas_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

var update = flag.Bool("update", false, "write the golden store again; only with a new format version")

// goldenBatch is what testdata/store2 holds.
func goldenBatch() cas.Batch {
	return cas.Batch{
		Objects: []cas.Object{cas.Encode(castest.Content(1, 9000)), cas.Encode([]byte("golden")), cas.Encode(nil)},
		Rows: []cas.Row{
			{Table: "records", Key: [32]byte{1, 2, 3}, Value: []byte("first")},
			{Table: "names", Key: [32]byte{1, 2, 3}},
			{Table: "records", Key: [32]byte{1, 2, 3}, Value: []byte("second")},
		},
	}
}

// TestGolden reads a store of format 2 that was written once and for all. It
// is a copy as version control makes it, without empty folders.
func TestGolden(t *testing.T) {
	golden := filepath.Join("testdata", "store2")
	if *update {
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
		d := openDisk(t, golden)
		if err := d.Commit(t.Context(), goldenBatch()); err != nil {
			t.Fatal(err)
		}
		d.Close()
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(golden)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tmp", "quarantine", "locks", "lock"} {
		os.Remove(filepath.Join(dir, name))
	}
	d := openDisk(t, dir)
	for _, o := range goldenBatch().Objects {
		if _, err := d.Get(t.Context(), o.Digest); err != nil {
			t.Error(err)
		}
	}
	values, err := d.Lookup("records", [32]byte{1, 2, 3})
	if err != nil || len(values) != 2 || string(values[0]) != "first" || string(values[1]) != "second" {
		t.Errorf("records %q, %v", values, err)
	}
	if values, err := d.Lookup("names", [32]byte{1, 2, 3}); err != nil || len(values) != 1 || len(values[0]) != 0 {
		t.Errorf("names %q, %v", values, err)
	}
	if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() || report.TornBytes != 0 || report.Objects != 3 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if err := d.Commit(t.Context(), crashBatch(1)); err != nil {
		t.Errorf("commit to a copy without empty folders: %v", err)
	}

	// What is written today is the same; the compressor has no choice with such
	// small objects.
	fresh := t.TempDir()
	d = openDisk(t, fresh)
	if err := d.Commit(t.Context(), goldenBatch()); err != nil {
		t.Fatal(err)
	}
	d.Close()
	for _, name := range []string{"format", "tables/00000001.rows"} {
		want, err := os.ReadFile(filepath.Join(golden, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(fresh, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from what format 2 is: %x, %v", name, got, err)
		}
	}
}
