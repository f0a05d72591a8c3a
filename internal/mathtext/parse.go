package mathtext

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// atom is a piece of a line: glyphs side by side with their scripts.
type atom struct {
	glyphs   []glyph
	group    []atom // a group in braces in place of glyphs
	class    class
	text     bool    // plain text: kerned, no space from classes
	em       float64 // width of an explicit space
	sub, sup []atom
	at       int // where it stands in the markup
}

// maxDepth bounds the nesting of groups and scripts.
const maxDepth = 8

type parser struct {
	s     string
	at    int
	depth int
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{at}, args...)...)
}

func (p *parser) done() bool { return p.at >= len(p.s) }

// next returns the next character and moves past it.
func (p *parser) next() rune {
	r, n := utf8.DecodeRuneInString(p.s[p.at:])
	p.at += n
	return r
}

// parse reads a whole label, valid UTF-8 without control characters.
func parse(s string) ([]atom, error) {
	p := &parser{s: s}
	var line []atom
	for !p.done() {
		if s[p.at] == '$' {
			open := p.at
			p.at++
			math, err := p.math('$', open)
			if err != nil {
				return nil, err
			}
			line = append(line, signs(math)...)
			continue
		}
		line = append(line, p.text())
	}
	return line, nil
}

// text reads plain text up to a dollar sign or the end.
func (p *parser) text() atom {
	a := atom{text: true, at: p.at}
	for !p.done() && p.s[p.at] != '$' {
		if strings.HasPrefix(p.s[p.at:], `\$`) {
			p.at++
		}
		a.glyphs = append(a.glyphs, glyph{p.next(), upright})
	}
	return a
}

// math reads mathematics up to the character end, which began at byte open.
func (p *parser) math(end byte, open int) ([]atom, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(open, "groups are nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	var list []atom
	for {
		if p.done() {
			return nil, p.errorf(open, "%q is not closed by %q", p.s[open], end)
		}
		switch c := p.s[p.at]; {
		case c == end:
			p.at++
			return list, nil
		case c == ' ':
			p.at++
		case c == '_' || c == '^':
			if err := p.script(&list); err != nil {
				return nil, err
			}
		default:
			a, err := p.atom()
			if err != nil {
				return nil, err
			}
			list = append(list, a)
		}
	}
}

// script reads a subscript or superscript onto the last atom of list.
func (p *parser) script(list *[]atom) error {
	at := p.at
	mark := p.next()
	if len(*list) == 0 {
		*list = append(*list, atom{at: at})
	}
	base := &(*list)[len(*list)-1]
	for !p.done() && p.s[p.at] == ' ' {
		p.at++
	}
	if p.done() || strings.IndexByte("$}_^", p.s[p.at]) >= 0 {
		return p.errorf(at, "nothing follows %q", mark)
	}
	a, err := p.atom()
	if err != nil {
		return err
	}
	script := []atom{a}
	if a.group != nil {
		script = a.group
	}
	to := &base.sub
	if mark == '^' {
		to = &base.sup
	}
	if *to != nil {
		return p.errorf(at, "a second %q on the same character: use braces", mark)
	}
	*to = signs(script)
	return nil
}

// atom reads one character, command or group of mathematics.
func (p *parser) atom() (atom, error) {
	at := p.at
	switch r := p.next(); {
	case r == '{':
		group, err := p.math('}', at)
		if err != nil {
			return atom{}, err
		}
		if group == nil {
			group = []atom{{at: at}}
		}
		return atom{group: signs(group), at: at}, nil
	case r == '}':
		return atom{}, p.errorf(at, "'}' closes nothing")
	case r == '$':
		return atom{}, p.errorf(at, "'$' inside of braces")
	case r == '\\':
		return p.command(at)
	default:
		g, c := character(r)
		return atom{glyphs: []glyph{g}, class: c, at: at}, nil
	}
}

// command reads what follows the backslash at byte at.
func (p *parser) command(at int) (atom, error) {
	begin := p.at
	for !p.done() && isLetter(p.s[p.at]) {
		p.at++
	}
	if p.at == begin && !p.done() {
		p.next()
	}
	name := p.s[begin:p.at]
	switch name {
	case "text", "mathrm", "mathcal":
		argument, err := p.argument(name, at)
		if err != nil {
			return atom{}, err
		}
		a := atom{at: at}
		for _, r := range argument {
			g := glyph{r, upright}
			if name == "mathcal" {
				script, ok := calligraphic[r]
				if !ok {
					return atom{}, p.errorf(at, `\mathcal knows the letters A to Z, not %q`, r)
				}
				g = glyph{script, symbol}
			}
			a.glyphs = append(a.glyphs, g)
		}
		return a, nil
	}
	c, ok := commands[name]
	if !ok {
		return atom{}, p.errorf(at, `unknown command \%s`, name)
	}
	a := atom{class: c.class, em: c.em, at: at}
	for _, r := range c.text {
		a.glyphs = append(a.glyphs, glyph{r, c.style})
	}
	return a, nil
}

// argument reads plain text in braces.
func (p *parser) argument(name string, at int) (string, error) {
	text, found := strings.CutPrefix(p.s[p.at:], "{")
	n := strings.IndexByte(text, '}')
	if !found || n < 0 {
		return "", p.errorf(at, `\%s wants its argument in braces`, name)
	}
	if i := strings.IndexAny(text[:n], "{$\\"); i >= 0 {
		return "", p.errorf(at, `\%s takes plain characters, not %q`, name, text[i])
	}
	p.at += n + 2
	return text[:n], nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// signs makes ordinary atoms of binary operators that have nothing to join,
// such as the minus of 10^{-4}.
func signs(list []atom) []atom {
	previous := opening
	for i := range list {
		a := &list[i]
		if a.class == space {
			continue
		}
		joins := previous == ordinary || previous == closing
		if a.class == binary && (!joins || i == len(list)-1) {
			a.class = ordinary
		}
		previous = a.class
	}
	return list
}

// spell returns a list of atoms in words.
func spell(list []atom) string {
	var b strings.Builder
	for i, a := range list {
		spaced := a.class == binary || a.class == relation
		if spaced || a.class == operator && i > 0 {
			b.WriteByte(' ')
		}
		if a.class == space {
			b.WriteByte(' ')
		}
		for _, g := range a.glyphs {
			if a.class != space {
				b.WriteRune(g.r)
			}
		}
		b.WriteString(spell(a.group))
		for _, script := range []struct {
			mark byte
			list []atom
		}{{'_', a.sub}, {'^', a.sup}} {
			if script.list == nil {
				continue
			}
			text := spell(script.list)
			b.WriteByte(script.mark)
			if utf8.RuneCountInString(text) > 1 {
				text = "{" + text + "}"
			}
			b.WriteString(text)
		}
		if spaced || a.class == operator || a.class == punctuation {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
