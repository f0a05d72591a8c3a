package cas

import "bytes"

// Rows of segments that are not kept in memory are read from the file. Who
// looks many up mostly does so in about the order in which they were written,
// so where a row lies a little behind the last one, a whole window is read.
const (
	windowSize  = 256 << 10
	windowShare = 64 << 10 // of memory for copies of small bodies
)

// window is the stretch of a segment that was read last. It holds sound and
// damaged frames only, nothing that a process may still be writing.
type window struct {
	seq   uint64
	from  int64
	data  []byte
	last  int64  // where the last row ended that was asked for
	share []byte // room for further copies
}

// body returns the body of the row at an offset of s, or false where that is
// for the caller to read. Unless it is to be kept it is only lent, until the
// next call.
func (w *window) body(s *segment, from int64, size int, keep bool) ([]byte, bool, error) {
	near := w.seq == s.seq && from >= w.last && from < w.last+windowSize
	inside := w.seq == s.seq && from >= w.from && from+int64(size) <= w.from+int64(len(w.data))
	if w.seq != s.seq {
		w.seq, w.data = s.seq, w.data[:0]
	}
	w.last = from + int64(size)
	if !inside {
		length := int(min(windowSize, s.done-from))
		if !near || length < size {
			return nil, false, nil
		}
		if w.data == nil {
			w.data = make([]byte, 0, windowSize)
		}
		w.from, w.data = from, w.data[:0]
		if err := readTolerant(s.file, from, w.data[:length]); err != nil {
			return nil, false, err
		}
		w.data = w.data[:length]
	}
	start := from - w.from
	f, state := frameAt(s.seq, from, w.data[start:start+int64(size)])
	if state != frameSound {
		return nil, false, nil
	}
	if keep {
		return w.copy(f.body), true, nil
	}
	return f.body, true, nil
}

// copy returns a copy that stays when the window moves on.
func (w *window) copy(body []byte) []byte {
	n := len(body)
	if n > windowShare/16 {
		return bytes.Clone(body)
	}
	if n > len(w.share) {
		w.share = make([]byte, windowShare)
	}
	own := w.share[:n:n]
	w.share = w.share[n:]
	copy(own, body)
	return own
}
