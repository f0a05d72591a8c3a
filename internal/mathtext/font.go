package mathtext

import (
	"fmt"
	"sync"

	"codeberg.org/go-fonts/stix/stix2mathregular"
	"codeberg.org/go-fonts/stix/stix2textitalic"
	"codeberg.org/go-fonts/stix/stix2textregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// face is a parsed font. Its methods are safe for concurrent use.
type face struct {
	font  *sfnt.Font
	units fixed.Int26_6 // units per em; at this size outlines are exact
}

// faces are parsed when the first label is set, not when the program starts.
var faces = [...]func() (*face, error){
	upright: sync.OnceValues(func() (*face, error) { return newFace("STIX Two Text", stix2textregular.TTF) }),
	italic:  sync.OnceValues(func() (*face, error) { return newFace("STIX Two Text Italic", stix2textitalic.TTF) }),
	symbol:  sync.OnceValues(func() (*face, error) { return newFace("STIX Two Math", stix2mathregular.TTF) }),
}

func newFace(name string, data []byte) (*face, error) {
	f, err := sfnt.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("font %s: %w", name, err)
	}
	return &face{font: f, units: fixed.I(int(f.UnitsPerEm()))}, nil
}

// shape is the outline of a character at some size, in points.
type shape struct {
	outline     drawing.Path
	advance     float64
	minY, maxY  float64 // y down
	maxX        float64
	inked       bool
	index       sfnt.GlyphIndex // 0 for a character that its own font lacks
	kernedAfter float64         // kerning with the character before it
}

// load returns the shape of g at size points, a stand-in if no font has it.
// previous is the character of the same font before it, or 0.
func load(buf *sfnt.Buffer, g glyph, size float64, previous sfnt.GlyphIndex) (shape, error) {
	f, err := faces[g.style]()
	if err != nil {
		return shape{}, err
	}
	index, err := f.font.GlyphIndex(buf, g.r)
	if err != nil {
		return shape{}, fmt.Errorf("character %q: %w", g.r, err)
	}
	switch {
	case index == 0 && g.style != symbol: // the mathematics font has more characters
		s, err := load(buf, glyph{g.r, symbol}, size, 0)
		s.index = 0
		return s, err
	case index == 0:
		return standIn(size), nil
	}
	scale := size / float64(f.units)
	points := func(v fixed.Int26_6) float64 { return float64(float64(v) * scale) }

	s := shape{index: index}
	advance, err := f.font.GlyphAdvance(buf, index, f.units, font.HintingNone)
	if err != nil {
		return shape{}, fmt.Errorf("character %q: %w", g.r, err)
	}
	s.advance = points(advance)
	if previous != 0 {
		// A font without that pair returns an error.
		if kern, err := f.font.Kern(buf, previous, index, f.units, font.HintingNone); err == nil {
			s.kernedAfter = points(kern)
		}
	}

	segments, err := f.font.LoadGlyph(buf, index, f.units, nil)
	if err != nil {
		return shape{}, fmt.Errorf("character %q: %w", g.r, err)
	}
	var last drawing.Point
	at := func(p fixed.Point26_6) drawing.Point { return drawing.Point{X: points(p.X), Y: points(p.Y)} }
	open := false
	for _, seg := range segments {
		switch seg.Op {
		case sfnt.SegmentOpMoveTo:
			if open {
				s.outline.Close()
			}
			open, last = true, at(seg.Args[0])
			s.outline.MoveTo(last)
		case sfnt.SegmentOpLineTo:
			last = at(seg.Args[0])
			s.outline.LineTo(last)
		case sfnt.SegmentOpQuadTo:
			q, end := at(seg.Args[0]), at(seg.Args[1])
			s.outline.CubicTo(between(last, q), between(end, q), end)
			last = end
		case sfnt.SegmentOpCubeTo:
			last = at(seg.Args[2])
			s.outline.CubicTo(at(seg.Args[0]), at(seg.Args[1]), last)
		}
	}
	if open {
		s.outline.Close()
		bounds := segments.Bounds()
		s.inked = true
		s.minY, s.maxY, s.maxX = points(bounds.Min.Y), points(bounds.Max.Y), points(bounds.Max.X)
	}
	return s, nil
}

// standIn is an empty box as high as a capital, for a character that no font has.
func standIn(size float64) shape {
	width, height, pen, side := float64(0.5*size), float64(CapHeight(size)), float64(0.05*size), float64(0.05*size)
	s := shape{advance: width + 2*side, maxX: width + side, minY: -height, inked: true}
	corner := func(x, y float64) drawing.Point { return drawing.Point{X: side + x, Y: y} }
	s.outline = drawing.Polygon(corner(0, 0), corner(width, 0), corner(width, -height), corner(0, -height))
	// The hole runs the other way round.
	s.outline.Append(drawing.Polygon(corner(pen, -pen), corner(pen, pen-height), corner(width-pen, pen-height), corner(width-pen, -pen)), drawing.Point{})
	return s
}

// between returns the point two thirds of the way from an end of a quadratic
// curve to its control point q: a control point of the same curve as a cubic.
func between(end, q drawing.Point) drawing.Point {
	return drawing.Point{
		X: end.X + float64((q.X-end.X)*2/3),
		Y: end.Y + float64((q.Y-end.Y)*2/3),
	}
}
