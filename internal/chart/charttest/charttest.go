// Package charttest reads figures back for the tests of the stages that draw
// them.
package charttest

import (
	"bytes"
	"compress/zlib"
	"encoding/xml"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"testing"
)

// Page is what a reader sees of an SVG.
type Page struct {
	Width, Height float64
	Shapes        []Shape
}

// Shape is the bounding box of a path, its control points included.
type Shape struct {
	Label    string // what a screen reader says; empty for what is not text
	Min, Max [2]float64
}

func (a Shape) in(width, height float64) bool {
	const half = 0.6 // of the thickest line
	return a.Min[0] >= -half && a.Min[1] >= -half && a.Max[0] <= width+half && a.Max[1] <= height+half
}

func (a Shape) overlaps(b Shape) bool {
	return a.Min[0] < b.Max[0] && b.Min[0] < a.Max[0] && a.Min[1] < b.Max[1] && b.Min[1] < a.Max[1]
}

// Faults says what is off the page and which texts overlap.
func (p Page) Faults() []string {
	var out []string
	for i, a := range p.Shapes {
		if !a.in(p.Width, p.Height) {
			out = append(out, fmt.Sprintf("%q reaches from %v to %v, off the page", a.Label, a.Min, a.Max))
		}
		for _, b := range p.Shapes[:i] {
			if a.Label != "" && b.Label != "" && a.overlaps(b) {
				out = append(out, fmt.Sprintf("%q and %q overlap", a.Label, b.Label))
			}
		}
	}
	return out
}

// Labels returns the texts in the order in which they were drawn.
func (p Page) Labels() []string {
	var out []string
	for _, s := range p.Shapes {
		if s.Label != "" {
			out = append(out, s.Label)
		}
	}
	return out
}

// Read parses an SVG as XML and its paths as numbers, so that a NaN, a cut
// number or an unknown command fails the test.
func Read(t *testing.T, b []byte) Page {
	t.Helper()
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Title   string `xml:"title"`
		Desc    string `xml:"desc"`
		Paths   []struct {
			Label string `xml:"aria-label,attr"`
			D     string `xml:"d,attr"`
		} `xml:"path"`
	}
	decoder := xml.NewDecoder(bytes.NewReader(b))
	if err := decoder.Decode(&doc); err != nil {
		t.Fatalf("SVG: %v", err)
	}
	if doc.Title == "" || doc.Desc == "" {
		t.Error("SVG without title or description")
	}
	box := numbers(t, doc.ViewBox)
	if len(box) != 4 {
		t.Fatalf("viewBox %q", doc.ViewBox)
	}
	p := Page{Width: box[2], Height: box[3]}
	for _, path := range doc.Paths[1:] { // after the white page
		s, ok := walk(t, path.D)
		if !ok {
			t.Fatalf("path %.60q", path.D)
		}
		s.Label = path.Label
		p.Shapes = append(p.Shapes, s)
	}
	return p
}

var (
	command = regexp.MustCompile(`[mlcz][^mlcz]*`)
	decimal = regexp.MustCompile(`-?(\d+(\.\d{1,2})?|\.\d{1,2})`)
)

// numbers returns the numbers of a text of numbers only.
func numbers(t *testing.T, text string) []float64 {
	t.Helper()
	if rest := bytes.TrimSpace(decimal.ReplaceAll([]byte(text), nil)); len(rest) > 0 {
		t.Fatalf("%q among numbers", rest)
	}
	var out []float64
	for _, s := range decimal.FindAllString(text, -1) {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// walk follows path data with relative coordinates.
func walk(t *testing.T, d string) (s Shape, ok bool) {
	t.Helper()
	var at, start [2]float64
	length := 0
	first := true
	for _, c := range command.FindAllString(d, -1) {
		length += len(c)
		n := numbers(t, c[1:])
		if len(n) != map[byte]int{'m': 2, 'l': 2, 'c': 6, 'z': 0}[c[0]] {
			return s, false
		}
		if c[0] == 'z' {
			at = start
			continue
		}
		from := at
		for i := 0; i < len(n); i += 2 {
			at = [2]float64{from[0] + n[i], from[1] + n[i+1]}
			for j := range at {
				if first || at[j] < s.Min[j] {
					s.Min[j] = at[j]
				}
				if first || at[j] > s.Max[j] {
					s.Max[j] = at[j]
				}
			}
			first = false
		}
		if c[0] == 'm' {
			start = at
		}
	}
	return s, length == len(d) && !first
}

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
