package landscape_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
)

// claimRow is what README says of a row of claims.json.
type claimRow struct {
	ID, Whose, Source, Statement, Dataset, Input, Recipe, Scope, Verdict, Tested string

	Number int
}

// readClaims reads the rows of a run's claims.json, none where it has no such file.
func readClaims(t *testing.T, folder string) []claimRow {
	t.Helper()
	b, err := os.ReadFile(folder + "/expected/claims.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Claims []claimRow }
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all.Claims
}

// furtherRuns decide claims that the default run leaves open: on held-out objects, on
// the number of objects, for networks trained in other ways, and on norms in training.
var furtherRuns = []string{"recipes", "heldout", "sizes", "thesis"}

// withFurtherRuns adds to the rows those of the further runs that were tested on the
// same data sets, where no row has a verdict on them yet.
func withFurtherRuns(t *testing.T, all []claimRow) []claimRow {
	t.Helper()
	columns := datasets(all)
	same := func(a, b claimRow) bool { return a.ID == b.ID && a.Dataset == b.Dataset }
	for _, run := range furtherRuns {
		for _, r := range readClaims(t, "artifacts/runs/"+run) {
			tested := func(o claimRow) bool {
				return same(o, r) && o.Input == r.Input && o.Recipe == r.Recipe && o.Scope == r.Scope && o.Verdict != "not tested"
			}
			if r.Verdict == "not tested" || !slices.Contains(columns, r.Dataset) || slices.ContainsFunc(all, tested) {
				continue
			}
			all = append(slices.DeleteFunc(all, func(o claimRow) bool { return same(o, r) && o.Verdict == "not tested" }), r)
		}
	}
	return all
}

// TestReadmeListsTheClaims: README's list is what claims.json says of the default
// run, of make paper for the data sets that only that run has, and of the further
// runs: one line per claim in the order of the paper, one column per data set.
//
//	go test . -run ReadmeLists -update
//
// writes the list.
func TestReadmeListsTheClaims(t *testing.T) {
	const begin, end = "<!-- claims, written by go test . -run ReadmeLists -update -->\n", "<!-- end of claims -->\n"
	all := readClaims(t, "artifacts")
	if len(all) == 0 {
		t.Fatal("artifacts/expected/claims.json has no claims")
	}
	stated, own := slices.Clone(all), datasets(all)
	all = append(all, slices.DeleteFunc(readClaims(t, "artifacts/runs/paper"), func(r claimRow) bool { return slices.Contains(own, r.Dataset) })...)
	all = withFurtherRuns(t, all)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	list, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md lacks the line %q or %q", begin, end)
	}
	want := listClaims(stated, all) + "\n" + countFigures(datasets(all))
	switch {
	case list == want:
	case *update:
		if err := os.WriteFile("README.md", []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("README.md lists\n%s\nartifacts say\n%s", list, want)
	}
}

// datasets are those of the rows, in their order.
func datasets(rows []claimRow) []string {
	var list []string
	for _, r := range rows {
		if !slices.Contains(list, r.Dataset) {
			list = append(list, r.Dataset)
		}
	}
	return list
}

// countFigures says which of the paper's 16 figures the runs draw: two of each of its
// data sets, of pixels and of features. Those of a stand-in are none of them.
func countFigures(datasets []string) string {
	var own, instead []string
	for _, d := range datasets {
		if paper, standIn := published.Panel(d); standIn {
			instead = append(instead, chart.DatasetName(paper))
		} else {
			own = append(own, chart.DatasetName(d))
		}
	}
	text := fmt.Sprintf("%d of the paper's 16 figures are drawn: those of pixels on %s.", 2*len(own), and(own))
	if len(instead) > 0 {
		text += fmt.Sprintf(" Two more show a stand-in for %s beside the paper's curves, without a verdict on these.", and(instead))
	}
	return text + "\n"
}

// and lists words.
func and(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// listClaims makes a table with a line per claim, as the default run states it, and a
// column per data set. Rows that compare inputs count only where they were tested, since they share the claim's
// number.
func listClaims(stated, rows []claimRow) string {
	var b strings.Builder
	columns := datasets(rows)
	b.WriteString("| | statement | stated by |")
	for _, d := range columns {
		fmt.Fprintf(&b, " %s |", chart.DatasetName(d))
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(columns)) + "\n")
	cell := strings.NewReplacer("|", `\|`, "*", `\*`)
	last := 0
	for _, r := range rows {
		last = max(last, r.Number)
	}
	for number := 1; number <= last; number++ {
		of := slices.DeleteFunc(slices.Clone(rows), func(r claimRow) bool {
			return r.Number != number || r.Input == "any" && r.Verdict == "not tested"
		})
		if len(of) == 0 {
			continue
		}
		at := slices.IndexFunc(stated, func(r claimRow) bool { return r.Number == number })
		if at < 0 {
			stated, at = append(stated, of[0]), len(stated)
		}
		fmt.Fprintf(&b, "| %d | %s | %s |", number, cell.Replace(stated[at].Statement), cell.Replace(stated[at].stated()))
		for _, d := range columns {
			fmt.Fprintf(&b, " %s |", verdicts(slices.DeleteFunc(slices.Clone(of), func(r claimRow) bool { return r.Dataset != d })))
		}
		b.WriteByte('\n')
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

// verdicts writes the verdicts of a claim's rows on a data set, each with the rows
// that it is of if they differ. Of what was not tested on a stand-in it says so.
func verdicts(rows []claimRow) string {
	if len(rows) == 0 {
		return "–"
	}
	var names []string
	labels := map[string][]string{}
	// A part of the label that tells no rows apart is left out.
	parts := []func(claimRow) string{
		func(r claimRow) string { return r.Input },
		func(r claimRow) string { return r.Recipe },
		func(r claimRow) string {
			return map[string]string{"all": "all networks", "without_collapsed": "living ones", "reached": "those that reached it"}[r.Scope]
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
		if strings.HasPrefix(rows[0].Tested, "stand-in") {
			return "**" + names[0] + "**: stand-in"
		}
		return "**" + names[0] + "**"
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("**%s** (%s)", name, strings.Join(labels[name], "; "))
	}
	return strings.Join(names, ", ")
}

// TestListClaims: rows that agree are one verdict, those that differ are told
// apart by what distinguishes them, and each data set has a column.
func TestListClaims(t *testing.T) {
	row := func(number int, recipe, scope, verdict string) claimRow {
		return claimRow{ID: "x", Whose: "paper", Source: "Lemma 9", Statement: "|a| is b", Dataset: "mnist", Input: "direct", Recipe: recipe, Scope: scope, Verdict: verdict, Number: number}
	}
	any := row(2, "epochs", "all", "not tested")
	any.Input = "any"
	other := row(2, "epochs", "all", "not tested")
	other.Dataset, other.Tested = "cifar100_standin", "stand-in: other objects"
	got := listClaims(nil, []claimRow{
		row(1, "any", "all", "holds"), row(1, "any", "without_collapsed", "holds"),
		row(2, "epochs", "all", "does not hold"), row(2, "epochs", "without_collapsed", "holds"), any,
		row(3, "epochs", "all", "holds"), row(3, "epochs", "without_collapsed", "holds"),
		row(3, "warm", "all", "undecided"), row(3, "warm", "without_collapsed", "undecided"),
		other,
	})
	for _, want := range []string{
		`| | statement | stated by | MNIST | CIFAR-100 stand-in |`,
		`| 1 | \|a\| is b | paper, Lemma 9 | **holds** | – |`,
		`| 2 | \|a\| is b | paper, Lemma 9 | **does not hold** (all networks), **holds** (living ones) | **not tested**: stand-in |`,
		`| 3 | \|a\| is b | paper, Lemma 9 | **holds** (epochs), **undecided** (warm) | – |`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the list\n%s lacks %q", got, want)
		}
	}
	for _, tt := range []struct {
		datasets []string
		want     string
	}{
		{[]string{"mnist"}, "2 of the paper's 16 figures are drawn: those of pixels on MNIST.\n"},
		{[]string{"mnist", "cifar10", "cifar100_standin"}, "4 of the paper's 16 figures are drawn: those of pixels on MNIST and CIFAR-10. Two more show a stand-in for CIFAR-100 beside the paper's curves, without a verdict on these.\n"},
	} {
		if got := countFigures(tt.datasets); got != tt.want {
			t.Errorf("%v: %s", tt.datasets, got)
		}
	}
}
