package cas

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// docs/formats.md describes the frames of a segment byte by byte.
const (
	segmentMark    = "\xf1ls"
	segmentSuffix  = ".rows"
	segmentVersion = 2
	frameHeader    = 24
	maxFrameBody   = 1 + maxTableName + 32 + maxRowSize

	kindHead       = 'h' // begins a segment and names those that it replaces
	kindRow        = 'r'
	kindObject     = 'o' // a small object
	kindQuarantine = 'q' // an object in a segment that was found damaged
	kindClosed     = 'c' // nothing follows: its writer has ended
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum continues a CRC-32C from a beginning; 0 begins the usual one. A
// test counts how many bytes it is given.
var checksum = func(begin uint32, data []byte) uint32 { return crc32.Update(begin, castagnoli, data) }

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

// frame is one entry of a segment.
type frame struct {
	kind   byte
	order  uint64 // place in the order of commits
	offset int64
	body   []byte
}

func (f *frame) end() int64 { return f.offset + frameHeader + int64(len(f.body)) }

// checkedBody returns the part of a body that the checksum of the frame
// covers. What follows the digest of an object is a zstd frame, which has its
// own checksum, and is not read until somebody asks for the object.
func checkedBody(kind byte, body []byte) []byte {
	if kind == kindObject {
		return body[:min(len(body), len(Digest{}))]
	}
	return body
}

// headerSum is the checksum of bytes 0 to 19 of the header that lies at an
// offset of segment seq. Every place begins from another value.
func headerSum(seq uint64, offset int64, header []byte) uint32 {
	begin := uint32(seq)*0x9e3779b1 ^ uint32(offset) ^ uint32(offset>>32)
	return checksum(begin, header[:20])
}

// appendFrame appends the frame of a body that will lie at offset
// base+len(buf) of segment seq.
func appendFrame(buf []byte, seq uint64, base int64, kind byte, order uint64, body ...[]byte) []byte {
	start := len(buf)
	var empty [frameHeader - 4]byte
	buf = append(buf, segmentMark...)
	buf = append(buf, kind)
	buf = append(buf, empty[:]...)
	for _, b := range body {
		buf = append(buf, b...)
	}
	header, content := buf[start:start+frameHeader], buf[start+frameHeader:]
	binary.LittleEndian.PutUint32(header[4:], uint32(len(content)))
	binary.LittleEndian.PutUint64(header[8:], order)
	binary.LittleEndian.PutUint32(header[16:], checksum(0, checkedBody(kind, content)))
	binary.LittleEndian.PutUint32(header[20:], headerSum(seq, base+int64(start), header))
	return buf
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
func parseHead(body []byte) (replaces []uint64) {
	if len(body) == 0 || body[0] != segmentVersion {
		return nil
	}
	for body = body[1:]; len(body) >= 8; body = body[8:] {
		replaces = append(replaces, binary.LittleEndian.Uint64(body))
	}
	return replaces
}

// splitRow splits the body of a row into parts of it.
func splitRow(body []byte) (table, key, value []byte, ok bool) {
	if len(body) < 1 || len(body) < 1+int(body[0])+32 {
		return nil, nil, nil, false
	}
	n := 1 + int(body[0])
	return body[1:n], body[n : n+32], body[n+32 : len(body) : len(body)], true
}

// parseRow returns the row of a body. Its value is part of body.
func parseRow(body []byte) (Row, bool) {
	table, key, value, ok := splitRow(body)
	if !ok {
		return Row{}, false
	}
	return Row{Table: Table(table), Key: [32]byte(key), Value: value}, true
}

// parseObject splits the body of an object into digest and zstd frame.
func parseObject(body []byte) (o Digest, content []byte, ok bool) {
	if len(body) < len(o) {
		return o, nil, false
	}
	return Digest(body), body[len(o):], true
}

// place is where a frame lies.
type place struct {
	seq    uint64
	offset int64
}

// quarantineBody says that the object at a place is damaged, and why.
func quarantineBody(p place, reason string) []byte {
	body := binary.LittleEndian.AppendUint64(nil, p.seq)
	body = binary.LittleEndian.AppendUint64(body, uint64(p.offset))
	return append(body, reason...)
}

func parseQuarantine(body []byte) (p place, ok bool) {
	if len(body) < 16 {
		return place{}, false
	}
	return place{binary.LittleEndian.Uint64(body), int64(binary.LittleEndian.Uint64(body[8:]))}, true
}

// headerAt returns the frame whose header begins data, which lies at an
// offset, with a body of the length that the header tells and no content. It
// returns false where there is no sound header.
func headerAt(seq uint64, offset int64, data []byte) (f frame, length int64, sum uint32, ok bool) {
	if len(data) < frameHeader || string(data[:len(segmentMark)]) != segmentMark {
		return frame{}, 0, 0, false
	}
	length = int64(binary.LittleEndian.Uint32(data[4:]))
	if headerSum(seq, offset, data) != binary.LittleEndian.Uint32(data[20:]) || length > maxFrameBody {
		return frame{}, 0, 0, false
	}
	f = frame{kind: data[3], order: binary.LittleEndian.Uint64(data[8:]), offset: offset}
	return f, length, binary.LittleEndian.Uint32(data[16:]), true
}

// scanFrames calls found for each sound frame in data, which lies at offset
// base of segment seq and reaches to the end of what is read, and damaged for
// each stretch between sound frames that holds none. It returns how many bytes
// are done with, up to the end of the last sound frame: the rest is what a
// writer has not finished, or never will.
//
// A length is used only after the checksum of its header matched, and a body
// that does not match is passed over. So the work is linear in the length of
// data, whatever it holds.
func scanFrames(seq uint64, base int64, data []byte, found func(frame), damaged func(offset, length int64)) (done int) {
	for p := 0; p < len(data); {
		f, length, sum, ok := headerAt(seq, base+int64(p), data[p:])
		if !ok {
			p = nextMark(data, p+1)
			continue
		}
		end := int64(p) + frameHeader + length
		if end > int64(len(data)) {
			break
		}
		f.body = data[p+frameHeader : end : end]
		if checksum(0, checkedBody(f.kind, f.body)) == sum {
			if p > done {
				damaged(base+int64(done), int64(p-done))
			}
			found(f)
			done = int(end)
		}
		p = int(end)
	}
	return done
}

// nextMark returns the place of the first mark at or behind p, or the end.
func nextMark(data []byte, p int) int {
	if i := bytes.Index(data[p:], []byte(segmentMark)); i >= 0 {
		return p + i
	}
	return len(data)
}

// frameAt returns the frame that was found at an offset before, if data still
// holds it. Data begins there and ends where the frame does.
func frameAt(seq uint64, offset int64, data []byte) (frame, bool) {
	f, length, sum, ok := headerAt(seq, offset, data)
	if !ok || frameHeader+length != int64(len(data)) {
		return frame{}, false
	}
	f.body = data[frameHeader:]
	return f, checksum(0, checkedBody(f.kind, f.body)) == sum
}
