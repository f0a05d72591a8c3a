package landscape_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what README.md shows of artifacts/expected")

// rows reads a table of artifacts/expected, a map from column to cell each.
func rows(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open("artifacts/expected/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var list []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		list = append(list, row)
	}
	return list
}

func number(t *testing.T, row map[string]string, column string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(row[column], 64)
	if err != nil {
		t.Fatalf("column %s of %v: %v", column, row, err)
	}
	return v
}

// of picks the rows of the paper's network of seed 0 of that size.
func of(list []map[string]string, h, l int) []map[string]string {
	return slices.DeleteFunc(slices.Clone(list), func(r map[string]string) bool {
		return r["experiment"] != "paper" || r["hidden_size"] != strconv.Itoa(h) || r["num_layers"] != strconv.Itoa(l) || r["seed"] != "0"
	})
}

// TestHeadline compares the table of the README with the results: the norms are
// those of spectra.csv and bounds.csv. The slack of a bound of each object is the
// ratio of the medians, that of a uniform bound is over the largest norm, which the
// table may only show where it is proven to be that of all objects.
func TestHeadline(t *testing.T) {
	bounds, spectra := rows(t, "bounds.csv"), rows(t, "spectra.csv")
	var table strings.Builder
	for _, size := range [][2]int{{64, 1}, {16, 5}, {64, 5}, {16, 10}, {64, 10}} {
		of, whole := of(bounds, size[0], size[1]), of(spectra, size[0], size[1])
		if len(whole) != 1 {
			t.Fatalf("spectra.csv has %d rows of %v", len(whole), size)
		}
		median := func(names ...string) float64 {
			least := math.Inf(1)
			for _, r := range of {
				if slices.Contains(names, r["bound"]) {
					least = min(least, number(t, r, "median"))
				}
			}
			return least
		}
		exact, largest := median("H_exact"), number(t, whole[0], "object_hessian_max")
		if whole[0]["object_hessian_max_proven"] != "1" {
			t.Errorf("size %v: the largest norm of an object is not proven", size)
		}
		tightest := median("alpha_plus_c", "B0_plus_C")
		fmt.Fprintf(&table, "| %d | %d | %s | %s | %s (%s) | %s |", size[0], size[1], short(number(t, whole[0], "hessian")),
			short(exact), short(tightest), short(tightest/exact), short(largest))
		for _, name := range []string{"H_uniform", "B9", "B10"} {
			fmt.Fprintf(&table, " %s (%s) |", short(median(name)), short(median(name)/largest))
		}
		table.WriteByte('\n')
	}
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	start := strings.Index(text, "| h | num_layers | ‖H‖")
	if start < 0 {
		t.Fatal("README.md has no headline table")
	}
	start += strings.Index(text[start:], "|---|") // the rows follow the rule below the head
	start += strings.Index(text[start:], "\n") + 1
	end := start + strings.Index(text[start:], "\n\n") + 1
	if text[start:end] == table.String() {
		return
	}
	if !*update {
		t.Fatalf("README.md says other numbers than artifacts/expected (go test -run Headline -update . rewrites it):\n%swant\n%s", text[start:end], table.String())
	}
	if err := os.WriteFile("README.md", []byte(text[:start]+table.String()+text[end:]), 0o644); err != nil {
		t.Fatal(err)
	}
}

// short writes a number with three digits, or two and a power of ten.
func short(v float64) string {
	if v < 1000 {
		s := strconv.FormatFloat(v, 'g', 3, 64)
		if v < 10 {
			s = strconv.FormatFloat(v, 'f', 2, 64)
		}
		return s
	}
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', 1, 64), "e+")
	return mantissa + "·10^" + strings.TrimLeft(power, "0")
}

// TestExpectedFilesAreLocked: lock.json has the digest of each table and claim
// that is expected.
func TestExpectedFilesAreLocked(t *testing.T) {
	for _, folder := range []string{"artifacts", "artifacts/runs/ci"} {
		lock, err := os.ReadFile(folder + "/lock.json")
		if err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(folder + "/expected")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s/expected: %d files, %v", folder, len(files), err)
		}
		for _, f := range files {
			text, err := os.ReadFile(folder + "/expected/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(lock, fmt.Appendf(nil, "%x", sha256.Sum256(text))) {
				t.Errorf("%s/lock.json has no digest of expected/%s", folder, f.Name())
			}
		}
	}
}

// TestNothingIsViolated: on no network of the run a corrected bound is below
// what it bounds.
func TestNothingIsViolated(t *testing.T) {
	corrected := 0
	for _, r := range rows(t, "bounds.csv") {
		if r["printed"] == "true" {
			continue
		}
		corrected++
		if r["violations"] != "0" || r["of"] == "H" && r["violations_hessian"] != "0" {
			t.Errorf("%s h=%s l=%s k=%s seed=%s: %s has %s violations, %s of H", r["experiment"], r["hidden_size"], r["num_layers"], r["k"], r["seed"], r["bound"], r["violations"], r["violations_hessian"])
		}
	}
	if corrected < 25*15 {
		t.Errorf("%d rows of corrected bounds", corrected)
	}
}

// TestClaimsAgree: claims.json, claims.csv and both tables say the same.
func TestClaimsAgree(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile("artifacts/expected/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var all struct {
		Claims []struct{ ID, Statement, Dataset, Scope, Verdict, Conclusion, Evidence string }
	}
	if err := json.Unmarshal([]byte(read("claims.json")), &all); err != nil {
		t.Fatal(err)
	}
	text, markdown, table := strings.Join(strings.Fields(read("claims.txt")), " "), read("claims.md"), rows(t, "claims.csv")
	if len(all.Claims) == 0 || len(table) != len(all.Claims) {
		t.Fatalf("%d claims, %d rows", len(all.Claims), len(table))
	}
	for i, c := range all.Claims {
		if r := table[i]; r["id"] != c.ID || r["verdict"] != c.Verdict || r["evidence"] != c.Evidence || r["scope"] != c.Scope || r["conclusion"] != c.Conclusion {
			t.Errorf("claims.csv: %v, claims.json: %+v", r, c)
		}
		if words := strings.Join(strings.Fields(c.Evidence), " "); !strings.Contains(text, words) || !strings.Contains(markdown, strings.NewReplacer("|", `\|`, "*", `\*`).Replace(c.Evidence)) {
			t.Errorf("the tables lack %q", c.Evidence)
		}
	}
}
