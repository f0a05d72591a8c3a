package drawing

import (
	"image"
	"image/draw"
	"math"

	"github.com/golang/freetype/raster"
	"golang.org/x/image/math/fixed"
)

// raster paints the drawing on white with antialiasing, scale pixels per point.
// The rasteriser gets points on its own grid of 1/64 pixel and computes with
// whole numbers only, so pixels are the same on every machine.
func (d *Drawing) raster(scale float64) *image.RGBA {
	pixels := func(c coord) float64 { return float64(c.points() * scale) }
	img := image.NewRGBA(image.Rect(0, 0, int(pixels(d.width)+0.5), int(pixels(d.height)+0.5)))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	r := raster.NewRasterizer(img.Rect.Dx(), img.Rect.Dy())
	r.UseNonZeroWinding = true
	painter := raster.NewRGBAPainter(img)
	for _, it := range d.items {
		painter.SetColor(it.color)
		r.Clear()
		lines := flatten(it.path, scale)
		if it.stroke == nil {
			r.AddPath(outlines(lines))
			r.Rasterize(painter)
			continue
		}
		if len(it.stroke.dash) > 0 {
			dash := make([]float64, len(it.stroke.dash))
			for i, v := range it.stroke.dash {
				dash[i] = pixels(v)
			}
			lines = dashes(lines, dash)
		}
		width := fixed.Int26_6(math.Round(float64(pixels(it.stroke.width) * 64)))
		r.AddStroke(centreLines(lines), width, raster.ButtCapper, raster.RoundJoiner)
		r.Rasterize(painter)
	}
	return img
}

// fixed returns the point as the rasteriser counts; this is exact.
func (p pixel) fixed() fixed.Point26_6 {
	return fixed.Point26_6{X: fixed.Int26_6(p.x * 64), Y: fixed.Int26_6(p.y * 64)}
}

// outlines returns the boundary of what is filled: each line is closed.
func outlines(lines []polyline) raster.Path {
	var path raster.Path
	for _, l := range lines {
		for i, p := range l.points {
			if i == 0 {
				path.Start(p.fixed())
			} else {
				path.Add1(p.fixed())
			}
		}
		if len(l.points) > 0 {
			path.Add1(l.points[0].fixed())
		}
	}
	return path
}

// centreLines returns the path of a stroke, without pieces of less than 1/16
// pixel, on which the joins of the rasteriser go wrong.
func centreLines(lines []polyline) raster.Path {
	const least = 4 // of 64
	var path raster.Path
	for _, l := range lines {
		points := l.points
		if l.closed && len(points) > 0 {
			points = append(points[:len(points):len(points)], points[0])
		}
		var last fixed.Point26_6
		for i, p := range points {
			at := p.fixed()
			switch {
			case i == 0:
				path.Start(at)
			case max(at.X-last.X, last.X-at.X)+max(at.Y-last.Y, last.Y-at.Y) <= least:
				continue
			default:
				path.Add1(at)
			}
			last = at
		}
	}
	return path
}
