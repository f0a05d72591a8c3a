package cas_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// smallBatch is a record with two small objects of several sectors each.
func smallBatch(i int) cas.Batch {
	one, two := cas.Encode(castest.Content(uint64(100+i), 1500)), cas.Encode(castest.Content(uint64(200+i), 1900))
	return cas.Batch{
		Objects: []cas.Object{one, two},
		Rows:    []cas.Row{{Table: "records", Key: [32]byte{byte(i)}, Value: []byte(one.Digest.String() + " " + two.Digest.String())}},
	}
}

// A commit of small objects makes no file, and Get finds them as the same and
// as the next process.
func TestSmallObjects(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "t"}}}); err != nil {
		t.Fatal(err)
	}
	before := len(tree(t, dir))
	for i := range 3 {
		if err := d.Commit(t.Context(), smallBatch(i)); err != nil {
			t.Fatal(err)
		}
	}
	if after := len(tree(t, dir)); after != before {
		t.Errorf("%d files and folders, want the %d from before", after, before)
	}
	for _, reader := range []*cas.Store{d, openDisk(t, dir), openDisk(t, dir, cas.WithRetainLimit(0))} {
		for i := range 3 {
			for _, o := range smallBatch(i).Objects {
				if content, err := reader.Get(t.Context(), o.Digest); err != nil || int64(len(content)) != o.Size {
					t.Errorf("get: %d bytes, %v", len(content), err)
				}
				if size, err := reader.Stat(t.Context(), o.Digest); err != nil || size != o.Size {
					t.Errorf("stat: %d, %v", size, err)
				}
			}
		}
	}
}

// An object that another process commits is found without Refresh.
func TestSmallObjectOfAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	reader, writer := openDisk(t, dir), openDisk(t, dir)
	o := smallBatch(1).Objects[0]
	if _, err := reader.Get(t.Context(), o.Digest); !errors.Is(err, cas.ErrNotFound) {
		t.Errorf("get before the commit: %v", err)
	}
	if err := writer.Commit(t.Context(), smallBatch(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Get(t.Context(), o.Digest); err != nil {
		t.Error(err)
	}
}

// TestPowerLossInAGroup stops a process at each operation of a commit, and
// drops the sectors that were not synced in many ways: a row is never present
// without its objects.
func TestPowerLossInAGroup(t *testing.T) {
	outlived := 0
	for at := 1; at < 20; at++ {
		fsys := castest.NewFS()
		d := openDisk(t, crashDir, cas.WithFS(fsys))
		if err := d.Commit(t.Context(), smallBatch(0)); err != nil {
			t.Fatal(err)
		}
		fsys.Inject(castest.Fault{At: at, Err: castest.ErrDead, Last: true})
		done := d.Commit(t.Context(), smallBatch(1)) == nil
		fsys.Inject(castest.Fault{})
		for seed := range uint64(40) {
			what := fmt.Sprintf("stopped at %d, seed %d", at, seed)
			after := fsys.Crash(castest.LoseSome, rand.New(rand.NewPCG(seed, uint64(at))))
			next := openDisk(t, crashDir, cas.WithFS(after))
			checkRows(t, what, next)
			rows, err := next.Lookup("records", [32]byte{1})
			if err != nil || done && len(rows) != 1 {
				t.Errorf("%s: %d rows, %v", what, len(rows), err)
			}
			outlived += len(rows)
			next.Close()
		}
		if done {
			if at < 4 {
				t.Errorf("a commit has %d operations: are there two syncs?", at-1)
			}
			break
		}
	}
	if outlived == 0 {
		t.Error("no commit outlived anything: the test shows little")
	}
}

// Two records share an object, one of them goes: gc keeps what the other needs.
// It is stopped at each operation, and what is left is whole.
func TestGCSmallObjects(t *testing.T) {
	shared := cas.Encode([]byte("shared by two records"))
	options := cas.GCOptions{
		Keep: func(d cas.Digest) bool {
			return d != smallBatch(0).Objects[0].Digest && d != smallBatch(0).Objects[1].Digest
		},
		KeepRow: func(r cas.Row) bool { return r.Key != [32]byte{0} },
	}
	for _, limit := range []int64{1 << 20, 3000} { // one batch, and many
		for at := 0; ; at++ {
			fsys := castest.NewFS()
			open := func(fsys cas.FS) *cas.Store {
				return openDisk(t, crashDir, cas.WithFS(fsys), cas.WithSegmentLimit(limit))
			}
			d := open(fsys)
			for i := range 3 {
				b := smallBatch(i)
				b.Objects = append(b.Objects, shared)
				if err := d.Commit(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
			d.Close()
			d = open(fsys)
			fsys.Inject(castest.Fault{At: at, Err: castest.ErrDead, Last: true})
			report, err := d.GC(t.Context(), options)
			fsys.Inject(castest.Fault{})
			for _, loss := range []castest.Loss{castest.LoseAll, castest.LoseNothing, castest.LoseSome} {
				next := open(fsys.Crash(loss, rand.New(rand.NewPCG(uint64(at), 5))))
				checkRows(t, fmt.Sprintf("limit %d, stopped at %d", limit, at), next)
				for i := 1; i < 3; i++ {
					if rows, err := next.Lookup("records", [32]byte{byte(i)}); err != nil || len(rows) != 1 {
						t.Errorf("limit %d, stopped at %d: %d rows, %v", limit, at, len(rows), err)
					}
				}
				if _, err := next.Get(t.Context(), shared.Digest); err != nil {
					t.Errorf("limit %d, stopped at %d: %v", limit, at, err)
				}
				if _, err := next.GC(t.Context(), options); err != nil {
					t.Errorf("limit %d, stopped at %d: gc again: %v", limit, at, err)
				}
				wantGone(t, next)
				next.Close()
			}
			if at > 0 && err == nil {
				if at < 6 {
					t.Errorf("gc has only %d operations", at-1)
				}
				break
			}
			if at == 0 && (err != nil || len(report.Objects) != 2 || report.Rows != 1 || report.Kept != 5 || report.Objects[0].Bytes == 0) {
				t.Errorf("limit %d: %+v, %v", limit, report, err)
			}
		}
	}
}

// wantGone wants the first record and its objects removed, and all else whole.
func wantGone(t *testing.T, d *cas.Store) {
	t.Helper()
	if rows, err := d.Lookup("records", [32]byte{0}); err != nil || len(rows) > 0 {
		t.Errorf("%d rows that gc was to remove, %v", len(rows), err)
	}
	for _, o := range smallBatch(0).Objects {
		if _, err := d.Get(t.Context(), o.Digest); !errors.Is(err, cas.ErrNotFound) {
			t.Errorf("get of an object that gc was to remove: %v", err)
		}
	}
	if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() || report.Objects != 5 || report.Rows != 2 {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// A damaged small object is reported with its segment and offset. It goes to
// quarantine and is made again; gc keeps the segment as evidence.
func TestDamagedSmallObject(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	if err := d.Commit(t.Context(), smallBatch(0)); err != nil {
		t.Fatal(err)
	}
	o := smallBatch(0).Objects[1]
	at, err := d.Locate(t.Context(), o.Digest)
	if err != nil || at.Path != filepath.Join(dir, "tables", "00000001.rows") || at.Bytes != int64(len(o.Frame)) {
		t.Fatalf("%+v, %v", at, err)
	}
	data, err := os.ReadFile(at.Path)
	if err != nil || !bytes.Equal(data[at.Offset:at.Offset+at.Bytes], o.Frame) {
		t.Fatalf("the frame is not at its place: %v", err)
	}
	data[at.Offset+at.Bytes/2] ^= 1
	if err := os.WriteFile(at.Path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	report, err := d.Verify(t.Context(), true)
	if err != nil || len(report.Damaged) != 1 || report.Damaged[0].Digest != o.Digest || report.Damaged[0].Path != at.Path || report.Damaged[0].Offset != at.Offset {
		t.Fatalf("verify: %+v, %v", report, err)
	}
	if err := d.Quarantine(t.Context(), o.Digest); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*cas.Store{d, openDisk(t, dir)} {
		if _, err := d.Get(t.Context(), o.Digest); !errors.Is(err, cas.ErrNotFound) {
			t.Errorf("get: %v, want ErrNotFound", err)
		}
		if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() || report.Quarantined != 1 {
			t.Errorf("verify: %+v, %v", report, err)
		}
	}
	if err := d.Commit(t.Context(), smallBatch(0)); err != nil {
		t.Fatal(err)
	}
	evidence, err := os.ReadFile(at.Path)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	d = openDisk(t, dir)
	if _, err := d.GC(t.Context(), cas.GCOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, o := range smallBatch(0).Objects {
		if _, err := d.Get(t.Context(), o.Digest); err != nil {
			t.Errorf("after gc: %v", err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, "quarantine", "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("evidence %q, %v", kept, err)
	}
	if found, err := os.ReadFile(kept[0]); err != nil || !bytes.HasPrefix(found, evidence) {
		t.Errorf("the evidence is not what was there: %v", err)
	}
	if report, err := d.Verify(t.Context(), true); err != nil || !report.OK() || report.Quarantined != 1 || report.Objects != 2 {
		t.Errorf("verify after gc: %+v, %v", report, err)
	}
}

// Whatever bit of a segment flips, an object is what it was, or damaged, or
// missing, and a commit makes it whole.
func TestSmallObjectFlippedBit(t *testing.T) {
	sound := castest.NewFS()
	d := openDisk(t, crashDir, cas.WithFS(sound))
	batch := cas.Batch{Objects: []cas.Object{cas.Encode([]byte("one object")), cas.Encode(castest.Content(1, 60)), cas.Encode(nil)}}
	if err := d.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	d.Close()
	size, err := sound.Size(firstSegment)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * int(size) {
		fsys := sound.Crash(castest.LoseNothing, nil)
		fsys.Corrupt(firstSegment, func(b []byte) []byte { b[bit/8] ^= 1 << (bit % 8); return b })
		d := openDisk(t, crashDir, cas.WithFS(fsys))
		lost := 0
		for _, o := range batch.Objects {
			_, err := d.Get(t.Context(), o.Digest)
			var damaged *cas.DamagedError
			if err != nil && !errors.As(err, &damaged) && !errors.Is(err, cas.ErrNotFound) {
				t.Errorf("bit %d: %v", bit, err)
			}
			if err != nil {
				lost++
			}
		}
		if lost > 1 {
			t.Errorf("bit %d: %d objects are lost", bit, lost)
		}
		if err := d.Commit(t.Context(), batch); err != nil {
			t.Errorf("bit %d: %v", bit, err)
		}
		for _, o := range batch.Objects {
			if _, err := d.Get(t.Context(), o.Digest); err != nil {
				t.Errorf("bit %d, after a commit: %v", bit, err)
			}
		}
		d.Close()
	}
}

// Segments end at their limit, and a row that is longer has one of its own.
func TestSegmentsRollOver(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir, cas.WithSegmentLimit(4000))
	var want []string
	for i := range 20 {
		value := string(castest.Content(uint64(i), 700))
		if i == 9 {
			value = string(castest.Content(9, 10_000))
		}
		want = append(want, value)
		if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "t", Value: []byte(value)}}}); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	files := segmentFiles(t, dir)
	if len(files) < 4 {
		t.Errorf("%d segments", len(files))
	}
	long := 0
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 4000+24 { // the closed frame comes on top
			long++
		}
	}
	if long != 1 {
		t.Errorf("%d segments are longer than the limit, want that of the long row", long)
	}
	values, err := openDisk(t, dir).Lookup("t", [32]byte{})
	var got []string
	for _, v := range values {
		got = append(got, string(v))
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
}

// On a file system whose locks always succeed no committed row is lost, though
// writers and the joining of segments overlap: work is at most repeated.
func TestLocksThatAlwaysSucceed(t *testing.T) {
	fsys := castest.NewFS().Lockless()
	options := []cas.Option{cas.WithFS(fsys), cas.WithMergeAt(2), cas.WithSegmentLimit(9000)}
	living := []*cas.Store{openDisk(t, crashDir, options...), openDisk(t, crashDir, options...)}
	for i := range 40 {
		var d *cas.Store
		if i%4 == 3 {
			d = openDisk(t, crashDir, options...) // joins what is closed
		} else {
			d = living[i%2]
		}
		if err := d.Commit(t.Context(), smallBatch(i)); err != nil {
			t.Fatalf("commit %d: %v", i, err)
		}
		if i%4 == 3 {
			d.Close()
		}
	}
	for _, d := range append(living, openDisk(t, crashDir, options...)) {
		if err := d.Refresh(); err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			if rows, err := d.Lookup("records", [32]byte{byte(i)}); err != nil || len(rows) == 0 {
				t.Errorf("row %d: %d rows, %v", i, len(rows), err)
			}
			for _, o := range smallBatch(i).Objects {
				if _, err := d.Get(t.Context(), o.Digest); err != nil {
					t.Errorf("step %d: %v", i, err)
				}
			}
		}
	}
}
