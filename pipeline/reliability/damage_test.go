package reliability

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// damaged rewrites a file of a store, though it may be read-only.
func damaged(t *testing.T, path string, damage func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.Chmod(path, 0o666)
	}
	if err == nil {
		err = os.WriteFile(path, damage(data), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// damagedObject damages an object of a store, wherever it lies. In a segment
// the length of its frame stays.
func damagedObject(t *testing.T, st *cas.Store, d cas.Digest, damage func([]byte) []byte) {
	t.Helper()
	at, err := st.Locate(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	damaged(t, at.Path, func(b []byte) []byte {
		if at.Offset == 0 {
			return damage(b)
		}
		frame := b[at.Offset : at.Offset+at.Bytes]
		bad := damage(bytes.Clone(frame))
		clear(frame)
		copy(frame, bad)
		return b
	})
}

var onDisk = []struct {
	name   string
	damage func([]byte) []byte
}{
	{"bit flipped", func(b []byte) []byte { b[rand.IntN(len(b))] ^= 1 << rand.IntN(8); return b }},
	{"cut in the middle", func(b []byte) []byte { return b[:len(b)/2] }},
	{"emptied", func(b []byte) []byte { return nil }},
	{"a sector of zeros", func(b []byte) []byte { clear(b[:min(len(b), 512)]); return b }},
}

// TestDamagedObjects damages every object of a store on disk. Reading finds
// each one, the run sets them all aside, and makes the same bytes again.
func TestDamagedObjects(t *testing.T) {
	want := small.reference(t)
	for _, c := range onDisk {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			st := open(t, dir)
			must(t, small.graph(t), st)
			for _, outputs := range want {
				for _, d := range outputs {
					damagedObject(t, st, d, c.damage)
				}
			}
			st.Close()

			st = open(t, dir)
			p := plan(t, small.graph(t), st)
			if lost, err := p.Verify(t.Context()); err != nil || len(lost) != 7 {
				t.Fatalf("%d stages are found damaged, %v", len(lost), err)
			}
			told := make(map[pipeline.Digest]bool)
			sum, err := p.Run(t.Context(), pipeline.RunOptions{Events: func(e pipeline.Event) {
				if damage, ok := errors.AsType[*cas.DamagedError](e.Err); ok && e.Kind == pipeline.EventDamaged {
					told[damage.Digest] = true
				}
			}})
			if err != nil || sum.Ran != 7 || len(sum.Diverged) > 0 {
				t.Fatalf("%+v, %v", sum, err)
			}
			wantResults(t, sum.Results(), want)
			if len(told) != 14 {
				t.Errorf("%d damaged objects are told of, want 14", len(told))
			}
			if report, err := st.Verify(t.Context(), true); err != nil || report.Quarantined != 14 || !report.OK() {
				t.Errorf("%+v, %v, want 14 objects in quarantine", report, err)
			}
			if err := wrongHits(plan(t, small.graph(t), st), st, want); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDamagedRows damages the rows of a store on disk. What cannot be read is
// a miss: the run makes it again, and the objects prove to be the same.
func TestDamagedRows(t *testing.T) {
	want := small.reference(t)
	for _, c := range onDisk {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			st := open(t, dir)
			must(t, small.graph(t), st)
			st.Close()
			segments, err := filepath.Glob(filepath.Join(dir, "tables", "*.rows"))
			if err != nil || len(segments) == 0 {
				t.Fatalf("%d segments, %v", len(segments), err)
			}
			for _, path := range segments {
				damaged(t, path, c.damage)
			}
			st = open(t, dir)
			p := plan(t, small.graph(t), st)
			if _, err := p.Verify(t.Context()); err != nil { // small objects lie beside the rows
				t.Fatal(err)
			}
			sum, err := p.Run(t.Context(), pipeline.RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			wantResults(t, sum.Results(), want)
			if len(sum.Diverged) > 0 {
				t.Errorf("the same bytes are taken for others: %v", sum.Diverged)
			}
			if err := wrongHits(p, st, want); err != nil {
				t.Error(err)
			}
			st.Close()
			if hits := cached(plan(t, small.graph(t), open(t, dir))); len(hits) != 7 {
				t.Errorf("%d stages are cached after the repair, want 7", len(hits))
			}
		})
	}
}

// TestLostFiles removes what a store consists of, one kind of file at a time.
func TestLostFiles(t *testing.T) {
	want := small.reference(t)
	for _, part := range []string{"objects", "tables", "tmp", "locks", "lock", "quarantine", "format"} {
		t.Run(part, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			st := open(t, dir)
			must(t, small.graph(t), st)
			st.Close()
			if err := os.RemoveAll(filepath.Join(dir, part)); err != nil {
				t.Fatal(err)
			}
			st, err := cas.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			p := plan(t, small.graph(t), st)
			if _, err := p.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			sum, err := p.Run(t.Context(), pipeline.RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			wantResults(t, sum.Results(), want)
			other := small
			other.Generation = 2 // and it can be written
			_, sum = must(t, other.graph(t), st)
			wantResults(t, sum.Results(), other.reference(t))
		})
	}
}

// TestEditedExport edits an exported file without a change of its size or
// times. The next export puts the result back, and touches nothing else.
func TestEditedExport(t *testing.T) {
	root := t.TempDir()
	exports := filepath.Join(root, "exports")
	file := filepath.Join(exports, filepath.FromSlash(lastExport))
	st := open(t, filepath.Join(root, "store"))
	p, sum := must(t, small.graph(t), st)
	if written, lost, err := p.Export(t.Context(), exports); err != nil || lost != nil || !cmp.Equal(written, []string{lastExport}) {
		t.Fatalf("%q, %v", written, err)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged(t, file, func(b []byte) []byte { b[3] ^= 1; return b })
	if err := os.Chtimes(file, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{lastExport}, nil} {
		p, _ := must(t, small.graph(t), st)
		if written, lost, err := p.Export(t.Context(), exports); err != nil || lost != nil || !cmp.Equal(written, want) {
			t.Errorf("exported %q, %v, want %q", written, err, want)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil || cas.Sum(data) != sum.Results()[lastName]["data"] {
		t.Errorf("the edit is still there: %v", err)
	}
}
