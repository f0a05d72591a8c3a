package cas_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// countingFS counts the bytes that are read.
type countingFS struct {
	cas.FS
	read *atomic.Int64
}

func (c countingFS) Open(name string) (cas.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return countingFile{f, c.read}, nil
}

type countingFile struct {
	cas.File
	read *atomic.Int64
}

func (f countingFile) ReadAt(p []byte, offset int64) (int, error) {
	f.read.Add(int64(len(p)))
	return f.File.ReadAt(p, offset)
}

// A segment of any length takes a bounded number of bytes to read, and the
// rows at its beginning are found.
func TestLongTailOfZeros(t *testing.T) {
	dir := t.TempDir()
	commitLives(t, dir, 0, 3)
	path := segmentFiles(t, dir)[1]
	if err := os.Truncate(path, 6<<30); err != nil {
		t.Skipf("no sparse file of 6 GiB: %v", err)
	}
	var read atomic.Int64
	d := openDisk(t, dir, cas.WithFS(countingFS{cas.OS, &read}))
	wantLives(t, d, 3)
	for range 3 {
		if err := d.Refresh(); err != nil {
			t.Fatal(err)
		}
	}
	if got := read.Load(); got > cas.SegmentReach+1<<20 {
		t.Errorf("%d bytes were read", got)
	}
	if report, err := d.Verify(t.Context(), false); err != nil || !report.OK() || report.Rows != 3 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if err := d.Commit(t.Context(), crashBatch(1)); err != nil {
		t.Error(err)
	}
	if report, err := openDisk(t, dir).Verify(t.Context(), true); err != nil || !report.OK() {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// forgedHeader is a header with a right checksum for a place in segment 1 that
// promises n bytes which do not match.
func forgedHeader(offset int64, n int) []byte {
	header := make([]byte, 24)
	copy(header, "\xf1lsr")
	binary.LittleEndian.PutUint32(header[4:], uint32(n))
	table := crc32.MakeTable(crc32.Castagnoli)
	seq := uint32(1)
	begin := seq*0x9e3779b1 ^ uint32(offset) ^ uint32(offset>>32)
	binary.LittleEndian.PutUint32(header[20:], crc32.Update(begin, table, header[:20]))
	return header
}

// TestForgedMarks: each byte is looked at a bounded number of times, whatever
// the bytes promise. A scan that begins again behind each mark would not end
// before the tests do.
func TestForgedMarks(t *testing.T) {
	const size = 8 << 20
	var promising, overlapping []byte
	for len(promising) < size {
		header := forgedHeader(0, 1<<20) // its checksum is that of another place
		promising = append(promising, header...)
	}
	for len(overlapping) < size {
		overlapping = append(overlapping, forgedHeader(int64(len(overlapping)), size-len(overlapping)-24)...)
	}
	for name, data := range map[string][]byte{
		"marks":       bytes.Repeat([]byte("\xf1ls"), size/3),
		"headers":     bytes.Repeat([]byte("\xf1lsr\xff\xff\xff\x00"), size/8),
		"promising":   promising[:size],
		"overlapping": overlapping[:size],
	} {
		found, done, looks := cas.ScanFrames(1, data)
		if found != 0 || done != 0 {
			t.Errorf("%s: %d frames, %d bytes done", name, found, done)
		}
		if looks > 25*size {
			t.Errorf("%s: %d bytes were checked, of %d", name, looks, size)
		}
	}
}

// Rows behind forged marks are found.
func TestRowsBehindForgedMarks(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	for _, value := range []string{"before", string(bytes.Repeat([]byte("\xf1lsr\x10\x00\x00\x00"), 1<<17)), "behind"} {
		if err := d.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "t", Key: [32]byte{byte(len(value))}, Value: []byte(value)}}}); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	path := filepath.Join(dir, "tables", "00000001.rows")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[bytes.Index(data, []byte("\xf1lsr\x10\x00\x00\x00"))-40] ^= 1 // in the header of the long row
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	d = openDisk(t, dir)
	if rows, err := d.Lookup("t", [32]byte{6}); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v, want those before and behind", len(rows), err)
	}
	if damage, err := d.Damage(); err != nil || len(damage) != 1 {
		t.Errorf("damage %v, %v", damage, err)
	}
}
