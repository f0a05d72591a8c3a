package drawing

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf16"
)

// PDF writes the drawing as a one-page PDF 1.4 document. It has no dates and
// no document id: those would differ from run to run.
func (d *Drawing) PDF() ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	content, err := d.pdfContent()
	if err != nil {
		return nil, err
	}
	var states bytes.Buffer
	for i, a := range d.alphas() {
		fmt.Fprintf(&states, "/A%d<</CA %s/ca %s>>", i, a, a)
	}
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %s %s]/Contents 4 0 R/Resources<</ExtGState<<%s>>>>>>",
			d.width.append(nil), d.height.append(nil), states.String()),
		fmt.Sprintf("<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream", len(content), content),
		fmt.Sprintf("<</Title %s/Subject %s/Creator(landscape-pipe)>>", pdfString(d.Title), pdfString(d.Description)),
	}

	// The four bytes above 127 tell transfer programs that the file is binary.
	b := []byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = len(b)
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := len(b)
	b = fmt.Appendf(b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		b = fmt.Appendf(b, "%010d 00000 n \n", at)
	}
	b = fmt.Appendf(b, "trailer\n<</Size %d/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b, nil
}

// alphas lists the opacities that occur, in the order of their first use.
func (d *Drawing) alphas() []string {
	var out []string
	for _, it := range d.items {
		if a := alpha(it.color); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func (d *Drawing) pdfContent() ([]byte, error) {
	alphas := d.alphas()
	b := []byte("1 j\n")
	for _, it := range d.items {
		b = fmt.Appendf(b, "/A%d gs\n", slices.Index(alphas, alpha(it.color)))
		for i, v := range []uint8{it.color.R, it.color.G, it.color.B} {
			thousandths := (int(v)*1000 + 127) / 255
			b = fmt.Appendf(b, "%d.%03d ", thousandths/1000, thousandths%1000)
			if i == 2 && it.stroke == nil {
				b = append(b, "rg\n"...)
			} else if i == 2 {
				b = append(b, "RG\n"...)
			}
		}
		if it.stroke != nil {
			b = append(it.stroke.width.append(b), " w ["...)
			for _, v := range it.stroke.dash {
				b = append(v.append(b), ' ')
			}
			b = append(b, "] 0 d\n"...)
		}
		for _, s := range it.path {
			for i := range s.verb.points() {
				b = append(s.x[i].append(b), ' ')
				// PDF counts from the lower left corner.
				b = append((d.height - s.y[i]).append(b), ' ')
			}
			b = append(b, "mlch"[s.verb], '\n')
		}
		if it.stroke == nil {
			b = append(b, "f\n"...)
		} else {
			b = append(b, "S\n"...)
		}
	}
	return compress(b)
}

// pdfString writes s as a hexadecimal text string in UTF-16 with a mark.
func pdfString(s string) string {
	b := []byte("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		b = fmt.Appendf(b, "%04X", u)
	}
	return string(append(b, '>'))
}
