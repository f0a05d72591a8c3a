package chart

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// plane returns a panel of 100×100 points over the square from −1 to 1 and a
// field on it.
func plane(t *testing.T, n int, f func(x, y float64) float64) (*Panel, Grid) {
	t.Helper()
	p := &Panel{Sheet: NewSheet(5, 5), X: Axis{Low: -1, High: 1, from: 0, to: 100}, Y: Axis{Low: -1, High: 1, from: 100, to: 0}}
	p.Inner = Frame{0, 0, 100, 100}
	var field Grid
	for i := range n {
		at := -1 + 2*float64(i)/float64(n-1)
		field.X, field.Y = append(field.X, at), append(field.Y, at)
	}
	for _, y := range field.Y {
		for _, x := range field.X {
			field.Values = append(field.Values, f(x, y))
		}
	}
	return p, field
}

// area is the signed area of rings: that of holes has the other sign.
func area(rings [][]corner) float64 {
	sum := 0.0
	for _, r := range rings {
		for i, a := range r {
			b := r[(i+1)%len(r)]
			sum += (a.X*b.Y - b.X*a.Y) / 2
		}
	}
	return sum
}

func TestRingsEncloseWhatIsAboveTheLevel(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     func(x, y float64) float64
		level float64
		rings int
		area  float64 // of 10,000
	}{
		{"everything", func(x, y float64) float64 { return 1 }, 0, 1, 10000},
		{"nothing", func(x, y float64) float64 { return -1 }, 0, 0, 0},
		{"half", func(x, y float64) float64 { return x }, 0, 1, 5000},
		{"disc", func(x, y float64) float64 { return 0.25 - x*x - y*y }, 0, 1, math.Pi * 625},
		{"hole", func(x, y float64) float64 { return x*x + y*y - 0.25 }, 0, 2, 10000 - math.Pi*625},
		{"two corners", func(x, y float64) float64 { return x + y - 1 }, 0, 1, 1250},
		{"saddle, middle inside", func(x, y float64) float64 { return x*y + 0.01 }, 0, 1, 5280},
		{"saddle, middle outside", func(x, y float64) float64 { return x*y - 0.01 }, 0, 2, 4720},
	} {
		p, field := plane(t, 42, c.f) // even: the saddle lies within a cell
		rings := p.rings(field, c.level)
		got := math.Abs(area(rings))
		if len(rings) != c.rings || math.Abs(got-c.area) > 30 {
			t.Errorf("%s: %d rings of area %.0f, want %d of %.0f", c.name, len(rings), got, c.rings, c.area)
		}
	}
}

// The line of a level does not follow the border of the grid.
func TestContoursLeaveOutTheBorder(t *testing.T) {
	p, field := plane(t, 21, func(x, y float64) float64 { return x })
	lines := p.Contours(field, []float64{0.33}, Stroke(Ink, 1))
	if len(lines) != 1 || len(lines[0]) != 1 {
		t.Fatalf("%d levels, want one line", len(lines))
	}
	for _, at := range lines[0][0][1 : len(lines[0][0])-1] {
		if math.Abs(at.X-66.5) > 1e-9 {
			t.Errorf("the line passes %v, want x = 66.5", at)
		}
	}
	p, field = plane(t, 21, func(x, y float64) float64 { return 0.25 - x*x - y*y })
	lines = p.Contours(field, []float64{0}, Stroke(Ink, 1))
	if closed := lines[0][0]; distance(closed[0], closed[len(closed)-1]) > 1e-9 {
		t.Error("the line round a hill is not closed")
	}
}

func TestContourLabelsStandClear(t *testing.T) {
	p, field := plane(t, 41, func(x, y float64) float64 { return x*x + y*y })
	lines := p.Contours(field, []float64{0.2, 0.5, 0.8}, Stroke(Ink, 1))
	p.LabelContours(lines, []string{"$0.2$", "", "$0.8$"}, Ink, drawing.Point{X: 50, Y: 50})
	d, err := p.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.SVG(); err != nil {
		t.Fatal(err)
	}
}

// Neighbouring colours of the sequential ramp get darker throughout; the
// diverging one is lightest in the middle.
func TestRampsDifferInLightness(t *testing.T) {
	light := func(r Ramp, t float64) int {
		c := r.At(t)
		return 299*int(c.R) + 587*int(c.G) + 114*int(c.B)
	}
	for i := 1; i <= 50; i++ {
		if a, b := float64(i-1)/50, float64(i)/50; light(Sequential, b) >= light(Sequential, a) {
			t.Errorf("sequential: %v is not darker than %v", b, a)
		}
		a, b := 0.5+float64(i-1)/100, 0.5+float64(i)/100
		if light(Diverging, b) >= light(Diverging, a) || light(Diverging, 1-b) >= light(Diverging, 1-a) {
			t.Errorf("diverging: not darker from %v to %v", a, b)
		}
	}
	if Sequential.At(-1) != Sequential[0] || Sequential.At(7) != Sequential[len(Sequential)-1] {
		t.Error("the ends of a ramp go on")
	}
	if ContrastColor(Sequential[0]) != Black || ContrastColor(Sequential[8]) != White {
		t.Error("text cannot be read on the ends of the ramp")
	}
	if Tint(Palette[0], 0) != White || Tint(Palette[0], 1) != Palette[0] {
		t.Error("a tint does not run from white to the colour")
	}
}
