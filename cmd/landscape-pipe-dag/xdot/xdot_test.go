package xdot

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// draw draws a layout that Graphviz made of a file of pipeline/dagviz.
func draw(t *testing.T, name string) (*Layout, *drawing.Drawing) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Draw()
	if err != nil {
		t.Fatal(err)
	}
	return l, d
}

// TestSVG looks for every edge, node and word of the layout in the picture.
func TestSVG(t *testing.T) {
	for _, name := range []string{"collapsed.json", "full.json"} {
		l, d := draw(t, name)
		svg, err := Picture(d, "svg")
		if err != nil {
			t.Fatal(err)
		}
		text := string(svg)
		// Of an edge, the line and the outline of the arrow head are stroked,
		// of a node its border.
		if have, want := strings.Count(text, `stroke-width="1.1"`)+strings.Count(text, `stroke-width=".8"`), 2*len(l.Edges); have != want {
			t.Errorf("%s: %d lines of edges, want %d", name, have, want)
		}
		if have := strings.Count(text, `stroke-width="1.2"`); have != len(l.Objects) {
			t.Errorf("%s: %d borders, want %d", name, have, len(l.Objects))
		}
		if have := strings.Count(text, "<title>"); have != len(l.Objects)+1 { // and the page's
			t.Errorf("%s: %d titles, want %d", name, have, len(l.Objects)+1)
		}
		if !strings.Contains(text, "&#xA;reads images, labels of fetch</title>") && name == "collapsed.json" {
			t.Errorf("%s: no title says what a node reads", name)
		}
		if width, _ := d.Size(); width > 1200 {
			t.Errorf("%s is %v points wide", name, width)
		}
		for _, want := range []string{"fetch", "train", "tables", "cached", "waiting"} {
			if !regexp.MustCompile(`>[^<]*` + want + `[^<]*</text>`).MatchString(text) {
				t.Errorf("%s has no text with %q", name, want)
			}
		}
	}
}

// TestPNG counts pixels of each part of a small layout: none may be lost.
func TestPNG(t *testing.T) {
	l, err := Parse([]byte(`{"bb":"0,0,100,100",
		"objects":[{"_draw_":[{"op":"c","color":"#0000ff"},{"op":"C","color":"#00ff00"},{"op":"E","rect":[50,80,30,15]}]}],
		"edges":[{"_draw_":[{"op":"S","style":"setlinewidth(4)"},{"op":"c","color":"#ff0000"},
			{"op":"B","points":[[50,65],[50,50],[50,40],[50,20]]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Draw()
	if err != nil {
		t.Fatal(err)
	}
	content, err := Picture(d, "png")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	scale := float64(picture.Bounds().Dx()) / (100 + 2*margin)
	area := scale * scale // pixels of a square point
	for _, part := range []struct {
		name  string
		color color.RGBA
		want  float64 // square points
	}{
		{"edge", color.RGBA{R: 255, A: 255}, 45 * 4},
		{"node", color.RGBA{G: 255, A: 255}, 3.1416 * 30 * 15},
	} {
		have := float64(count(picture, part.color)) / area
		if have < 0.85*part.want || have > 1.05*part.want {
			t.Errorf("%s covers %.0f square points, want about %.0f", part.name, have, part.want)
		}
	}
}

func count(picture image.Image, c color.RGBA) int {
	n := 0
	r, g, b, _ := c.RGBA()
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			if pr, pg, pb, _ := picture.At(x, y).RGBA(); pr == r && pg == g && pb == b {
				n++
			}
		}
	}
	return n
}

func TestPDF(t *testing.T) {
	_, d := draw(t, "collapsed.json")
	content, err := Picture(d, "pdf")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.Contains(content, []byte("%%EOF")) {
		t.Errorf("no PDF: %.20q", content)
	}
}

func TestErrors(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":       `digraph {}`,
		"box":           `{"bb":"0,0,1"}`,
		"operation":     `{"bb":"0,0,1,1","objects":[{"_draw_":[{"op":"I"}]}]}`,
		"colour":        `{"bb":"0,0,1,1","objects":[{"_draw_":[{"op":"c","color":"red"}]}]}`,
		"curve":         `{"bb":"0,0,1,1","edges":[{"_draw_":[{"op":"B","points":[[0,0],[1,1]]}]}]}`,
		"not a number":  `{"bb":"0,0,1,1","edges":[{"_draw_":[{"op":"S","style":"setlinewidth(x)"}]}]}`,
		"nothing there": `{}`,
	} {
		l, err := Parse([]byte(text))
		if err == nil {
			_, err = l.Draw()
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
