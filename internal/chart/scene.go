package chart

import (
	"image/color"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Scene is a box with three axes in perspective, for surfaces z over x and y. The
// side of the smallest y is near the eye, and of it the corner of the largest x, or
// where x is mirrored that of the smallest.
type Scene struct {
	*Sheet
	mirrored bool // x runs to the left
	x, y, z  Axis
	centre   drawing.Point // of the page, where the middle of the box lies
	scale    float64       // points per unit of the box
}

// The box is 2 wide and deep and 2·half high, about the origin. The eye looks at it
// from a distance, turned about the z axis and raised, by the angle of the triangle
// with the sides 3, 4 and 5 each, so that no sine is needed.
const (
	half              = 0.66
	eyeDistance       = 7.0
	turnCos, turnSin  = 0.8, 0.6
	raiseCos, raiseIn = 0.8, 0.6
)

// space is a place or a direction in the box.
type space struct{ x, y, z float64 }

func (a space) minus(b space) space { return space{a.x - b.x, a.y - b.y, a.z - b.z} }

func (a space) dot(b space) float64 {
	return float64(a.x*b.x) + float64(a.y*b.y) + float64(a.z*b.z)
}

func (a space) cross(b space) space {
	return space{float64(a.y*b.z) - float64(a.z*b.y), float64(a.z*b.x) - float64(a.x*b.z), float64(a.x*b.y) - float64(a.y*b.x)}
}

// unit returns the direction with length 1; that of no length stays as it is.
func (a space) unit() space {
	if n := math.Sqrt(a.dot(a)); n > 0 {
		return space{a.x / n, a.y / n, a.z / n}
	}
	return a
}

// seen returns a place as the eye sees it: to the right, up, and away.
func seen(p space) space {
	right := float64(turnCos*p.x) + float64(turnSin*p.y)
	away := float64(turnCos*p.y) - float64(turnSin*p.x)
	return space{right, float64(raiseCos*p.z) + float64(raiseIn*away), float64(raiseCos*away) - float64(raiseIn*p.z)}
}

// flat returns where a place lies in the picture, in units of the box, y down.
func flat(p space) drawing.Point {
	s := seen(p)
	near := eyeDistance / (eyeDistance + s.z)
	return drawing.Point{X: float64(s.x * near), Y: -float64(s.y * near)}
}

// Lengths in units of the box, from the edge of its floor.
const (
	outTick  = 0.05
	outLabel = 0.2
	outAxis  = 0.52
)

// NewScene lays out a box inside of outer and draws its floor, its two walls behind
// the data and the axes; x runs to the left if it is mirrored.
func NewScene(s *Sheet, outer Frame, mirrored bool, x, y, z Axis) *Scene {
	c := &Scene{Sheet: s, mirrored: mirrored, x: x, y: y, z: z}
	left, right, top, bottom := 0.0, 0.0, 0.0, 0.0
	take := func(p space) {
		at := flat(p)
		left, right, top, bottom = min(left, at.X), max(right, at.X), min(top, at.Y), max(bottom, at.Y)
	}
	for i := range 8 {
		take(space{float64(2*(i&1) - 1), float64(i&2 - 1), float64(half * float64(i/2&2-1))})
	}
	take(space{0, -1 - outAxis, -half})
	take(space{1 + outAxis, 0, -half})
	room := s.TickWidth(z) + tickLong + tickGap
	if z.Label != "" {
		room += LabelSize + labelGap
	}
	beside := float64(s.Set(y.Label, LabelSize).Width / 3) // where the label of y reaches beyond the box
	width, height := outer.Right-outer.Left-room-beside, outer.Bottom-outer.Top-LabelSize
	c.scale = min(width/(right-left), height/(bottom-top))
	c.centre = drawing.Point{
		X: outer.Left + room - float64(c.scale*left) + float64((width-float64(c.scale*(right-left)))/2),
		Y: outer.Top - float64(c.scale*top) + float64((height-float64(c.scale*(bottom-top)))/2),
	}
	c.walls()
	c.axes()
	return c
}

// page returns where a place of the box lies on the page.
func (c *Scene) page(p space) drawing.Point {
	at := flat(p)
	return drawing.Point{X: c.centre.X + float64(c.scale*at.X), Y: c.centre.Y + float64(c.scale*at.Y)}
}

// along returns where a value lies on an axis of the box, from -1 to 1; values off
// the axis lie at its ends.
func along(a Axis, v float64) float64 {
	v = a.Clamp(v)
	low, high := a.Low, a.High
	if a.Log {
		v, low, high = detmath.Log(v), detmath.Log(low), detmath.Log(high)
	}
	return float64(2*(v-low))/(high-low) - 1
}

// across is along for the x axis of the scene.
func (c *Scene) across(v float64) float64 {
	if c.mirrored {
		return -along(c.x, v)
	}
	return along(c.x, v)
}

func (c *Scene) place(x, y, z float64) space {
	return space{c.across(x), along(c.y, y), float64(half * along(c.z, z))}
}

// Point returns where values of the three axes lie on the page.
func (c *Scene) Point(x, y, z float64) drawing.Point { return c.page(c.place(x, y, z)) }

// line draws a straight line in the box.
func (c *Scene) line(s drawing.Stroke, points ...space) {
	list := make([]drawing.Point, len(points))
	for i, p := range points {
		list[i] = c.page(p)
	}
	c.Stroke(drawing.Polyline(list...), s)
}

// walls draws the floor and the two walls behind the data, with a line at each
// labelled value.
func (c *Scene) walls() {
	pen := drawing.Stroke{Color: GridInk, Width: 0.5}
	for _, t := range labelled(c.x) {
		v := c.across(t.Value)
		c.line(pen, space{v, -1, -half}, space{v, 1, -half}, space{v, 1, half})
	}
	for _, t := range labelled(c.y) {
		v := along(c.y, t.Value)
		c.line(pen, space{1, v, -half}, space{-1, v, -half}, space{-1, v, half})
	}
	for _, t := range labelled(c.z) {
		v := float64(half * along(c.z, t.Value))
		c.line(pen, space{-1, -1, v}, space{-1, 1, v}, space{1, 1, v})
	}
	edge := drawing.Stroke{Color: Shade(Grey, 140), Width: 0.5}
	c.line(edge, space{-1, -1, half}, space{-1, 1, half}, space{1, 1, half}, space{1, 1, -half}, space{-1, 1, -half}, space{-1, 1, half})
	c.line(edge, space{-1, -1, -half}, space{-1, 1, -half})
}

// labelled are the ticks that have labels.
func labelled(a Axis) []Tick {
	var list []Tick
	for _, t := range a.Ticks() {
		if t.Label != "" {
			list = append(list, t)
		}
	}
	return list
}

// axes draws the x axis on the front edge of the floor to the left, the y axis on
// that to the right and the z axis at the left, with ticks and labels.
func (c *Scene) axes() {
	pen := drawing.Stroke{Color: Ink, Width: 0.6}
	c.line(pen, space{-1, -1, half}, space{-1, -1, -half}, space{1, -1, -half}, space{1, 1, -half})
	write := func(text string, size float64, at drawing.Point, anchor float64, ink color.NRGBA) {
		c.DrawText(c.Set(text, size), at.X, at.Y+float64(0.35*size), anchor, ink)
	}
	for _, t := range labelled(c.x) {
		v := c.across(t.Value)
		c.line(pen, space{v, -1, -half}, space{v, -1 - outTick, -half})
		write(t.Label, TickSize, c.page(space{v, -1 - outLabel, -half}), 0.5, Ink)
	}
	for _, t := range labelled(c.y) {
		v := along(c.y, t.Value)
		c.line(pen, space{1, v, -half}, space{1 + outTick, v, -half})
		write(t.Label, TickSize, c.page(space{1 + outLabel, v, -half}), 0.5, Ink)
	}
	for _, t := range labelled(c.z) {
		at := c.page(space{-1, -1, float64(half * along(c.z, t.Value))})
		c.Stroke(drawing.Polyline(at, drawing.Point{X: at.X - tickLong, Y: at.Y}), pen)
		write(t.Label, TickSize, drawing.Point{X: at.X - tickLong - tickGap, Y: at.Y}, 1, Ink)
	}
	write(c.x.Label, LabelSize, c.page(space{0, -1 - outAxis, -half}), 0.5, Black)
	write(c.y.Label, LabelSize, c.page(space{1 + outAxis, -0.3, -half}), 0.5, Black)
	if c.z.Label != "" {
		at := c.page(space{-1, -1, 0})
		c.DrawTextUpwards(c.Fit(c.z.Label, LabelSize, float64(2*half*c.scale)), at.X-tickLong-tickGap-c.TickWidth(c.z)-labelGap, at.Y, Black)
	}
}

// light is the direction to the one lamp, above the eye's left shoulder.
var light = space{-0.5, -0.6, 0.9}.unit()

const (
	ambient = 0.62 // of the light comes from everywhere
	overlap = 0.3  // points by which a piece reaches under its neighbours, against seams
)

// Surface draws values over the grid as pieces from the farthest to the nearest
// (painter's algorithm: over a plane that order needs no sorting), each in the
// colour of its mean value, shaded by the light.
func (c *Scene) Surface(g Grid, paint func(value float64) color.NRGBA) {
	columns, rows := len(g.X), len(g.Y)
	at := make([]space, len(g.Values))
	for i, v := range g.Values {
		column := i % columns
		if c.mirrored {
			column = columns - 1 - column
		}
		at[i-i%columns+column] = c.place(g.X[i%columns], g.Y[i/columns], v)
	}
	value := func(i int) float64 {
		if c.mirrored {
			return g.Values[i-i%columns+columns-1-i%columns]
		}
		return g.Values[i]
	}
	bright := make([]float64, len(at)) // at each place, by the slopes to both sides
	for i := range at {
		column, row := i%columns, i/columns
		right := at[row*columns+min(column+1, columns-1)].minus(at[row*columns+max(column-1, 0)])
		back := at[min(row+1, rows-1)*columns+column].minus(at[max(row-1, 0)*columns+column])
		bright[i] = ambient + float64((1-ambient)*max(0, right.cross(back).unit().dot(light)))
	}
	for row := rows - 2; row >= 0; row-- {
		for column := range columns - 1 {
			i := row*columns + column
			var outline [4]drawing.Point
			var middle drawing.Point
			mean, light := 0.0, 0.0
			for j, k := range [4]int{i, i + 1, i + 1 + columns, i + columns} {
				mean += float64(value(k) / 4)
				light += float64(bright[k] / 4)
				outline[j] = c.page(at[k])
				middle.X += float64(outline[j].X / 4)
				middle.Y += float64(outline[j].Y / 4)
			}
			for j, p := range outline {
				dx, dy := p.X-middle.X, p.Y-middle.Y
				if n := math.Sqrt(float64(dx*dx) + float64(dy*dy)); n > 0 {
					outline[j].X += float64(overlap * dx / n)
					outline[j].Y += float64(overlap * dy / n)
				}
			}
			c.Fill(drawing.Polygon(outline[:]...), lit(paint(mean), light))
		}
	}
}

// lit returns a colour under so much light, 1 for all of it.
func lit(c color.NRGBA, bright float64) color.NRGBA {
	dim := func(v uint8) uint8 { return uint8(math.Floor(float64(float64(v)*bright) + 0.5)) }
	return color.NRGBA{dim(c.R), dim(c.G), dim(c.B), c.A}
}
