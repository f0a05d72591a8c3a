package config

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzTree compares the scan for places with the TOML decoder: the same keys
// in the same tables, and the text of each place alone has the same value.
func FuzzTree(f *testing.F) {
	paths, err := filepath.Glob("../../stages/testdata/params/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatal("no files of params: ", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(string(file.Data))
		}
	}
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
		root, scan := scanTree(text)
		if err != nil || len(scan.twice) > 0 || scan.excess != "" {
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
