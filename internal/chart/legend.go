package chart

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/mathtext"
)

// Entry is one text of a legend with a sample of what it explains.
type Entry struct {
	Text string                                        // markup
	Key  func(s *Sheet, from drawing.Point, w float64) // draws the sample from there to the right; may be nil
	Slim bool                                          // the sample is a mark and is as narrow as one
	Note bool                                          // no sample and grey: a remark
}

// Lengths in points.
const (
	KeyWidth   = 17
	KeyGap     = 4
	EntryGap   = 13
	RowHeight  = 11.5
	headingGap = 5 // below title and legend
)

// StrokeKey is the sample of a line.
func StrokeKey(strokes ...drawing.Stroke) func(*Sheet, drawing.Point, float64) {
	return func(s *Sheet, at drawing.Point, w float64) {
		for _, st := range strokes {
			s.Stroke(drawing.Polyline(at, drawing.Point{X: at.X + w, Y: at.Y}), st)
		}
	}
}

// BandKey is the sample of a filled band.
func BandKey(c color.NRGBA) func(*Sheet, drawing.Point, float64) {
	return func(s *Sheet, at drawing.Point, w float64) {
		s.Fill(drawing.Rectangle(drawing.Point{X: at.X, Y: at.Y - 3}, drawing.Point{X: at.X + w, Y: at.Y + 3}), c)
	}
}

// Remarks says the same of all names, in up to three lines. If that is too
// little, the last names are only counted.
func (s *Sheet) Remarks(names []string, what string) []Entry {
	const lines = 3
	fits := func(text string) bool { return s.Set(text, LegendSize).Width <= s.Width-2*Edge }
	var out []string
	for i := range names {
		end := ","
		if i == len(names)-1 {
			end = ": " + what
		}
		last := len(out) - 1
		if last >= 0 && fits(out[last]+" "+names[i]+end) {
			out[last] += " " + names[i] + end
			continue
		}
		if len(out) == lines {
			out[last] = strings.TrimSuffix(out[last], ",")
			out = append(out, fmt.Sprintf("and %d more: %s", len(names)-i, what))
			break
		}
		out = append(out, names[i]+end)
	}
	entries := make([]Entry, len(out))
	for i, text := range out {
		entries[i] = Entry{Text: text, Note: true}
	}
	return entries
}

// Heading draws the title, a line of small print and the legend at the top of
// the page, the entries side by side where they fit. It returns where the rest of
// the page begins, so that nothing of it can lie on the data.
func (s *Sheet) Heading(title, small string, entries []Entry) (bottom float64) {
	width := s.Width - 2*Edge
	s.Title = s.Set(title, TitleSize).Text
	s.Description = s.Set(small, SubtitleSize).Text
	y := Edge + 0.75*TitleSize
	s.DrawText(s.Fit(title, TitleSize, width), Edge, y, 0, Black)
	if small != "" {
		y += 1.45 * SubtitleSize
		s.DrawText(s.Fit(small, SubtitleSize, width), Edge, y, 0, Grey)
	}
	if len(entries) == 0 {
		return y + headingGap
	}
	y += 1.1*RowHeight + 1
	x := float64(Edge)
	for i, e := range entries {
		key := float64(KeyWidth)
		if e.Slim {
			key = 6
		}
		offset := key + KeyGap
		paint := Ink
		if e.Note {
			offset, paint = 0, Grey
		}
		l := s.Fit(e.Text, LegendSize, width-offset)
		if i > 0 && x+offset+l.Width > Edge+width {
			x, y = Edge, y+RowHeight
		}
		if e.Key != nil {
			e.Key(s, drawing.Point{X: x, Y: y - mathtext.CapHeight(LegendSize)/2}, key)
		}
		s.DrawText(l, x+offset, y, 0, paint)
		x += offset + l.Width + EntryGap
	}
	return y + headingGap
}
