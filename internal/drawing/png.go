package drawing

import (
	"bytes"
	"fmt"
	"image/png"

	"git.sr.ht/~sbinet/gg"
)

// PNG draws the drawing with that many pixels per inch, with antialiasing.
func (d *Drawing) PNG(dpi int) ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	if dpi < 1 || dpi > 2400 {
		return nil, fmt.Errorf("vector: %d pixels per inch: want 1 to 2400", dpi)
	}
	scale := float64(dpi) / 72
	pixels := func(c coord) float64 { return float64(c.points() * scale) }
	c := gg.NewContext(int(pixels(d.width)+0.5), int(pixels(d.height)+0.5))
	c.SetRGB(1, 1, 1)
	c.Clear()
	c.SetLineCapButt()
	c.SetLineJoinRound()
	for _, it := range d.items {
		c.SetColor(it.color)
		lines := flatten(it.path, scale)
		if it.stroke == nil {
			trace(c, lines)
			c.Fill()
			continue
		}
		if len(it.stroke.dash) > 0 {
			dash := make([]float64, len(it.stroke.dash))
			for i, v := range it.stroke.dash {
				dash[i] = pixels(v)
			}
			lines = dashes(lines, dash)
		}
		trace(c, lines)
		c.SetLineWidth(pixels(it.stroke.width))
		c.Stroke()
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := encoder.Encode(&b, c.Image()); err != nil {
		return nil, fmt.Errorf("vector: encode the image: %w", err)
	}
	return b.Bytes(), nil
}

// trace hands polylines to the rasteriser, which for them computes in fixed
// point only.
func trace(c *gg.Context, lines []polyline) {
	for _, l := range lines {
		for i, p := range l.points {
			if i == 0 {
				c.MoveTo(p.x, p.y)
			} else {
				c.LineTo(p.x, p.y)
			}
		}
		if l.closed {
			c.ClosePath()
		}
	}
}
