package drawing

import "math"

// Curves and dashes become straight lines here, with every product rounded and
// every point on the rasteriser's grid of 1/64 pixel, so that pixels do not
// depend on how the program was compiled.

// pixel is a point in pixels, a multiple of 1/64.
type pixel struct{ x, y float64 }

type polyline struct {
	points []pixel
	closed bool
}

// snap rounds to 1/64 of a pixel.
func snap(v float64) float64 { return math.Floor(float64(v*64)+0.5) / 64 }

// flatten returns the subpaths of a path as polylines, scale pixels a point.
func flatten(path []segment, scale float64) []polyline {
	var lines []polyline
	at := func(s segment, i int) pixel {
		return pixel{snap(float64(s.x[i].points() * scale)), snap(float64(s.y[i].points() * scale))}
	}
	for _, s := range path {
		if s.verb == moveTo {
			lines = append(lines, polyline{points: []pixel{at(s, 0)}})
			continue
		}
		l := &lines[len(lines)-1]
		switch s.verb {
		case lineTo:
			l.points = append(l.points, at(s, 0))
		case cubicTo:
			l.points = cubic(l.points, at(s, 0), at(s, 1), at(s, 2))
		case closePath:
			l.closed = true
		}
	}
	return lines
}

// cubic appends a Bézier curve from the last of points, in pieces of about two
// pixels.
func cubic(points []pixel, b, c, d pixel) []pixel {
	a := points[len(points)-1]
	length := distance(a, b) + distance(b, c) + distance(c, d)
	n := 4 + min(int(length/2), 200)
	for i := 1; i < n; i++ {
		t := float64(i) / float64(n)
		u := 1 - t
		w := [4]float64{float64(float64(u*u) * u), float64(3 * float64(float64(u*u)*t)), float64(3 * float64(float64(t*t)*u)), float64(float64(t*t) * t)}
		mix := func(p, q, r, s float64) float64 {
			return snap(float64(w[0]*p) + float64(w[1]*q) + float64(w[2]*r) + float64(w[3]*s))
		}
		points = append(points, pixel{mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y)})
	}
	return append(points, d)
}

func distance(a, b pixel) float64 {
	x, y := b.x-a.x, b.y-a.y
	return math.Sqrt(float64(x*x) + float64(y*y))
}

// dashes cuts polylines into the drawn parts of a pattern of lengths drawn and
// left out in turn, starting again with each line.
func dashes(lines []polyline, pattern []float64) []polyline {
	total := 0.0
	for _, v := range pattern {
		total += v
	}
	if total <= 0 {
		return lines
	}
	var cut []polyline
	for _, l := range lines {
		points := l.points
		if l.closed && len(points) > 0 {
			points = append(append([]pixel(nil), points...), points[0])
		}
		part, left := 0, pattern[0]
		var current []pixel
		for i, p := range points {
			if i == 0 {
				current = []pixel{p}
				continue
			}
			from := points[i-1]
			length := distance(from, p)
			done := 0.0
			for length-done > left {
				done += left
				share := done / length
				q := pixel{snap(from.x + float64(share*(p.x-from.x))), snap(from.y + float64(share*(p.y-from.y)))}
				if part%2 == 0 {
					cut = append(cut, polyline{points: append(current, q)})
				}
				current = []pixel{q}
				part++
				left = pattern[part%len(pattern)]
			}
			left -= length - done
			current = append(current, p)
		}
		if part%2 == 0 && len(current) > 1 {
			cut = append(cut, polyline{points: current})
		}
	}
	return cut
}
