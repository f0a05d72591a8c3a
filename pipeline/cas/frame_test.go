package cas_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os/exec"
	"runtime"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// seal puts right sizes and checksums into the header of a frame, so that
// what lies behind it reaches the decompressor.
func seal(frame []byte, size uint64) []byte {
	frame = bytes.Clone(frame)
	body := frame[36:]
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.LittleEndian.PutUint64(frame[12:], size)
	binary.LittleEndian.PutUint64(frame[20:], uint64(len(body)))
	binary.LittleEndian.PutUint32(frame[28:], crc32.Checksum(body, table))
	binary.LittleEndian.PutUint32(frame[32:], crc32.Checksum(frame[:32], table))
	return frame
}

func TestFrame(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 1024, 1025, 1 << 17, 8<<20 + 1} {
		for _, content := range [][]byte{castest.Content(uint64(n), n), make([]byte, n)} {
			o := cas.Encode(content)
			if o.Size != int64(n) || o.Digest != cas.Sum(content) {
				t.Errorf("%d bytes: object says %d bytes, %s", n, o.Size, o.Digest)
			}
			got, err := cas.Decode(o.Digest, o.Frame)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes: other bytes came back, %v", n, err)
			}
			if cap(got) != len(got) {
				t.Errorf("%d bytes: appending to the content would write behind it", n)
			}
		}
	}
}

func TestFrameZstd(t *testing.T) {
	zstd, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("no zstd program to compare with:", err)
	}
	for _, n := range []int{0, 1, 5000, 9 << 20} {
		content := castest.Content(1, n)
		cmd := exec.Command(zstd, "-dc")
		cmd.Stdin = bytes.NewReader(cas.Encode(content).Frame)
		got, err := cmd.Output()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: zstd -d gives %d other bytes, %v", n, len(got), err)
		}
	}
}

func TestDecodeDamaged(t *testing.T) {
	content := castest.Content(1, 3000)
	o := cas.Encode(content)
	check := func(what string, i int, frame []byte) {
		t.Helper()
		got, err := cas.Decode(o.Digest, frame)
		var damaged *cas.DamagedError
		if !errors.As(err, &damaged) || got != nil || damaged.Digest != o.Digest {
			t.Errorf("%s %d: %d bytes, %v, want a DamagedError", what, i, len(got), err)
		}
	}
	for i := range 8 * len(o.Frame) {
		frame := bytes.Clone(o.Frame)
		frame[i/8] ^= 1 << (i % 8)
		check("bit", i, frame)
	}
	for i := range o.Frame {
		check("length", i, o.Frame[:i])
	}
	check("longer by", 1, append(bytes.Clone(o.Frame), 0))
	check("sealed longer by", 1, seal(append(bytes.Clone(o.Frame), 0), 3000))
	check("sealed twice", 2, seal(append(bytes.Clone(o.Frame), o.Frame[36:]...), 3000))
	check("sealed twice", 2, seal(append(bytes.Clone(o.Frame), o.Frame[36:]...), 6000))
	for _, size := range []uint64{0, 2999, 3001, 1 << 20, 1 << 32, 1<<32 + 1, 1 << 63} {
		check("sealed size", int(size), seal(o.Frame, size))
	}
}

// A frame whose header promises little and whose content is much, or the
// other way round, must not take memory for it.
func TestDecodeBomb(t *testing.T) {
	bomb := cas.Encode(make([]byte, 64<<20))
	if len(bomb.Frame) > 16<<10 {
		t.Fatalf("no bomb: %d bytes", len(bomb.Frame))
	}
	for _, size := range []uint64{1000, 1 << 20, 1 << 31} {
		frame := seal(bomb.Frame, size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := cas.Decode(bomb.Digest, frame)
		runtime.ReadMemStats(&after)
		var damaged *cas.DamagedError
		if !errors.As(err, &damaged) {
			t.Errorf("size %d: %v, want a DamagedError", size, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Errorf("size %d: decoding took %d bytes", size, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, n := range []int{0, 1, 100, 2000, 1 << 18} {
		o := cas.Encode(castest.Content(1, min(n, 2000))) // short, since inputs are minimized
		f.Add(o.Frame, uint32(o.Size))
		zeros := cas.Encode(make([]byte, n))
		f.Add(zeros.Frame, uint32(n))
	}
	f.Fuzz(func(t *testing.T, frame []byte, size uint32) {
		frames := [][]byte{frame}
		if len(frame) >= 36 && size < 1<<20 {
			// Damage that the checksums would stop is the rarer guest in the
			// decompressor, so let it in.
			sealed := append(bytes.Clone(cas.Encode(nil).Frame[:36]), frame[36:]...)
			frames = append(frames, seal(sealed, uint64(size)))
		}
		for _, frame := range frames {
			content, err := cas.Decode(cas.Sum(nil), frame)
			var damaged *cas.DamagedError
			if err == nil && len(content) != 0 {
				t.Errorf("content %q passes for nothing", content)
			}
			if err != nil && !errors.As(err, &damaged) {
				t.Errorf("error of another type: %v", err)
			}
		}
	})
}
