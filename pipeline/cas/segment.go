package cas

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// A segment is a sequence of frames:
//
//	 0  3  f1 6c 73   mark, for finding the next frame behind damaged bytes
//	 3  1  kind       'h' head, 'r' row, 'e' end of a commit
//	 4  4  n          length of the body
//	 8  8  order      rows: place in the order of commits
//	16  4  CRC-32C of bytes 0–15 and the body, begun from a value that the
//	       segment's number and the frame's offset give (frameSum)
//	20  n  body
//
// The checksum binds a frame to its place: neither a row that was copied to
// another offset nor an old block of the disk can pass for one.
//
// The body of a row is the length of the table's name in one byte, the name,
// the key of 32 bytes, and the value. The body of a head is a version byte
// and the numbers of the segments that this one replaces.
const (
	segmentMark    = "\xf1ls"
	segmentSuffix  = ".rows"
	frameHeader    = 20
	maxFrameBody   = 1 + maxTableName + 32 + maxRowSize
	segmentVersion = 1

	kindHead = 'h'
	kindRow  = 'r'
	kindEnd  = 'e'
)

// segmentName returns the file name of a segment. Numbers are never used
// twice.
func segmentName(seq uint64) string { return fmt.Sprintf("%08d%s", seq, segmentSuffix) }

// parseSegmentName returns the number of a segment, or false for the name of
// something else.
func parseSegmentName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 40)
	return seq, err == nil && segmentName(seq) == name
}

// frameSum is the checksum of the frame that begins at data[0].
func frameSum(seq uint64, offset int64, data []byte) uint32 {
	// For the same bytes another beginning always gives another sum.
	begin := uint32(seq)*0x9e3779b1 ^ uint32(offset) ^ uint32(offset>>32)
	sum := crc32.Update(begin, castagnoli, data[:16])
	return crc32.Update(sum, castagnoli, data[frameHeader:])
}

// appendFrame appends one frame that will lie at offset base+len(buf) of
// segment seq.
func appendFrame(buf []byte, seq uint64, base int64, kind byte, order uint64, body ...[]byte) []byte {
	start := len(buf)
	buf = append(buf, segmentMark...)
	buf = append(buf, kind)
	buf = append(buf, make([]byte, frameHeader-4)...)
	for _, b := range body {
		buf = append(buf, b...)
	}
	frame := buf[start:]
	binary.LittleEndian.PutUint32(frame[4:], uint32(len(frame)-frameHeader))
	binary.LittleEndian.PutUint64(frame[8:], order)
	binary.LittleEndian.PutUint32(frame[16:], frameSum(seq, base+int64(start), frame))
	return buf
}

// appendRow appends the frame of a row.
func appendRow(buf []byte, seq uint64, base int64, order uint64, r Row) []byte {
	return appendFrame(buf, seq, base, kindRow, order, []byte{byte(len(r.Table))}, []byte(r.Table), r.Key[:], r.Value)
}

// appendHead appends the frame that begins a segment.
func appendHead(buf []byte, seq uint64, replaces []uint64) []byte {
	body := []byte{segmentVersion}
	for _, old := range replaces {
		body = binary.LittleEndian.AppendUint64(body, old)
	}
	return appendFrame(buf, seq, 0, kindHead, 0, body)
}

// parseHead returns the numbers of the segments that a segment replaces.
func parseHead(body []byte) []uint64 {
	if len(body) == 0 || body[0] != segmentVersion {
		return nil
	}
	var replaces []uint64
	for body = body[1:]; len(body) >= 8; body = body[8:] {
		replaces = append(replaces, binary.LittleEndian.Uint64(body))
	}
	return replaces
}

// parseRow splits the body of a row. The value is part of body.
func parseRow(body []byte) (Row, bool) {
	if len(body) < 1 || len(body) < 1+int(body[0])+32 {
		return Row{}, false
	}
	n := 1 + int(body[0])
	r := Row{Table: Table(body[1:n]), Value: body[n+32 : len(body) : len(body)]}
	copy(r.Key[:], body[n:])
	return r, true
}

const maxRowName = 1 + maxTableName + 32

// appendRowName appends the name of the rows of a table and key, as rowName
// returns it, or false for a table that cannot be.
func appendRowName(b []byte, t Table, key [32]byte) ([]byte, bool) {
	if len(t) == 0 || len(t) > maxTableName {
		return nil, false
	}
	b = append(append(b, byte(len(t))), t...)
	return append(b, key[:]...), true
}

// rowName returns the part of a row's body that the index hashes: table and
// key.
func rowName(body []byte) ([]byte, bool) {
	if len(body) < 1 || len(body) < 1+int(body[0])+32 {
		return nil, false
	}
	return body[:1+int(body[0])+32], true
}

// A segmentFrame is a frame that was found sound.
type segmentFrame struct {
	offset int64
	kind   byte
	order  uint64
	body   []byte
}

// frameState is what lies at a place of a segment.
type frameState int

const (
	frameSound frameState = iota
	frameBad              // no frame, whatever follows
	frameShort            // may be a frame whose rest is missing
)

// frameAt looks at the frame that begins at data[0], which lies at offset.
func frameAt(seq uint64, offset int64, data []byte) (segmentFrame, frameState) {
	if n := min(len(data), len(segmentMark)); string(data[:n]) != segmentMark[:n] {
		return segmentFrame{}, frameBad
	}
	if len(data) < frameHeader {
		return segmentFrame{}, frameShort
	}
	length := int64(binary.LittleEndian.Uint32(data[4:]))
	if length > maxFrameBody {
		return segmentFrame{}, frameBad
	}
	if int64(len(data)) < frameHeader+length {
		return segmentFrame{}, frameShort
	}
	data = data[: frameHeader+length : frameHeader+length]
	if frameSum(seq, offset, data) != binary.LittleEndian.Uint32(data[16:]) {
		return segmentFrame{}, frameBad
	}
	return segmentFrame{
		offset: offset,
		kind:   data[3],
		order:  binary.LittleEndian.Uint64(data[8:]),
		body:   data[frameHeader:],
	}, frameSound
}

// scanFrames calls found for each sound frame in data, which lies at offset
// base of segment seq, and damaged for each stretch between sound frames that
// is none. It returns how many bytes are done with. What remains may be
// the beginning of a frame: where last is true nothing follows in the file,
// and the rest is what a writer has not finished, or never will.
func scanFrames(seq uint64, base int64, data []byte, last bool, found func(segmentFrame), damaged func(offset, length int64)) int {
	p := 0
	for p < len(data) {
		frame, state := frameAt(seq, base+int64(p), data[p:])
		if state == frameSound {
			found(frame)
			p += frameHeader + len(frame.body)
			continue
		}
		if state == frameShort && !last {
			break
		}
		q, ok := nextFrame(seq, base, data, p+1)
		if !ok {
			break
		}
		damaged(base+int64(p), int64(q-p))
		p = q
	}
	return p
}

// nextFrame returns the place of the first sound frame at or behind p.
func nextFrame(seq uint64, base int64, data []byte, p int) (int, bool) {
	for p < len(data) {
		i := bytes.Index(data[p:], []byte(segmentMark))
		if i < 0 {
			return 0, false
		}
		p += i
		if _, state := frameAt(seq, base+int64(p), data[p:]); state == frameSound {
			return p, true
		}
		p++
	}
	return 0, false
}
