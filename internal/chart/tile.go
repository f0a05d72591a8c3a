package chart

// Lengths in points.
const (
	PanelGap   = 9  // between panels
	PanelTitle = 13 // above each of several panels
)

// Cell is the place of one of several panels.
type Cell struct {
	Frame
	Leftmost, Lowest bool // has the label of the y axis, of the x axis
}

// Tile divides a page among n panels, at most three side by side. All have
// the same size inside; labels of the axes stand at the left and below only.
func Tile(n int, page Frame) []Cell {
	columns := min(n, 3)
	if n == 4 {
		columns = 2
	}
	rows := (n + columns - 1) / columns
	const label = labelGap + LabelSize
	w := (page.Right - page.Left - label - float64(PanelGap*float64(columns-1))) / float64(columns)
	h := (page.Bottom - page.Top - label - float64(PanelGap*float64(rows-1))) / float64(rows)
	cells := make([]Cell, n)
	for i := range cells {
		column, row := i%columns, i/columns
		left := page.Left + label + float64(float64(column)*(w+PanelGap))
		top := page.Top + float64(float64(row)*(h+PanelGap))
		c := Cell{Frame{left, top, left + w, top + h}, column == 0, i+columns >= n}
		// A label needs its place in addition to the panel's; above an
		// empty cell there is enough.
		if c.Leftmost {
			c.Left -= label
		}
		if c.Lowest {
			c.Bottom += label
		}
		cells[i] = c
	}
	return cells
}
