package chart

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/mathtext"
)

// Sheet is a drawing with text. The first error of a text is kept until finish.
type Sheet struct {
	*drawing.Drawing
	Width, Height float64
	err           error
}

// CheckSize reports a size in centimetres that no figure can have.
func CheckSize(widthCM, heightCM float64) error {
	if !(widthCM > 0 && widthCM <= 500 && heightCM > 0 && heightCM <= 500) {
		return fmt.Errorf("%v by %v cm is no size of a figure", widthCM, heightCM)
	}
	return nil
}

// NewSheet returns an empty sheet of that size in centimetres.
func NewSheet(widthCM, heightCM float64) *Sheet {
	const pointsPerCM = 72 / 2.54
	d := drawing.New(widthCM*pointsPerCM, heightCM*pointsPerCM)
	s := &Sheet{Drawing: d}
	s.Width, s.Height = d.Size()
	return s
}

// Page returns what of the sheet lies below a heading that ends at top.
func (s *Sheet) Page(top float64) Frame {
	return Frame{Edge, top, s.Width - Edge, s.Height - Edge}
}

// Finish returns the drawing if all went well.
func (s *Sheet) Finish() (*drawing.Drawing, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Drawing, s.Drawing.Err()
}

// Set sets a label; an error leaves it empty.
func (s *Sheet) Set(markup string, size float64) mathtext.Label {
	l, err := mathtext.Set(markup, size)
	if err != nil && s.err == nil {
		s.err = err
	}
	return l
}

// Fit sets a label in at most the given width, smaller where it must be.
func (s *Sheet) Fit(markup string, size, width float64) mathtext.Label {
	l := s.Set(markup, size)
	if l.Width > width && width > 0 {
		l = s.Set(markup, size*width/l.Width)
	}
	return l
}

// Put draws a label with its baseline at y; anchor 0 puts its left end at x,
// 0.5 its middle and 1 its right end.
func (s *Sheet) Put(l mathtext.Label, x, y, anchor float64, c color.NRGBA) {
	var p drawing.Path
	p.Append(l.Outline, drawing.Point{X: x - float64(anchor*l.Width), Y: y})
	s.FillLabelled(p, c, l.Text)
}

// PutUpwards draws a label that runs upwards, centred on y, with its baseline
// at x.
func (s *Sheet) PutUpwards(l mathtext.Label, x, y float64, c color.NRGBA) {
	var p drawing.Path
	p.Append(l.Outline.Turned(), drawing.Point{X: x, Y: y + float64(l.Width/2)})
	s.FillLabelled(p, c, l.Text)
}
