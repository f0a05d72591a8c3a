package xdot

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/mathtext"
)

// Letters are set in our own font, so that no viewer of a PDF or PNG needs one.
// Graphviz reserved the room for a wider font: letters may be a little larger
// than it thinks, which makes them as large as they look there.
const letterScale = 1.1

// Draw draws the layout, edges below nodes.
func (l *Layout) Draw() (*drawing.Drawing, error) {
	left, bottom, right, top, err := l.page()
	if err != nil {
		return nil, err
	}
	d := drawing.New(right-left, top-bottom)
	d.Title = l.Name
	p := &painter{d: d, left: left, top: top}
	for _, e := range l.Edges {
		p.draw(e.Draw, e.Tail, e.Head, e.Label)
	}
	for _, n := range l.Objects {
		p.title = unescape.Replace(n.Title)
		p.draw(n.Draw)
		p.title = ""
		p.draw(n.Label)
	}
	p.draw(l.Label)
	if p.err != nil {
		return nil, p.err
	}
	return d, d.Err()
}

// unescape undoes the escapes of a string of the DOT language.
var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n")

// painter carries out drawing operations. Pen, fill and font stay until they
// are changed, within one list.
type painter struct {
	d         *drawing.Drawing
	left, top float64
	pen, fill color.NRGBA
	width     float64
	dash      []float64
	size      float64
	bold      bool
	title     string // of what is filled
	err       error
}

// draw carries out lists, each from a fresh state.
func (p *painter) draw(lists ...[]drawn) {
	for _, list := range lists {
		p.pen, p.fill = color.NRGBA{A: 255}, color.NRGBA{}
		p.width, p.dash, p.size, p.bold = 1, nil, 14, false
		for _, o := range list {
			if err := p.one(o); err != nil && p.err == nil {
				p.err = err
			}
		}
	}
}

func (p *painter) at(xy [2]float64) drawing.Point {
	return drawing.Point{X: xy[0] - p.left, Y: p.top - xy[1]}
}

func (p *painter) one(o drawn) (err error) {
	switch o.Op {
	case "c":
		p.pen, err = parseColor(o.Color)
	case "C":
		p.fill, err = parseColor(o.Color)
	case "S":
		err = p.style(o.Style)
	case "F":
		p.size = o.Size
	case "t":
		p.bold = o.Flags&1 != 0
	case "P", "p":
		var path drawing.Path
		for i, xy := range o.Points {
			if i == 0 {
				path.MoveTo(p.at(xy))
			} else {
				path.LineTo(p.at(xy))
			}
		}
		path.Close()
		p.shape(path, o.Op == "P")
	case "L":
		var path drawing.Path
		for i, xy := range o.Points {
			if i == 0 {
				path.MoveTo(p.at(xy))
			} else {
				path.LineTo(p.at(xy))
			}
		}
		p.shape(path, false)
	case "B", "b":
		if len(o.Points)%3 != 1 {
			return fmt.Errorf("the layout has a curve of %d points", len(o.Points))
		}
		var path drawing.Path
		path.MoveTo(p.at(o.Points[0]))
		for i := 1; i < len(o.Points); i += 3 {
			path.CubicTo(p.at(o.Points[i]), p.at(o.Points[i+1]), p.at(o.Points[i+2]))
		}
		closed := len(o.Points) > 4 && o.Points[0] == o.Points[len(o.Points)-1]
		if closed {
			path.Close() // the outline of a box with round corners
		}
		p.shape(path, closed)
	case "E", "e":
		p.shape(p.ellipse(o.Rect), o.Op == "E")
	case "T":
		err = p.text(o)
	default:
		err = fmt.Errorf("the layout has an operation %q that cannot be drawn", o.Op)
	}
	return err
}

// ellipse is four Bézier curves, off by less than a thousandth.
func (p *painter) ellipse(r [4]float64) (path drawing.Path) {
	const arc = 0.5523 // of the radius: where the control points of a quarter lie
	at := func(x, y float64) drawing.Point {
		return p.at([2]float64{r[0] + float64(x*r[2]), r[1] + float64(y*r[3])})
	}
	path.MoveTo(at(1, 0))
	path.CubicTo(at(1, arc), at(arc, 1), at(0, 1))
	path.CubicTo(at(-arc, 1), at(-1, arc), at(-1, 0))
	path.CubicTo(at(-1, -arc), at(-arc, -1), at(0, -1))
	path.CubicTo(at(arc, -1), at(1, -arc), at(1, 0))
	path.Close()
	return path
}

// shape fills and strokes a path. A colour that cannot be seen is left out.
func (p *painter) shape(path drawing.Path, filled bool) {
	if filled && p.fill.A > 0 {
		p.d.FillTitled(path, p.fill, p.title)
	}
	if p.pen.A > 0 {
		p.d.Stroke(path, drawing.Stroke{Color: p.pen, Width: p.width, Dash: p.dash})
	}
}

func (p *painter) style(text string) (err error) {
	switch width, ok := strings.CutPrefix(text, "setlinewidth("); {
	case ok:
		p.width, err = strconv.ParseFloat(strings.TrimSuffix(width, ")"), 64)
	case text == "dashed":
		p.dash = []float64{4, 3}
	case text == "dotted":
		p.dash = []float64{1, 2}
	case text == "solid":
		p.dash = nil
	}
	return err
}

// text sets one line. Where our letters are wider than the room for them,
// they are made smaller.
func (p *painter) text(o drawn) error {
	if strings.TrimSpace(o.Text) == "" {
		return nil
	}
	markup := strings.ReplaceAll(o.Text, "$", `\$`)
	label, err := mathtext.Set(markup, p.size*letterScale)
	if err != nil {
		return fmt.Errorf("set %q: %w", o.Text, err)
	}
	size := p.size * letterScale
	if label.Width > o.Width && o.Width > 0 {
		size *= o.Width / label.Width
		if label, err = mathtext.Set(markup, size); err != nil {
			return fmt.Errorf("set %q: %w", o.Text, err)
		}
	}
	at := p.at(o.At)
	switch o.Align {
	case "c", "n":
		at.X -= float64(label.Width / 2)
	case "r":
		at.X -= label.Width
	}
	p.d.Write(drawing.Text{Content: o.Text, Outline: label.Outline, Size: size, Width: label.Width, Bold: p.bold}, at, p.pen)
	return nil
}

// Picture writes a drawing as "svg", "pdf" or "png".
func Picture(d *drawing.Drawing, format string) ([]byte, error) {
	switch format {
	case "svg":
		return d.SVG()
	case "pdf":
		return d.PDF()
	}
	if format != "png" {
		return nil, fmt.Errorf("format %q: want svg, pdf or png", format)
	}
	return d.PNG(resolution(d.Size()))
}

// resolution is sharp on a screen, and less for a drawing so large that its
// picture would not fit into memory.
func resolution(width, height float64) int {
	const most = 40e6 // pixels
	for _, dpi := range []int{192, 144, 96, 72, 48} {
		if scale := float64(dpi) / 72; width*scale*height*scale <= most {
			return dpi
		}
	}
	return 36
}
