package chart

import (
	"image/color"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Ramp is a map from [0, 1] to colours that differ in lightness throughout, so
// that they can be told apart without seeing their hues.
type Ramp []color.NRGBA

// Sequential runs from nearly white over green and blue to dark violet:
// viridis turned round and opened towards white, which numbers can be read on.
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

// At returns the colour of t; what lies outside [0, 1] takes the colour of the
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

// On returns black or white, whichever can be read on c.
func On(c color.NRGBA) color.NRGBA {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 140*1000 {
		return Black
	}
	return White
}

// barWidth is the width of a colour bar in points.
const barWidth = 8

// BarRoom is how much a colour bar with that axis takes to the right of a
// panel, in points.
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
		p.Put(p.Set(t.Label, TickSize), right+tickLong+tickGap, at+capHalf, 0, Ink)
	}
	if a.Label != "" {
		l := p.Fit(a.Label, LabelSize, p.Inner.Bottom-p.Inner.Top)
		p.PutUpwards(l, right+tickLong+tickGap+p.TickWidth(a)+labelGap+float64(0.7*LabelSize), (p.Inner.Top+p.Inner.Bottom)/2, Black)
	}
}
