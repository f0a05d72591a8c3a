package chart

import (
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/mathtext"
)

// Say writes a remark into the middle of an empty panel.
func (p *Panel) Say(text string) {
	in := p.Inner
	l := p.Fit(text, LabelSize, in.Right-in.Left-8)
	x, y, half := float64((in.Left+in.Right)/2), float64((in.Top+in.Bottom)/2), float64(l.Width/2)+3
	p.Fill(drawing.Rectangle(drawing.Point{X: x - half, Y: y - l.Ascent - 2}, drawing.Point{X: x + half, Y: y + l.Descent + 2}), White)
	p.Put(l, x, y, 0.5, Grey)
}

// Corner writes a remark into the lower left corner, where a falling curve is
// not.
func (p *Panel) Corner(text string) {
	p.Put(p.Set(text, LegendSize), p.Inner.Left+6, p.Inner.Bottom-7, 0, Ink)
}

// Above writes the title of one of several panels above it.
func (p *Panel) Above(text string) {
	l := p.Fit(text, LabelSize, p.Inner.Right-p.Inner.Left)
	p.Put(l, (p.Inner.Left+p.Inner.Right)/2, p.Inner.Top-5, 0.5, Black)
}

// PutHaloed draws a label like Put, on a white ground of its own, so that it
// can be read on top of data.
func (s *Sheet) PutHaloed(l mathtext.Label, x, y, anchor float64, c color.NRGBA, ground uint8) {
	left := x - float64(anchor*l.Width)
	s.Fill(drawing.Rectangle(
		drawing.Point{X: left - 1.2, Y: y - l.Ascent - 1.2},
		drawing.Point{X: left + l.Width + 1.2, Y: y + l.Descent + 1.2}), Shade(White, ground))
	s.Put(l, x, y, anchor, c)
}

// Caption writes small print above the panel.
func (p *Panel) Caption(text string) {
	p.Put(p.Fit(text, SubtitleSize, p.Inner.Right-p.Inner.Left), p.Inner.Left, p.Inner.Top-4, 0, Grey)
}
