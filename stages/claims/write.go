package claims

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// columns are the columns of CSV. A cell is empty where the claim has no
// such number.
var columns = []string{
	"claim", "dataset", "input", "scope", "verdict", "effect_name", "effect", "effect_low", "effect_high",
	"p", "p_holm", "networks", "collapsed", "evidence",
}

func claimsCSV(c *artifact.Claims) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, x := range c.Claims {
		row := []string{x.ID, x.Dataset, x.Input, x.Scope, x.Verdict, x.EffectName, "", "", "", "", "", strconv.Itoa(x.Networks), strconv.Itoa(x.Collapsed), x.Evidence}
		if e := x.Effect; e != nil {
			row[6], row[7], row[8] = number(e.Estimate), number(e.Low), number(e.High)
		}
		if t := x.Test; t != nil {
			row[9], row[10] = number(t.P), number(t.Adjusted)
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// heading says under which rules the verdicts were given.
func heading(c *artifact.Claims) string {
	return fmt.Sprintf("%d networks, %d tests in one family (Holm), alpha = %s. A verdict stands only if it is the same with and without collapsed networks.",
		c.Networks, c.Tests, short(c.Alpha))
}

func where(x artifact.Claim) string {
	if x.Input == "" {
		return x.Dataset
	}
	return x.Dataset + ", " + x.Input
}

// table is the verdicts as plain text, in columns.
func table(c *artifact.Claims) []byte {
	rows := [][]string{{"verdict", "networks", "data set", "claim"}}
	for _, x := range c.Claims {
		name := x.Statement
		if x.Scope != "" {
			name += " [" + x.Scope + "]"
		}
		rows = append(rows, []string{x.Verdict, strconv.Itoa(x.Networks), where(x), name})
	}
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	b.WriteString(heading(c) + "\n\n")
	for i, r := range rows {
		for j, cell := range r {
			if j > 0 {
				b.WriteString("  ")
			}
			b.WriteString(cell)
			if j < len(r)-1 {
				b.WriteString(strings.Repeat(" ", width[j]-utf8.RuneCountInString(cell)))
			}
		}
		b.WriteByte('\n')
		if i > 0 {
			b.WriteString(strings.Repeat(" ", width[0]+width[1]+width[2]+6) + c.Claims[i-1].Evidence + "\n")
		}
	}
	return []byte(b.String())
}

// markdown is the verdicts as a table in Markdown.
func markdown(c *artifact.Claims) []byte {
	var b strings.Builder
	b.WriteString(heading(c) + "\n\n")
	b.WriteString("| verdict | data set | claim | evidence | networks |\n|---|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	for _, x := range c.Claims {
		name := x.Statement
		if x.Scope != "" {
			name += " (" + x.Scope + ")"
		}
		fmt.Fprintf(&b, "| **%s** | %s | %s | %s | %d |\n", x.Verdict, cell(where(x)), cell(name), cell(x.Evidence), x.Networks)
	}
	return []byte(b.String())
}

// short writes a number with three digits for people.
func short(v float64) string {
	if v != 0 && (v < 1e-3 && v > -1e-3 || v >= 1e6 || v <= -1e6) {
		return strconv.FormatFloat(v, 'e', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
