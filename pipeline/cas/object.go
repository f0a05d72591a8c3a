package cas

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// maxObjectSize is the largest uncompressed content of one object in bytes.
// It bounds what a damaged or hostile frame can make decode allocate.
const maxObjectSize = 4 << 30

// An object whose frame has at most smallFrame bytes lies in a segment, where
// it costs no file and no sync of its own.
const smallFrame = 2 << 10

const (
	encoderWindow = 8 << 20
	decoderWindow = 32 << 20
	maxBlock      = 128 << 10 // content of one block of a zstd frame
)

// Object is content that is ready to be committed: hashed and compressed, so
// that the costly work is done in parallel by those that make the content,
// before anyone waits for a disk.
type Object struct {
	Digest Digest
	Size   int64  // uncompressed, bytes
	Frame  []byte // one zstd frame with the size and a checksum of the content
}

// Small reports whether the object lies in a segment, and so shares its syncs with
// all of a batch.
func (o *Object) Small() bool { return len(o.Frame) <= smallFrame }

// The coders hold a pool of states each and are safe for concurrent use. They
// are made when they are first needed: a run in which all is cached compresses
// nothing. Content of a single segment has its size in every header, but its
// reader needs memory for all of it.
//
// Small content is compressed at the fastest level: preparing the tables of the usual
// one would take three times as long as the rest.
var (
	smallEncoder = sync.OnceValue(func() *zstd.Encoder {
		return newEncoder(zstd.WithSingleSegment(true), zstd.WithEncoderLevel(zstd.SpeedFastest))
	})
	encoder      = sync.OnceValue(func() *zstd.Encoder { return newEncoder(zstd.WithSingleSegment(true)) })
	largeEncoder = sync.OnceValue(func() *zstd.Encoder { return newEncoder() })
)

func newEncoder(options ...zstd.EOption) *zstd.Encoder {
	e, err := zstd.NewWriter(nil, append(options,
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithWindowSize(encoderWindow),
		zstd.WithZeroFrames(true))...) // nothing is content too
	if err != nil {
		panic(err) // only a wrong option can be the cause
	}
	return e
}

var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderMaxWindow(decoderWindow),
		zstd.WithDecoderMaxMemory(maxObjectSize),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // only a wrong option can be the cause
	}
	return d
})

// Encode hashes and compresses content. The compressed bytes may change with
// the release of the compressor; the digest does not.
func Encode(content []byte) Object {
	e := encoder
	switch {
	case len(content) <= smallFrame:
		e = smallEncoder
	case len(content) > encoderWindow:
		e = largeEncoder
	}
	frame := e().EncodeAll(content, make([]byte, 0, len(content)/2+64))
	return Object{Digest: Sum(content), Size: int64(len(content)), Frame: frame}
}

// decode returns the content of a frame after its SHA-256 was compared with o.
// Whatever is wrong with the frame is a *[DamagedError] (without a path). It
// takes no more memory than the blocks of the frame can hold.
func decode(o Digest, frame []byte) ([]byte, error) {
	damaged := func(format string, args ...any) error {
		return &DamagedError{Digest: o, Reason: fmt.Sprintf(format, args...)}
	}
	size, err := statFrame(bytesReader(frame), int64(len(frame)))
	if err != nil {
		return nil, damaged("%v", err)
	}
	// A few spare bytes keep the decompressor off its slow path at the end,
	// and still are a limit that it cannot pass.
	content, err := decoder().DecodeAll(frame, make([]byte, 0, size+64))
	if err != nil {
		return nil, damaged("zstd: %v", err)
	}
	if int64(len(content)) != size {
		return nil, damaged("content has %d bytes, its header says %d", len(content), size)
	}
	if got := Sum(content); got != o {
		return nil, damaged("SHA-256 of the content is %s", got)
	}
	return content[:size:size], nil
}

func bytesReader(b []byte) io.ReaderAt { return bytes.NewReader(b) }

// frameError says why bytes are not a frame that the store has written.
type frameError string

func (e frameError) Error() string { return string(e) }

func badFrame(format string, args ...any) error { return frameError(fmt.Sprintf(format, args...)) }

// statFrame returns the size that the header of a zstd frame tells, after it
// went from block to block: they must end where the frame ends, with its
// checksum, and be able to hold that size. It reads no content.
func statFrame(r io.ReaderAt, total int64) (size int64, err error) {
	start, err := readRange(r, 0, min(total, zstd.HeaderMaxSize))
	if err != nil {
		return 0, err
	}
	var header zstd.Header
	if err := header.Decode(start); err != nil {
		return 0, badFrame("no zstd frame in %d bytes: %v", total, err)
	}
	checksum := int64(4)
	if header.FrameContentSize == 0 && !header.HasCheckSum {
		checksum = 0 // the compressor finds no content not worth one
	} else if !header.HasCheckSum {
		return 0, badFrame("zstd frame without a checksum")
	}
	const foreign = 0x1b // bits of the descriptor that are never set: unused, reserved, dictionary
	if header.Skippable || !header.HasFCS || header.FrameContentSize > maxObjectSize || start[4]&foreign != 0 {
		return 0, badFrame("zstd frame of another kind than the store writes")
	}
	var room uint64 // for content
	at := int64(header.HeaderSize)
	for last := false; !last; {
		var b [4]byte
		if err := readFull(r, at, b[:3]); err != nil {
			return 0, fmt.Errorf("truncated: %d bytes: %w", total, err)
		}
		block := binary.LittleEndian.Uint32(b[:])
		last = block&1 != 0
		n, kind := int64(block>>3), block>>1&3
		switch kind {
		case 0: // as it is
			room += uint64(n)
		case 1: // one byte, repeated
			room += uint64(n)
			n = 1
		default:
			room += maxBlock
		}
		at += 3 + n
	}
	if at+checksum != total {
		return 0, badFrame("the zstd frame ends at byte %d of %d", at+checksum, total)
	}
	if header.FrameContentSize > room {
		return 0, badFrame("the zstd frame cannot hold the %d bytes that its header says", header.FrameContentSize)
	}
	return int64(header.FrameContentSize), nil
}
