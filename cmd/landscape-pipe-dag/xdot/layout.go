// Package xdot draws what Graphviz laid out: it reads Graphviz's JSON with its
// drawing operations and makes a drawing of it that can be written as SVG, PDF
// and PNG. Graphviz's own PNG loses edges where it runs as WebAssembly, and its
// PDF cannot be made there.
package xdot

import (
	"encoding/json"
	"fmt"
	"image/color"
	"strconv"
	"strings"
)

// Layout is what Graphviz says in JSON of a graph that it laid out: lists of
// drawing operations, in points, y up.
type Layout struct {
	Name    string  `json:"name"`
	Box     string  `json:"bb"` // "left,bottom,right,top"
	Back    []drawn `json:"_draw_"`
	Label   []drawn `json:"_ldraw_"`
	Objects []piece `json:"objects"` // nodes
	Edges   []piece `json:"edges"`
}

// piece is a node or an edge.
type piece struct {
	Title string  `json:"tooltip"`
	Draw  []drawn `json:"_draw_"`
	Head  []drawn `json:"_hdraw_"` // arrow heads
	Tail  []drawn `json:"_tdraw_"`
	Label []drawn `json:"_ldraw_"`
}

// drawn is one operation. Which fields it has depends on Op, a letter as in
// Graphviz's xdot format.
type drawn struct {
	Op     string       `json:"op"`
	Points [][2]float64 `json:"points"`
	Rect   [4]float64   `json:"rect"` // of an ellipse: centre and radii
	Color  string       `json:"color"`
	Style  string       `json:"style"`
	Size   float64      `json:"size"`     // of the font
	Flags  int          `json:"fontchar"` // 1: bold
	At     [2]float64   `json:"pt"`
	Align  string       `json:"align"` // l, c or r
	Width  float64      `json:"width"` // that Graphviz reckons with
	Text   string       `json:"text"`
}

// Parse reads the output of Graphviz's format "json".
func Parse(text []byte) (*Layout, error) {
	l := new(Layout)
	if err := json.Unmarshal(text, l); err != nil {
		return nil, fmt.Errorf("read the layout: %w", err)
	}
	return l, nil
}

// margin is the space around the drawing, in points.
const margin = 14.4

// page returns the lower left and the upper right corner of the drawing.
func (l *Layout) page() (left, bottom, right, top float64, err error) {
	var at [4]float64
	parts := strings.Split(l.Box, ",")
	if len(parts) != len(at) {
		return 0, 0, 0, 0, fmt.Errorf("read the layout: its box is %q", l.Box)
	}
	for i, part := range parts {
		if at[i], err = strconv.ParseFloat(part, 64); err != nil {
			return 0, 0, 0, 0, fmt.Errorf("read the layout: its box is %q", l.Box)
		}
	}
	return at[0] - margin, at[1] - margin, at[2] + margin, at[3] + margin, nil
}

// parseColor reads "#rrggbb" or "#rrggbbaa".
func parseColor(text string) (color.NRGBA, error) {
	digits, ok := strings.CutPrefix(text, "#")
	if len(digits) == 6 {
		digits += "ff"
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if !ok || len(digits) != 8 || err != nil {
		return color.NRGBA{}, fmt.Errorf("the layout has the colour %q", text)
	}
	return color.NRGBA{R: uint8(n >> 24), G: uint8(n >> 16), B: uint8(n >> 8), A: uint8(n)}, nil
}
