package stages

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/config"
)

// addParams seeds a fuzz test with the params files of the tests.
func addParams(f *testing.F, add func(text, set string)) {
	f.Helper()
	paths, err := filepath.Glob("testdata/params/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		set := ""
		for _, file := range archive.Files {
			switch file.Name {
			case "params.toml":
				add(string(file.Data), set)
			case "set":
				set = string(file.Data)
			}
		}
	}
	add(string(landscape.DefaultParams), "train.epochs=3")
}

// FuzzParams reads any text and any override. Every refusal is a list of
// problems that stand inside the text; what is accepted says the same when it
// is written out as lines and read again.
func FuzzParams(f *testing.F) {
	addParams(f, func(text, set string) { f.Add(text, set) })
	f.Fuzz(func(t *testing.T, text, set string) {
		var overrides []string
		if set != "" {
			overrides = strings.Split(set, "\n")
		}
		p, err := ParseParams("fuzz.toml", []byte(text), overrides)
		if err != nil {
			var pe *config.Error
			if !errors.As(err, &pe) || len(pe.Problems) == 0 {
				t.Fatalf("error is %v, want a *config.Error with problems", err)
			}
			checkPlaces(t, pe.Problems, text, overrides)
			return
		}
		again, err := ParseLines("again", p.Lines())
		if err != nil {
			t.Fatalf("what was accepted is refused when written out:\n%v\n%v", err, p.Lines())
		}
		p.Followed = nil // of the overrides
		if diff := cmp.Diff(p, again); diff != "" || p.Digest() != again.Digest() {
			t.Fatalf("(-first +written out and read again):\n%s", diff)
		}
	})
}

// checkPlaces expects every problem inside the source it names, printable,
// and in order.
func checkPlaces(t *testing.T, problems []config.Problem, text string, overrides []string) {
	t.Helper()
	order := func(p config.Problem) (n int) {
		if after, ok := strings.CutPrefix(p.File, "--set #"); ok {
			n, _ = strconv.Atoi(after)
		}
		return n
	}
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i, p := range problems {
		if p.Text == "" || strings.ContainsFunc(p.String(), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0x9b }) {
			t.Errorf("problem %d has no text or would steer a terminal: %q", i, p.String())
		}
		if p.Line == 0 {
			continue
		}
		source := lines
		if n := order(p); n > 0 {
			source = strings.Split(strings.TrimPrefix(overrides[n-1], "\ufeff"), "\n")
		}
		if p.Line > len(source) || p.Source != strings.TrimRight(source[p.Line-1], "\r") {
			t.Fatalf("problem %d names line %d, which is not %q", i, p.Line, p.Source)
		}
		// A mistake may stand one character behind the line: its end is missing.
		if n := utf8.RuneCountInString(source[p.Line-1]); p.Column < 1 || p.Column > n+1 || p.Width < 1 || p.Width > max(1, n-p.Column+1) {
			t.Errorf("problem %d at column %d of width %d, but the line has %d characters: %s", i, p.Column, p.Width, n, p)
		}
	}
	if !slices.IsSortedFunc(problems, func(a, b config.Problem) int {
		return (order(a)-order(b))*1_000_000 + (a.Line-b.Line)*1000 + a.Column - b.Column
	}) && len(text) < 1000 {
		t.Errorf("problems are not in order:\n%v", &config.Error{Problems: problems})
	}
}
