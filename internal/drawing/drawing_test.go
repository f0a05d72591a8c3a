package drawing

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	red  = color.NRGBA{R: 255, A: 255}
	blue = color.NRGBA{B: 255, A: 51}
)

func example() *Drawing {
	d := New(100, 50)
	d.Title, d.Description = "a < b & ℒ", "two things"
	d.FillLabelled(Rectangle(Point{10, 10}, Point{30, 40.125}), red, `"x" & y`)
	d.Stroke(Polyline(Point{0, 25}, Point{50, 25.004}, Point{50, 25}, Point{100, 0}), Stroke{Color: blue, Width: 2.5, Dash: []float64{3, .5}})
	d.Fill(Circle(Point{75, 25}, 10), red)
	return d
}

func TestSVG(t *testing.T) {
	b, err := example().SVG()
	if err != nil {
		t.Fatal(err)
	}
	want := `<svg xmlns="http://www.w3.org/2000/svg" width="100pt" height="50pt" viewBox="0 0 100 50" role="img">
<title>a &lt; b &amp; ℒ</title>
<desc>two things</desc>
<path fill="#fff" d="M0 0h100v50H0z"/>
<path role="img" aria-label="&#34;x&#34; &amp; y" fill="#ff0000" d="m10 10l20 0l0 30.13l-20 0z"/>
<path fill="none" stroke="#0000ff" stroke-opacity="0.200" stroke-width="2.5" stroke-linejoin="round" stroke-dasharray="3 .5" d="m0 25l50 0l50-25"/>
<path fill="#ff0000" d="m85 25c0 5.52-4.48 10-10 10c-5.52 0-10-4.48-10-10c0-5.52 4.48-10 10-10c5.52 0 10 4.48 10 10z"/>
</svg>
`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("SVG (-want +got):\n%s", diff)
	}
	if err := xml.Unmarshal(b, new(struct{})); err != nil {
		t.Errorf("not XML: %v", err)
	}
}

// TestText: an SVG has words as text and titles, the other formats outlines.
func TestText(t *testing.T) {
	d := New(100, 50)
	d.FillTitled(Rectangle(Point{10, 10}, Point{30, 40}), red, "a < b\nc")
	d.Write(Text{Content: "x & y", Outline: Rectangle(Point{0, -5}, Point{20, 0}), Size: 7, Width: 20, Bold: true}, Point{40, 30}, blue)
	b, err := d.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`d="m10 10l20 0l0 30l-20 0z"><title>a &lt; b&#xA;c</title></path>`,
		`<text x="40" y="30" font-family="STIX Two Text,Times New Roman,serif" font-size="7" textLength="20" lengthAdjust="spacingAndGlyphs" font-weight="bold" fill="#0000ff" fill-opacity="0.200">x &amp; y</text>`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in\n%s", want, b)
		}
	}
	if strings.Count(string(b), "<path") != 2 { // the page and the rectangle
		t.Errorf("the SVG has outlines of letters:\n%s", b)
	}
	content, err := d.PNG(72)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, b, _ := img.At(50, 27).RGBA(); r >= b {
		t.Error("the PNG has no outlines of letters")
	}
}

func TestPDF(t *testing.T) {
	b, err := example().PDF()
	if err != nil {
		t.Fatal(err)
	}
	// Each offset of the cross-reference table is where its object begins.
	at, err := strconv.Atoi(string(regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(b)[1]))
	if err != nil || !bytes.HasPrefix(b[at:], []byte("xref\n0 6\n")) {
		t.Fatalf("no table at %d: %v", at, err)
	}
	for i, m := range regexp.MustCompile(`(\d{10}) 00000 n \n`).FindAllSubmatch(b[at:], -1) {
		offset, err := strconv.Atoi(string(m[1]))
		if want := strconv.Itoa(i+1) + " 0 obj\n"; err != nil || !bytes.HasPrefix(b[offset:], []byte(want)) {
			t.Errorf("object %d is not at %s", i+1, m[1])
		}
	}
	m := regexp.MustCompile(`(?s)<</Length (\d+)/Filter/FlateDecode>>\nstream\n(.*)\nendstream`).FindSubmatch(b)
	if length, err := strconv.Atoi(string(m[1])); err != nil || length != len(m[2]) {
		t.Errorf("stream of %d bytes says %s", len(m[2]), m[1])
	}
	r, err := zlib.NewReader(bytes.NewReader(m[2]))
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `1 j
/A0 gs
1.000 0.000 0.000 rg
10 40 m
30 40 l
30 9.87 l
10 9.87 l
h
f
/A1 gs
0.000 0.000 1.000 RG
2.5 w [3 .5 ] 0 d
0 25 m
50 25 l
100 50 l
S
`
	if got, _, _ := strings.Cut(string(page), "/A0 gs\n1.000 0.000 0.000 rg\n85"); got != want {
		t.Errorf("page (-want +got):\n%s", cmp.Diff(want, got))
	}
	for _, s := range []string{"/MediaBox[0 0 100 50]", "/A0<</CA 1.000/ca 1.000>>/A1<</CA 0.200/ca 0.200>>", "/Title <FEFF00610020003C"} {
		if !bytes.Contains(b, []byte(s)) {
			t.Errorf("no %s in the PDF", s)
		}
	}
	if bytes.Contains(b, []byte("Date")) || bytes.Contains(b, []byte("/ID")) {
		t.Error("the PDF has a date or an id")
	}
}

func TestPNG(t *testing.T) {
	b, err := example().PNG(144)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if got := img.Bounds().Size(); got.X != 200 || got.Y != 100 {
		t.Fatalf("%v pixels", got)
	}
	for _, c := range []struct {
		x, y int
		want color.RGBA
	}{
		{2, 2, color.RGBA{255, 255, 255, 255}},
		{40, 30, color.RGBA{255, 0, 0, 255}},     // in the rectangle
		{40, 90, color.RGBA{255, 255, 255, 255}}, // below it
		{3, 50, color.RGBA{204, 204, 255, 255}},  // on the line, a fifth blue
		{6, 50, color.RGBA{255, 255, 255, 255}},  // in its gap
		{150, 50, color.RGBA{255, 0, 0, 255}},    // in the circle
	} {
		r, g, b, a := img.At(c.x, c.y).RGBA()
		got := color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}
		for _, d := range []int{int(got.R) - int(c.want.R), int(got.G) - int(c.want.G), int(got.B) - int(c.want.B)} {
			if d < -2 || d > 2 {
				t.Errorf("pixel %d, %d is %v, want %v", c.x, c.y, got, c.want)
				break
			}
		}
	}
	// 144 pixels per inch are 5669.3 per metre.
	if want := "\x00\x00\x00\tpHYs\x00\x00\x16%\x00\x00\x16%\x01"; !bytes.Contains(b, []byte(want)) {
		t.Errorf("no chunk %q in the PNG", want)
	}
	for _, dpi := range []int{0, 5000} {
		if _, err := example().PNG(dpi); err == nil {
			t.Errorf("%d pixels per inch were accepted", dpi)
		}
	}
}

// TestBytes: the files are the same with every processor and version of Go.
func TestBytes(t *testing.T) {
	d := example()
	for i := range 40 {
		var wave []Point
		for x := range 100 {
			wave = append(wave, Point{X: float64(x), Y: 25 + float64((x*x*i)%41)/2})
		}
		d.Stroke(Polyline(wave...), Stroke{Color: color.NRGBA{R: uint8(6 * i), B: 90, A: 120}, Width: 0.37, Dash: []float64{3.1, 1.7}})
	}
	png := func() ([]byte, error) { return d.PNG(300) }
	for _, format := range []struct {
		name, want string
		write      func() ([]byte, error)
	}{
		{"SVG", "1f01dfe2297d36a0b9cdb980d52dd90bdc178253bb9caefb0eae9e4a251775c5", d.SVG},
		{"PDF", "963ee321424b0c360698a55c9cd8e60210955615ee1a6887b8b5414cf3bc095a", d.PDF},
		{"PNG", "e25945c4aeba74e88177eda30aa8d2235334d5d05130aef3902f7ca768160b75", png},
	} {
		b, err := format.write()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != format.want {
			t.Errorf("the digest of the %s is %s, want %s", format.name, got, format.want)
		}
	}
}

func TestTurned(t *testing.T) {
	d := New(20, 20)
	var p Path
	p.Append(Polyline(Point{0, 0}, Point{5, 0}, Point{5, -2}).Turned(), Point{10, 15})
	d.Stroke(p, Stroke{Color: red, Width: 1})
	b, err := d.SVG()
	if err != nil {
		t.Fatal(err)
	}
	// What ran to the right runs up, and up becomes left.
	if !strings.Contains(string(b), `d="m10 15l0-5l-2 0"`) {
		t.Errorf("turned into %s", b)
	}
}

func TestBadCoordinates(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e6} {
		d := New(10, 10)
		d.Fill(Circle(Point{X: v}, 1), red)
		if d.Err() == nil {
			t.Errorf("coordinate %v was accepted", v)
		}
		if _, err := d.SVG(); err == nil {
			t.Errorf("%v: written as SVG", v)
		}
		if _, err := d.PDF(); err == nil {
			t.Errorf("%v: written as PDF", v)
		}
		if _, err := d.PNG(72); err == nil {
			t.Errorf("%v: written as PNG", v)
		}
	}
	if New(0, 10).Err() == nil {
		t.Error("a page without width was accepted")
	}
}

func TestNumbers(t *testing.T) {
	for c, want := range map[coord]string{0: "0", 5: ".05", 50: ".5", 100: "1", -1: "-.01", -120: "-1.2", 123456: "1234.56"} {
		if got := string(c.append(nil)); got != want {
			t.Errorf("%d hundredths are %q, want %q", c, got, want)
		}
	}
}
