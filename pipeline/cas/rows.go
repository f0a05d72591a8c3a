package cas

import (
	"errors"
	"io/fs"
	"slices"
)

// segmentWriter is the segment that this process appends to. It has created
// the file, and no other process ever writes to it.
type segmentWriter struct {
	file   File
	seq    uint64
	offset int64 // length of what is durable
}

// newFrame is a frame that is to be written, with its body in two parts.
type newFrame struct {
	kind       byte
	head, rest []byte
}

func (f *newFrame) size() int64 { return frameHeader + int64(len(f.head)) + int64(len(f.rest)) }

// rowFrames returns the frames of rows.
func rowFrames(rows []Row) []newFrame {
	size := 0
	for i := range rows {
		size += 1 + len(rows[i].Table) + len(rows[i].Key)
	}
	heads := make([]byte, 0, size)
	frames := make([]newFrame, len(rows))
	for i := range rows {
		r := &rows[i]
		from := len(heads)
		heads = append(heads, byte(len(r.Table)))
		heads = append(append(heads, r.Table...), r.Key[:]...)
		frames[i] = newFrame{kindRow, heads[from:], r.Value}
	}
	return frames
}

// keptBuffer is how large the buffer may be, in bytes, that is kept for the frames
// of the next commit.
const keptBuffer = 4 << 20

// append writes frames to the segment of this process and makes them durable.
// Their order numbers follow those of all frames that any process committed
// before, so that a later commit is later for every reader.
func (s *Store) append(frames []newFrame) error {
	if len(frames) == 0 {
		return nil
	}
	if err := s.update(); err != nil {
		return err
	}
	var order uint64
	gone := false // only a gc that no lock has stopped removes the segment of a living process
	err := s.withTables(func(t *tables) error {
		order = t.order
		gone = s.segment != nil && s.segment.offset > 0 && !t.known[s.segment.seq]
		return nil
	})
	if err == nil && gone {
		err = s.closeSegment()
	}
	if err != nil {
		return err
	}
	buf := s.buffer[:0]
	var size int64
	for i := range frames {
		size += frames[i].size()
	}
	buf = slices.Grow(buf, int(min(size, s.limit))+2*frameHeader)
	defer func() {
		if s.buffer = buf; cap(buf) > keptBuffer {
			s.buffer = nil
		}
	}()
	for i := range frames {
		f := &frames[i]
		if w := s.segment; w != nil && w.offset+int64(len(buf))+f.size() > s.limit {
			if err := s.flush(buf); err != nil {
				return err
			}
			buf = buf[:0]
			if err := s.closeSegment(); err != nil {
				return err
			}
		}
		if s.segment == nil {
			if s.segment, err = s.createSegment(); err != nil {
				return err
			}
			buf = appendHead(buf, s.segment.seq, nil)
		}
		order++
		buf = appendFrame(buf, s.segment.seq, s.segment.offset, f.kind, order, f.head, f.rest)
	}
	return s.flush(buf)
}

// flush appends frames to the segment and syncs it; then they are visible. A
// failed sync is never repeated: a kernel may then report success for data
// that it has dropped.
func (s *Store) flush(buf []byte) error {
	if len(buf) == 0 {
		return nil
	}
	w := s.segment
	_, err := w.file.Write(buf)
	if err == nil {
		err = w.file.Sync()
	}
	if err == nil && w.offset == 0 {
		err = s.fs.SyncDir(s.path("tables"))
	}
	if err != nil {
		return err
	}
	w.offset += int64(len(buf))

	s.tablesMu.Lock()
	defer s.tablesMu.Unlock()
	s.own = ownSegment{w.seq, w.offset}
	if t := s.tables; t != nil {
		if err := t.takeOwn(s.own, buf); err != nil {
			s.dropTables() // what is durable is for the next lookup to read
		}
	}
	return nil
}

// takeOwn enters what this process has just appended to its segment. It keeps no
// copy: a process rarely reads what it has written itself.
func (t *tables) takeOwn(own ownSegment, buf []byte) error {
	at := -1
	for i, s := range t.segments {
		if s.seq == own.seq {
			at = i
		}
	}
	if at < 0 {
		at = len(t.segments)
		if err := t.open(own.seq); err != nil {
			return err
		}
		if len(t.segments) == at {
			return errMoved
		}
	}
	if t.segments[at].done+int64(len(buf)) != own.durable {
		return t.scan(at, own)
	}
	t.take(at, buf, false)
	return nil
}

// createSegment creates a segment with the number after the last.
func (s *Store) createSegment() (*segmentWriter, error) {
	seqs, err := listSegments(s.fs, s.path("tables"))
	if err != nil {
		return nil, err
	}
	seq := uint64(1)
	if len(seqs) > 0 {
		seq = seqs[len(seqs)-1] + 1
	}
	for ; ; seq++ {
		path := s.path("tables", segmentName(seq))
		f, err := s.fs.Create(path, false)
		if errors.Is(err, fs.ErrExist) {
			continue // another process was faster
		}
		if err != nil {
			return nil, err
		}
		s.tablesMu.Lock()
		s.own = ownSegment{seq: seq}
		s.tablesMu.Unlock()
		return &segmentWriter{file: f, seq: seq}, s.fs.Share(path, s.dir)
	}
}

// closeSegment ends the segment of this process. The closed frame only spares
// readers a look at the file, so it is not synced, and that it cannot be
// written is no error.
func (s *Store) closeSegment() error {
	w := s.segment
	if w == nil {
		return nil
	}
	s.segment = nil
	if s.broken == nil && w.offset > 0 {
		_, _ = w.file.Write(appendFrame(nil, w.seq, w.offset, kindClosed, 0))
	}
	s.tablesMu.Lock()
	s.own = ownSegment{}
	s.tablesMu.Unlock()
	return w.file.Close()
}
