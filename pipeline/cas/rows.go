package cas

import (
	"errors"
	"io/fs"
)

// segmentWriter is the segment that this process appends to.
type segmentWriter struct {
	file   File
	seq    uint64
	offset int64 // length of what is durable
}

// writeRows appends rows to the segment of this process and makes them
// durable. Their order numbers follow that of every row that any process
// committed before, so that a later commit is later for every reader.
func (d *Store) writeRows(rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	if err := d.update(true); err != nil {
		return err
	}
	if d.segment == nil {
		if err := d.createSegment(); err != nil {
			return err
		}
	}
	d.tablesMu.RLock()
	order := d.tables.order
	d.tablesMu.RUnlock()

	w := d.segment
	var buf []byte
	if w.offset == 0 {
		buf = appendHead(buf, w.seq, nil)
	}
	for _, r := range rows {
		order++
		buf = appendRow(buf, w.seq, w.offset, order, r)
	}
	buf = appendFrame(buf, w.seq, w.offset, kindEnd, order)

	_, err := w.file.Write(buf)
	if err == nil {
		err = w.file.Sync()
	}
	if err == nil && w.offset == 0 {
		err = d.fs.SyncDir(d.path("tables"))
	}
	if err != nil {
		// What a failed write or sync has left behind cannot be known, and
		// a second sync may claim success without having written it. So
		// nothing is appended here again, and this process takes what lies
		// behind the last good commit for unwritten.
		d.tablesMu.Lock()
		d.limits[w.seq] = w.offset
		d.dropTables() // a Refresh may have seen the rows already
		d.tablesMu.Unlock()
		d.closeSegment()
		return err
	}
	w.offset += int64(len(buf))
	if err := d.update(true); err != nil {
		// The rows are durable; that they cannot be read back is for the
		// next Lookup to find and say.
		d.tablesMu.Lock()
		d.dropTables()
		d.tablesMu.Unlock()
	}
	return nil
}

// createSegment begins a segment with the number after the last.
func (d *Store) createSegment() error {
	seqs, err := (&tables{fs: d.fs, folder: d.path("tables")}).list()
	if err != nil {
		return err
	}
	seq := uint64(1)
	if len(seqs) > 0 {
		seq = seqs[len(seqs)-1] + 1
	}
	for ; ; seq++ {
		f, err := d.fs.Create(d.path("tables", segmentName(seq)), false)
		if errors.Is(err, fs.ErrExist) {
			continue // another process was faster
		}
		if err != nil {
			return err
		}
		d.segment = &segmentWriter{file: f, seq: seq}
		return nil
	}
}

func (d *Store) closeSegment() error {
	if d.segment == nil {
		return nil
	}
	err := d.segment.file.Close()
	d.segment = nil
	return err
}
