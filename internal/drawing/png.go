package drawing

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"math"

	"github.com/klauspost/compress/zlib"
)

// PNG draws the drawing with that many pixels per inch, with antialiasing. The
// file says its resolution, so that programs show and print it at its size.
//
// Filters and compression are chosen here and in a module of a fixed version,
// not in the standard library: another version of Go gives the same bytes.
func (d *Drawing) PNG(dpi int) ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	if dpi < 1 || dpi > 2400 {
		return nil, fmt.Errorf("drawing: %d pixels per inch: want 1 to 2400", dpi)
	}
	img := d.raster(float64(dpi) / 72)
	data, err := compress(scanlines(img))
	if err != nil {
		return nil, err
	}
	const (
		deep      = 8 // bits per channel
		truecolor = 2 // red, green, blue
		metre     = 1 // the unit of the resolution
	)
	header := binary.BigEndian.AppendUint32(nil, uint32(img.Rect.Dx()))
	header = binary.BigEndian.AppendUint32(header, uint32(img.Rect.Dy()))
	header = append(header, deep, truecolor, 0, 0, 0)
	perMetre := uint32(math.Floor(float64(float64(dpi)/0.0254) + 0.5))
	resolution := binary.BigEndian.AppendUint32(nil, perMetre)
	resolution = append(binary.BigEndian.AppendUint32(resolution, perMetre), metre)

	b := []byte("\x89PNG\r\n\x1a\n")
	b = appendChunk(b, "IHDR", header)
	b = appendChunk(b, "pHYs", resolution)
	b = appendChunk(b, "IDAT", data)
	return appendChunk(b, "IEND", nil), nil
}

// appendChunk adds a chunk of a PNG file: its length, its type, its data and a
// checksum of the last two.
func appendChunk(b []byte, kind string, data []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	start := len(b)
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// scanlines returns the rows of an opaque image, each after the byte that names
// its filter: 2, the difference to the row above, which is 0 in most places.
func scanlines(img *image.RGBA) []byte {
	const up = 2
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := make([]byte, 0, h*(1+3*w))
	above := make([]byte, 4*w)
	for y := range h {
		row := img.Pix[y*img.Stride:][:4*w]
		out = append(out, up)
		for x := 0; x < 4*w; x += 4 {
			out = append(out, row[x]-above[x], row[x+1]-above[x+1], row[x+2]-above[x+2])
		}
		above = row
	}
	return out
}

// compress writes b in the format of zlib.
func compress(b []byte) ([]byte, error) {
	var z bytes.Buffer
	w, err := zlib.NewWriterLevel(&z, zlib.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("drawing: compress: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return nil, fmt.Errorf("drawing: compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("drawing: compress: %w", err)
	}
	return z.Bytes(), nil
}
