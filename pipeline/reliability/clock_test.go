package reliability

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// TestClockGoesBack runs one recipe now and then, on the same store, another
// one and again the first in the year 2000, where the clock of a bubble
// begins. All is found that was made in the future, what is newer wins though
// its time is older, and nothing is run twice.
func TestClockGoesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	first, second := small, small
	second.Generation = 2
	want1, want2 := first.reference(t), second.reference(t)
	st := open(t, dir)
	must(t, first.graph(t), st)
	st.Close()
	synctest.Test(t, func(t *testing.T) {
		if year := time.Now().Year(); year != 2000 {
			t.Fatalf("the bubble begins in the year %d", year)
		}
		st := open(t, dir)
		if _, sum := must(t, first.graph(t), st); sum.Ran != 0 {
			t.Errorf("%d stages that were made in the future run again", sum.Ran)
		}
		_, sum := must(t, second.graph(t), st)
		wantResults(t, sum.Results(), want2)
		st.Close()
	})
	st = open(t, dir)
	for _, c := range []struct {
		r    recipe
		want digests
	}{{first, want1}, {second, want2}} {
		_, sum := must(t, c.r.graph(t), st)
		if sum.Ran != 0 {
			t.Errorf("generation %d: %d stages run again", c.r.Generation, sum.Ran)
		}
		wantResults(t, sum.Results(), c.want)
	}
	// Last is what was committed last, whatever its clock said.
	key, ok, err := pipeline.LastKey(st, lastName)
	if err != nil || !ok {
		t.Fatalf("no last key: %v", err)
	}
	if have, _ := plan(t, second.graph(t), st).Key(second.graph(t).Stage(lastName)); have != key {
		t.Error("the last key is not that of the run in the year 2000, which was committed last")
	}
}

// TestFileTimesDoNotMatter gives all files of a store times of the future, of
// the past, and one and the same.
func TestFileTimesDoNotMatter(t *testing.T) {
	want := small.reference(t)
	dir := filepath.Join(t.TempDir(), "store")
	st := open(t, dir)
	must(t, small.graph(t), st)
	st.Close()
	for _, when := range []time.Time{time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1, 0)} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				err = os.Chtimes(path, when, when)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		st := open(t, dir)
		p, sum := must(t, small.graph(t), st)
		if sum.Ran != 0 {
			t.Errorf("files of %v: %d stages run again", when, sum.Ran)
		}
		if err := wrongHits(p, st, want); err != nil {
			t.Error(err)
		}
		if _, err := st.GC(t.Context(), cas.GCOptions{}); err != nil {
			t.Error(err)
		}
		if hits := cached(plan(t, small.graph(t), st)); len(hits) != len(want) {
			t.Errorf("files of %v: %d stages outlive gc", when, len(hits))
		}
		st.Close()
	}
}

// clocks are the functions of the engine and the store that ask for the time,
// and what they do with it. None decides by it what runs, what is found or
// which of two rows is the later one.
var clocks = map[string]string{
	"cas ownerText":      "what a lock file tells people",
	"pipeline execute":   "provenance: when the action began, and for how long it ran",
	"pipeline throttled": "how often a stage is heard",
	"pipeline emit":      "the time of an event",
	"pipeline keepParts": "when the parts of a stage began to collect",
	"pipeline keep":      "which finished parts of a stage an interrupted run has kept",
	"pipeline flush":     "when the parts of a stage were last committed",
	"pipeline newRun":    "provenance",
	"pipeline end":       "provenance",
	"pipeline Run":       "how long the run took",
}

// TestNoDecisionReadsAClock finds every call for the time, and every use of a
// file's time, in the sources of the engine and the store.
func TestNoDecisionReadsAClock(t *testing.T) {
	found := make(map[string]string)
	for _, dir := range []string{"..", "../cas"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				ast.Inspect(d, func(n ast.Node) bool {
					s, ok := n.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					x, _ := s.X.(*ast.Ident)
					asks := x != nil && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until")
					if asks || s.Sel.Name == "ModTime" || s.Sel.Name == "Mtim" || s.Sel.Name == "Ctim" {
						function := file.Name.Name + " (at the top)"
						if f, ok := d.(*ast.FuncDecl); ok {
							function = file.Name.Name + " " + f.Name.Name
						}
						found[function] = clocks[function]
					}
					return true
				})
			}
		}
	}
	if diff := cmp.Diff(clocks, found); diff != "" {
		t.Errorf("calls for the time (-known +found); a new one must not decide anything:\n%s", diff)
	}
}
