// Package chart holds what the figures of this module share: a sheet with
// text, axes with ticks, panels, legends, marks, colours and words. A stage
// that draws puts its figure together from these and hands it to [Render].
package chart

import (
	"image/color"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Font sizes in points.
const (
	TitleSize    = 10.5
	SubtitleSize = 7.5
	LabelSize    = 9
	TickSize     = 8
	LegendSize   = 8.5
)

// The colours of text and lines.
var (
	Black   = color.NRGBA{A: 255}
	Ink     = color.NRGBA{R: 38, G: 38, B: 38, A: 255}
	Grey    = color.NRGBA{R: 105, G: 105, B: 105, A: 255}
	GridInk = color.NRGBA{R: 230, G: 230, B: 230, A: 255}
	White   = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
)

// Palette is Okabe and Ito's, which colour-blind readers can tell apart, without its
// yellow, which is hard to see on white.
var Palette = []color.NRGBA{
	{R: 0x00, G: 0x72, B: 0xb2, A: 255}, // blue
	{R: 0xe6, G: 0x9f, B: 0x00, A: 255}, // orange
	{R: 0x00, G: 0x9e, B: 0x73, A: 255}, // green
	{R: 0xd5, G: 0x5e, B: 0x00, A: 255}, // vermilion
	{R: 0xcc, G: 0x79, B: 0xa7, A: 255}, // purple
	{R: 0x56, G: 0xb4, B: 0xe9, A: 255}, // sky
	{R: 0x40, G: 0x40, B: 0x40, A: 255}, // near black
}

// Line returns the style of curve i of a figure. After the last colour it
// begins again with broken lines.
func Line(i int) drawing.Stroke {
	s := drawing.Stroke{Color: Palette[i%len(Palette)], Width: 1.1}
	if i >= len(Palette) {
		s.Dash = []float64{6, 1.5, 1, 1.5}
	}
	return s
}

// Faint returns the style of a published curve of that colour.
func Faint(c color.NRGBA) drawing.Stroke {
	return drawing.Stroke{Color: Shade(c, 150), Width: 0.8, Dash: []float64{2.4, 1.6}}
}

// Shade returns c with another opacity, of 255.
func Shade(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

// Stroke returns a solid line.
func Stroke(c color.NRGBA, width float64) drawing.Stroke {
	return drawing.Stroke{Color: c, Width: width}
}

// Tint returns c mixed with white, share of it c: a light colour that hides
// what lies below, unlike Shade.
func Tint(c color.NRGBA, share float64) color.NRGBA { return Ramp{White, c}.At(share) }

// Ramp is a map from [0, 1] to colours that differ in lightness throughout, so
// that they can be told apart without seeing their hues.
type Ramp []color.NRGBA

// Sequential runs from nearly white over green and blue to dark violet:
// viridis reversed and extended towards white, on which numbers can be read.
var Sequential = Ramp{
	{0xfb, 0xfb, 0xe8, 255}, {0xd9, 0xe8, 0x9a, 255}, {0x9b, 0xd3, 0x6b, 255}, {0x54, 0xb9, 0x73, 255},
	{0x28, 0x99, 0x85, 255}, {0x2d, 0x77, 0x8e, 255}, {0x3a, 0x55, 0x8c, 255}, {0x46, 0x32, 0x7e, 255}, {0x44, 0x0a, 0x5c, 255},
}

// Diverging runs from blue over white to vermilion, the palette's; ½ is white.
var Diverging = Ramp{
	{0x00, 0x3c, 0x66, 255}, {0x00, 0x72, 0xb2, 255}, {0x6d, 0xae, 0xd6, 255}, {0xc3, 0xdd, 0xee, 255},
	{0xfa, 0xfa, 0xfa, 255},
	{0xf8, 0xd9, 0xbd, 255}, {0xeb, 0xa1, 0x62, 255}, {0xd5, 0x5e, 0x00, 255}, {0x7d, 0x30, 0x00, 255},
}

// At returns the colour of t; values outside [0, 1] take the colour of the
// nearer end.
func (r Ramp) At(t float64) color.NRGBA {
	t = float64(min(max(t, 0), 1) * float64(len(r)-1))
	i := min(int(t), len(r)-2)
	part := t - float64(i)
	mix := func(a, b uint8) uint8 {
		return uint8(math.Floor(float64(a) + float64(part*(float64(b)-float64(a))) + 0.5))
	}
	a, b := r[i], r[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// ContrastColor returns black or white, whichever can be read on c.
func ContrastColor(c color.NRGBA) color.NRGBA {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 140*1000 {
		return Black
	}
	return White
}

// barWidth is the width of a colour bar in points.
const barWidth = 8

// BarRoom is the width of a colour bar with that axis to the right of a panel,
// in points.
func (s *Sheet) BarRoom(a Axis) float64 {
	room := PanelGap + barWidth + tickLong + tickGap + s.TickWidth(a)
	if a.Label != "" {
		room += labelGap + LabelSize
	}
	return room
}

// ColourBar draws what the colours of levels mean to the right of the panel:
// shade(i) fills from levels[i] to levels[i+1], on axis a.
func (p *Panel) ColourBar(a Axis, levels []float64, shade func(i int) color.NRGBA) {
	left := p.Inner.Right + PanelGap
	right := left + barWidth
	a.from, a.to = p.Inner.Bottom, p.Inner.Top
	for i := range len(levels) - 1 {
		low := a.At(a.Clamp(levels[i]))
		if low == p.Inner.Top {
			continue
		}
		// Each shade reaches to the top, so that no seams can show.
		p.Fill(drawing.Rectangle(drawing.Point{X: left, Y: low}, drawing.Point{X: right, Y: p.Inner.Top}), shade(i))
	}
	pen := drawing.Stroke{Color: Ink, Width: 0.6}
	p.Stroke(drawing.Rectangle(drawing.Point{X: left, Y: p.Inner.Top}, drawing.Point{X: right, Y: p.Inner.Bottom}), pen)
	for _, t := range a.Ticks() {
		at := a.At(t.Value)
		p.Stroke(drawing.Polyline(drawing.Point{X: right, Y: at}, drawing.Point{X: right + length(t), Y: at}), pen)
		p.DrawText(p.Set(t.Label, TickSize), right+tickLong+tickGap, at+capHalf, 0, Ink)
	}
	if a.Label != "" {
		l := p.Fit(a.Label, LabelSize, p.Inner.Bottom-p.Inner.Top)
		p.DrawTextUpwards(l, right+tickLong+tickGap+p.TickWidth(a)+labelGap+float64(0.7*LabelSize), (p.Inner.Top+p.Inner.Bottom)/2, Black)
	}
}
