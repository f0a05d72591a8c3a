package chart

import (
	"context"
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
		return fmt.Errorf("%v by %v cm is not a size of a figure", widthCM, heightCM)
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

// Page returns the part of the sheet below a heading that ends at top.
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

// DrawText draws a label with its baseline at y; anchor 0 puts its left end at x,
// 0.5 its middle and 1 its right end.
func (s *Sheet) DrawText(l mathtext.Label, x, y, anchor float64, c color.NRGBA) {
	var p drawing.Path
	p.Append(l.Outline, drawing.Point{X: x - float64(anchor*l.Width), Y: y})
	s.FillLabelled(p, c, l.Text)
}

// DrawTextUpwards draws a label that runs upwards, centred on y, with its baseline
// at x.
func (s *Sheet) DrawTextUpwards(l mathtext.Label, x, y float64, c color.NRGBA) {
	var p drawing.Path
	p.Append(l.Outline.Turned(), drawing.Point{X: x, Y: y + float64(l.Width/2)})
	s.FillLabelled(p, c, l.Text)
}

// DrawTextHaloed draws a label like DrawText, on a white background, so that it can
// be read on top of data.
func (s *Sheet) DrawTextHaloed(l mathtext.Label, x, y, anchor float64, c color.NRGBA, ground uint8) {
	left := x - float64(anchor*l.Width)
	s.Fill(drawing.Rectangle(
		drawing.Point{X: left - 1.2, Y: y - l.Ascent - 1.2},
		drawing.Point{X: left + l.Width + 1.2, Y: y + l.Descent + 1.2}), Shade(White, ground))
	s.DrawText(l, x, y, anchor, c)
}

// The outputs of a stage that draws.
const (
	OutputSVG = "svg"
	OutputPDF = "pdf"
	OutputPNG = "png" // 300 pixels per inch
)

const pixelsPerInch = 300

// Render writes a drawing in the three formats. Equal drawings give equal
// bytes. progress is called with the number of formats done.
func Render(ctx context.Context, d *drawing.Drawing, progress func(done, total int)) (map[string][]byte, error) {
	out := make(map[string][]byte)
	for i, format := range []struct {
		output string
		write  func() ([]byte, error)
	}{
		{OutputSVG, d.SVG},
		{OutputPDF, d.PDF},
		{OutputPNG, func() ([]byte, error) { return d.PNG(pixelsPerInch) }},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if out[format.output], err = format.write(); err != nil {
			return nil, fmt.Errorf("%s: %w", format.output, err)
		}
		progress(i+1, 3)
	}
	return out, nil
}
