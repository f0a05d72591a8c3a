package claims

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// confidence is that of all limits and intervals.
const confidence = 0.95

// noneOf says how many of n independent networks are violations and what share
// of all such networks may be, as in "0 of 68, at most 4.3 % of such networks".
// Dead networks are no evidence: the caller leaves them out of both numbers.
func noneOf(violations, n int) string {
	text := fmt.Sprintf("%d of %d", violations, n)
	if n == 0 {
		return text
	}
	return text + fmt.Sprintf(", at most %s %% of such networks (one-sided 95 %% limit)", short(100*stats.ClopperPearson(violations, n, confidence)))
}

// pText writes the p-value of a test, with ≤ where no permutation reached the
// observed value.
func pText(t artifact.ClaimTest) string {
	if t.Floor {
		return "p ≤ " + short(t.P)
	}
	return "p = " + short(t.P)
}

// pBoth writes a p-value and what it is in the family.
func pBoth(t artifact.ClaimTest) string {
	relation := ""
	if t.Floor {
		relation = "≤ "
	}
	return fmt.Sprintf("%s (Holm %s%s)", pText(t), relation, short(t.Adjusted))
}

// population says how many networks there are, and how many of them live.
func population(c *artifact.Claim) string {
	text := plural(c.Networks, "network")
	if partly := c.Networks - c.Living - c.Dead; c.Dead+partly > 0 {
		var parts []string
		for _, p := range []struct {
			n    int
			name string
		}{{c.Living, "living"}, {partly, "partly dead"}, {c.Dead, "dead"}} {
			if p.n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", p.n, p.name))
			}
		}
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

// plural writes a number with a noun whose plural ends in s.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// list joins parts as English does.
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// short writes a number with three digits for people.
func short(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-3 || a >= 1e5) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 1, 64), "e")
		mantissa = strings.TrimSuffix(mantissa, ".0")
		sign := ""
		if exponent[0] == '-' {
			sign = "-"
		}
		return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
	} else if a >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// textWidth is how wide plain text is, in characters.
const textWidth = 100

// wrap writes a paragraph in lines of textWidth, each after the indent.
func wrap(b *strings.Builder, indent, paragraph string) {
	room := 0
	for i, word := range strings.Fields(paragraph) {
		width := utf8.RuneCountInString(word) + 1
		switch {
		case i == 0:
			b.WriteString(indent)
			room = textWidth - len(indent) + 1
		case width > room:
			b.WriteString("\n" + indent)
			room = textWidth - len(indent) + 1
		default:
			b.WriteByte(' ')
		}
		b.WriteString(word)
		room -= width
	}
	b.WriteByte('\n')
}
