package claims

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// column is a column of CSV, and of the table of people where title is not
// empty. A cell is empty where the row has no such value.
type column struct {
	name string // in CSV
	cell func(artifact.Claim) string
}

var columns = []column{
	{"number", func(c artifact.Claim) string { return strconv.Itoa(c.Number) }},
	{"id", func(c artifact.Claim) string { return c.ID }},
	{"whose", func(c artifact.Claim) string { return c.Whose }},
	{"source", func(c artifact.Claim) string { return c.Source }},
	{"statement", func(c artifact.Claim) string { return c.Statement }},
	{"dataset", func(c artifact.Claim) string { return c.Dataset }},
	{"input", func(c artifact.Claim) string { return c.Input }},
	{"recipe", func(c artifact.Claim) string { return c.Recipe }},
	{"updates", func(c artifact.Claim) string { return strconv.Itoa(c.Updates) }},
	{"scope", func(c artifact.Claim) string { return c.Scope }},
	{"at_num_layers", func(c artifact.Claim) string { return optional(c.AtNumLayers) }},
	{"at_hidden_size", func(c artifact.Claim) string { return optional(c.AtHiddenSize) }},
	{"at_k", func(c artifact.Claim) string { return optional(c.AtK) }},
	{"verdict", func(c artifact.Claim) string { return c.Verdict.String() }},
	{"effect_name", effect(func(e artifact.Effect) string { return e.Name })},
	{"effect", effect(func(e artifact.Effect) string { return exact(e.Estimate) })},
	{"effect_low", effect(func(e artifact.Effect) string { return exact(e.Low) })},
	{"effect_high", effect(func(e artifact.Effect) string { return exact(e.High) })},
	{"p", test(func(t artifact.ClaimTest) string { return exact(t.P) })},
	{"p_holm", test(func(t artifact.ClaimTest) string { return exact(t.Adjusted) })},
	{"networks", func(c artifact.Claim) string { return strconv.Itoa(c.Networks) }},
	{"living", func(c artifact.Claim) string { return strconv.Itoa(c.Living) }},
	{"dead", func(c artifact.Claim) string { return strconv.Itoa(c.Dead) }},
	{"tested", func(c artifact.Claim) string { return c.Tested }},
	{"conclusion", func(c artifact.Claim) string { return c.Conclusion }},
	{"evidence", func(c artifact.Claim) string { return c.Evidence }},
}

func optional(v *int) string {
	if v == nil {
		return ""
	}
	return strconv.Itoa(*v)
}

func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func effect(of func(artifact.Effect) string) func(artifact.Claim) string {
	return func(c artifact.Claim) string {
		if c.Effect == nil {
			return ""
		}
		return of(*c.Effect)
	}
}

// test is of the claim's own test.
func test(of func(artifact.ClaimTest) string) func(artifact.Claim) string {
	return func(c artifact.Claim) string {
		if len(c.Tests) == 0 {
			return ""
		}
		return of(c.Tests[0])
	}
}

// write encodes the rows in every form.
func write(c *artifact.Claims) (map[string][]byte, error) {
	b, err := artifact.Encode(*c)
	if err != nil {
		return nil, err
	}
	table, err := claimsCSV(c)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Claims: b, CSV: table, Table: text(c), Markdown: markdown(c)}, nil
}

func claimsCSV(c *artifact.Claims) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := make([]string, len(columns))
	for i, column := range columns {
		row[i] = column.name
	}
	if err := w.Write(row); err != nil {
		return nil, err
	}
	for _, x := range c.Claims {
		for i, column := range columns {
			row[i] = column.cell(x)
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
	tests := "No verdict rests on a p-value."
	if c.Tests > 0 {
		tests = fmt.Sprintf("The p-values of %s form one family (Holm, alpha = %s), which bounds the error of all verdicts that rest on one. Intervals and limits of counts hold one by one, at 95 %%.",
			plural(c.Tests, "test"), short(c.Alpha))
	}
	return fmt.Sprintf("%s. %s", plural(c.Networks, "network"), tests)
}

// where names the networks of a row.
func where(c artifact.Claim) string {
	way, biased := strings.CutSuffix(c.Recipe, artifact.WithBiases)
	input, recipe := c.Input, "trained by "+way
	if input == artifact.AnyInput {
		input = "every input"
	}
	loss, byLoss := strings.CutPrefix(way, artifact.ByLoss+" ")
	gradient, byGradient := strings.CutPrefix(way, artifact.ByGradient+" ")
	switch {
	case byLoss:
		recipe = "trained until the mean loss is " + loss
	case byGradient:
		recipe = "trained until the norm of the gradient is " + gradient
	case way == artifact.AnyRecipe:
		recipe = "every recipe"
	case way == artifact.Warm:
		recipe = "warm start"
	case c.Updates > 0:
		recipe = "trained by " + plural(c.Updates, "update")
	}
	if biased {
		recipe += artifact.WithBiases
	}
	parts := []string{c.Dataset, input, recipe}
	for _, v := range []struct {
		name string
		at   *int
	}{{"h", c.AtHiddenSize}, {"num_layers", c.AtNumLayers}, {"k", c.AtK}} {
		if v.at != nil {
			parts = append(parts, fmt.Sprintf("%s = %d", v.name, *v.at))
		}
	}
	switch c.Scope {
	case artifact.WithoutCollapsed:
		parts = append(parts, "living networks only")
	case artifact.GoalReached:
		parts = append(parts, "only networks that reached it")
	}
	return strings.Join(parts, ", ")
}

// stated says who states the claim, and where.
func stated(c artifact.Claim) string {
	if c.Source == "" {
		return c.Whose
	}
	return c.Whose + ", " + c.Source
}

// size writes the effect with its interval.
func size(c artifact.Claim) string {
	e := c.Effect
	switch {
	case e == nil:
		return ""
	case e.Low == e.Estimate && e.High == e.Estimate:
		return fmt.Sprintf("%s: %s", e.Name, short(e.Estimate))
	}
	return fmt.Sprintf("%s: %s (%s to %s)", e.Name, short(e.Estimate), short(e.Low), short(e.High))
}

// text is the verdicts as plain text: a paragraph for each claim, and in it one
// for each of its rows.
func text(c *artifact.Claims) []byte {
	var b strings.Builder
	wrap(&b, "", heading(c))
	last := ""
	for _, x := range c.Claims {
		if x.Statement != last {
			b.WriteByte('\n')
			wrap(&b, "", fmt.Sprintf("%d. %s (%s; %s)", x.Number, x.Statement, x.ID, stated(x)))
			last = x.Statement
		}
		b.WriteByte('\n')
		wrap(&b, "   ", strings.ToUpper(x.Verdict.String())+": "+where(x))
		for _, line := range []struct{ name, text string }{
			{"", x.Conclusion}, {"tested: ", x.Tested}, {"effect: ", size(x)}, {"evidence: ", x.Evidence},
		} {
			if line.text != "" {
				wrap(&b, "      ", line.name+line.text)
			}
		}
	}
	return []byte(b.String())
}

// markdown is the verdicts in Markdown: a section for each claim, with a table of
// its rows.
func markdown(c *artifact.Claims) []byte {
	var b strings.Builder
	b.WriteString("# Claims and verdicts\n\n" + heading(c) + "\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ", "*", `\*`).Replace
	last := ""
	for _, x := range c.Claims {
		if x.Statement != last {
			fmt.Fprintf(&b, "\n## %d. %s\n\nStated by: %s. Identifier: `%s`.\n\n", x.Number, cell(x.Statement), stated(x), x.ID)
			b.WriteString("| verdict | networks | what it means | effect (95 % interval, or as named) | tested | evidence |\n|---|---|---|---|---|---|\n")
			last = x.Statement
		}
		fmt.Fprintf(&b, "| **%s** | %s | %s | %s | %s | %s |\n", x.Verdict, cell(where(x)), cell(x.Conclusion), cell(size(x)), cell(x.Tested), cell(x.Evidence))
	}
	return []byte(b.String())
}
