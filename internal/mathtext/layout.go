package mathtext

import (
	"fmt"

	"golang.org/x/image/font/sfnt"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Sizes and shifts of scripts, in em of their line.
const (
	scriptSize  = 0.72
	smallest    = 0.5 // of the label's size: scripts of scripts stay readable
	superShift  = 0.37
	subShift    = 0.17
	subShiftTwo = 0.25 // a subscript below a superscript
	scriptSpace = 0.04 // after a script
)

// Spaces of mathematics, in em.
const (
	thin   = 3. / 18
	medium = 4. / 18
	thick  = 5. / 18
)

// box is a set part of a line.
type box struct {
	outline         drawing.Path
	width           float64
	ascent, descent float64
	inked           bool
	overhang        float64 // how far a slanted last character leans out
}

// add puts c at (x, y) of b, y down, without moving b's width.
func (b *box) add(c box, x, y float64) {
	b.outline.Append(c.outline, drawing.Point{X: x, Y: y})
	if !c.inked {
		return
	}
	ascent, descent := c.ascent-y, c.descent+y
	if !b.inked {
		b.ascent, b.descent, b.inked = ascent, descent, true
		return
	}
	b.ascent, b.descent = max(b.ascent, ascent), max(b.descent, descent)
}

// setter holds what does not change inside of a label.
type setter struct {
	buf  sfnt.Buffer
	full float64 // the label's font size
}

func layoutLine(list []atom, size float64) (box, error) {
	s := &setter{full: size}
	return s.list(list, size, false)
}

// list sets atoms side by side.
func (s *setter) list(list []atom, size float64, script bool) (box, error) {
	var line box
	for i, a := range list {
		if i > 0 {
			line.width += float64(gap(list[i-1], a, script) * size)
		}
		b, err := s.atom(a, size)
		if err != nil {
			return box{}, fmt.Errorf("byte %d: %w", a.at, err)
		}
		// An upright neighbour must not touch a letter that leans out.
		if line.overhang > 0 && !startsSlanted(a) {
			line.width += line.overhang
		}
		line.add(b, line.width, 0)
		line.width += b.width
		line.overhang = b.overhang
	}
	return line, nil
}

// startsSlanted reports whether a begins with a slanted letter.
func startsSlanted(a atom) bool {
	if a.group != nil {
		return startsSlanted(a.group[0])
	}
	return len(a.glyphs) > 0 && a.glyphs[0].style == italic
}

// gap is the space between two atoms, in em (The TeXbook, chapter 18).
func gap(left, right atom, script bool) float64 {
	if left.text || right.text {
		return 0
	}
	l, r := left.class, right.class
	if l == space || r == space {
		return 0
	}
	if l == operator && (r == ordinary || r == operator) || r == operator && (l == ordinary || l == closing) {
		return thin
	}
	if script {
		return 0
	}
	switch {
	case l == relation && r == relation:
		return 0
	case l == relation || r == relation:
		return thick
	case l == binary || r == binary:
		return medium
	case l == punctuation:
		return thin
	}
	return 0
}

// atom sets the glyphs or the group of a with its scripts.
func (s *setter) atom(a atom, size float64) (box, error) {
	if a.class == space {
		return box{width: a.em * size}, nil
	}
	var b box
	var err error
	if a.group != nil {
		b, err = s.list(a.group, size, false)
	} else {
		b, err = s.glyphs(a.glyphs, size)
	}
	if err != nil || a.sub == nil && a.sup == nil {
		return b, err
	}

	small := max(scriptSize*size, smallest*s.full)
	nucleus, lean := b.width, b.overhang
	end := nucleus
	if a.sup != nil {
		sup, err := s.list(a.sup, small, true)
		if err != nil {
			return box{}, err
		}
		shift := max(superShift*size, b.ascent-float64(0.6*small))
		x := nucleus + lean
		b.add(sup, x, -shift)
		end = max(end, x+sup.width+max(sup.overhang, 0))
	}
	if a.sub != nil {
		sub, err := s.list(a.sub, small, true)
		if err != nil {
			return box{}, err
		}
		shift := subShift * size
		if a.sup != nil {
			shift = subShiftTwo * size
		}
		b.add(sub, nucleus, shift)
		end = max(end, nucleus+sub.width+max(sub.overhang, 0))
	}
	b.width, b.overhang = end+float64(scriptSpace*size), 0
	return b, nil
}

// glyphs sets characters side by side with kerning.
func (s *setter) glyphs(list []glyph, size float64) (box, error) {
	var b box
	var previous sfnt.GlyphIndex
	for i, g := range list {
		if i > 0 && g.style != list[i-1].style {
			previous = 0
		}
		sh, err := load(&s.buf, g, size, previous)
		if err != nil {
			return box{}, err
		}
		b.width += sh.kernedAfter
		c := box{outline: sh.outline, ascent: -sh.minY, descent: sh.maxY, inked: sh.inked}
		b.add(c, b.width, 0)
		b.width += sh.advance
		b.overhang = 0
		if g.style == italic || g.style == symbol {
			b.overhang = max(0, sh.maxX-sh.advance)
		}
		previous = sh.index
	}
	return b, nil
}
