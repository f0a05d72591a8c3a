package landscape_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// claimRow is what README says of a row of claims.json.
type claimRow struct {
	ID, Whose, Source, Statement, Dataset, Input, Recipe, Scope, Verdict string
	Number                                                               int
}

// TestReadmeListsTheClaims: README's list is what artifacts/expected/claims.json
// says, one line per claim in the order of the paper.
//
//	go test . -run ReadmeLists -update
//
// writes the list.
func TestReadmeListsTheClaims(t *testing.T) {
	const begin, end = "<!-- claims, written by go test . -run ReadmeLists -update -->\n", "<!-- end of claims -->\n"
	b, err := os.ReadFile("artifacts/expected/claims.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Claims []claimRow }
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	list, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md lacks the line %q or %q", begin, end)
	}
	want := listClaims(all.Claims)
	switch {
	case list == want:
	case *update:
		if err := os.WriteFile("README.md", []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("README.md lists\n%s\nartifacts/expected/claims.json says\n%s", list, want)
	}
}

// listClaims makes a table with a line per claim. Rows that compare inputs stand
// in the table only where they were tested, since they share the claim's number.
func listClaims(rows []claimRow) string {
	var b strings.Builder
	b.WriteString("| | statement | stated by | verdict |\n|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "*", `\*`)
	for i := 0; i < len(rows); {
		to := i
		for to < len(rows) && rows[to].Number == rows[i].Number {
			to++
		}
		of := slices.DeleteFunc(slices.Clone(rows[i:to]), func(r claimRow) bool { return r.Input == "any" && r.Verdict == "not tested" })
		if len(of) > 0 {
			fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", of[0].Number, cell.Replace(of[0].Statement), cell.Replace(of[0].stated()), verdicts(of))
		}
		i = to
	}
	return b.String()
}

func (r claimRow) stated() string {
	switch {
	case r.Whose == "ours":
		return "ours"
	case r.Source == "":
		return r.Whose
	}
	return r.Whose + ", " + r.Source
}

// verdicts writes the verdicts of a claim's rows, each with the rows that it is
// of if they differ.
func verdicts(rows []claimRow) string {
	var names []string
	labels := map[string][]string{}
	// A part of the label that tells no rows apart is left out.
	parts := []func(claimRow) string{
		func(r claimRow) string { return r.Dataset },
		func(r claimRow) string { return r.Input },
		func(r claimRow) string { return r.Recipe },
		func(r claimRow) string {
			return map[string]string{"all": "all networks", "without_collapsed": "living ones"}[r.Scope]
		},
	}
	parts = slices.DeleteFunc(parts, func(part func(claimRow) string) bool {
		// Leaving the part out, rows that are the same have the same verdict.
		return !slices.ContainsFunc(rows, func(a claimRow) bool {
			return slices.ContainsFunc(rows, func(b claimRow) bool {
				differ := 0
				for _, p := range parts {
					if p(a) != p(b) {
						differ++
					}
				}
				return a.Verdict != b.Verdict && part(a) != part(b) && differ == 1
			})
		})
	})
	for _, r := range rows {
		if !slices.Contains(names, r.Verdict) {
			names = append(names, r.Verdict)
		}
		var label []string
		for _, part := range parts {
			label = append(label, part(r))
		}
		if text := strings.Join(label, ", "); !slices.Contains(labels[r.Verdict], text) {
			labels[r.Verdict] = append(labels[r.Verdict], text)
		}
	}
	if len(names) == 1 {
		return "**" + names[0] + "**"
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("**%s** (%s)", name, strings.Join(labels[name], "; "))
	}
	return strings.Join(names, ", ")
}

// TestListClaims: rows that agree are one verdict, those that differ are told
// apart by what distinguishes them.
func TestListClaims(t *testing.T) {
	row := func(number int, recipe, scope, verdict string) claimRow {
		return claimRow{ID: "x", Whose: "paper", Source: "Lemma 9", Statement: "|a| is b", Dataset: "mnist", Input: "direct", Recipe: recipe, Scope: scope, Verdict: verdict, Number: number}
	}
	any := row(2, "epochs", "all", "not tested")
	any.Input = "any"
	got := listClaims([]claimRow{
		row(1, "any", "all", "holds"), row(1, "any", "without_collapsed", "holds"),
		row(2, "epochs", "all", "does not hold"), row(2, "epochs", "without_collapsed", "holds"), any,
		row(3, "epochs", "all", "holds"), row(3, "epochs", "without_collapsed", "holds"),
		row(3, "warm", "all", "undecided"), row(3, "warm", "without_collapsed", "undecided"),
	})
	for _, want := range []string{
		`| 1 | \|a\| is b | paper, Lemma 9 | **holds** |`,
		`| 2 | \|a\| is b | paper, Lemma 9 | **does not hold** (all networks), **holds** (living ones) |`,
		`| 3 | \|a\| is b | paper, Lemma 9 | **holds** (epochs), **undecided** (warm) |`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the list\n%s lacks %q", got, want)
		}
	}
}
