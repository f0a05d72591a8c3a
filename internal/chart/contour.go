package chart

import (
	"image/color"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Grid is values over a rectangular grid: Values[i·len(X)+j] at (X[j], Y[i]),
// X and Y ascending and inside of the axes.
type Grid struct {
	X, Y   []float64
	Values []float64
}

// corner is a place on a contour; border tells that it lies on the edge of the
// grid, where the contour is not a line of equal values.
type corner struct {
	drawing.Point
	border bool
}

// FillBands fills the panel with one colour for each band of values: shade(i)
// from levels[i] to levels[i+1]. What lies outside of the levels takes the
// nearest band.
func (p *Panel) FillBands(f Grid, levels []float64, shade func(i int) color.NRGBA) {
	x, y := len(f.X)-1, len(f.Y)-1
	p.Fill(drawing.Rectangle(p.Point(f.X[0], f.Y[0]), p.Point(f.X[x], f.Y[y])), shade(0))
	// Each band is painted over the one below it, so no seams can show.
	for i := 1; i < len(levels)-1; i++ {
		var inside drawing.Path
		for _, ring := range p.rings(f, levels[i]) {
			for j, c := range ring {
				if j == 0 {
					inside.MoveTo(c.Point)
				} else {
					inside.LineTo(c.Point)
				}
			}
			inside.Close()
		}
		p.Fill(inside, shade(i))
	}
}

// Contours draws the lines of the levels and returns them, level by level.
func (p *Panel) Contours(f Grid, levels []float64, s drawing.Stroke) [][][]drawing.Point {
	all := make([][][]drawing.Point, len(levels))
	for i, level := range levels {
		for _, ring := range p.rings(f, level) {
			all[i] = append(all[i], lines(ring)...)
		}
		var path drawing.Path
		for _, line := range all[i] {
			path.Append(drawing.Polyline(line...), drawing.Point{})
		}
		p.Stroke(path, s)
	}
	return all
}

// lines cuts a ring where it runs along the border.
func lines(ring []corner) [][]drawing.Point {
	n := len(ring)
	start := 0
	for i := range ring {
		if ring[i].border {
			start = i
			break
		}
	}
	var out [][]drawing.Point
	var line []drawing.Point
	for i := range n + 1 {
		c := ring[(start+i)%n]
		if i > 0 && c.border && ring[(start+i-1)%n].border {
			if len(line) > 1 {
				out = append(out, line)
			}
			line = nil
		}
		line = append(line, c.Point)
	}
	if len(line) > 1 {
		out = append(out, line)
	}
	return out
}

// rings returns the outlines of where f is at least level, on the page, by
// marching squares: holes run the other way round than outer edges.
func (p *Panel) rings(f Grid, level float64) [][]corner {
	nx, ny := len(f.X), len(f.Y)
	inside := func(i, j int) bool {
		return i >= 0 && i < ny && j >= 0 && j < nx && f.Values[i*nx+j] >= level
	}
	// Edges of the grid with a margin of one around it, which lies outside
	// of every contour: 2·(node) goes right from a node, 2·(node)+1 up.
	node := func(i, j int) int { return (i+1)*(nx+2) + j + 1 }
	next := make([]int, 2*(nx+2)*(ny+2)) // edge + 1 on which the contour goes on
	for i := -1; i < ny; i++ {
		for j := -1; j < nx; j++ {
			at := [4][2]int{{i, j}, {i, j + 1}, {i + 1, j + 1}, {i + 1, j}}
			edge := [4]int{2 * node(i, j), 2*node(i, j+1) + 1, 2 * node(i+1, j), 2*node(i, j) + 1}
			var leaving, entering []int // edges, in the order round the cell
			for e := range at {
				a, b := inside(at[e][0], at[e][1]), inside(at[(e+1)%4][0], at[(e+1)%4][1])
				switch {
				case a && !b:
					leaving = append(leaving, e)
				case !a && b:
					entering = append(entering, e)
				}
			}
			for _, l := range leaving {
				to := entering[0]
				if len(leaving) == 2 {
					// A saddle: the corners inside belong together if the
					// middle is inside too.
					after, before := (l+1)%4, (l+3)%4
					if to = before; f.middle(i, j) >= level {
						to = after
					}
				}
				next[edge[l]] = edge[to] + 1
			}
		}
	}
	var out [][]corner
	for first := range next {
		if next[first] == 0 {
			continue
		}
		var ring []corner
		for e := first; next[e] != 0; {
			ring = append(ring, p.crossing(f, level, e, inside))
			e, next[e] = next[e]-1, 0
		}
		out = append(out, ring)
	}
	return out
}

// middle returns the mean of the corners of cell (i, j), which has all four
// on the grid or no saddle.
func (f Grid) middle(i, j int) float64 {
	nx := len(f.X)
	if i < 0 || j < 0 || i+1 >= len(f.Y) || j+1 >= nx {
		return 0
	}
	v := f.Values[i*nx+j:]
	return (v[0] + v[1] + v[nx] + v[nx+1]) / 4
}

// crossing returns where the contour meets an edge.
func (p *Panel) crossing(f Grid, level float64, edge int, inside func(i, j int) bool) corner {
	nx := len(f.X)
	i, j := edge/2/(nx+2)-1, edge/2%(nx+2)-1
	i2, j2 := i, j+1
	if edge%2 == 1 {
		i2, j2 = i+1, j
	}
	on := func(i, j int) bool { return i >= 0 && i < len(f.Y) && j >= 0 && j < nx }
	switch {
	case !on(i, j):
		return corner{p.Point(f.X[j2], f.Y[i2]), true}
	case !on(i2, j2):
		return corner{p.Point(f.X[j], f.Y[i]), true}
	}
	a, b := f.Values[i*nx+j], f.Values[i2*nx+j2]
	t := (level - a) / (b - a)
	u, v := p.Point(f.X[j], f.Y[i]), p.Point(f.X[j2], f.Y[i2])
	return corner{drawing.Point{X: u.X + float64(t*(v.X-u.X)), Y: u.Y + float64(t*(v.Y-u.Y))}, false}
}

func distance(a, b drawing.Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	return math.Sqrt(float64(dx*dx) + float64(dy*dy))
}

// LabelContours writes each level's text once on the longest of its lines, at
// the place that runs most level, where it stands clear of the border and of
// the other labels and of the places to keep free.
func (p *Panel) LabelContours(lines [][][]drawing.Point, texts []string, c color.NRGBA, free ...drawing.Point) {
	const size = 0.85 * TickSize
	type box struct{ left, top, right, bottom float64 }
	var taken []box
	for _, at := range free {
		const half = 5
		taken = append(taken, box{at.X - half, at.Y - half, at.X + half, at.Y + half})
	}
	for i, text := range texts {
		if text == "" {
			continue
		}
		l := p.Set(text, size)
		wide, high := float64(l.Width/2), float64(l.Ascent/2)
		best, found := box{}, false
		score := 0.0
		for _, line := range lines[i] {
			length := 0.0
			for k := 1; k < len(line); k++ {
				length += distance(line[k-1], line[k])
			}
			if length < 2.2*l.Width {
				continue
			}
			for k := 2; k+2 < len(line); k++ {
				at := line[k]
				b := box{at.X - wide - 2, at.Y - high - 2.5, at.X + wide + 2, at.Y + high + 2.5}
				if b.left < p.Inner.Left+2 || b.right > p.Inner.Right-2 || b.top < p.Inner.Top+2 || b.bottom > p.Inner.Bottom-2 {
					continue
				}
				clear := true
				for _, o := range taken {
					clear = clear && !(b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom)
				}
				if !clear {
					continue
				}
				along := distance(line[k-2], line[k+2])
				if along == 0 {
					continue
				}
				level := (line[k+2].X - line[k-2].X) / along // ±1 where it is level
				if s := float64(level*level) + float64(0.002*length); !found || s > score {
					best, score, found = b, s, true
				}
			}
		}
		if found {
			taken = append(taken, best)
			p.DrawTextHaloed(l, (best.left+best.right)/2, float64((best.top+best.bottom)/2)+high, 0.5, c, 215)
		}
	}
}
