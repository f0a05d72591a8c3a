package cas

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// MaxObjectSize is the largest uncompressed content of one object in bytes.
// It bounds what a damaged or hostile frame can make [Decode] allocate.
const MaxObjectSize = 4 << 30

// The header of a frame is a skippable zstd frame, so that every zstd tool
// passes over it:
//
//	 0  4  50 2a 4d 18   magic of a skippable frame
//	 4  4  28            bytes that follow here
//	 8  4  "lsp1"        tag and version of this header
//	12  8  size of the uncompressed content
//	20  8  size of the zstd frame behind the header
//	28  4  CRC-32C of the zstd frame
//	32  4  CRC-32C of bytes 0 to 31
//
// All numbers are little-endian. The two checksums keep accidental damage
// from the decompressor; the identity of the content is its SHA-256 alone.
const (
	headerSize  = 36
	headerMagic = "\x50\x2a\x4d\x18\x1c\x00\x00\x00lsp1"
)

// The most that zstd can make of one byte: a block of 128 KiB needs a header
// of three bytes and at least one byte of content. A header that promises
// more is damaged, and is refused before memory is reserved for it.
const maxRatio = 128 << 10 / 4

const (
	encoderWindow = 8 << 20
	decoderWindow = 32 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// The two coders hold a pool of states each and are safe for concurrent use.
// They are made when they are first needed: a run in which all is cached
// compresses nothing.
var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithWindowSize(encoderWindow),
		zstd.WithZeroFrames(true)) // nothing is content too
	if err != nil {
		panic(err) // only a wrong option can be the cause
	}
	return e
})

var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderMaxWindow(decoderWindow),
		zstd.WithDecoderMaxMemory(MaxObjectSize),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // only a wrong option can be the cause
	}
	return d
})

// Encode hashes and compresses content. The frame is what lies in the store:
// a skippable frame that tells the uncompressed size, and one zstd frame, so
// that `zstd -d` gives content. The compressed bytes may change with the
// release of the compressor; the digest does not.
func Encode(content []byte) Object {
	frame := make([]byte, headerSize, headerSize+len(content)/2+64)
	frame = encoder().EncodeAll(content, frame)
	body := frame[headerSize:]
	copy(frame, headerMagic)
	binary.LittleEndian.PutUint64(frame[12:], uint64(len(content)))
	binary.LittleEndian.PutUint64(frame[20:], uint64(len(body)))
	binary.LittleEndian.PutUint32(frame[28:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint32(frame[32:], crc32.Checksum(frame[:32], castagnoli))
	return Object{Digest: Sum(content), Size: int64(len(content)), Frame: frame}
}

// Decode returns the content of a frame after its SHA-256 was compared with
// d. Whatever is wrong with the frame is a *[DamagedError] (without a path).
// It takes no more memory than the checked header of the frame promises, and
// never more than [MaxObjectSize].
func Decode(d Digest, frame []byte) ([]byte, error) {
	damaged := func(format string, args ...any) error {
		return &DamagedError{Digest: d, Reason: fmt.Sprintf(format, args...)}
	}
	size, err := statFrame(frame, int64(len(frame)))
	if err != nil {
		return nil, damaged("%v", err)
	}
	body := frame[headerSize:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(frame[28:]) {
		return nil, damaged("checksum of the compressed bytes does not match")
	}
	var inner zstd.Header
	if err := inner.Decode(body); err != nil {
		return nil, damaged("zstd: %v", err)
	}
	if inner.Skippable || inner.HasFCS && inner.FrameContentSize != uint64(size) {
		return nil, damaged("the zstd frame does not hold the %d bytes that the header says", size)
	}
	// Room for a few bytes more spares the decompressor its slow path at
	// the end, and still is a limit that it cannot pass.
	content, err := decoder().DecodeAll(body, make([]byte, 0, size+64))
	if err != nil {
		return nil, damaged("zstd: %v", err)
	}
	if int64(len(content)) != size {
		return nil, damaged("content has %d bytes, its header says %d", len(content), size)
	}
	if got := Sum(content); got != d {
		return nil, damaged("SHA-256 of the content is %s", got)
	}
	return content[:size:size], nil
}

// parseHeader checks the header of a frame, of which it needs the first
// headerSize bytes only.
func parseHeader(frame []byte) (size, length int64, err error) {
	if len(frame) < headerSize {
		return 0, 0, fmt.Errorf("truncated: %d bytes", len(frame))
	}
	if string(frame[:len(headerMagic)]) != headerMagic {
		return 0, 0, fmt.Errorf("no frame header: begins with %x", frame[:len(headerMagic)])
	}
	if crc32.Checksum(frame[:32], castagnoli) != binary.LittleEndian.Uint32(frame[32:]) {
		return 0, 0, fmt.Errorf("checksum of the frame header does not match")
	}
	usize, ulength := binary.LittleEndian.Uint64(frame[12:]), binary.LittleEndian.Uint64(frame[20:])
	if usize > MaxObjectSize || ulength > 2*MaxObjectSize || usize/maxRatio > ulength {
		return 0, 0, fmt.Errorf("frame header says %d bytes from %d, which cannot be", usize, ulength)
	}
	return int64(usize), int64(ulength), nil
}

// statFrame checks the header of a frame and the length of the whole. It
// returns the uncompressed size.
func statFrame(header []byte, total int64) (int64, error) {
	size, length, err := parseHeader(header)
	if err != nil {
		return 0, err
	}
	if total != headerSize+length {
		return 0, fmt.Errorf("frame has %d bytes, its header says %d", total-headerSize, length)
	}
	return size, nil
}
