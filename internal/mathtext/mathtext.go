// Package mathtext sets short labels that contain mathematics, as outlines.
//
// A label is plain text with mathematics between dollar signs, in a small part
// of TeX's language:
//
//	Sample size $k$
//	$|\mathcal{L}_{k+1}(\theta) - \mathcal{L}_k(\theta)|$
//	$10^{-4}$
//
// In text every character stands for itself (\$ is a dollar sign). In
// mathematics letters are variables and slanted, digits and operators are
// upright, blanks do not count, - is a minus sign, _ and ^ take one character,
// one command or a group in braces as subscript and superscript, \text{…}
// is upright text, and the commands of the table in symbols.go are known.
// Spaces around operators and relations follow TeX: none in scripts, none
// around a sign.
//
// The letters are glyph outlines of STIX Two (SIL Open Font License), so what
// is set needs no font to be shown. Neither fonts of the machine nor its
// locale have an influence.
package mathtext

import (
	"fmt"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Label is a label that was set in one line.
type Label struct {
	// Width is how far the line runs, in points.
	Width float64
	// Ascent and Descent are how far its ink reaches above and below the
	// baseline, in points; for a line without ink both are 0.
	Ascent, Descent float64
	// Outline is the ink, from x = 0 on the baseline y = 0, y down.
	Outline drawing.Path
	// Text is the label in words, for screen readers.
	Text string
}

// Set sets markup at that font size in points. An error names the byte of the
// markup that it is about. Text is never an error: a character that no font has is
// a box, a control character a blank, and marks without ink, such as those for the
// direction of writing, are left out.
func Set(markup string, size float64) (Label, error) {
	if !(size > 0 && size <= 1000) {
		return Label{}, fmt.Errorf("mathtext: font size %v is not between 0 and 1000 points", size)
	}
	list, err := parse(clean(markup))
	if err != nil {
		return Label{}, fmt.Errorf("mathtext: %q: %w", markup, err)
	}
	b, err := layoutLine(list, size)
	if err != nil {
		return Label{}, fmt.Errorf("mathtext: %q: %w", markup, err)
	}
	l := Label{Width: b.width, Outline: b.outline, Text: strings.Join(strings.Fields(spell(list)), " ")}
	if b.inked {
		l.Ascent, l.Descent = b.ascent, b.descent
	}
	return l, nil
}

// clean returns valid UTF-8 without control characters and marks without ink.
func clean(markup string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029:
			return ' '
		case r == 0xad, // soft hyphen
			r >= 0x200b && r <= 0x200f, r == 0x61c, // joiners, direction marks
			r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, // embeddings, isolates
			r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff, // variation selectors, byte order mark
			r >= 0xe0000 && r <= 0xe0fff: // tags, more selectors
			return -1
		}
		return r
	}, strings.ToValidUTF8(markup, "\uFFFD"))
}

// CapHeight returns the height of capital letters and digits at that font size
// in points: half of it is where a label is centred on a tick.
func CapHeight(size float64) float64 { return 0.656 * size }
