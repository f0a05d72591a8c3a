package codehash

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

const stove = `// Package stove cooks.
package stove

import (
	_ "embed"
	"fmt"

	"example.org/kitchen/internal/pan"
)

//go:embed recipe.txt
var recipe string

// Cook cooks.
//
//go:noinline
func Cook(n int) string {
	x := 1 + n // more
	return fmt.Sprint(recipe, x, pan.Size)
}
`

func kitchenSources() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"stages/stove/stove.go":      file(stove),
		"stages/stove/stove_test.go": file("package stove // "),
		"stages/stove/recipe.txt":    file("boil"),
		"stages/stove/README.md":     file("about"),
		"stages/stove/testdata/x.go": file("package x"),
		"stages/stove/gen.go":        file("//go:build ignore\n\npackage main\n\nimport _ \"github.com/else/where\"\n"),
		"internal/pan/pan.go":        file("package pan\n\nconst Size = 3\n"),
		"internal/pan/pan_arm64.go":  file("package pan\n\nimport _ \"example.org/kitchen/internal/arm\"\n"),
		"internal/pan/pan_amd64.s":   file("TEXT ·x(SB), $0 // heat\n"),
		"internal/arm/arm.go":        file("package arm\n"),
		"internal/other/other.go":    file("package other\n\nimport _ \"example.net/third/party\"\n"),
	}
}

func codeHash(t *testing.T, fsys fstest.MapFS, pkg string) cas.Digest {
	t.Helper()
	s, err := New(fsys, "example.org/kitchen")
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Package(pkg)
	if err != nil {
		t.Fatal(err)
	}
	return h.Digest
}

func TestCodeHash(t *testing.T) {
	want := codeHash(t, kitchenSources(), "stages/stove")
	if got := codeHash(t, kitchenSources(), "example.org/kitchen/stages/stove"); got != want {
		t.Error("the import path gives another hash than the folder")
	}
	for _, c := range []struct {
		what, file, old, new string
		same                 bool
	}{
		{"comment", "stages/stove/stove.go", "// more", "// less", true},
		{"comment removed", "stages/stove/stove.go", " // more", "", true},
		{"doc comment", "stages/stove/stove.go", "// Cook cooks.\n//\n", "", true},
		{"comment between", "stages/stove/stove.go", "1 + n", "1 + /* the */ n", true},
		{"spaces", "stages/stove/stove.go", "1 + n", "1+n", true},
		{"blank line", "stages/stove/stove.go", "x := 1", "\n\n\tx := 1", true},
		{"written semicolon", "stages/stove/stove.go", "1 + n //", "1 + n; //", true},
		{"test", "stages/stove/stove_test.go", "package stove", "package stove; var x int", true},
		{"testdata", "stages/stove/testdata/x.go", "x", "y", true},
		{"readme", "stages/stove/README.md", "about", "more", true},
		{"file that is never built", "stages/stove/gen.go", "main", "other", true},
		{"package that is not imported", "internal/other/other.go", "package other", "package other; var x int", true},

		{"number", "stages/stove/stove.go", "1 + n", "2 + n", false},
		{"identifier", "stages/stove/stove.go", "x := 1 + n // more\n\treturn fmt.Sprint(recipe, x", "y := 1 + n // more\n\treturn fmt.Sprint(recipe, y", false},
		{"operator", "stages/stove/stove.go", "1 + n", "1 - n", false},
		{"order", "stages/stove/stove.go", "recipe, x", "x, recipe", false},
		{"string in place of a name", "stages/stove/stove.go", "pan.Size", `"pan.Size"`, false},
		{"directive", "stages/stove/stove.go", "//go:noinline", "//go:nosplit", false},
		{"directive made a comment", "stages/stove/stove.go", "//go:noinline", "// go:noinline", false},
		{"embedded data", "stages/stove/recipe.txt", "boil", "Boil", false},
		{"import", "internal/pan/pan.go", "3", "4", false},
		{"assembly, comments too", "internal/pan/pan_amd64.s", "heat", "cool", false},
		{"import for another platform", "internal/arm/arm.go", "package arm", "package arm; var x int", false},
		{"file for another platform", "internal/pan/pan_arm64.go", "package pan", "package pan; var x int", false},
	} {
		fsys := kitchenSources()
		text := string(fsys[c.file].Data)
		if !strings.Contains(text, c.old) {
			t.Fatalf("%s: nothing to change", c.what)
		}
		fsys[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(text, c.old, c.new, 1))}
		if got := codeHash(t, fsys, "stages/stove"); (got == want) != c.same {
			t.Errorf("%s: same hash is %v, want %v", c.what, got == want, c.same)
		}
	}
	renamed := kitchenSources()
	renamed["stages/stove/oven.go"] = renamed["stages/stove/stove.go"]
	delete(renamed, "stages/stove/stove.go")
	if codeHash(t, renamed, "stages/stove") == want {
		t.Error("a renamed file gives the same hash, though the order of initialisation changes with it")
	}
	moved := kitchenSources()
	for name, file := range maps.Clone(moved) {
		if rest, ok := strings.CutPrefix(name, "stages/stove/"); ok {
			moved["stages/oven/"+rest] = file
		}
	}
	if codeHash(t, moved, "stages/oven") == want {
		t.Error("a package in another folder has the same hash")
	}
}

func TestCodeHashOfCgoIsBlindToNothing(t *testing.T) {
	fsys := kitchenSources()
	hash := func(preamble string) cas.Digest {
		fsys["internal/pan/c.go"] = &fstest.MapFile{Data: []byte("package pan\n\n// " + preamble + "\nimport \"C\"\n")}
		return codeHash(t, fsys, "stages/stove")
	}
	if hash("int x;") == hash("int y;") {
		t.Error("the C code in a comment does not enter the hash")
	}
}

func TestCodeHashOfOtherModules(t *testing.T) {
	s, err := New(kitchenSources(), "example.org/kitchen")
	if err != nil {
		t.Fatal(err)
	}
	sums := cas.Sum([]byte("v1"))
	s.modules = func() (modules, error) { return modules{sums, "executable"}, nil }
	hash := func(pkg string) cas.Digest {
		h, err := s.Package(pkg)
		if err != nil {
			t.Fatal(err)
		}
		return h.Digest
	}
	inside := hash("internal/pan")
	if s.Warning() != "" {
		t.Errorf("warning %q for a closure inside the module", s.Warning())
	}
	other := hash("internal/other")
	sums = cas.Sum([]byte("v2"))
	if hash("internal/pan") != inside {
		t.Error("the sums enter a closure that reaches no other module")
	}
	if hash("internal/other") == other {
		t.Error("the sums do not enter a closure that reaches another module")
	}
	if got := s.Warning(); got != "executable" {
		t.Errorf("warning %q", got)
	}
}

func TestModuleSums(t *testing.T) {
	a, err := buildModules()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := buildModules(); a != b || a.digest.IsZero() {
		t.Errorf("sums %v and %v", a, b)
	}
}

func TestCodeHashErrors(t *testing.T) {
	for _, c := range []struct {
		file, text, pkg, want string
	}{
		{"", "", "stages/none", "package stages/none is not among the sources"},
		{"stages/stove/x.go", "package stove\nimport _ \"example.org/kitchen/internal/gone\"\n", "stages/stove", "package internal/gone is not among the sources"},
		{"stages/stove/x.go", "package stove\nimport _ \"embed\"\n//go:embed gone/*\nvar x string\n", "stages/stove", "stages/stove/x.go: //go:embed gone/*: no file among the sources matches"},
		{"stages/stove/x.go", "package stove\nvar x = \"\n", "stages/stove", "stages/stove/x.go: line 2: string literal not terminated"},
		{"stages/doc/x.txt", "text", "stages/doc", "its folder has no Go files"},
	} {
		fsys := kitchenSources()
		if c.file != "" {
			fsys[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		}
		s, err := New(fsys, "example.org/kitchen")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Package(c.pkg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestEmbedPatterns(t *testing.T) {
	fsys := kitchenSources()
	for name, text := range map[string]string{"data/a b.txt": "1", "data/c/d.txt": "2", "data/c/_hidden": "3", "data/.git": "4"} {
		fsys["stages/stove/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	for pattern, want := range map[string]string{
		"data":              "data/a b.txt data/c/d.txt",
		"all:data":          "data/.git data/a b.txt data/c/_hidden data/c/d.txt",
		"data/c/_hidden":    "data/c/_hidden",
		"\"data/a b.txt\"":  "data/a b.txt",
		"`data/a*` data/c":  "data/a b.txt data/c/d.txt",
		"recipe.txt data/c": "recipe.txt data/c/d.txt",
	} {
		patterns, err := embedPatterns(" " + pattern + " ")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range patterns {
			files, err := embeddedFiles(fsys, "stages/stove", p)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				got = append(got, strings.TrimPrefix(f, "stages/stove/"))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s embeds %q, want %q", pattern, got, want)
		}
	}
	if _, err := embedPatterns(` "unclosed`); err == nil {
		t.Error("a quote without its end is accepted")
	}
}

func TestDiff(t *testing.T) {
	part := func(name, text string) Part { return Part{name, cas.Sum([]byte(text))} }
	before := Hash{Parts: []Part{part("stages/a", "a"), part("internal/b", "b"), part("internal/d", "d")}}
	now := Hash{Parts: []Part{part("stages/a", "a"), part("internal/c", "b"), part("internal/d", "e")}}
	if got := strings.Join(Diff(before, now), " "); got != "internal/c internal/d internal/b" {
		t.Errorf("differences %s", got)
	}
}

// A megabyte of Go in ten packages.
func BenchmarkPackage(b *testing.B) {
	fsys := fstest.MapFS{}
	var imports strings.Builder
	body := strings.Repeat("\n// f is a function of two arguments.\nfunc f(x, y float64) float64 {\n\tz := x*y + 2 // and more\n\treturn z*x - f(y, z)\n}\n", 900)
	for i := range 10 {
		fsys[fmt.Sprintf("p%d/p.go", i)] = &fstest.MapFile{Data: []byte("package p\n" + body)}
		fmt.Fprintf(&imports, "import _ \"example.org/m/p%d\"\n", i)
	}
	fsys["all/all.go"] = &fstest.MapFile{Data: []byte("package all\n" + imports.String())}
	b.SetBytes(int64(10 * len(body)))
	for b.Loop() {
		h, err := New(fsys, "example.org/m")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := h.Package("all"); err != nil {
			b.Fatal(err)
		}
	}
}
