package drawing

// Point is a place on the page or a displacement, in points, y down.
type Point struct{ X, Y float64 }

// Path is a sequence of straight and curved pieces. The zero value is empty.
type Path struct{ pieces []piece }

type verb byte

const (
	moveTo verb = iota
	lineTo
	cubicTo
	closePath
)

// points is how many points follow a verb.
func (v verb) points() int { return [...]int{1, 1, 3, 0}[v] }

type piece struct {
	verb verb
	p    [3]Point
}

// segment is a piece with rounded coordinates.
type segment struct {
	verb verb
	x, y [3]coord
}

// MoveTo begins a new part at a.
func (p *Path) MoveTo(a Point) {
	p.pieces = append(p.pieces, piece{verb: moveTo, p: [3]Point{a}})
}

// LineTo goes straight to a.
func (p *Path) LineTo(a Point) {
	p.pieces = append(p.pieces, piece{verb: lineTo, p: [3]Point{a}})
}

// CubicTo goes to c along the Bézier curve with the control points a and b.
func (p *Path) CubicTo(a, b, c Point) {
	p.pieces = append(p.pieces, piece{verb: cubicTo, p: [3]Point{a, b, c}})
}

// Close goes straight back to where the part began.
func (p *Path) Close() { p.pieces = append(p.pieces, piece{verb: closePath}) }

// Append adds q, moved by the displacement at.
func (p *Path) Append(q Path, at Point) {
	for _, s := range q.pieces {
		for i := range s.p {
			s.p[i].X += at.X
			s.p[i].Y += at.Y
		}
		p.pieces = append(p.pieces, s)
	}
}

// Turned returns p after a quarter turn counterclockwise about the origin: what
// ran to the right runs up.
func (p Path) Turned() Path {
	turned := make([]piece, len(p.pieces))
	for i, s := range p.pieces {
		for j, a := range s.p {
			s.p[j] = Point{X: a.Y, Y: -a.X}
		}
		turned[i] = s
	}
	return Path{turned}
}

// Polyline returns the straight line through the points.
func Polyline(points ...Point) Path {
	var p Path
	for i, a := range points {
		if i == 0 {
			p.MoveTo(a)
		} else {
			p.LineTo(a)
		}
	}
	return p
}

// Polygon returns the closed line through the points.
func Polygon(points ...Point) Path {
	p := Polyline(points...)
	p.Close()
	return p
}

// Rectangle returns the rectangle with two opposite corners.
func Rectangle(a, b Point) Path {
	return Polygon(a, Point{X: b.X, Y: a.Y}, b, Point{X: a.X, Y: b.Y})
}

// Circle returns a circle as four Bézier curves; it is off by less than a
// thousandth of its radius.
func Circle(c Point, r float64) Path {
	const kappa = 0.5522847498307936 // 4/3·(√2 − 1)
	k := float64(kappa * r)
	at := func(dx, dy float64) Point { return Point{X: c.X + dx, Y: c.Y + dy} }
	var p Path
	p.MoveTo(at(r, 0))
	p.CubicTo(at(r, k), at(k, r), at(0, r))
	p.CubicTo(at(-k, r), at(-r, k), at(-r, 0))
	p.CubicTo(at(-r, -k), at(-k, -r), at(0, -r))
	p.CubicTo(at(k, -r), at(r, -k), at(r, 0))
	p.Close()
	return p
}

// roundPath rounds all coordinates and leaves out line pieces of no length.
func (d *Drawing) roundPath(p Path) []segment {
	out := make([]segment, 0, len(p.pieces))
	var x, y coord
	for _, s := range p.pieces {
		r := segment{verb: s.verb}
		for i := range s.verb.points() {
			r.x[i], r.y[i] = d.round(s.p[i].X), d.round(s.p[i].Y)
		}
		if s.verb == lineTo && r.x[0] == x && r.y[0] == y && len(out) > 0 && out[len(out)-1].verb == lineTo {
			continue
		}
		if n := s.verb.points(); n > 0 {
			x, y = r.x[n-1], r.y[n-1]
		}
		out = append(out, r)
	}
	return out
}
