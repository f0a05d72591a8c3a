package drawing

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
)

// SVG writes the drawing as an SVG 1.1 document.
func (d *Drawing) SVG() ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	w, h := string(d.width.append(nil)), string(d.height.append(nil))
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%spt" height="%spt" viewBox="0 0 %s %s" role="img">`+"\n", w, h, w, h)
	for _, text := range []struct{ tag, content string }{{"title", d.Title}, {"desc", d.Description}} {
		if text.content != "" {
			fmt.Fprintf(&b, "<%s>%s</%s>\n", text.tag, escape(text.content), text.tag)
		}
	}
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%sv%sH0z"/>`+"\n", w, h)
	for _, it := range d.items {
		switch {
		case it.drawn:
			continue
		case it.words != nil:
			writeText(&b, it)
			continue
		}
		b.WriteString("<path")
		if it.label != "" {
			fmt.Fprintf(&b, ` role="img" aria-label="%s"`, escape(it.label))
		}
		if it.stroke == nil {
			writePaint(&b, "fill", it.color)
		} else {
			b.WriteString(` fill="none"`)
			writePaint(&b, "stroke", it.color)
			fmt.Fprintf(&b, ` stroke-width="%s" stroke-linejoin="round"`, it.stroke.width.append(nil))
			if len(it.stroke.dash) > 0 {
				b.WriteString(` stroke-dasharray="`)
				for i, v := range it.stroke.dash {
					if i > 0 {
						b.WriteByte(' ')
					}
					b.Write(v.append(nil))
				}
				b.WriteByte('"')
			}
		}
		b.WriteString(` d="`)
		b.Write(appendSVGPath(nil, it.path))
		if it.title != "" {
			fmt.Fprintf(&b, "\"><title>%s</title></path>\n", escape(it.title))
			continue
		}
		b.WriteString("\"/>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes(), nil
}

// writeText writes a line of text in a font with serifs, as the outlines are.
func writeText(b *bytes.Buffer, it item) {
	w := it.words
	fmt.Fprintf(b, `<text x="%s" y="%s" font-family="STIX Two Text,Times New Roman,serif" font-size="%s" textLength="%s" lengthAdjust="spacingAndGlyphs"`,
		w.x.append(nil), w.y.append(nil), w.size.append(nil), w.width.append(nil))
	if w.bold {
		b.WriteString(` font-weight="bold"`)
	}
	writePaint(b, "fill", it.color)
	fmt.Fprintf(b, ">%s</text>\n", escape(it.label))
}

func writePaint(b *bytes.Buffer, attribute string, c color.NRGBA) {
	fmt.Fprintf(b, ` %s="#%02x%02x%02x"`, attribute, c.R, c.G, c.B)
	if c.A != 255 {
		fmt.Fprintf(b, ` %s-opacity="%s"`, attribute, alpha(c))
	}
}

// alpha writes the opacity of c with three decimals.
func alpha(c color.NRGBA) string {
	thousandths := (int(c.A)*1000 + 127) / 255
	return fmt.Sprintf("%d.%03d", thousandths/1000, thousandths%1000)
}

// appendSVGPath writes path data with relative coordinates, which are shorter.
// The coordinates are integers here, so nothing accumulates.
func appendSVGPath(b []byte, path []segment) []byte {
	var x, y, startX, startY coord
	for _, s := range path {
		b = append(b, "mlcz"[s.verb])
		for i := range s.verb.points() {
			b = appendNumber(b, s.x[i]-x, i == 0)
			b = appendNumber(b, s.y[i]-y, false)
		}
		switch s.verb {
		case closePath:
			x, y = startX, startY
		default:
			last := s.verb.points() - 1
			x, y = s.x[last], s.y[last]
			if s.verb == moveTo {
				startX, startY = x, y
			}
		}
	}
	return b
}

// appendNumber adds a number and, unless it is the first after a letter or has
// a sign, a space before it.
func appendNumber(b []byte, c coord, first bool) []byte {
	if !first && c >= 0 {
		b = append(b, ' ')
	}
	return c.append(b)
}

func escape(s string) string {
	var b bytes.Buffer
	// A bytes.Buffer never fails.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
