// Package drawing holds a drawing as filled and stroked paths and writes it as
// SVG, PDF and PNG.
//
// Letters are outlines (package mathtext), so a figure looks the same in every
// viewer and needs no font there; [Drawing.Write] alone adds text that an SVG keeps
// as such, so that a viewer can search it. All
// coordinates are in points (1/72 inch) from the upper left corner, y pointing
// down, and are rounded to hundredths of a point when they enter the drawing:
// the last bits of a computation cannot show in the files. No writer uses the
// time, the host, a random number or a library whose output depends on the
// processor or on the version of Go, so equal drawings give equal bytes.
package drawing

import (
	"fmt"
	"image/color"
	"math"
)

// Drawing is a page and what lies on it, later items on top of earlier ones.
type Drawing struct {
	// Title and Description go into the files, for screen readers and for
	// programs that list files.
	Title, Description string

	width, height coord
	items         []item
	err           error
}

// Stroke says how a line is drawn. Ends are butt, joins are round.
type Stroke struct {
	Color color.NRGBA
	Width float64   // in points
	Dash  []float64 // lengths of dashes and gaps in points, in turn; none for a solid line
}

// item is one path; it is filled where stroke is nil.
type item struct {
	path   []segment
	color  color.NRGBA
	stroke *stroke
	label  string
	title  string // shown by viewers of an SVG that point at it
	words  *words // in an SVG in place of the path
	drawn  bool   // left out of an SVG
}

// words is a line of text: where its baseline begins, the size of its letters and
// its width.
type words struct {
	x, y, size, width coord
	bold              bool
}

type stroke struct {
	width coord
	dash  []coord
}

// New returns an empty drawing of that size in points on a white page.
func New(width, height float64) *Drawing {
	d := &Drawing{}
	d.width, d.height = d.round(width), d.round(height)
	if d.err == nil && (d.width <= 0 || d.height <= 0) {
		d.err = fmt.Errorf("drawing: a drawing of %v by %v points has no area", width, height)
	}
	return d
}

// Size returns the width and the height in points.
func (d *Drawing) Size() (width, height float64) {
	return d.width.points(), d.height.points()
}

// Fill adds the inside of p by the non-zero winding rule.
func (d *Drawing) Fill(p Path, c color.NRGBA) { d.FillLabelled(p, c, "") }

// FillLabelled is Fill for a path that stands for words, such as the outlines
// of a text: label is what a screen reader says instead.
func (d *Drawing) FillLabelled(p Path, c color.NRGBA, label string) {
	if path := d.roundPath(p); len(path) > 0 {
		d.items = append(d.items, item{path: path, color: c, label: label})
	}
}

// FillTitled is Fill for a path with a title, which viewers of an SVG show where
// the pointer is and find in a search.
func (d *Drawing) FillTitled(p Path, c color.NRGBA, title string) {
	if path := d.roundPath(p); len(path) > 0 {
		d.items = append(d.items, item{path: path, color: c, title: title})
	}
}

// Text is a line of text with its outline, which begins at x = 0 on the baseline
// y = 0.
type Text struct {
	Content     string
	Outline     Path
	Size, Width float64 // of the letters and of the line, in points
	Bold        bool
}

// Write adds text at a place, where its baseline begins. PDF and PNG have its
// outlines, the SVG the text itself, stretched to the width of the outlines.
func (d *Drawing) Write(t Text, at Point, c color.NRGBA) {
	const pen = 0.028 // of the size: the line around bold letters
	var p Path
	p.Append(t.Outline, at)
	path := d.roundPath(p)
	if len(path) == 0 {
		return
	}
	w := &words{x: d.round(at.X), y: d.round(at.Y), size: d.round(t.Size), width: d.round(t.Width), bold: t.Bold}
	d.items = append(d.items, item{path: path, color: c, label: t.Content, words: w})
	if t.Bold {
		d.items = append(d.items, item{path: path, color: c, stroke: &stroke{width: d.round(float64(pen * t.Size))}, drawn: true})
	}
}

// Stroke adds the line along p.
func (d *Drawing) Stroke(p Path, s Stroke) {
	path := d.roundPath(p)
	if len(path) == 0 {
		return
	}
	st := &stroke{width: d.round(s.Width)}
	for _, v := range s.Dash {
		st.dash = append(st.dash, d.round(v))
	}
	d.items = append(d.items, item{path: path, color: s.Color, stroke: st})
}

// Err returns the first error of what was drawn: a coordinate that is not a
// number or lies off every page. The writers return it too.
func (d *Drawing) Err() error { return d.err }

// coord is a length in hundredths of a point.
type coord int32

func (c coord) points() float64 { return float64(c) / 100 }

// limit is the largest coordinate in points; PDF readers stop at 14400.
const limit = 14400

func (d *Drawing) round(v float64) coord {
	if !(v >= -limit && v <= limit) {
		if d.err == nil {
			d.err = fmt.Errorf("drawing: coordinate %v is not between -%d and %d points", v, limit, limit)
		}
		return 0
	}
	return coord(math.Round(v * 100))
}

// append writes c in points, without trailing zeros.
func (c coord) append(b []byte) []byte {
	if c < 0 {
		b, c = append(b, '-'), -c
	}
	whole, part := c/100, c%100
	if whole > 0 || part == 0 {
		b = fmt.Appendf(b, "%d", whole)
	}
	if part > 0 {
		b = append(b, '.', byte('0'+part/10))
		if part%10 > 0 {
			b = append(b, byte('0'+part%10))
		}
	}
	return b
}
