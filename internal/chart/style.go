// Package chart holds what the figures of this module share: a sheet with
// text, axes with ticks, panels, legends, marks, colours and words. A stage
// that draws puts its figure together from these and hands it to [Render].
package chart

import (
	"image/color"

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

// Palette is Okabe and Ito's, told apart by colour-blind readers, without its
// yellow, which white paper swallows.
var Palette = []color.NRGBA{
	{R: 0x00, G: 0x72, B: 0xb2, A: 255}, // blue
	{R: 0xe6, G: 0x9f, B: 0x00, A: 255}, // orange
	{R: 0x00, G: 0x9e, B: 0x73, A: 255}, // green
	{R: 0xd5, G: 0x5e, B: 0x00, A: 255}, // vermilion
	{R: 0xcc, G: 0x79, B: 0xa7, A: 255}, // purple
	{R: 0x56, G: 0xb4, B: 0xe9, A: 255}, // sky
	{R: 0x40, G: 0x40, B: 0x40, A: 255}, // near black
}

// Line returns the style of curve i of a figure. After the palette is used up
// it begins again with broken lines.
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
