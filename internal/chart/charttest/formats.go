package charttest

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/draw"
	"image/png"
	"io"
	"testing"
)

// PDFPage returns the drawing commands of a PDF, without their compression.
func PDFPage(t *testing.T, b []byte) []byte {
	t.Helper()
	_, rest, found := bytes.Cut(b, []byte("\nstream\n"))
	r, err := zlib.NewReader(bytes.NewReader(rest))
	if !found || err != nil {
		t.Fatalf("no page in the PDF: %v", err)
	}
	page, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// Pixels returns the picture of a PNG, without its compression.
func Pixels(t *testing.T, b []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Bounds(), img, image.Point{}, draw.Src)
	return out.Pix
}
