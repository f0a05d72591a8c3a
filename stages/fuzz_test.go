package stages

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
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
	add(renderParams(DefaultParams()), "train.epochs=3")
}

// FuzzParams reads any text and any override. Every refusal is a list of
// problems that stand inside the text; what is accepted says the same when it
// is written out and read again.
func FuzzParams(f *testing.F) {
	addParams(f, func(text, set string) { f.Add(text, set) })
	f.Fuzz(func(t *testing.T, text, set string) {
		var overrides []string
		if set != "" {
			overrides = strings.Split(set, "\n")
		}
		p, err := ParseParams("fuzz.toml", []byte(text), overrides)
		if err != nil {
			var pe *ParamsError
			if !errors.As(err, &pe) || len(pe.Problems) == 0 {
				t.Fatalf("error is %v, want a *ParamsError with problems", err)
			}
			checkPlaces(t, pe.Problems, text, overrides)
			return
		}
		again, err := ParseParams("again.toml", []byte(renderParams(p)), nil)
		if err != nil {
			t.Fatalf("what was accepted is refused when written out:\n%v\n%s", err, renderParams(p))
		}
		if diff := cmp.Diff(p, again); diff != "" || p.Digest() != again.Digest() {
			t.Fatalf("(-first +written out and read again):\n%s", diff)
		}
	})
}

// checkPlaces expects every problem inside the source it names, printable,
// and in order.
func checkPlaces(t *testing.T, problems []Problem, text string, overrides []string) {
	t.Helper()
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i, p := range problems {
		if p.Text == "" || strings.ContainsFunc(p.String(), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0x9b }) {
			t.Errorf("problem %d has no text or would steer a terminal: %q", i, p.String())
		}
		if p.Line == 0 {
			continue
		}
		source := lines
		if isOverrideName(p.File) {
			source = strings.Split(overrides[p.order-1], "\n")
		}
		if p.Line > len(source) || p.Source != strings.TrimRight(source[p.Line-1], "\r") {
			t.Fatalf("problem %d names line %d, which is not %q", i, p.Line, p.Source)
		}
		// A mistake may stand one character behind the line: its end is missing.
		if n := utf8.RuneCountInString(source[p.Line-1]); p.Column < 1 || p.Column > n+1 || p.Width < 1 || p.Width > max(1, n-p.Column+1) {
			t.Errorf("problem %d at column %d of width %d, but the line has %d characters: %s", i, p.Column, p.Width, n, p)
		}
	}
	if !slices.IsSortedFunc(problems, func(a, b Problem) int {
		return (a.order-b.order)*1_000_000 + (a.Line-b.Line)*1000 + a.Column - b.Column
	}) && len(text) < 1000 {
		t.Errorf("problems are not in order:\n%v", &ParamsError{problems})
	}
}

// FuzzTree holds the scan for places against the TOML decoder: the same keys
// in the same tables, and the text of each place alone has the same value.
func FuzzTree(f *testing.F) {
	addParams(f, func(text, _ string) { f.Add(text) })
	for _, text := range []string{
		"a.b.c = 1\na.d = 2\n[x]\ny.z = 3\n[x.w]\nv=1", "[[a]]\n[[a.b]]\nc=1\n[[a.b]]\n[a.b.d]\ne=1\n[[a]]\n",
		"a = \"\"\"x\\\"\"\"\"\"\nb = '''it''s'''\nc = ''''''\nd = \"\"", "'a b'.\"c\\\"d\" = [ [1, 2], # x\n [3,], ]\n\"]\" = '#'",
		"a = {b = 1, c = [{d = {}}, {}], # x\n e.f = 1e5,\n}\n", "d = 1979-05-27 07:32:00 # x\ne = 07:32:00\n", "a.b = 1\na = 2\n",
		"\ufeffa = 1\r\nb = \"\"\"x\r\ny\"\"\"\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		text = strings.TrimPrefix(text, "\ufeff")
		values, err := decodeTOML(text)
		root, again := scanTree(text)
		if err != nil || len(again) > 0 {
			return // scanned without a panic or an endless loop
		}
		root.attach(values)
		compareTree(t, text, root, values)
	})
}

func compareTree(t *testing.T, text string, n *node, want any) {
	t.Helper()
	switch n.kind {
	case tableNode:
		m, ok := want.(map[string]any)
		if !ok || len(m) != len(n.table) || len(n.names) != len(n.table) {
			t.Fatalf("%q: the scan has a table of %q where the decoder has %#v", text, n.names, want)
		}
		for name, child := range n.table {
			value, ok := m[name]
			if !ok {
				t.Fatalf("%q: the decoder has no key %q", text, name)
			}
			if got := unquoteKey(text[child.key.start:child.key.end]); got != name {
				t.Fatalf("%q: key %q stands at %q", text, name, got)
			}
			compareTree(t, text, child, value)
		}
	case arrayNode:
		if element(want, len(n.elems)) != nil || len(n.elems) > 0 && element(want, len(n.elems)-1) == nil {
			t.Fatalf("%q: the scan has %d elements where the decoder has %#v", text, len(n.elems), want)
		}
		for i, e := range n.elems {
			compareTree(t, text, e, element(want, i))
		}
	case scalarNode:
		alone, err := decodeTOML("v = " + text[n.val.start:n.val.end])
		if err != nil {
			t.Fatalf("%q: the value at %v is no value: %v", text, n.val, err)
		}
		if !sameScalar(alone["v"], want) || !sameScalar(n.value, want) {
			t.Fatalf("%q: the value at %v is %#v alone and %#v in the tree, the decoder has %#v", text, n.val, alone["v"], n.value, want)
		}
	}
}

func sameScalar(a, b any) bool {
	if x, ok := a.(float64); ok {
		y, ok := b.(float64)
		return ok && (x == y || math.IsNaN(x) && math.IsNaN(y))
	}
	if x, ok := a.(time.Time); ok {
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	}
	return a == b
}
