package vector

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
		for _, s := range it.path {
			var x, y [3]float64
			for i := range s.verb.points() {
				x[i], y[i] = pixels(s.x[i]), pixels(s.y[i])
			}
			switch s.verb {
			case moveTo:
				c.MoveTo(x[0], y[0])
			case lineTo:
				c.LineTo(x[0], y[0])
			case cubicTo:
				c.CubicTo(x[0], y[0], x[1], y[1], x[2], y[2])
			case closePath:
				c.ClosePath()
			}
		}
		if it.stroke == nil {
			c.Fill()
			continue
		}
		dash := make([]float64, len(it.stroke.dash))
		for i, v := range it.stroke.dash {
			dash[i] = pixels(v)
		}
		c.SetDash(dash...)
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
